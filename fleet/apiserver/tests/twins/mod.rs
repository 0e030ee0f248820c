//! The same commands on a real server and on the embedded one: what clients print must be the same, byte for byte,
//! once names that are made up, ages and addresses are masked.

mod mask;
mod scripts;
mod servers;

use mask::mask;
use servers::Twin;
pub(crate) use servers::both;

/// Runs a script of `scripts/` on both servers and compares what each command printed.
///
/// A script is shell, a command a line; `@file <name>` to `@end` is a file that the commands find in their folder.
/// `$NS` is the namespace that the script has for itself.
#[track_caller]
fn the_same_is_printed(script: &str) {
    let Some(servers) = both(script) else { return };
    let path = mainstay_harness::here!().join(format!("tests/twins/scripts/{script}.txt"));
    let text = std::fs::read_to_string(&path).expect("a script");
    let steps = steps(&text);
    let (real, embedded) = std::thread::scope(|scope| {
        let real = scope.spawn(|| play(&servers.real, &steps));
        let embedded = play(&servers.embedded, &steps);
        (real.join().expect("the script ends on the real server"), embedded)
    });
    let mut different = String::new();
    for (real, embedded) in real.iter().zip(&embedded) {
        if real.1 != embedded.1 {
            let changes = similar::TextDiff::from_lines(&real.1, &embedded.1);
            let changes = changes.unified_diff().context_radius(3).header("real", "embedded").to_string();
            different.push_str(&format!("\n$ {}\n{changes}", real.0));
        }
    }
    assert!(different.is_empty(), "{script}: the servers differ\n{different}");
    let commands = real.len();
    println!("{script}: {commands} commands, the same output on both servers");
}

enum Step<'a> {
    File { name: &'a str, content: String },
    Command(&'a str),
}

fn steps(script: &str) -> Vec<Step<'_>> {
    let mut steps = Vec::new();
    let mut lines = script.lines();
    while let Some(line) = lines.next() {
        if let Some(name) = line.strip_prefix("@file ") {
            let content = lines.by_ref().take_while(|l| *l != "@end").map(|l| format!("{l}\n")).collect();
            steps.push(Step::File { name, content });
        } else if !line.trim().is_empty() && !line.starts_with('#') {
            steps.push(Step::Command(line));
        }
    }
    steps
}

/// What every command printed, masked.
fn play<'a>(twin: &Twin, steps: &[Step<'a>]) -> Vec<(&'a str, String)> {
    let mut printed = Vec::new();
    for step in steps {
        match step {
            Step::File { name, content } => {
                let path = twin.home.path().join(name);
                std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                std::fs::write(path, content).expect("a file");
            }
            Step::Command(command) => {
                let output = twin.shell(command);
                let text = format!(
                    "{}{}(exit {})\n",
                    String::from_utf8_lossy(&output.stdout),
                    String::from_utf8_lossy(&output.stderr),
                    output.status.code().unwrap_or(-1)
                );
                printed.push((*command, mask(command, &text, twin)));
            }
        }
    }
    printed
}
