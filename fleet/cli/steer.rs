//! Commands that annotate `Unit` objects; the daemon follows the annotations.

use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, block_on};
use crate::output;
use crate::render::find;
use mainstay_cluster::{Cluster, Identity};
use mainstay_object::ObjectKey;
use mainstay_runtime::{UNIT_GROUP, UNIT_VERSION};
use mainstay_unit::UnitId;
use serde_json::{Value, json};

#[derive(clap::Args)]
pub(crate) struct SuspendArgs {
    /// Unit, for example module/team-a/web@eu-1; its name alone where that is unambiguous
    unit: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(clap::Args)]
pub(crate) struct ResumeArgs {
    /// Unit, for example module/team-a/web@eu-1; its name alone where that is unambiguous
    unit: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

#[derive(clap::Args)]
pub(crate) struct ReconcileArgs {
    /// Unit, for example module/team-a/web@eu-1; its name alone where that is unambiguous
    #[arg(required_unless_present = "all")]
    unit: Option<String>,
    /// All units
    #[arg(long, conflicts_with = "unit")]
    all: bool,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn suspend(args: &SuspendArgs) -> Result<Exit, Failure> {
    one(&args.cluster, &args.unit, &json!({"mainstay.dev/suspend": "true"}), "suspended")
}

pub(crate) fn resume(args: &ResumeArgs) -> Result<Exit, Failure> {
    one(&args.cluster, &args.unit, &json!({"mainstay.dev/suspend": Value::Null}), "resumed")
}

pub(crate) fn reconcile(args: &ReconcileArgs) -> Result<Exit, Failure> {
    let asked = json!({"mainstay.dev/reconcile": jiff::Timestamp::now().to_string()});
    if let Some(unit) = &args.unit {
        return one(&args.cluster, unit, &asked, "is looked at again");
    }
    let count = block_on(async {
        let management = args.cluster.connect().await?;
        let records = mainstay_runtime::records(&management).await.map_err(Failure::environment)?;
        for record in &records {
            annotate(&management, &record.id, &asked).await?;
        }
        Ok(records.len())
    })?;
    let are = if count == 1 { "is" } else { "are" };
    output::print(&format!("{} {are} looked at again\n", output::count(count, "unit")))?;
    Ok(Exit::Done)
}

fn one(cluster: &ClusterArgs, unit: &str, annotations: &Value, done: &str) -> Result<Exit, Failure> {
    let id = block_on(async {
        let management = cluster.connect().await?;
        let records = mainstay_runtime::records(&management).await.map_err(Failure::environment)?;
        let id = find(records.iter().map(|r| &r.id), unit)?;
        annotate(&management, &id, annotations).await?;
        Ok(id)
    })?;
    output::print(&format!("{id} {done}\n"))?;
    Ok(Exit::Done)
}

pub(crate) async fn annotate(management: &Cluster, id: &UnitId, annotations: &Value) -> Result<(), Failure> {
    let key = ObjectKey::new(UNIT_GROUP, "Unit", "", id.object_name());
    let patch = json!({"metadata": {"annotations": annotations}});
    management.merge_patch(&key, UNIT_VERSION, None, &patch, &Identity::Own).await?;
    Ok(())
}
