//! What a command is busy with: one line on standard error, on a terminal only, gone when the command has ended.

use indicatif::ProgressBar;
use std::time::Duration;

pub(crate) struct Progress(ProgressBar);

impl Progress {
    pub fn new(what: impl Into<String>) -> Self {
        let line = ProgressBar::new_spinner().with_message(what.into());
        line.enable_steady_tick(Duration::from_millis(100));
        Self(line)
    }

    pub fn says(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
