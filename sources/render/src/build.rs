//! What units render to: a folder's manifests, a chart's objects, or what the declaration spells out. What was rendered
//! before is taken from the cache; the rest is built, many at a time, and packed.
use crate::cache::Cache;
use crate::chart::{self, ChartJob};
use crate::declared::{DeclaredUnit, State};
use crate::entry::Base;
use crate::external::{Asker, Externals};
use crate::fixpoint::Rendered;
use crate::inputs::Inputs;
use crate::manifests::{self, FolderJob};
use crate::outcome::{Hooked, Outcome};
use crate::reads::{Reads, digest};
use crate::references::Lacking;
use crate::sources::{Known, Resolver, Source, Unavailable};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_object::{Digest, DigestKey, ObjectKey};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{
    Applying, Desired, Hook, Manifest, Need, Pattern, Release, Secrecy, Source as UnitSource, Tests,
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
    pub question: Digest,
    pub source: Source,
    pub path: TreePath,
    pub work: Work<'a>,
}

pub(crate) enum Work<'a> {
    Folder(Box<FolderJob<'a>>),
    Chart(Box<ChartJob<'a>>),
}

/// What a build made, and what it looked at.
#[derive(Default)]
pub(crate) struct Made {
    pub outcome: Outcome,
    pub objects: Vec<Desired>,
    pub hooks: Vec<Hooked>,
    pub sensitive: BTreeSet<ObjectKey>,
    /// Objects that are applied otherwise than their annotations say.
    pub applying: BTreeMap<ObjectKey, Applying>,
    /// What Helm is told of them.
    pub release: Option<Release>,
    pub reads: Arc<Reads>,
}

/// What a round knows.
#[derive(Clone, Copy)]
pub(crate) struct Round<'a> {
    pub state: &'a State,
    pub base: &'a Base,
    pub inputs: &'a Inputs,
}

impl<'a> Round<'a> {
    pub(crate) fn asker(self, declared: &'a DeclaredUnit) -> Asker<'a> {
        Asker { declared, state: self.state, inputs: self.inputs, allowed: &self.base.allowed }
    }
}

/// What a build came to, with what it asked of the world.
pub(crate) struct Answered {
    /// The question without the world's answers.
    pub base: Digest,
    /// Under which the render is to be found, if there is one.
    pub question: Digest,
    pub externals: Externals,
    pub made: Result<Made, Lacking>,
}

/// `told`: what holds of this reading, whether anything is rendered or not.
pub(crate) fn ask<'a>(
    declared: &'a DeclaredUnit,
    is_entry: bool,
    round: Round<'a>,
    resolver: &mut Resolver,
    cache: &mut Cache,
    told: &mut Vec<Diagnostic>,
) -> Asked<'a> {
    let Round { state, base, inputs } = round;
    // Where a path leads out of the repository there is no folder to look at.
    if declared.failed.as_ref().is_some_and(|failed| *failed.code == codes::render::PATH_MISSING) {
        return Asked::Answered(Rendering::not("its path leads nowhere"));
    }
    let known = Known { declared: &state.sources, repositories: &base.repositories, inputs };
    match &declared.unit.source {
        UnitSource::Objects(objects) => Asked::Answered(Rendering {
            rendered: Rendered::Done(Arc::new(literal(objects, inputs))),
            diagnostics: Vec::new(),
            needs: Vec::new(),
        }),
        UnitSource::Chart(chart) => chart::ask(declared, chart, round, known, resolver, cache, told),
        UnitSource::Folder { source, path, overlay } => match resolver.resolve(source, known) {
            Ok(found) => {
                let folder = (found, path, &**overlay);
                manifests::ask(declared, is_entry, folder, round.asker(declared), cache, told)
            }
            Err(unavailable) => unavailable.answer(declared),
        },
    }
}

impl Unavailable {
    pub(crate) fn answer<'a>(self, declared: &DeclaredUnit) -> Asked<'a> {
        let diagnostic = self.diagnostic.map(|diagnostic| match diagnostic.location {
            Some(_) => *diagnostic,
            None => diagnostic.at(declared.unit.declared_at.clone()),
        });
        // A proof that is missing is a mistake to mend, where other sources may only be late.
        if let Some(unproved) = diagnostic.as_ref().filter(|found| *found.code == codes::source::UNVERIFIED) {
            return Asked::Answered(Rendering::failed(unproved.clone()));
        }
        let mut out = Rendering::not(self.reason);
        out.needs.extend(self.need.map(|need| *need));
        out.diagnostics.extend(diagnostic);
        Asked::Answered(out)
    }
}

impl Lacking {
    fn rendering(self) -> Rendering {
        Rendering { needs: self.needs, ..Rendering::not(self.reason) }
    }

