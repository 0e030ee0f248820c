//! One unit's render, in kustomize-controller's order: the overlay merged into the root kustomization, the build,
//! encrypted files looked for, variables substituted, common metadata, declarations taken apart.
use crate::cache::Cache;
use crate::declared::{DeclaredUnit, State};
use crate::entry::{Base, closest};
use crate::fixpoint::Rendered;
use crate::inputs::{Inputs, Supply};
use crate::kustomize;
use crate::outcome::{Declaring, Outcome};
use crate::places::Files;
use crate::reads::{Reads, Recorder, digest};
use crate::secrets::{self, Decryption, is_encrypted};
use crate::sources::{Known, Resolver, Source};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_flux::{Recognised, is_installation, recognise};
use mainstay_object::{Digest, DigestKey, ObjectKey};
use mainstay_unit::tree::{EntryKind, TreePath};
use mainstay_unit::{
    Claim, Desired, Manifest, Need, Overlay, Pattern, ReferenceKind, Secrecy, Source as UnitSource,
    Substitution, Target,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

pub(crate) struct Rendering {
    pub rendered: Rendered,
    /// Told in every reading, whether the render came from the cache or not.
    pub diagnostics: Vec<Diagnostic>,
    pub needs: Vec<Need>,
}

/// What a unit's render comes to, or what it has to be built from.
pub(crate) enum Asked<'a> {
    Answered(Rendering),
    /// With what it lacked where it is encrypted.
    Kept(Arc<Outcome>, Option<Box<Need>>),
    Anew(Box<Job<'a>>),
}

/// Everything that a build depends on.
pub(crate) struct Job<'a> {
    question: Digest,
    source: Source,
    path: &'a TreePath,
    overlay: &'a Overlay,
    is_entry: bool,
    values: Option<Values>,
    keys: Option<DecryptionKeys>,
}

pub(crate) fn ask<'a>(
    declared: &'a DeclaredUnit,
    is_entry: bool,
    state: &State,
    base: &Base,
    inputs: &Inputs,
    resolver: &mut Resolver,
    cache: &mut Cache,
) -> Asked<'a> {
    // Where a path leads out of the repository there is no folder to look at.
    if declared.failed.as_ref().is_some_and(|failed| *failed.code == codes::render::PATH_MISSING) {
        return Asked::Answered(Rendering::not("its path leads nowhere"));
    }
    match &declared.unit.source {
        UnitSource::Objects(objects) => Asked::Answered(Rendering {
            rendered: Rendered::Done(Arc::new(literal(objects, inputs))),
            diagnostics: Vec::new(),
            needs: Vec::new(),
        }),
        UnitSource::Chart(chart) => {
            let name = match &chart.source {
                mainstay_unit::SourceId::Named { name, .. } if chart.chart.is_empty() => name,
                mainstay_unit::SourceId::Named { .. } | mainstay_unit::SourceId::Platform => &chart.chart,
            };
            let mut out =
                Rendering::not(format!("charts are not rendered yet: {name} from {}", chart.source));
            let id = &chart.source;
            if declared.unit.dialect == mainstay_unit::Dialect::Flux
                && !state.sources.sources.contains_key(id)
                && !state.sources.artifacts.contains_key(id)
            {
                let message = format!("{} names {id}, which nothing declares", declared.unit.id);
                out.diagnostics.push(
                    Diagnostic::new(&codes::flux::SOURCE_UNDECLARED, message)
                        .at(declared.unit.declared_at.clone()),
                );
            }
            Asked::Answered(out)
        }
        UnitSource::Folder { source, path, overlay } => {
            let known = Known { declared: &state.sources, repositories: &base.repositories, inputs };
            let found = match resolver.resolve(source, known) {
                Ok(found) => found,
                Err(unavailable) => {
                    let mut out = Rendering::not(unavailable.reason);
                    out.needs.extend(unavailable.need.map(|need| *need));
                    out.diagnostics.extend(unavailable.diagnostic.map(
                        |diagnostic| match diagnostic.location {
                            Some(_) => *diagnostic,
                            None => diagnostic.at(declared.unit.declared_at.clone()),
                        },
                    ));
                    return Asked::Answered(out);
                }
            };
            folder(declared, is_entry, found, path, overlay, inputs, cache)
        }
    }
}

