//! `cargo xtask fuzz --seconds N`: builds the targets of `tests/fuzz` with coverage instrumentation and runs each for
//! an equal share of the time. The stable compiler suffices: the instrumentation is LLVM's own, without a sanitizer.
//! A target whose instrumentation does not reach the crates under test is refused, and the canary must be found: else
//! coverage went blind, and no finding means nothing.
//!
//! Inputs that reached something new are kept under the target folder, so the next run goes on from there. Nothing is
//! written to the checkout.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;

/// Comparisons with a short text stay calls of `memcmp`, which libFuzzer listens to: expanded to loads after the
/// instrumentation, they are invisible, and no keyword is ever guessed.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-max-loads-per-memcmp=0 -Ccodegen-units=1";

/// A target alone, without the crates that it tests, has a few hundred edges.
const COUNTERS: u64 = 2_000;

/// The target that must be found, and how long that may take.
const CANARY: &str = "canary";
const CANARY_SECONDS: usize = 60;

/// What one input may be and cost.
const LIMITS: [&str; 3] = ["-max_len=16384", "-timeout=10", "-rss_limit_mb=2048"];

pub fn run(seconds: &str) -> Result<()> {
    let seconds: usize = seconds.parse().context("--seconds takes a number")?;
    let folder = workspace::root().join("tests/fuzz");
    let built = target_folder().join("fuzz");
    let mut targets = targets(&folder.join("targets"))?;
    targets.retain(|target| target != CANARY);
    ensure!(!targets.is_empty(), "no targets in {}", folder.display());
    let binaries = build(&folder, &built)?;
    canary(&built, &binaries)?;
    // libFuzzer does nothing else than use its core: as many targets at once as there are cores.
    let lanes = thread::available_parallelism().map_or(1, usize::from).min(targets.len());
    let share = (seconds / targets.len().div_ceil(lanes)).max(1);
    let mut findings = Vec::new();
    for round in targets.chunks(lanes) {
        let outcomes = thread::scope(|scope| {
            let start = |target: &String| {
                let (folder, built, binary) = (&folder, &built, binaries.join(target));
                let target = target.clone();
                scope.spawn(move || (target.clone(), fuzz(folder, built, &binary, &target, share)))
            };
            let running: Vec<_> = round.iter().map(start).collect();
            running.into_iter().map(|lane| lane.join()).collect::<Vec<_>>()
        });
        for outcome in outcomes {
            let Ok((target, outcome)) = outcome else { bail!("a lane panicked") };
            match outcome? {
                Outcome::Clean { executions, edges, counters } => {
                    println!("{target}: {executions} executions in {share} s, {edges} of {counters} edges");
                }
                Outcome::Finding { log } => {
                    println!("{target}: FINDING\n{log}");
                    findings.push(target);
                }
            }
        }
    }
    ensure!(findings.is_empty(), "findings in {}", findings.join(", "));
    Ok(())
}

/// From an empty corpus each time: what an earlier run found must not help.
fn canary(built: &Path, binaries: &Path) -> Result<()> {
    let output = Command::new(binaries.join(CANARY))
        .args(LIMITS)
        .arg(format!("-max_total_time={CANARY_SECONDS}"))
        .arg(format!("-artifact_prefix={}/", built.display()))
        .output()
        .context("cannot start the canary")?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(
        log.contains("the canary sings"),
        "the fuzzer is blind: it does not find the canary\n{}",
        tail(&log)
    );
    Ok(())
}

enum Outcome {
    Clean {
        executions: u64,
        /// Edges that some input took.
        edges: u64,
        /// Edges that there are.
        counters: u64,
    },
    Finding {
        log: String,
    },
}

fn target_folder() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace::root().join("target"), PathBuf::from)
}

