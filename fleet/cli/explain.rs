use crate::exit::{Exit, Failure};
use crate::output;
use mainstay_diagnostic::codes;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// A diagnostic's code, for example MS1001; all codes if absent
    code: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let Some(wanted) = &args.code else {
        let rows =
            codes::all().map(|c| vec![c.id.to_owned(), c.severity.to_string(), c.title.to_owned()]).collect();
        output::print(&output::table(&["CODE", "SEVERITY", "MEANING"], rows))?;
        return Ok(Exit::Done);
    };
    let code = codes::find(wanted).ok_or_else(|| {
        Failure::user(format!("there is no diagnostic {wanted}")).hint("`mainstay explain` lists all codes")
    })?;
    output::print(&format!("{} ({}): {}\n\n{}\n", code.id, code.severity, code.title, code.explanation))?;
    Ok(Exit::Done)
}