/// What every question comes to, in their order. What is built is built at the same time; whatever several of them
/// share is decided one after the other, so that the order is the same each time.
pub(crate) fn answer(asked: Vec<Asked<'_>>, cache: &mut Cache) -> Vec<Rendering> {
    // Of units that ask the same, one is built.
    let mut first: HashMap<Digest, usize> = HashMap::new();
    let mut jobs: Vec<&Job<'_>> = Vec::new();
    for job in asked.iter().filter_map(Asked::job) {
        first.entry(job.question).or_insert_with(|| {
            jobs.push(job);
            jobs.len() - 1
        });
    }
    let mut outcomes: Vec<Arc<Outcome>> = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(AT_ONCE) {
        let known = &*cache;
        let made = together(jobs.to_vec(), |job| (job, build(job, known)));
        let made = made.into_iter().map(|(job, made)| {
            let like = cache.pattern(&job.source, job.path, &made.objects);
            (job, made, like)
        });
        let made = made.collect();
        let key = cache.key();
        let packed = together(made, |(job, made, like)| pack(job, made, like.as_ref(), &key));
        outcomes.extend(packed.into_iter().map(|packed| keep(packed, cache)));
    }
    let answer = |asked| match asked {
        Asked::Answered(rendering) => rendering,
        Asked::Kept(outcome, need) => rendering(outcome, need.map(|need| *need)),
        Asked::Anew(job) => {
            rendering(outcomes[first[&job.question]].clone(), job.keys.and_then(|keys| keys.need))
        }
    };
    asked.into_iter().map(answer).collect()
}

impl<'a> Asked<'a> {
    fn job(&self) -> Option<&Job<'a>> {
        match self {
            Self::Anew(job) => Some(job),
            Self::Answered(_) | Self::Kept(..) => None,
        }
    }
}

/// Fewer are not worth waking other threads for.
const FEW: usize = 8;
/// Builds whose objects are held before they are packed.
const AT_ONCE: usize = 256;

fn together<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> R + Sync + Send) -> Vec<R> {
    if items.len() < FEW {
        return items.into_iter().map(work).collect();
    }
    items.into_par_iter().map(work).collect()
}

fn literal(objects: &[Desired], inputs: &Inputs) -> Outcome {
    let mut bytes = inputs.key.0.to_vec();
    for desired in objects {
        bytes.extend_from_slice(&mainstay_object::canonical_bytes(desired.object.value()));
    }
    let rendered = mainstay_unit::Rendered {
        inputs: Some(Digest::of_bytes(&bytes)),
        ..mainstay_unit::Rendered::plain(objects.to_vec(), &inputs.key)
    };
    Outcome { rendered: Arc::new(rendered), ..Outcome::default() }
}

fn folder<'a>(
    declared: &DeclaredUnit,
    is_entry: bool,
    source: Source,
    path: &'a TreePath,
    overlay: &'a Overlay,
    inputs: &Inputs,
    cache: &mut Cache,
) -> Asked<'a> {
    let values = values(overlay.substitution.as_ref(), &claim(declared), inputs);
    let keys = keys(overlay, claim(declared), inputs);
    // Nothing but the declaration decides, as far as it is not the files.
    let closed = keys.is_none()
        && source.origin.name().is_empty()
        && overlay.substitution.as_ref().is_none_or(|substitution| substitution.from.is_empty());
    let known = values.as_ref().ok().map(|values| {
        let ask = || question(&source, path, overlay, is_entry, (values, &keys), inputs);
        cache.question(&declared.unit, is_entry, closed, ask)
    });
    if let Some(kept) = known.and_then(|question| cache.get(&question, &source.tree)) {
        return Asked::Kept(kept, keys.and_then(|keys| keys.need).map(Box::new));
    }
    if let Some(problem) = missing(declared, &source, path) {
        let outcome = Outcome { diagnostics: vec![problem.clone()], ..Outcome::default() };
        return Asked::Answered(Rendering {
            rendered: Rendered::Done(Arc::new(outcome)),
            diagnostics: vec![problem],
            needs: Vec::new(),
        });
    }
    let values = match values {
        Ok(values) => values,
        Err(lacking) => {
            let mut out = Rendering::not(lacking.reason);
            out.needs = lacking.needs;
            return Asked::Answered(out);
        }
    };
    let question =
        known.unwrap_or_else(|| question(&source, path, overlay, is_entry, (&values, &keys), inputs));
    Asked::Anew(Box::new(Job { question, source, path, overlay, is_entry, values, keys }))
}

