use crate::fields::Fields;
use crate::glob::Glob;
use crate::read::Place;
use crate::shape::Problem;
use mainstay_diagnostic::{Location, codes};
use mainstay_object::Object;
use mainstay_unit::SourceId;
use mainstay_unit::tree::TreePath;
use std::collections::BTreeSet;

/// Composes the trees of sources into artifacts, each a tree of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Generator {
    pub namespace: String,
    pub name: String,
    pub declared_at: Location,
    pub sources: Vec<GeneratorSource>,
    pub artifacts: Vec<Artifact>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct GeneratorSource {
    pub alias: String,
    pub source: SourceId,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    pub name: String,
    /// In order: a later copy overwrites an earlier one's files.
    pub copies: Vec<Copy>,
    pub declared_at: Location,
    /// It holds an error: nothing of it is used.
    pub broken: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Copy {
    pub alias: String,
    /// A path, or a pattern; a trailing slash changes nothing.
    pub from: String,
    pub to: TreePath,
    /// `to` ends in a slash: what is copied goes into it.
    pub into: bool,
    pub exclude: Vec<String>,
    pub strategy: CopyStrategy,
    pub location: Location,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyStrategy {
    Overwrite,
    /// YAML maps are merged, as Helm merges values files.
    Merge,
    /// The files inside a tarball.
    Extract,
}

impl Artifact {
    pub fn id(&self, namespace: &str) -> SourceId {
        SourceId::Named {
            kind: crate::Kind::ExternalArtifact.name().to_owned(),
            namespace: namespace.to_owned(),
            name: self.name.clone(),
        }
    }
}

pub(crate) fn read(object: &Object, place: &dyn Place, problems: &mut Vec<Problem>) -> Generator {
    let spec = Fields(object.value()).at("spec");
    let namespace = object.namespace();
    let broken = problems.iter().any(Problem::is_error);
    let mut aliases = BTreeSet::new();
    let mut sources = Vec::new();
    for (i, item) in spec.list("sources") {
        let (Some(alias), Some(kind), Some(name)) =
            (item.text("alias"), item.text("kind"), item.text("name"))
        else {
            continue;
        };
        if !aliases.insert(alias) {
            let at = format!("/spec/sources/{i}/alias");
            problems.push(artifact_problem(&at, format!("alias {alias} is taken twice")));
        }
        sources.push(GeneratorSource {
            alias: alias.to_owned(),
            source: SourceId::Named {
                kind: kind.to_owned(),
                namespace: item.text("namespace").unwrap_or(namespace).to_owned(),
                name: name.to_owned(),
            },
        });
    }
    let mut names = BTreeSet::new();
    let mut artifacts = Vec::new();
    for (i, item) in spec.list("artifacts") {
        let Some(name) = item.text("name") else { continue };
        let at = format!("/spec/artifacts/{i}");
        let before = problems.len();
        if !names.insert(name) {
            problems.push(artifact_problem(&at, format!("artifact {name} is declared twice")));
        }
        for field in ["revision", "originRevision"] {
            let alias = item.text(field).map(|text| text.trim_start_matches('@'));
            if let Some(alias) = alias.filter(|alias| !aliases.contains(alias)) {
                problems.push(artifact_problem(
                    &format!("{at}/{field}"),
                    format!("no source has the alias {alias}"),
                ));
            }
        }
        let copies = item
            .list("copy")
            .filter_map(|(j, item)| copy(item, &format!("{at}/copy/{j}"), &aliases, place, problems))
            .collect();
        artifacts.push(Artifact {
            name: name.to_owned(),
            copies,
            declared_at: place.location(&at),
            broken: broken || problems.len() > before,
        });
    }
    Generator {
        namespace: namespace.to_owned(),
        name: object.name().to_owned(),
        declared_at: place.location(""),
        sources,
        artifacts,
    }
}

fn copy(
    item: Fields<'_>,
    at: &str,
    aliases: &BTreeSet<&str>,
    place: &dyn Place,
    problems: &mut Vec<Problem>,
) -> Option<Copy> {
    let (from, to) = (item.text("from")?, item.text("to")?);
    let mut fail = |field: &str, message: String| {
        problems.push(artifact_problem(&format!("{at}/{field}"), message));
        None
    };
    let Some((alias, pattern)) = from.strip_prefix('@').and_then(|rest| rest.split_once('/')) else {
        return fail("from", format!("{from:?} must be @alias/path"));
    };
    if !aliases.contains(alias) {
        return fail("from", format!("no source has the alias {alias}"));
    }
    // A trailing slash says folder, and means the same.
    let pattern = pattern.trim_end_matches('/').trim_start_matches("./");
    if Glob::parse(pattern).is_none() {
        return fail("from", format!("{pattern:?} is not a valid pattern"));
    }
    let Some(destination) = to.strip_prefix("@artifact/") else {
        return fail("to", format!("{to:?} must start with @artifact/"));
    };
    let Ok(path) = TreePath::parse(destination) else {
        return fail("to", format!("{to:?} leads out of the artifact"));
    };
    let exclude = item.strings("exclude");
    if let Some(pattern) = exclude.iter().find(|pattern| Glob::parse(pattern).is_none()) {
        return fail("exclude", format!("{pattern:?} is not a valid pattern"));
    }
    Some(Copy {
        alias: alias.to_owned(),
        from: pattern.to_owned(),
        into: destination.is_empty() || destination.ends_with('/'),
        to: path,
        exclude,
        strategy: match item.text("strategy") {
            Some("Merge") => CopyStrategy::Merge,
            Some("Extract") => CopyStrategy::Extract,
            Some(_) | None => CopyStrategy::Overwrite,
        },
        location: place.location(at),
    })
}

fn artifact_problem(at: &str, message: String) -> Problem {
    Problem::new(&codes::flux::ARTIFACT, at, message)
}
