use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, block_on};
use crate::output;
use crate::steer::annotate;
use serde_json::json;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// What `get units`, `why` and the log name for a held removal
    hash: String,
    #[command(flatten)]
    cluster: ClusterArgs,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let units = block_on(async {
        let management = args.cluster.connect().await?;
        let records = mainstay_runtime::records(&management).await.map_err(Failure::environment)?;
        let held: Vec<_> = records.iter().filter(|r| r.held.as_deref() == Some(args.hash.as_str())).collect();
        let first = held.first().ok_or_else(|| {
            Failure::user(format!("nothing is held under {}", args.hash))
                .hint("what is held changes its hash when its objects change; `mainstay get units` shows the present one")
        })?;
        annotate(&management, &first.id, &json!({"mainstay.dev/approve": args.hash})).await?;
        Ok(held.iter().map(|r| r.id.to_string()).collect::<Vec<_>>())
    })?;
    output::print(&format!("approved: {}\n", units.join(", ")))?;
    Ok(Exit::Done)
}