fn rendering(outcome: Arc<Outcome>, need: Option<Need>) -> Rendering {
    let diagnostics = outcome.diagnostics.clone();
    let (rendered, needs) = match outcome.locked.clone() {
        Some(locked) => {
            let reason = format!("{} is encrypted: {}", locked.what, locked.why);
            (Rendered::Partly { reason, complete: !locked.declares, outcome }, need.into_iter().collect())
        }
        None => (Rendered::Done(outcome), Vec::new()),
    };
    Rendering { rendered, diagnostics, needs }
}

/// A build with its objects packed, to be kept.
struct Packed<'a> {
    job: &'a Job<'a>,
    outcome: Outcome,
    manifests: Vec<Manifest>,
    sensitive: BTreeSet<ObjectKey>,
    reads: Arc<Reads>,
    inputs: Digest,
}

fn pack<'a>(job: &'a Job<'a>, made: Made, like: Option<&Pattern>, key: &DigestKey) -> Packed<'a> {
    let mut bytes = job.question.hex().into_bytes();
    digest(&made.reads, &mut bytes);
    Packed {
        job,
        outcome: made.outcome,
        manifests: Manifest::pack(made.objects, like, Secrecy { key, sensitive: &made.sensitive }),
        sensitive: made.sensitive,
        reads: made.reads,
        inputs: Digest::of_bytes(&bytes),
    }
}

fn keep(packed: Packed<'_>, cache: &mut Cache) -> Arc<Outcome> {
    let Packed { job, mut outcome, manifests, sensitive, reads, inputs } = packed;
    let (looked, files) = cache.look(job.path, &job.source, &reads);
    outcome.rendered = Arc::new(mainstay_unit::Rendered {
        sensitive,
        inputs: Some(inputs),
        reads: files,
        ..mainstay_unit::Rendered::of(manifests)
    });
    let outcome = Arc::new(outcome);
    cache.put(job.question, looked, outcome.clone());
    outcome
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

struct Lacking {
    reason: String,
    needs: Vec<Need>,
}

/// A reference is read as who the unit is applied as. Where that account is another cluster's, it is Mainstay that reads,
/// and the unit's namespace that confines.
fn claim(declared: &DeclaredUnit) -> Claim {
    let unit = &declared.unit;
    let account = (unit.target == Target::Management).then(|| unit.service_account.clone()).flatten();
    Claim { account, authorities: declared.authorities.clone() }
}

/// What a unit that has encrypted files decrypts with.
struct DecryptionKeys {
    secret: Result<BTreeMap<String, String>, String>,
    /// Asked for only where something is encrypted.
    need: Option<Need>,
}

fn keys(overlay: &Overlay, claim: Claim, inputs: &Inputs) -> Option<DecryptionKeys> {
    let decryption = overlay.decryption.as_ref()?;
    let Some(reference) = &decryption.keys else {
        let secret = Err("the unit names no Secret with keys".to_owned());
        return Some(DecryptionKeys { secret, need: None });
    };
    let question = (reference.clone(), claim);
    let (secret, need) = match inputs.references.get(&question) {
        Some(Supply::Here(content)) => (Ok(content.clone()), None),
        Some(Supply::Absent(why)) => (Err(why.clone()), None),
        Some(Supply::NotEvaluated(why)) => (Err(format!("{reference} is not evaluated: {why}")), None),
        None => {
            let why = format!("{reference} has not been read");
            (Err(why), Some(Need::Reference { reference: question.0, claim: question.1 }))
        }
    };
    Some(DecryptionKeys { secret, need })
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
        let question = (reference.clone(), claim.clone());
        let (reason, need) = match inputs.references.get(&question) {
            Some(Supply::Here(values)) => {
                if reference.kind == ReferenceKind::Secret {
                    out.secret.extend(values.values().filter(|v| v.len() >= TELLING).cloned());
                }
                out.all.extend(values.clone());
                continue;
            }
            Some(Supply::Absent(_)) if source.optional => continue,
            Some(Supply::Absent(why)) => (format!("{reference}: {why}"), None),
            Some(Supply::NotEvaluated(why)) => (format!("{reference} is not evaluated: {why}"), None),
            None => {
                let need = Need::Reference { reference: question.0, claim: question.1 };
                (format!("{reference} has not been read"), Some(need))
            }
        };
        lacking.get_or_insert(Lacking { reason, needs: Vec::new() }).needs.extend(need);
    }
    if let Some(lacking) = lacking {
        return Err(lacking);
    }
    out.all.extend(substitution.inline.iter().cloned());
    Ok(Some(out))
}

