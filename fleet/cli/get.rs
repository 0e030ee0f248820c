use crate::exit::{Exit, Failure};
use crate::management::{ClusterArgs, block_on};
use crate::output::{self, Format, table};
use mainstay_reconcile::Record;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(clap::Args)]
pub(crate) struct Args {
    what: What,
    #[command(flatten)]
    cluster: ClusterArgs,
    /// Only units of this tenant
    #[arg(long)]
    tenant: Option<String>,
    #[arg(short, long, default_value = "table")]
    output: Format,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum What {
    Units,
    Clusters,
    Tenants,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut records = read(&args.cluster)?;
    records.retain(|r| args.tenant.as_ref().is_none_or(|t| r.id.tenant == *t));
    match args.what {
        What::Units => units(&records, args.output)?,
        What::Clusters => groups(&records, args.output, "CLUSTER", |r| match r.target.cluster.as_str() {
            "" => "(management)".into(),
            name => name.to_owned(),
        })?,
        What::Tenants => groups(&records, args.output, "TENANT", |r| r.id.tenant.clone())?,
    }
    Ok(Exit::Done)
}

pub(crate) fn read(cluster: &ClusterArgs) -> Result<Vec<Record>, Failure> {
    let mut records = block_on(async {
        let management = cluster.connect().await?;
        mainstay_runtime::records(&management).await.map_err(Failure::environment)
    })?;
    records.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(records)
}

fn units(records: &[Record], format: Format) -> Result<(), Failure> {
    let wide = match format {
        Format::Json | Format::Yaml => return output::structured(&records, format),
        Format::Wide => true,
        Format::Table => false,
    };
    if records.is_empty() {
        return output::print("No units.\n");
    }
    let mut headers = vec!["UNIT", "PHASE", "HEALTH", "OBJECTS", "MESSAGE"];
    if wide {
        headers.extend(["REVISION", "DECLARED AT"]);
    }
    let row = |r: &Record| {
        // What only a simulator made healthy is never shown as if it were.
        let health = if r.simulated { format!("{} (simulated)", r.health) } else { r.health.to_string() };
        let message = if wide { r.message.clone() } else { clip(&r.message) };
        let mut row = vec![r.id.to_string(), r.phase.clone(), health, r.inventory.len().to_string(), message];
        if wide {
            row.push(r.revision.chars().take(12).collect());
            row.push(r.declared_at.clone());
        }
        row
    };
    output::print(&table(&headers, records.iter().map(row).collect()))
}

fn clip(text: &str) -> String {
    const LIMIT: usize = 100;
    match text.char_indices().nth(LIMIT) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn groups(
    records: &[Record],
    format: Format,
    header: &str,
    key: fn(&Record) -> String,
) -> Result<(), Failure> {
    let mut groups: BTreeMap<String, (usize, usize, usize, usize)> = BTreeMap::new();
    for record in records {
        let group = groups.entry(key(record)).or_default();
        group.0 += 1;
        group.1 += usize::from(record.phase == "Ready");
        group.2 += usize::from(record.phase == "Failed");
        group.3 += record.inventory.len();
    }
    match format {
        Format::Json | Format::Yaml => {
            let all: Vec<_> = groups
                .iter()
                .map(|(name, g)| json!({"name": name, "units": g.0, "ready": g.1, "failed": g.2, "objects": g.3}))
                .collect();
            output::structured(&all, format)
        }
        Format::Table | Format::Wide => {
            let rows = groups
                .into_iter()
                .map(|(name, g)| {
                    vec![name, g.0.to_string(), g.1.to_string(), g.2.to_string(), g.3.to_string()]
                })
                .collect();
            output::print(&table(&[header, "UNITS", "READY", "FAILED", "OBJECTS"], rows))
        }
    }
}
