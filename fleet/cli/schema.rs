use crate::exit::{Exit, Failure};
use crate::output::{self, Format};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A native kind, for example Module; all kinds if absent
    kind: Option<String>,
    /// Write one file per kind into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<std::path::PathBuf>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let schemas = mainstay_native::schemas();
    if let Some(dir) = &args.dir {
        let failed =
            |e: std::io::Error| Failure::environment(format!("{} can't be written: {e}", dir.display()));
        std::fs::create_dir_all(dir).map_err(failed)?;
        for (kind, schema) in &schemas {
            let text = serde_json::to_string_pretty(schema).map_err(|e| Failure::internal(e.to_string()))?;
            std::fs::write(dir.join(format!("{}.json", kind.to_lowercase())), text + "\n").map_err(failed)?;
        }
        return Ok(Exit::Done);
    }
    match &args.kind {
        None => output::structured(&schemas, Format::Json)?,
        Some(kind) => {
            let found = schemas.iter().find(|(k, _)| k.eq_ignore_ascii_case(kind)).ok_or_else(|| {
                let all: Vec<_> = schemas.keys().copied().collect();
                Failure::user(format!("there is no native kind {kind}"))
                    .hint(format!("there are {}", all.join(", ")))
            })?;
            output::structured(found.1, Format::Json)?;
        }
    }
    Ok(Exit::Done)
}