/// Everything that decides a render but the content of the files.
fn question(
    source: &Source,
    path: &TreePath,
    overlay: &Overlay,
    is_entry: bool,
    (values, keys): (&Option<Values>, &Option<DecryptionKeys>),
    inputs: &Inputs,
) -> Digest {
    let mut bytes = inputs.key.0.to_vec();
    let keys = keys.as_ref().map(|keys| &keys.secret);
    let text = format!("{:?}\0{path}\0{is_entry}\0{overlay:?}\0{values:?}\0{keys:?}", source.origin);
    bytes.extend_from_slice(text.as_bytes());
    Digest::of_bytes(&bytes)
}

fn build(job: &Job<'_>, cache: &Cache) -> Made {
    let Job { source, path, overlay, is_entry, values, keys, .. } = job;
    let decryption = keys.as_ref().map(|keys| Decryption::new(keys.secret.as_ref().map_err(Clone::clone)));
    let variables = values.as_ref().map(|values| &values.all);
    let (built, reads) = match &decryption {
        // Units out of one template are the same until variables are set.
        None => {
            let before = cache.built.of(source, path, overlay, &cache.parsed);
            (kustomize::substituted(before.0.clone(), overlay, variables), before.1.clone())
        }
        Some(how) => {
            let recorder = Recorder::new(source.tree.clone());
            let built = kustomize::build(&recorder, path, overlay, &cache.parsed, Some(how));
            (kustomize::substituted(built, overlay, variables), Arc::new(recorder.reads()))
        }
    };
    let mut out = Outcome::default();
    for mut diagnostic in built.diagnostics {
        if let Some(location) = &mut diagnostic.location {
            location.file = shown(source, &location.file);
        }
        out.diagnostics.push(diagnostic);
    }
    if out.first_error().is_some() {
        return Made { outcome: out, objects: Vec::new(), sensitive: BTreeSet::new(), reads };
    }
    let mut files = Files::default();
    let mut objects = Vec::new();
    for mut desired in built.objects {
        let origin = desired.origin.clone();
        let file = shown(source, &origin.file);
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
    let mut sensitive = built.decrypted;
    let secret = values.as_ref().map(|values| values.secret.as_slice()).unwrap_or_default();
    if !secret.is_empty() {
        let holding = objects.iter().filter(|desired| secrets::holds(desired.object.value(), secret));
        sensitive.extend(holding.map(|desired| desired.object.key()));
    }
    out.locked = decryption.and_then(Decryption::into_locked);
    Made { outcome: out, objects, sensitive, reads }
}

/// What a build made, and what it looked at.
struct Made {
    outcome: Outcome,
    objects: Vec<Desired>,
    sensitive: BTreeSet<ObjectKey>,
    reads: Arc<Reads>,
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
