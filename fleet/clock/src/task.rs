use crate::world::{self, World};
use std::fmt;
use std::future::Future;
use std::sync::Arc;

/// A job that runs apart. Dropping this does not stop it.
pub struct Task(Kind);

enum Kind {
    Machine(tokio::task::AbortHandle),
    Simulated { world: Arc<dyn World>, number: u64 },
}

/// Begins a job. On the machine it needs a tokio runtime.
pub fn spawn(job: impl Future<Output = ()> + Send + 'static) -> Task {
    Task(match world::current() {
        None => Kind::Machine(tokio::spawn(job).abort_handle()),
        Some(world) => {
            let number = world.spawn(Box::pin(job));
            Kind::Simulated { world, number }
        }
    })
}

impl Task {
    pub fn abort(&self) {
        match &self.0 {
            Kind::Machine(handle) => handle.abort(),
            Kind::Simulated { world, number } => world.abort(*number),
        }
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Task")
    }
}
