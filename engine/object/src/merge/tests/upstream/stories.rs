//! Stories of writers: what the object is in the end, and who owns what.

use super::versions::{Conversion, StoryVersions};
use super::{differ, path, set, text};
use crate::merge::apply::Request;
use crate::merge::combine::combine;
use crate::merge::owners::{Owner, Owners};
use crate::merge::typed::{self, Duplicates};
use crate::merge::update::track;
use crate::merge::write::Versioned;
use crate::merge::{Resets, Versions, WriteContext, WriteError};
use crate::schema::compact;
use crate::{FieldFilter, Operation, TypeId, Types, extract};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// How often the story was told, and what went otherwise.
pub(super) fn run(case: &Value, schemas: &Value) -> (usize, Vec<String>) {
    let told = case.to_string();
    if !told.contains("{1}") {
        return (1, tell(case, schemas));
    }
    let versions = ["v1", "v2", "v3"];
    let mut problems = Vec::new();
    for one in versions {
        for two in versions {
            for three in versions {
                let told = told.replace("{1}", one).replace("{2}", two).replace("{3}", three);
                let case = serde_json::from_str(&told).expect("a case");
                let found = tell(&case, schemas);
                problems.extend(found.into_iter().map(|problem| format!("{one}-{two}-{three}: {problem}")));
            }
        }
    }
    (27, problems)
}

struct Told {
    types: Types,
    versions: StoryVersions,
    resets: Resets,
    live: Value,
    owners: Owners,
}

fn tell(case: &Value, schemas: &Value) -> Vec<String> {
    let by_version = case["reset"].as_object().into_iter().flatten();
    let by_version = by_version.map(|(v, fields)| (v.clone(), FieldFilter::Exclude(set(fields))));
    let (types, roots) = schema(&schemas[text(&case["schema"])]);
    let mut told = Told {
        types,
        versions: StoryVersions { roots, conversion: Conversion::of(case.get("versions")), served: None },
        resets: Resets { by_version: by_version.collect(), otherwise: None },
        live: Value::Null,
        owners: Owners::default(),
    };
    for (i, step) in case["steps"].as_array().expect("steps").iter().enumerate() {
        if let Err(problem) = told.step(step, schemas) {
            return match case.get("error") {
                Some(expected) if *expected == *problem => Vec::new(),
                Some(_) | None => vec![format!("step {i}: {problem}")],
            };
        }
    }
    let mut problems = Vec::new();
    if case.get("error").is_some() {
        problems.push("nothing failed".to_owned());
    }
    if let Some(expected) = case.get("object") {
        let live = told.versions.convert(&told.live, text(&case["at"]));
        if live != *expected {
            problems.push(format!("the object is {live}, expected {expected}"));
        }
    }
    if let Some(expected) = case.get("owners").and_then(Value::as_object) {
        problems.extend(told.owners_unlike(expected));
    }
    problems
}

fn schema(schema: &Value) -> (Types, BTreeMap<String, TypeId>) {
    let (types, names) = compact::read(&schema["types"]);
    let roots = schema["roots"].as_object().expect("roots").iter();
    let id = |name: &str| if name == "any" { TypeId::ANY } else { names[name] };
    let roots = roots.map(|(version, name)| (version.clone(), id(text(name)))).collect();
    (types, roots)
}

/// One owner per name, whatever it did.
fn owner(manager: &str) -> Owner {
    Owner::new(manager, Operation::Apply, "", "")
}

