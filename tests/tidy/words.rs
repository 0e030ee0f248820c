//! Words that mean unfinished work.

use crate::expect_none;
use crate::source::{Source, line, words};
use crate::workspace::{rust_files, text};

const IN_CODE: [&str; 5] = ["#[ignore", "#![ignore", "todo!", "unimplemented!", "dbg!"];
/// In halves, so that this file does not hold them.
const IN_COMMENTS: [(&str, &str); 3] = [("TO", "DO"), ("FIX", "ME"), ("XX", "X")];

#[test]
fn nothing_is_ignored_left_to_do_or_printed_for_debugging() {
    let mut found = Vec::new();
    for path in rust_files() {
        let source = Source::new(&text(path).unwrap());
        for word in IN_CODE {
            let hits = words(&source.code, word);
            found.extend(hits.map(|at| format!("{path}:{}: `{word}`", line(&source.code, at))));
        }
        for (start, end) in IN_COMMENTS {
            let word = format!("{start}{end}");
            let hits = words(&source.comments, &word);
            found.extend(hits.map(|at| format!("{path}:{}: `{word}`", line(&source.comments, at))));
        }
    }
    expect_none(
        "unfinished work is marked in the code",
        "finish it, or make it a clear error that says what is not supported; a test that cannot run anywhere goes",
        found,
    );
}
