//! A unit out of a folder of manifests, in kustomize-controller's order: the overlay merged into the root kustomization,
//! the build, encrypted files looked for, variables substituted, common metadata, declarations taken apart.
use crate::build::{Answered, Asked, Job, Made, Rendering, Work};
use crate::cache::Cache;
use crate::declared::DeclaredUnit;
use crate::entry::closest;
use crate::external::{Asker, unasked, with};
use crate::inputs::{Inputs, Supply};
use crate::kustomize::{self, Before, Folder};
use crate::outcome::{Declaring, Outcome};
use crate::places::Files;
use crate::references::{Lacking, claim, content};
use crate::secrets::{self, Decryption, is_encrypted};
use crate::sources::Source;
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_flux::{Recognised, is_installation, recognise};
use mainstay_object::Digest;
use mainstay_unit::tree::{EntryKind, TreePath};
use mainstay_unit::{Claim, Content, Desired, Need, Overlay, ReferenceKind, Substitution};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Everything that a build depends on, beside the folder.
pub(crate) struct FolderJob<'a> {
    /// Without what the kustomization asks of the world.
    base: Digest,
    overlay: &'a Overlay,
    is_entry: bool,
    values: Option<Values>,
    keys: Option<DecryptionKeys>,
    asker: Asker<'a>,
}

pub(crate) fn ask<'a>(
    declared: &'a DeclaredUnit,
    is_entry: bool,
    (source, path, overlay): (Source, &'a TreePath, &'a Overlay),
    asker: Asker<'a>,
    cache: &mut Cache,
    told: &mut Vec<Diagnostic>,
) -> Asked<'a> {
    let inputs = asker.inputs;
    let keys = keys(overlay, asker);
    let values = match values(overlay.substitution.as_ref(), &claim(declared), inputs) {
        Ok(values) => values,
        Err(lacking) => {
            return match missing(declared, &source, path) {
                Some(problem) => Asked::Answered(Rendering::failed(problem)),
                None => lacking.answer(),
            };
        }
    };
    // Nothing but the declaration decides, as far as it is not the files nor the world.
    let closed = keys.is_none()
        && source.origin.name().is_empty()
        && declared.authorities.is_empty()
        && overlay.substitution.as_ref().is_none_or(|substitution| substitution.from.is_empty());
    let base = cache.question(&declared.unit, is_entry, closed, || {
        question(Folder { source: &source, path, overlay, asker }, is_entry, (&values, &keys))
    });
    let externals = cache.externals(&base).unwrap_or_default();
    let (answers, needs) = externals.answers(asker);
    if !needs.is_empty() {
        return unasked(needs).answer();
    }
    for stale in externals.charts.iter().filter_map(|request| asker.stale(request)) {
        let message = format!("a chart of {} is what its registry said last: {stale}", declared.unit.id);
        told.push(declared.path_at.diagnostic(&codes::source::STALE, message));
    }
    let question = with(base, &answers);
    if let Some(kept) = cache.get(&question, &source.tree) {
        return Asked::Kept(kept, keys.and_then(|keys| keys.need).map(Box::new));
    }
    if let Some(problem) = missing(declared, &source, path) {
        return Asked::Answered(Rendering::failed(problem));
    }
    let path = path.clone();
    let work = Work::Folder(Box::new(FolderJob { base, overlay, is_entry, values, keys, asker }));
    Asked::Anew(Box::new(Job { question, source, path, work }))
}

fn missing(declared: &DeclaredUnit, source: &Source, path: &TreePath) -> Option<Diagnostic> {
    let tree = source.tree.as_ref();
    let problem = |message: String| declared.path_at.diagnostic(&codes::render::PATH_MISSING, message);
    match tree.entry(path) {
        Ok(Some(entry)) if entry.kind == EntryKind::Folder => None,
        Ok(Some(_)) => Some(problem(format!("the path {path} of {} is not a folder", declared.unit.id))),
        Ok(None) => Some(
            problem(format!("the path {path} of {} does not exist", declared.unit.id))
                .hint(closest(tree, path)),
        ),
        Err(error) => Some(declared.path_at.diagnostic(&codes::render::UNREADABLE, error.to_string())),
    }
}

/// What a unit that has encrypted files decrypts with.
struct DecryptionKeys {
    secret: Result<Content, String>,
    /// Asked for only where something is encrypted.
    need: Option<Need>,
}

fn keys(overlay: &Overlay, asker: Asker<'_>) -> Option<DecryptionKeys> {
    let reference = match &overlay.decryption.as_ref()?.keys {
        Some(own) => own.clone(),
        None => match secrets::shared_keys(asker) {
            Ok(shared) => shared,
            Err(why) => return Some(DecryptionKeys { secret: Err(why), need: None }),
        },
    };
    let question = (reference.clone(), claim(asker.declared));
    let (secret, need) = match asker.inputs.references.get(&question) {
        Some(Supply::Here(content)) => (Ok(content.clone()), None),
        Some(Supply::Absent(why) | Supply::Refused(why)) => (Err(why.clone()), None),
        Some(Supply::NotEvaluated(why)) => (Err(format!("{reference} is not evaluated: {why}")), None),
        None => {
            let why = format!("{reference} has not been read");
            (Err(why), Some(Need::Reference { reference: question.0, claim: question.1 }))
        }
    };
    Some(DecryptionKeys { secret, need })
}

impl FolderJob<'_> {
    /// What would help where something is encrypted.
    pub(crate) fn need(&self) -> Option<&Need> {
        self.keys.as_ref()?.need.as_ref()
    }
}

/// The variables of a unit, and which of their values come out of a Secret.
#[derive(Debug, Default)]
struct Values {
    all: BTreeMap<String, String>,
    secret: Vec<String>,
}

