use crate::exit::{Exit, Failure};
use crate::output::{self, Format};
use mainstay_diagnostic::Diagnostic;
use mainstay_health::Rules;
use mainstay_object::Value;
use mainstay_render::{Checkout, Inputs};
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_unit::{Health, HealthRules, HealthStatus};
use serde::Serialize;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(clap::Args)]
#[command(after_help = "Objects are read as a server shows them, with their status:\n  \
                        kubectl get deployments,jobs -A -o yaml | mainstay health -\n\n\
                        The health rules of a checkout, before they are committed:\n  \
                        kubectl get widgets -A -o yaml | mainstay health - --repository .")]
pub(crate) struct Args {
    /// YAML or JSON files of objects, with any number of documents and lists; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A file of health rules of your own, which win over Mainstay's; may be given several times, the last one wins
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// Judge as an installation would that follows this platform repository: a folder on this machine, taken as it lies
    /// there, whose Platform names health rules
    // The configuration's `repository` is what is followed, not what is tried.
    #[arg(id = "checkout", long = "repository", value_name = "DIR")]
    repository: Option<PathBuf>,
    /// Folder of the repository that is read first
    #[arg(long, env = "MAINSTAY_PATH", default_value = "/", value_name = "FOLDER")]
    path: String,
    /// What is printed: a line for each object, or all that is known of them
    #[arg(long, short, default_value = "table")]
    output: Format,
}

/// A whole cluster fits into what `kubectl get -o yaml` prints.
const LIMITS: mainstay_yaml::Limits = mainstay_yaml::Limits {
    bytes: 256 << 20,
    depth: 100,
    aliases: 10_000,
    nodes: 20_000_000,
    documents: 100_000,
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    file: String,
    api_version: String,
    kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    namespace: String,
    name: String,
    status: HealthStatus,
    message: String,
    /// Whose rule said so; none where only conditions were read.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<Exit, Failure> {
    let mut problems: Vec<Diagnostic> = Vec::new();
    let mut own = match &args.repository {
        Some(checkout) => of_repository(checkout, &args.path, &mut problems)?,
        None => Rules::default(),
    };
    for path in &args.rules {
        match Rules::parse(&path.display().to_string(), &text(path)?) {
            Ok(rules) => own.extend(rules),
            Err(wrong) => problems.extend(wrong),
        }
    }
    let mut lines = Vec::new();
    if problems.is_empty() {
        for path in &args.files {
            let file = path.display().to_string();
            let loaded = mainstay_yaml::load(&file, &bytes(path)?, &LIMITS);
            problems.extend(loaded.diagnostics.sorted());
            for document in loaded.documents {
                for object in objects(document.root.into_json()) {
                    lines.push(line(&file, &own, &object));
                }
            }
        }
    }
    if lines.is_empty() && !problems.is_empty() {
        // No heading over nothing.
        return told(&problems);
    }
    match args.output {
        Format::Table | Format::Wide => output::print(&table(&lines, args.output))?,
        Format::Json | Format::Yaml => output::structured(&lines, args.output)?,
    }
    told(&problems)
}

/// The rules that a checkout's Platform names; other mistakes in it are `validate`'s to tell.
fn of_repository(checkout: &Path, entry: &str, problems: &mut Vec<Diagnostic>) -> Result<Rules, Failure> {
    if !checkout.is_dir() {
        return Err(Failure::user(format!("--repository: {} is no folder", checkout.display())));
    }
    let entry = TreePath::parse(entry).map_err(|e| Failure::user(format!("--path: {e}")))?;
    let tree: Arc<dyn Tree> = Arc::new(crate::folder::read(checkout)?);
    let inputs = Inputs::new(Checkout { revision: "working tree".into(), tree }, entry);
    let (rules, wrong) = mainstay_render::health_rules(&inputs);
    match rules {
        HealthRules::Known(files) => {
            if files.files.is_empty() {
                anstream::eprintln!("{} names no health rules", checkout.display());
            }
            match crate::rules::of(&files) {
                Ok(rules) => Ok(rules),
                Err(wrong) => {
                    problems.extend(wrong);
                    Ok(Rules::default())
                }
            }
        }
        HealthRules::Unknown { why } if wrong.is_empty() => Err(Failure::user(why)),
        HealthRules::Unknown { .. } => {
            problems.extend(wrong);
            Ok(Rules::default())
        }
    }
}

/// Standard output is for the objects alone.
fn told(problems: &[Diagnostic]) -> Result<Exit, Failure> {
    for problem in problems {
        anstream::eprint!("{}", output::diagnostic(problem));
    }
    let wrong = problems.iter().any(Diagnostic::is_error);
    Ok(if wrong { Exit::User } else { Exit::Done })
}

fn line(file: &str, own: &Rules, object: &Value) -> Line {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (api_version, kind) = (text("/apiVersion"), text("/kind"));
    let (health, rule) = if api_version.is_empty() || kind.is_empty() {
        (Health::unknown("this is no object: it has no apiVersion or no kind"), None)
    } else {
        let verdict = mainstay_health::judge(own, object, None);
        (verdict.health, verdict.rule)
    };
    Line {
        file: file.to_owned(),
        api_version,
        kind,
        namespace: text("/metadata/namespace"),
        name: text("/metadata/name"),
        status: health.status,
        message: health.message,
        rule,
    }
}

fn table(lines: &[Line], format: Format) -> String {
    let wide = format == Format::Wide;
    let mut headers = vec!["FILE", "KIND", "NAME", "STATUS", "MESSAGE"];
    if wide {
        headers.push("RULE");
    }
    let row = |line: &Line| {
        let name = match line.namespace.as_str() {
            "" => line.name.clone(),
            namespace => format!("{namespace}/{}", line.name),
        };
        let mut row =
            vec![line.file.clone(), line.kind.clone(), name, line.status.to_string(), line.message.clone()];
        if wide {
            row.push(line.rule.clone().unwrap_or_default());
        }
        row
    };
    output::table(&headers, lines.iter().map(row).collect())
}

/// What `kubectl get -o yaml` prints of several objects is one document.
fn objects(document: Value) -> Vec<Value> {
    let is_list = document.get("kind").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("List"));
    match document {
        Value::Object(mut members) if is_list => match members.remove("items") {
            Some(Value::Array(items)) => items,
            items => {
                members.extend(items.map(|items| ("items".to_owned(), items)));
                vec![Value::Object(members)]
            }
        },
        other => vec![other],
    }
}

fn text(path: &Path) -> Result<String, Failure> {
    String::from_utf8(bytes(path)?).map_err(|_| Failure::user(format!("{} is not UTF-8", path.display())))
}

fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut all = Vec::new();
    // One more than a file may have is enough to be told that it is too large.
    let most = LIMITS.bytes as u64 + 1;
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut all)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut all))
    };
    match read {
        Ok(_) => Ok(all),
        Err(error) => Err(match error.kind() {
            ErrorKind::NotFound => Failure::user(format!("there is no file {}", path.display())),
            ErrorKind::IsADirectory => Failure::user(format!("{} is a folder", path.display())),
            _ => Failure::environment(format!("{} can't be read: {error}", path.display())),
        }),
    }
}
