//! `mainstay test`: asks the daemon for the tests of a release, and waits for what comes of them, as `helm test` does.

use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, block_on};
use crate::output;
use crate::render::find;
use crate::steer::annotate;
use mainstay_cluster::{Cluster, Identity};
use mainstay_object::ObjectKey;
use mainstay_reconcile::{TestOutcome, TestRun, Tested};
use mainstay_runtime::{UNIT_GROUP, UNIT_VERSION};
use mainstay_unit::UnitId;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(300);

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Unit, for example module/team-a/web@eu-1; its name alone where that is unambiguous
    unit: String,
    /// How many seconds to wait; tests that have begun go on. Each of them may take as long as the unit's own timeout says
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    timeout: u64,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let asked = jiff::Timestamp::now().to_string();
    block_on(async {
        let management = args.cluster.connect().await?;
        let records = mainstay_runtime::records(&management).await.map_err(Failure::environment)?;
        let id = find(records.iter().map(|record| &record.id), &args.unit)?;
        let before = records.iter().find(|record| record.id == id).and_then(|record| record.test.as_deref());
        if let Some(run) = before.filter(|run| run.outcome.is_none()) {
            let since = &run.asked;
            return Err(Failure::user(format!("{id} is being tested already, since {since}")));
        }
        annotate(&management, &id, &json!({"mainstay.dev/test": asked})).await?;
        follow(&management, &id, &asked, Duration::from_secs(args.timeout)).await
    })
}

async fn follow(management: &Cluster, id: &UnitId, asked: &str, patience: Duration) -> Result<Exit, Failure> {
    let begun = Instant::now();
    let mut shown = 0;
    loop {
        let run = told(management, id).await?.filter(|run| run.asked == asked);
        if let Some(run) = &run {
            for tested in run.ended.get(shown..).unwrap_or_default() {
                output::print(&line(tested))?;
            }
            shown = run.ended.len().max(shown);
            if let Some(outcome) = run.outcome {
                return end(id, run, outcome);
            }
        }
        if begun.elapsed() >= patience {
            let seconds = patience.as_secs();
            let Some(run) = run else {
                // Whoever takes the unit up later is not to run what nobody waits for.
                annotate(management, id, &json!({"mainstay.dev/test": Value::Null})).await?;
                return Err(Failure::user(format!("nobody has begun to test {id} within {seconds} s"))
                    .hint("is `mainstay run` running for this cluster?"));
            };
            let next = run.left.first().map(String::as_str).unwrap_or_default();
            return Err(Failure::user(format!("{id} is still being tested after {seconds} s: {next}"))
                .hint("it goes on; what comes of it is told by Events of the Unit, and in its status"));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn told(management: &Cluster, id: &UnitId) -> Result<Option<TestRun>, Failure> {
    let key = ObjectKey::new(UNIT_GROUP, "Unit", "", id.object_name());
    let unit = management.get(&key, UNIT_VERSION, &Identity::Own).await?;
    let Some(run) = unit.pointer("/status/test") else { return Ok(None) };
    let read = serde_json::from_value(run.clone());
    read.map(Some).map_err(|error| Failure::internal(format!("the record of {id} can't be read: {error}")))
}

fn line(tested: &Tested) -> String {
    match tested.succeeded {
        true => format!("{}  Succeeded\n", tested.name),
        false => format!("{}  Failed: {}\n", tested.name, tested.message),
    }
}

fn end(id: &UnitId, run: &TestRun, outcome: TestOutcome) -> Result<Exit, Failure> {
    for name in &run.left {
        output::print(&format!("{name}  NotRun\n"))?;
    }
    match outcome {
        TestOutcome::Succeeded if run.message.is_empty() => Ok(Exit::Done),
        TestOutcome::Succeeded => {
            output::print(&format!("{id}: {}\n", run.message))?;
            Ok(Exit::Done)
        }
        TestOutcome::Failed if run.message.is_empty() => Ok(Exit::User),
        TestOutcome::Failed => Err(Failure::user(format!("{id}: {}", run.message))),
        TestOutcome::Refused => Err(Failure::user(format!("{id} is not tested: {}", run.message))),
    }
}