/// Shorter ones are in everything.
const TELLING: usize = 4;

/// The variables of a unit: referenced ones in order, inline ones over all.
fn values(
    substitution: Option<&Substitution>,
    claim: &Claim,
    inputs: &Inputs,
) -> Result<Option<Values>, Lacking> {
    let Some(substitution) = substitution else { return Ok(None) };
    let mut out = Values::default();
    let mut lacking: Option<Lacking> = None;
    for source in &substitution.from {
        let reference = &source.reference;
        match content(reference, claim, source.optional, inputs) {
            Ok(Some(values)) => {
                for (name, value) in values.texts() {
                    match value {
                        Ok(value) => {
                            if reference.kind == ReferenceKind::Secret && value.len() >= TELLING {
                                out.secret.push(value.to_owned());
                            }
                            out.all.insert(name.to_owned(), value.to_owned());
                        }
                        Err(why) => Lacking::of(format!("{reference}: {why}")).join(&mut lacking),
                    }
                }
            }
            Ok(None) => {}
            Err(why) => why.join(&mut lacking),
        }
    }
    if let Some(lacking) = lacking {
        return Err(lacking);
    }
    out.all.extend(substitution.inline.iter().cloned());
    Ok(Some(out))
}

/// Everything that decides a render but the content of the files, and what the world answers.
fn question(
    folder: Folder<'_>,
    is_entry: bool,
    (values, keys): (&Option<Values>, &Option<DecryptionKeys>),
) -> Digest {
    let Folder { source, path, overlay, asker } = folder;
    let mut bytes = asker.inputs.key.0.to_vec();
    let keys = keys.as_ref().map(|keys| keys.secret.as_ref().map(Content::digest));
    let who = asker.identity();
    let text = format!("{:?}\0{path}\0{is_entry}\0{overlay:?}\0{values:?}\0{keys:?}\0{who:?}", source.origin);
    bytes.extend_from_slice(text.as_bytes());
    Digest::of_bytes(&bytes)
}

pub(crate) fn build(job: &FolderJob<'_>, source: &Source, path: &TreePath, cache: &Cache) -> Answered {
    let FolderJob { base, overlay, keys, asker, .. } = job;
    let folder = Folder { source, path, overlay, asker: *asker };
    let decryption = keys.as_ref().map(|keys| Decryption::new(keys.secret.as_ref().map_err(Clone::clone)));
    let before = match &decryption {
        // Units out of one template are the same until variables are set.
        None => cache.built.of(folder, &cache.parsed),
        Some(how) => Arc::new(kustomize::build(folder, &cache.parsed, Some(how))),
    };
    let externals = before.noted.externals.clone();
    let question = with(*base, &externals.answers(*asker).0);
    let made = match before.noted.lacking() {
        Some(lacking) => Err(lacking),
        None => Ok(made(job, source, &before, decryption)),
    };
    Answered { base: *base, question, externals, made }
}

fn made(job: &FolderJob<'_>, source: &Source, before: &Before, decryption: Option<Decryption>) -> Made {
    let FolderJob { overlay, is_entry, values, .. } = job;
    let (noted, reads) = (&before.noted, before.reads.clone());
    let variables = values.as_ref().map(|values| &values.all);
    let built = kustomize::substituted(before.unset.clone(), overlay, variables);
    let mut out = Outcome::default();
    for mut diagnostic in built.diagnostics {
        if let Some(location) = &mut diagnostic.location {
            let (source, file) = noted.place(source, &location.file);
            location.file = shown(source, file);
        }
        out.diagnostics.push(diagnostic);
    }
    if out.first_error().is_some() {
        return Made { outcome: out, reads, ..Made::default() };
    }
    let mut files = Files::default();
    let mut objects = Vec::new();
    for mut desired in built.objects {
        let mut origin = desired.origin.clone();
        let (source, path) = noted.place(source, &desired.origin.file);
        path.clone_into(&mut origin.file);
        let file = shown(source, path);
        if is_encrypted(&desired.object) {
            // What is locked is left out; without a decryption it would be applied as it is.
            if decryption.is_none() {
                encrypted(&desired, &file, &mut out);
            }
            continue;
        }
        desired.origin.file = file;
        let kind = desired.object.group_version_kind();
        let native = kind.group == mainstay_native::GROUP;
        if is_installation(&desired.object) || (native && *is_entry) {
            continue;
        }
        if native || recognise(&kind) != Recognised::Foreign {
            let place = files.place(&desired.object, &origin, source.tree.as_ref(), &source.origin);
            out.declared.push(Declaring { desired, place: Arc::new(place) });
        } else {
            objects.push(desired);
        }
    }
    let mut sensitive = built.sensitive;
    let secret = values.as_ref().map(|values| values.secret.as_slice()).unwrap_or_default();
    if !secret.is_empty() {
        let holding = objects.iter().filter(|desired| secrets::holds(desired.object.value(), secret));
        sensitive.extend(holding.map(|desired| desired.object.key()));
    }
    out.locked = decryption.and_then(Decryption::into_locked);
    Made { outcome: out, objects, sensitive, reads, ..Made::default() }
}

fn shown(source: &Source, file: &str) -> String {
    match TreePath::parse(file) {
        Ok(path) => source.origin.file(&path),
        Err(_) => file.to_owned(),
    }
}

/// Never applied as if it were clear.
fn encrypted(desired: &Desired, file: &str, out: &mut Outcome) {
    let mut origin = desired.origin.clone();
    origin.file = file.to_owned();
    let message = format!("{} is encrypted with SOPS", desired.object.key());
    out.diagnostics.push(
        Diagnostic::new(&codes::render::ENCRYPTED, message)
            .at(origin)
            .hint("the unit names no decryption, so it would be applied as it is"),
    );
}
