//! The daemon has one source of time, tasks and chance, or a simulation would not be the same twice.

use crate::expect_none;
use crate::source::{Source, is_test, line, words};
use crate::workspace::{rust_files, text};

const SIMULATED: [&str; 2] = ["fleet/cluster/src/", "fleet/runtime/src/"];
const ELSEWHERE: [&str; 8] = [
    "tokio::spawn",
    "tokio::task",
    "tokio::time",
    "std::time::Instant",
    "SystemTime",
    "Timestamp::now",
    "Zoned::now",
    "RandomState",
];

#[test]
fn the_daemon_takes_time_tasks_and_chance_from_one_place() {
    let mut found = Vec::new();
    for path in rust_files().filter(|path| SIMULATED.iter().any(|folder| path.starts_with(folder))) {
        if is_test(path) {
            continue;
        }
        let source = Source::new(&text(path).unwrap()).without_tests();
        for word in ELSEWHERE {
            let hits = words(&source.code, word);
            found.extend(hits.map(|at| format!("{path}:{}: `{word}`", line(&source.code, at))));
        }
    }
    expect_none(
        "the daemon's time, tasks or chance come from elsewhere",
        "take them from mainstay-clock",
        found,
    );
}
