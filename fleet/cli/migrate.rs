//! Taking over from other tools.

mod act;
mod look;

use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, Live};
use crate::output::{self, table};
use crate::progress::Progress;
use crate::repository::RepositoryArgs;
use mainstay_flux::migrate::{Act, Goal, Plan, Row, Standing, Step, plan};
use serde_json::{Value, json};
use std::collections::BTreeSet;

#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    from: From,
}

#[derive(clap::Subcommand)]
enum From {
    /// From Flux: Kustomizations and HelmReleases that the repository declares, without a recreate; each step can be undone
    Flux(Box<FluxArgs>),
}

#[derive(clap::Args)]
#[command(
    after_help = "1. mainstay migrate flux REPOSITORY            what there is, what would be done, what stays Flux's\n\
                  2. mainstay migrate flux REPOSITORY --yes      suspends the Kustomizations and HelmReleases that can be taken over\n\
                  3. mainstay run REPOSITORY --adopt             Mainstay applies what they applied; nothing is recreated\n\
                  4. mainstay migrate flux REPOSITORY --finish   once every unit is ready: Flux's objects go, what they \
                  applied stays\n\nUntil step 4 all can be given back with --undo. Stopped anywhere, each can be run again."
)]
struct FluxArgs {
    #[command(flatten)]
    repository: RepositoryArgs,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Only this one, as NAMESPACE/NAME or helmrelease/NAMESPACE/NAME; can be given more than once
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,
    /// Give back to Flux what was taken over, as it was before
    #[arg(long, conflicts_with = "finish")]
    undo: bool,
    /// Remove what was taken over of Flux's objects from the cluster, and nothing that they applied
    #[arg(long)]
    finish: bool,
    /// Do it; without this, what would be done is shown
    #[arg(long)]
    yes: bool,
    /// How long an answer of Flux's controllers is waited for
    #[arg(long, default_value_t = 30, value_name = "SECONDS")]
    timeout: u64,
    #[arg(short, long, default_value = "text")]
    output: Shown,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shown {
    Text,
    Json,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    match &args.from {
        From::Flux(args) => flux(args),
    }
}

fn flux(args: &FluxArgs) -> Result<Exit, Failure> {
    let live = Live::connect(&args.cluster)?;
    let goal = match (args.undo, args.finish) {
        (true, _) => Goal::Undo,
        (false, true) => Goal::Finish,
        (false, false) => Goal::Migrate,
    };
    let mut found = live.block_on(look::appliers(live.management()))?;
    // Giving back asks nothing of the repository, which may be what is broken.
    let (known, errors) = match goal {
        Goal::Undo => (live.block_on(look::recorded(live.management(), &found))?, Vec::new()),
        Goal::Migrate | Goal::Finish => {
            let progress = Progress::new("fetching the repository");
            look::known(&live, &args.cluster, &args.repository, &mut found, &progress)?
        }
    };
    let only: BTreeSet<String> = args.only.iter().cloned().collect();
    let plan = plan(goal, &found, &known, &only);
    let text = args.output == Shown::Text;
    if text {
        for error in &errors {
            output::print(error)?;
        }
        output::print(&rows(&plan))?;
    }
    if !plan.refused.is_empty() {
        if !text {
            output::structured(&plan, output::Format::Json)?;
        }
        let all = plan.refused.join("\n  ");
        return Err(
            Failure::user(format!("nothing has been done:\n  {all}")).hint("--only names those that can")
        );
    }
    if !args.yes {
        if text {
            output::print(&shown(&plan))?;
        } else {
            output::structured(&plan, output::Format::Json)?;
        }
        return Ok(if plan.steps.is_empty() { Exit::Done } else { Exit::Changes });
    }
    let done = live.block_on(act::all(live.management(), &plan, args.timeout, text))?;
    let complete = done.iter().all(|step| step.done);
    if text {
        output::print(&outcome(&plan, complete))?;
    } else {
        let mut whole = serde_json::to_value(&plan).map_err(|e| Failure::internal(e.to_string()))?;
        for (step, done) in whole["steps"].as_array_mut().into_iter().flatten().zip(&done) {
            step["outcome"] = json!(done.outcome);
            step["done"] = json!(done.done);
        }
        whole["complete"] = Value::from(complete);
        output::structured(&whole, output::Format::Json)?;
    }
    Ok(if complete { Exit::Done } else { Exit::Environment })
}

fn rows(plan: &Plan) -> String {
    if plan.rows.is_empty() {
        let none = match plan.goal {
            Goal::Migrate => "There is no Kustomization or HelmRelease of Flux's on this cluster.\n",
            Goal::Undo | Goal::Finish => "Nothing of Flux's is suspended for Mainstay.\n",
        };
        return none.to_owned();
    }
    let row = |row: &Row| {
        let (objects, is) = (row.objects.to_string(), row.standing.word().to_owned());
        vec![row.titled(), objects, is, row.unit.to_string(), row.standing.to_string()]
    };
    let headers = ["FLUX", "OBJECTS", "IS", "UNIT", "WHY"];
    table(&headers, plan.rows.iter().map(row).collect())
}

/// `suspend Kustomization shop/web: Flux neither applies …`
fn line(step: &Step) -> String {
    let what = match step.act {
        Act::Suspend => "suspend",
        Act::Confirm => "wait for Flux on",
        Act::Restore => "restore",
        Act::TakeOver => "take over the objects of",
        Act::Remove => "remove",
    };
    format!("{what} {}: {}", step.titled(), step.reason)
}

fn shown(plan: &Plan) -> String {
    if plan.steps.is_empty() {
        return format!("\nNothing to do.\n{}", next(plan));
    }
    let mut out = "\nWould, in this order:\n".to_owned();
    for (at, step) in plan.steps.iter().enumerate() {
        out.push_str(&format!("  {}. {}\n", at + 1, line(step)));
    }
    out.push_str("Nothing has been changed: add --yes.\n");
    out
}

/// Where one stands when there is nothing left to do for this goal.
fn next(plan: &Plan) -> String {
    let any = |wanted: fn(&Standing) -> bool| plan.rows.iter().any(|row| wanted(&row.standing));
    match plan.goal {
        Goal::Migrate if any(|s| matches!(s, Standing::Handed(_))) => {
            "Next: `mainstay run REPOSITORY --adopt`, until `mainstay get units` shows them ready.\n"
                .to_owned()
        }
        Goal::Migrate if any(|s| matches!(s, Standing::Taken)) => {
            "Next: `mainstay migrate flux REPOSITORY --finish`, or --undo.\n".to_owned()
        }
        Goal::Migrate | Goal::Undo | Goal::Finish => String::new(),
    }
}

fn outcome(plan: &Plan, complete: bool) -> String {
    if !complete {
        return "Not everything is done; run it again.\n".to_owned();
    }
    let next = match plan.goal {
        Goal::Migrate if plan.steps.is_empty() => next(plan),
        Goal::Migrate => {
            "Next: `mainstay run REPOSITORY --adopt`, until `mainstay get units` shows them ready. `--undo` gives them back.\n"
                .to_owned()
        }
        Goal::Undo => String::new(),
        Goal::Finish => {
            "What they applied stays. Flux's controllers and sources stay too: they may have other work.\n".to_owned()
        }
    };
    format!("Done.\n{next}")
}
