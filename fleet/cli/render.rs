use crate::exit::{Exit, Failure};
use crate::folder;
use crate::output;
use crate::repository::{Fixed, RepositoryArgs};
use mainstay_object::Value;
use mainstay_render::Checkout;
use mainstay_unit::tree::Tree;
use mainstay_unit::{Reading, RenderState, UnitId};
use std::sync::Arc;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Unit, for example module/team-a/web@eu-1; its name alone where that is unambiguous
    unit: String,
    #[command(flatten)]
    repository: RepositoryArgs,
    /// Print the values of Secrets
    #[arg(long)]
    show_secrets: bool,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let path = args
        .repository
        .local()
        .ok_or_else(|| Failure::user("render works on a local folder").hint("clone the repository first"))?;
    let checkout =
        Checkout { revision: "working tree".into(), tree: Arc::new(folder::read(&path)?) as Arc<dyn Tree> };
    let reading = Fixed { checkout, followed: args.repository.followed(&path), others: None }
        .read(&args.repository.entry()?)?;
    let id = find(reading.units.keys(), &args.unit)?;
    match &reading.units[&id].state {
        RenderState::Rendered(rendered) => {
            let objects: Vec<Value> = rendered
                .objects
                .iter()
                .map(|d| {
                    if args.show_secrets {
                        d.object().value().clone()
                    } else if rendered.sensitive.contains(&d.key) {
                        outline(d.object().value())
                    } else {
                        without_secrets(d.object().value())
                    }
                })
                .collect();
            output::print(&mainstay_yaml::emit_documents(&objects))?;
            Ok(Exit::Done)
        }
        RenderState::NotRendered { reason } => {
            Err(Failure::environment(format!("{id} is planned, not rendered: {reason}")))
        }
        RenderState::Failed { .. } => {
            problems(&reading)?;
            Err(Failure::user(format!("{id} can't be rendered")))
        }
    }
}

fn problems(reading: &Reading) -> Result<(), Failure> {
    for diagnostic in reading.errors() {
        output::print(&output::diagnostic(diagnostic))?;
    }
    Ok(())
}

/// Which object it is, and nothing of what is in it.
fn outline(object: &Value) -> Value {
    let keep = |(name, value): (&String, &Value)| {
        let shown = matches!(name.as_str(), "apiVersion" | "kind" | "metadata");
        (name.clone(), if shown { value.clone() } else { Value::from(NOT_SHOWN) })
    };
    object.as_object().map_or(Value::Null, |map| Value::Object(map.iter().map(keep).collect()))
}

const NOT_SHOWN: &str = "(not shown; --show-secrets prints it)";

fn without_secrets(object: &Value) -> Value {
    let mut object = object.clone();
    if object.get("kind").and_then(Value::as_str) == Some("Secret") {
        for field in ["data", "stringData"] {
            for value in
                object.get_mut(field).and_then(Value::as_object_mut).into_iter().flat_map(|m| m.values_mut())
            {
                *value = Value::from(NOT_SHOWN);
            }
        }
    }
    object
}

/// A unit by its whole id, or by its name where only one unit has it.
pub(crate) fn find<'a>(known: impl Iterator<Item = &'a UnitId>, wanted: &str) -> Result<UnitId, Failure> {
    let known: Vec<&UnitId> = known.collect();
    if let Some(id) = known.iter().find(|id| id.to_string() == wanted || id.object_name() == wanted) {
        return Ok((*id).clone());
    }
    let ends = format!("/{wanted}");
    let fits: Vec<&&UnitId> = known
        .iter()
        .filter(|id| {
            id.name == wanted
                || format!("{}@{}", id.name, id.cluster) == wanted
                || id.to_string().ends_with(&ends)
        })
        .collect();
    match fits.as_slice() {
        [one] => Ok((**one).clone()),
        [] => {
            Err(Failure::user(format!("there is no unit {wanted}")).hint("`mainstay get units` lists them"))
        }
        many => {
            let names: Vec<String> = many.iter().map(ToString::to_string).collect();
            Err(Failure::user(format!("{wanted} could be {}", names.join(", "))))
        }
    }
}