/// One target per file.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Builds for an explicit target, so that build scripts and macros stay without instrumentation; returns where the
/// binaries are.
fn build(folder: &Path, built: &Path) -> Result<PathBuf> {
    let host = host()?;
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--release", "--locked", "--bins", "--target", &host])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", built)
        .env("RUSTFLAGS", FLAGS)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .status()
        .context("cannot start cargo")?;
    ensure!(status.success(), "the fuzz targets do not build");
    Ok(built.join(host).join("release"))
}

fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot start rustc")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not name its host")
}

fn fuzz(folder: &Path, built: &Path, binary: &Path, target: &str, seconds: usize) -> Result<Outcome> {
    let corpus = built.join("corpus").join(target);
    let findings = built.join("findings").join(target);
    for folder in [&corpus, &findings] {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    let seeds = folder.join("seeds").join(target);
    let words = folder.join("words").join(format!("{target}.txt"));
    let words = words.is_file().then(|| format!("-dict={}", words.display()));
    let output = Command::new(binary)
        .args(LIMITS)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", findings.display()))
        .arg("-print_final_stats=1")
        .args(words)
        .arg(&corpus)
        .args(seeds.is_dir().then_some(&seeds))
        .output()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    outcome(&output, target)
}

fn outcome(output: &Output, target: &str) -> Result<Outcome> {
    let log = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Ok(Outcome::Finding { log: tail(&log) });
    }
    let executions = number(&log, "stat::number_of_executed_units:");
    let executions = executions.with_context(|| format!("{target} does not say what it has done"))?;
    let counters = number(&log, "INFO: Loaded 1 modules   (").unwrap_or(0);
    ensure!(counters >= COUNTERS, "{target} is not instrumented: it has {counters} edges");
    let edges = log.lines().rev().find_map(|line| number(line.split_once(" cov: ")?.1, ""));
    let edges = edges.with_context(|| format!("{target} does not say what it has reached"))?;
    Ok(Outcome::Clean { executions, edges, counters })
}

/// The number behind the first line's start.
fn number(log: &str, start: &str) -> Option<u64> {
    let rest = log.lines().find_map(|line| line.strip_prefix(start))?.trim_start();
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The end of a log says what was found.
fn tail(log: &str) -> String {
    const LINES: usize = 40;
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    fn ended(code: i32, log: &str) -> Output {
        Output {
            status: ExitStatus::from_raw(code << 8),
            stdout: Vec::new(),
            stderr: log.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_target_that_fails_is_a_finding_with_the_end_of_its_log() {
        let log = format!("{}panicked at", "line\n".repeat(100));
        let Outcome::Finding { log } = outcome(&ended(77, &log), "t").expect("an outcome") else {
            panic!("no finding");
        };
        assert!(log.ends_with("panicked at") && log.lines().count() == 40);
    }

    #[test]
    fn executions_and_edges_are_counted_and_a_target_without_instrumentation_is_refused() {
        let log = |counters: u64| {
            format!(
                "INFO: Loaded 1 modules   ({counters} inline 8-bit counters): {counters} [0x1, 0x2),\n\
                 #2\tINITED cov: 7 ft: 9 corp: 1/1b exec/s: 0 rss: 28Mb\n\
                 #12\tDONE   cov: 34 ft: 56 corp: 1/1b lim: 4 exec/s: 0 rss: 28Mb\n\
                 stat::number_of_executed_units: 12\n"
            )
        };
        let counted = outcome(&ended(0, &log(9_000)), "t").expect("an outcome");
        assert!(matches!(counted, Outcome::Clean { executions: 12, edges: 34, counters: 9_000 }));
        assert!(outcome(&ended(0, &log(100)), "t").is_err());
    }

    #[test]
    fn every_target_has_its_line_in_the_manifest() {
        let folder = workspace::root().join("tests/fuzz");
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        for target in targets(&folder.join("targets")).expect("targets") {
            assert!(manifest.contains(&format!("path = \"targets/{target}.rs\"")), "{target}");
        }
    }
}
