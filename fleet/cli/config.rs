//! The configuration file: flags win over `MAINSTAY_*`, which win over it.

use crate::exit::Failure;
use clap::Command;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;

/// What the file says, by the flags' ids.
static VALUES: OnceLock<BTreeMap<String, String>> = OnceLock::new();

/// Makes what the file says the default of every flag of that name, in every command that has it.
pub(crate) fn with_defaults(command: Command, arguments: &[OsString]) -> Result<Command, Failure> {
    let (path, required) = place(arguments);
    let Some(path) = path else { return Ok(command) };
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => return Ok(command),
        Err(error) => return Err(Failure::user(format!("{} can't be read: {error}", path.display()))),
    };
    let name = path.display().to_string();
    let loaded = mainstay_yaml::load(&name, &bytes, &mainstay_yaml::Limits::default());
    if let Some(problem) = loaded.diagnostics.errors().next() {
        return Err(Failure::user(problem.to_string()));
    }
    let mut values = BTreeMap::new();
    for document in &loaded.documents {
        let json = document.root.to_json();
        let map =
            json.as_object().ok_or_else(|| Failure::user(format!("{name}: expected a mapping of flags")))?;
        for (key, value) in map {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            values.insert(key.replace('-', "_"), text);
        }
    }
    let known = known(&command);
    if let Some(unknown) = values.keys().find(|key| !known.contains(*key)) {
        return Err(Failure::user(format!("{name}: no command has a flag --{}", unknown.replace('_', "-"))));
    }
    let values = VALUES.get_or_init(|| values);
    Ok(set(command, values))
}

/// The same for a command that is defined later.
pub(crate) fn apply(command: Command) -> Command {
    match VALUES.get() {
        Some(values) => set(command, values),
        None => command,
    }
}

/// Flags of all commands, those included that are not defined yet.
fn known(command: &Command) -> BTreeSet<String> {
    let mut command = command.clone();
    command.build();
    std::iter::once(&command)
        .chain(command.get_subcommands())
        .flat_map(Command::get_arguments)
        .filter(|a| !matches!(a.get_id().as_str(), "help" | "version"))
        .map(|a| a.get_id().to_string())
        .collect()
}

fn set(command: Command, values: &BTreeMap<String, String>) -> Command {
    command.mut_args(|argument| match values.get(argument.get_id().as_str()) {
        Some(value) if !argument.is_positional() => argument.default_value(value.clone()),
        Some(_) | None => argument,
    })
}

/// The file, and whether somebody asked for it.
fn place(arguments: &[OsString]) -> (Option<PathBuf>, bool) {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == "--config" {
            return (rest.next().map(PathBuf::from), true);
        }
        if let Some(path) = argument.to_str().and_then(|a| a.strip_prefix("--config=")) {
            return (Some(path.into()), true);
        }
    }
    if let Some(path) = std::env::var_os("MAINSTAY_CONFIG") {
        return (Some(path.into()), true);
    }
    let folder = std::env::var_os("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".config")));
    (folder.map(|f| f.join("mainstay/config.yaml")), false)
}