    pub(crate) fn answer<'a>(self) -> Asked<'a> {
        Asked::Answered(self.rendering())
    }
}

impl Rendering {
    pub(crate) fn not(reason: impl Into<String>) -> Self {
        Self { rendered: Rendered::Not { reason: reason.into() }, diagnostics: Vec::new(), needs: Vec::new() }
    }

    pub(crate) fn failed(problem: Diagnostic) -> Self {
        let outcome = Outcome { diagnostics: vec![problem.clone()], ..Outcome::default() };
        Self { rendered: Rendered::Done(Arc::new(outcome)), diagnostics: vec![problem], needs: Vec::new() }
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
    let mut outcomes: Vec<Result<Arc<Outcome>, Lacking>> = Vec::with_capacity(jobs.len());
    for jobs in jobs.chunks(AT_ONCE) {
        let known = &*cache;
        let made = together(jobs.to_vec(), |job| (job, build(job, known)));
        let made = made.into_iter().map(|(job, built)| {
            let built = built.settle(cache);
            let like = built
                .made
                .as_ref()
                .ok()
                .and_then(|made| cache.pattern(&job.source, &job.path, &made.objects));
            (job, built, like)
        });
        let made = made.collect();
        let key = cache.key();
        let packed = together(made, |(job, built, like)| {
            built.made.map(|made| pack(job, built.question, made, like.as_ref(), &key))
        });
        outcomes.extend(packed.into_iter().map(|packed| packed.map(|packed| keep(packed, cache))));
    }
    let answer = |asked| match asked {
        Asked::Answered(rendering) => rendering,
        Asked::Kept(outcome, need) => rendering(outcome, need.map(|need| *need)),
        Asked::Anew(job) => match outcomes[first[&job.question]].clone() {
            Ok(outcome) => rendering(outcome, job.need().cloned()),
            Err(lacking) => lacking.rendering(),
        },
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

impl Job<'_> {
    fn need(&self) -> Option<&Need> {
        match &self.work {
            Work::Folder(job) => job.need(),
            Work::Chart(_) => None,
        }
    }
}

/// What was made, and which question it answers.
struct Settled {
    question: Digest,
    made: Result<Made, Lacking>,
}

fn build(job: &Job<'_>, cache: &Cache) -> Answered {
    match &job.work {
        Work::Folder(folder) => manifests::build(folder, &job.source, &job.path, cache),
        Work::Chart(chart) => chart::build(chart),
    }
}

impl Answered {
    fn settle(self, cache: &mut Cache) -> Settled {
        cache.put_externals(self.base, self.externals);
        Settled { question: self.question, made: self.made }
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
    question: Digest,
    outcome: Outcome,
    manifests: Vec<Manifest>,
    hooks: Vec<Hook>,
    release: Option<Release>,
    sensitive: BTreeSet<ObjectKey>,
    reads: Arc<Reads>,
    inputs: Digest,
}

fn pack<'a>(
    job: &'a Job<'a>,
    question: Digest,
    made: Made,
    like: Option<&Pattern>,
    key: &DigestKey,
) -> Packed<'a> {
    let Made { outcome, objects, hooks, sensitive, applying, release, reads } = made;
    let mut bytes = question.hex().into_bytes();
    digest(&reads, &mut bytes);
    let secrecy = Secrecy { key, sensitive: &sensitive };
    let mut manifests = Manifest::pack(objects, like, secrecy);
    for manifest in manifests.iter_mut().filter(|_| !applying.is_empty()) {
        if let Some(applying) = applying.get(&manifest.key) {
            manifest.policy.applying = *applying;
        }
    }
    let hooks = hooks.into_iter().flat_map(|hook| hook.pack(secrecy)).collect();
    let inputs = Digest::of_bytes(&bytes);
    Packed { job, question, outcome, manifests, hooks, release, sensitive, reads, inputs }
}

fn keep(packed: Packed<'_>, cache: &mut Cache) -> Arc<Outcome> {
    let Packed { job, question, mut outcome, manifests, hooks, release, sensitive, reads, inputs } = packed;
    let (looked, files) = cache.look(&job.path, &job.source, &reads);
    let (hooks, tests) = Hook::apart(hooks);
    outcome.rendered = Arc::new(mainstay_unit::Rendered {
        release: release.map(Arc::new),
        sensitive,
        inputs: Some(inputs),
        reads: files,
        tests: Tests { hooks: tests, refused: None },
        ..mainstay_unit::Rendered::with_hooks(manifests, hooks)
    });
    let outcome = Arc::new(outcome);
    cache.put(question, looked, outcome.clone());
    outcome
}