impl Told {
    fn step(&mut self, step: &Value, schemas: &Value) -> Result<(), String> {
        if let Some(name) = step.get("schema") {
            (self.types, self.versions.roots) = schema(&schemas[text(name)]);
            return Ok(());
        }
        if let Some(served) = step.get("served") {
            let served = served.as_array().into_iter().flatten().map(|one| text(one).to_owned());
            self.versions.served = Some(served.collect());
            return Ok(());
        }
        let (version, object) = (text(&step["at"]), &step["object"]);
        if let Some(manager) = step.get("update") {
            return self.update(text(manager), version, object);
        }
        if let Some(manager) = step.get("extract") {
            let manager = text(manager);
            let before = self.before(version);
            let whole = match self.owners.0.get(&owner(manager)) {
                Some(owned) if !before.value.is_null() => {
                    let own = extract(&before.value, &owned.set.leaves(), &self.types, before.id);
                    combine(&own, object, &self.types, before.id)
                }
                Some(_) | None => object.clone(),
            };
            return self.apply(manager, version, &whole, true).map_err(|error| error.to_string());
        }
        let (manager, force) = match step.get("force") {
            Some(manager) => (text(manager), true),
            None => (text(&step["apply"]), false),
        };
        let expected: BTreeSet<String> = step["conflicts"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|conflict| format!("{} {}", text(&conflict["with"]), path(&conflict["over"])))
            .collect();
        let found = match self.apply(manager, version, object, force) {
            Ok(()) => BTreeSet::new(),
            Err(WriteError::Conflicts(conflicts)) => conflicts
                .iter()
                .flat_map(|one| one.fields.iter().map(move |field| format!("{} {field}", one.manager)))
                .collect(),
            Err(error) => return Err(error.to_string()),
        };
        if found != expected {
            return Err(format!("conflicts are {found:?}, expected {expected:?}"));
        }
        Ok(())
    }

    fn before(&self, version: &str) -> Versioned<'static> {
        let live = self.versions.convert(&self.live, version);
        Versioned::owned(live, version, self.versions.roots[version])
    }

    fn with_context<T>(&self, version: &str, run: impl FnOnce(&WriteContext<'_>) -> T) -> T {
        run(&WriteContext {
            manager: "",
            subresource: "",
            now: "2024-01-01T00:00:00Z",
            types: &self.types,
            type_id: self.versions.roots[version],
            resets: Some(&self.resets),
            versions: &self.versions,
            default: None,
        })
    }

    fn apply(&mut self, manager: &str, version: &str, object: &Value, force: bool) -> Result<(), WriteError> {
        let before = self.before(version);
        let errors = typed::check(object, &self.types, before.id, Duplicates::Refused);
        if !errors.is_empty() {
            return Err(WriteError::Converted { what: String::new(), errors });
        }
        let applier = owner(manager);
        let owners = self.owners.clone();
        let (live, owners) = self.with_context(version, |context| {
            Request { before: &before, applied: object, applier: &applier, version, context }
                .merge(owners, force)
        })?;
        (self.live, self.owners) = (live, owners);
        Ok(())
    }

    fn update(&mut self, manager: &str, version: &str, object: &Value) -> Result<(), String> {
        let before = self.before(version);
        let errors = typed::check(object, &self.types, before.id, Duplicates::Allowed);
        if !errors.is_empty() {
            return Err(typed::text(&errors));
        }
        let after = Versioned::owned(object.clone(), version, before.id);
        let mut owners = self.owners.clone();
        self.with_context(version, |context| {
            track(Some(&before), &after, &mut owners, owner(manager), context)
        })
        .map_err(|error| error.to_string())?;
        (self.live, self.owners) = (after.value.into_owned(), owners);
        Ok(())
    }

    fn owners_unlike(&self, expected: &serde_json::Map<String, Value>) -> Vec<String> {
        let mut problems = Vec::new();
        for (owner, owned) in &self.owners.0 {
            let manager = &owner.manager;
            match expected.get(manager) {
                None => problems.push(format!("{manager} owns something")),
                Some(there) => {
                    if owned.api_version != text(&there["at"]) {
                        problems.push(format!("{manager} owns at {}", owned.api_version));
                    }
                    problems.extend(differ(&format!("{manager} owns"), &owned.set, &set(&there["fields"])));
                }
            }
        }
        let gone = expected.keys().filter(|name| !self.owners.0.keys().any(|owner| owner.manager == **name));
        problems.extend(gone.map(|name| format!("{name} owns nothing")));
        problems
    }
}
