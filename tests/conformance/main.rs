//! One suite, two servers: the embedded control plane, as its users get it, and a real kube-apiserver.
//!
//! Every case says itself what must come out, and where both servers are there, what they answer is compared. Where
//! they differ, the real one is right. `cargo test --test conformance -- crud "a name"` runs the cases whose area or
//! name has one of these texts; `--show` prints the answers.

mod answer;
mod case;
mod check;
mod pointer;
mod report;
mod run;
mod wire;

use futures::StreamExt as _;
use mainstay_apiserver::ControlPlane;
use mainstay_harness::{RealServer, tools_or_skip};
use run::{Outcome, Wires};
use wire::Wire;

/// Cases at a time: most of a case is waiting.
const AT_ONCE: usize = 12;
const TOKEN: &str = "the embedded server's own";

fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let show = arguments.iter().any(|a| a == "--show");
    let wanted: Vec<&str> = arguments.iter().filter(|a| !a.starts_with("--")).map(|a| &**a).collect();
    let cases = match cases() {
        Ok(cases) => cases,
        Err(why) => {
            eprintln!("{why}");
            return std::process::ExitCode::FAILURE;
        }
    };
    let mut chosen = cases;
    chosen
        .retain(|case| wanted.is_empty() || wanted.iter().any(|w| case.area == *w || case.name.contains(w)));
    let real = tools_or_skip("conformance on a real server").map(|_| RealServer::shared());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let outcomes = runtime.block_on(all(chosen, real, show));
    report::print(&outcomes, real.is_some());
    let good = outcomes.iter().all(Outcome::is_good) && !outcomes.is_empty();
    if good { std::process::ExitCode::SUCCESS } else { std::process::ExitCode::FAILURE }
}

fn cases() -> Result<Vec<case::Case>, String> {
    let folder = mainstay_harness::here!().join("tests/conformance/cases");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let mut cases = Vec::new();
    for file in files {
        let area = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        cases.extend(case::parse(&area, &text)?);
    }
    Ok(cases)
}

async fn all(cases: Vec<case::Case>, real: Option<&'static RealServer>, show: bool) -> Vec<Outcome> {
    let listen = ([127, 0, 0, 1], 0).into();
    let plane = ControlPlane::builder().listen(listen).admin_token(TOKEN).build().await;
    let plane = plane.expect("an embedded control plane");
    let kubeconfig = plane.kubeconfig("root").expect("a kubeconfig");
    let mut wires = Wires { embedded: Wire::new(true, &kubeconfig, TOKEN).await, real: None };
    if let Some(real) = real {
        let kubeconfig = std::fs::read_to_string(real.kubeconfig_path()).expect("a kubeconfig");
        wires.real = Some(Wire::new(false, &kubeconfig, &real.token()).await);
    }
    let (with, without): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| case.controllers);
    let mut outcomes = Vec::new();
    let mut stage = async |cases: Vec<case::Case>| {
        let wires = &wires;
        let running = cases.into_iter().map(|case| async move { run::run(case, wires, show).await });
        outcomes.extend(futures::stream::iter(running).buffer_unordered(AT_ONCE).collect::<Vec<_>>().await);
    };
    stage(without).await;
    // From here on the garbage collector and the namespace controller change what they find.
    if let Some(real) = real.filter(|_| !with.is_empty()) {
        tokio::task::spawn_blocking(|| real.start_controllers())
            .await
            .expect("no panic")
            .expect("the controllers start");
    }
    stage(with).await;
    plane.shutdown().await;
    outcomes.sort_by(|a, b| (&a.area, a.number).cmp(&(&b.area, b.number)));
    outcomes
}
