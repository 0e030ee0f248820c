//! A unit out of a Helm chart, as helm-controller installs it: where the chart lies, its values, what it renders to, and
//! what becomes of that.
mod again;
mod exec;
mod files;
mod objects;
mod place;
mod post;
mod values;

pub(crate) use values::{TELLING, hidden, other_secret};

use crate::build::{Answered, Asked, Job, Made, Rendering, Round, Work};
use crate::cache::Cache;
use crate::declared::DeclaredUnit;
use crate::external::{self, Asker, Externals, Lookups, PERIOD, unasked, with};
use crate::inputs::Supply;
use crate::outcome::{Declaring, Outcome};
use crate::places;
use crate::reads::Recorder;
use crate::references::{Lacking, claim};
use crate::secrets;
use crate::sources::{Known, Resolver};
use mainstay_diagnostic::{Diagnostic, Location, codes};
use mainstay_helm::{Limits, RenderError, Request, Stored, Values, observe, observe_unchecked};
use mainstay_object::{Digest, Object, ObjectKey, Value};
use mainstay_unit::{Capabilities, Chart, Desired, Dialect, Need, Release, Renderer};
use objects::{Making, Objects};
use place::Placed;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use values::Given;

/// Everything that a chart's render depends on.
pub(crate) struct ChartJob<'a> {
    /// Without what the chart asks of the world.
    base: Digest,
    chart: &'a Chart,
    placed: Placed,
    given: Given<'a>,
    asker: Asker<'a>,
}

pub(crate) fn ask<'a>(
    declared: &'a DeclaredUnit,
    chart: &'a Chart,
    round: Round<'a>,
    known: Known<'a>,
    resolver: &mut Resolver,
    cache: &mut Cache,
    told: &mut Vec<Diagnostic>,
) -> Asked<'a> {
    let inputs = known.inputs;
    let placed = match place::find(chart, known, resolver) {
        Ok(placed) => placed,
        Err(unavailable) => return unavailable.answer(declared),
    };
    if let Some(why) = placed.archive.as_ref().and_then(|archive| archive.stale.as_ref()) {
        let message = format!("the chart of {} is what its registry said last: {why}", declared.unit.id);
        told.push(declared.path_at.diagnostic(&codes::source::STALE, message));
    }
    if placed.by_anyone {
        let message = format!("anyone may have signed the chart of {}", declared.unit.id);
        told.push(declared.path_at.diagnostic(&codes::source::ANYONE, message));
    }
    let given = match values::given(chart, &claim(declared), inputs) {
        Ok(given) => given,
        Err(lacking) => return lacking.answer(),
    };
    let asker = round.asker(declared);
    // Nothing but the declaration decides, as far as it is not files nor what the chart asks.
    let closed = given.is_empty() && chart.values_from.is_empty() && placed.source.origin.name().is_empty();
    let base = cache.question(&declared.unit, false, closed, || {
        let mut bytes = inputs.key.0.to_vec();
        let text = format!("chart\0{chart:?}\0{}\0{given:?}\0{:?}", placed.identity(), declared.unit.id);
        bytes.extend_from_slice(text.as_bytes());
        Digest::of_bytes(&bytes)
    });
    let (answers, needs) = cache.externals(&base).unwrap_or_default().answers(asker);
    if !needs.is_empty() {
        return unasked(needs).answer();
    }
    let question = with(base, &answers);
    if let Some(kept) = cache.get(&question, &placed.source.tree) {
        return Asked::Kept(kept, None);
    }
    if let Some((code, message)) = placed.problem(&declared.unit.id.to_string()) {
        return Asked::Answered(Rendering::failed(declared.path_at.diagnostic(code, message)));
    }
    let (source, path) = (placed.source.clone(), placed.path.clone());
    let work = Work::Chart(Box::new(ChartJob { base, chart, placed, given, asker }));
    Asked::Anew(Box::new(Job { question, source, path, work }))
}

pub(crate) fn build(job: &ChartJob<'_>) -> Answered {
    let recorder = Recorder::new(job.placed.source.tree.clone());
    let mut externals = Externals::default();
    let made = job.made(&recorder, &mut externals);
    let (answers, _) = externals.answers(job.asker);
    Answered { base: job.base, question: with(job.base, &answers), externals, made }
}

/// What a render is made with that may be otherwise.
struct Variant<'v> {
    values: &'v Values,
    seed: [u8; 32],
    /// Secrets that are looked up hold something else.
    altered: bool,
}

impl ChartJob<'_> {
    fn made(&self, recorder: &Recorder, externals: &mut Externals) -> Result<Made, Lacking> {
        let declared = self.asker.declared;
        let failed = |diagnostics: Vec<Diagnostic>| {
            let outcome = Outcome { diagnostics, ..Outcome::default() };
            Made { outcome, reads: Arc::new(recorder.reads()), ..Made::default() }
        };
        let files = match self.placed.files(recorder) {
            Ok(files) => files,
            Err(unread) => {
                let message = format!("the chart of {}: {}: {}", declared.unit.id, unread.file, unread.why);
                let problem = Diagnostic::new(&codes::render::UNREADABLE, message);
                return Ok(failed(vec![if unread.exists {
                    problem.at_file(unread.file)
                } else {
                    problem.at(declared.path_at.location.clone())
                }]));
            }
        };
        let merged = values::merged(self.chart, &self.given);
        let values = match merged {
            Ok(values) => values,
            Err(why) => {
                let message = format!("the values of {}: {why}", declared.unit.id);
                let problem = Diagnostic::new(&codes::render::VALUES, message);
                return Ok(failed(vec![problem.at(declared.unit.declared_at.clone())]));
            }
        };
        let seed = |purpose: &[u8]| Digest::keyed(&self.asker.inputs.key, purpose).0;
        let variant = Variant { values: &values, seed: seed(b"charts"), altered: false };
        let making = Making { chart: self.chart, placed: &self.placed, files: &files, asker: self.asker };
        let first = self.render(&making, &variant);
        externals.clone_from(&first.externals);
        if !first.needs.is_empty() {
            return Err(unasked(first.needs));
        }
        if let Some(why) = first.unanswered.into_iter().next() {
            return Err(Lacking { reason: why, needs: Vec::new() });
        }
        let mut secret = values::secret_texts(&self.given);
        for object in &first.secret {
            looked_up(object, &mut secret);
        }
        let mut objects = match first.objects {
            Ok(objects) => objects,
            Err(why) => return Ok(failed(vec![self.unrendered(&making, why, &secret)])),
        };
        for diagnostic in &mut objects.diagnostics {
            diagnostic.message = hidden(std::mem::take(&mut diagnostic.message), &secret);
        }
        let mut sensitive = BTreeSet::new();
        let mut untold = None;
        let quiet = !secret.is_empty() || values::are_secret(&self.given);
        if first.random || quiet {
            let other = values::altered(self.chart, &self.given).map(|values| {
                let variant = Variant { values: &values, seed: seed(b"other charts"), altered: true };
                self.render(&making, &variant)
            });
            if let Some(lacking) = other.as_ref().ok().and_then(Once::lacking_helm) {
                return Err(lacking);
            }
            let other = other
                .and_then(|other| other.objects.map_err(|why| again::failure(self, &making, why, quiet)));
            sensitive = depends(&objects, other.as_ref().ok(), &secret);
            untold = match other {
                Ok(other) => again::problem(&other, quiet),
                Err(why) => Some(why),
            };
        }
        let warning = (first.random || first.externals.clock).then(|| self.irreproducible(first.random));
        let record = match self.record(&making, &values, &objects) {
            Ok(record) => record,
            Err(error) => return Ok(failed(vec![self.failure(&making, &error, &secret)])),
        };
        let Objects { desired, hooks, applying, diagnostics, declared, .. } = objects;
        let telling = self.telling(&declared, &sensitive, untold.as_deref());
        let diagnostics = diagnostics.into_iter().chain(telling).chain(warning).collect();
        let declaring = |desired: Desired| {
            let place = Arc::new(places::Rendered::at(desired.origin.clone()));
            Declaring { desired, place }
        };
        let declared = declared.into_iter().map(declaring).collect();
        let outcome = Outcome { diagnostics, declared, ..Outcome::default() };
        let reads = Arc::new(recorder.reads());
        if outcome.first_error().is_some() {
            return Ok(Made { outcome, reads, ..Made::default() });
        }
        Ok(Made { outcome, objects: desired, hooks, sensitive, applying, release: Some(record), reads })
    }

    /// What is declared is shown, and so is what it renders to. `untold`: why the render failed that tells what depends on
    /// secrets and chance.
    fn telling(
        &self,
        declared: &[Desired],
        sensitive: &BTreeSet<ObjectKey>,
        untold: Option<&str>,
    ) -> Vec<Diagnostic> {
        let told = |desired: &&Desired| sensitive.contains(&desired.object.key());
        let problem = |desired: &Desired| {
            let (id, key) = (&self.asker.declared.unit.id, desired.object.key());
            let (message, hint) = match untold {
                None => (
                    format!("the chart of {id} writes a secret, or what it makes up, into {key}"),
                    "let it read a Secret instead: valuesFrom, postBuild.substituteFrom",
                ),
                Some(why) => (
                    format!(
                        "whether the chart of {id} writes a secret, or what it makes up, into {key} can't be told: its \
                         second render, with other secrets and other chance, fails: {why}"
                    ),
                    "the chart itself renders; let its templates take any text in the place of a secret, or let what it \
                     declares read a Secret instead: valuesFrom, postBuild.substituteFrom",
                ),
            };
            Diagnostic::new(&codes::render::CHART_DECLARES, message).at(desired.origin.clone()).hint(hint)
        };
        declared.iter().filter(told).map(problem).collect()
    }

    /// Whatever is released is always a first release to templates: what they make of it must not depend on what was
    /// there before.
    fn release(&self) -> mainstay_helm::Release {
        let release = &self.chart.release;
        mainstay_helm::Release {
            name: release.name.clone(),
            namespace: release.namespace.clone(),
            revision: 1,
            is_upgrade: false,
        }
    }

    /// What Helm is told, with the manifests as they are applied.
    fn record(
        &self,
        making: &Making<'_>,
        values: &Values,
        objects: &Objects,
    ) -> Result<Release, RenderError> {
        let applied = objects.released.iter().map(|(path, desired)| {
            format!("---\n# Source: {path}\n{}", mainstay_kustomize::emit(std::slice::from_ref(desired)))
        });
        let applied: String = applied.collect();
        let release = self.release();
        let rendered = &objects.rendered;
        let stored =
            Stored { files: making.files, values, release: &release, rendered, manifest: Some(&applied) };
        let body = stored.packed(&Limits::default())?;
        let options = &self.chart.release;
        let (name, namespace) = (options.name.clone(), options.storage_namespace.clone());
        Ok(Release::new(name, namespace, options.history, body, &self.asker.inputs.key))
    }

    fn render(&self, making: &Making<'_>, variant: &Variant<'_>) -> Once {
        match &self.chart.renderer {
            Renderer::Native => self.rendered_here(making, variant),
            Renderer::Exec { at } => self.left_to_helm(making, variant, at),
        }
    }

    fn rendered_here(&self, making: &Making<'_>, variant: &Variant<'_>) -> Once {
        let release = self.release();
        let inputs = self.asker.inputs;
        let lookups = Lookups::new(self.asker, variant.altered);
        let find = |version: &str, kind: &str, namespace: &str, name: &str| {
            lookups.find(version, kind, namespace, name)
        };
        let told = self.asker.capabilities();
        let capabilities = match told {
            Some(Supply::Here(served)) => capabilities(served),
            Some(Supply::Absent(_) | Supply::Refused(_) | Supply::NotEvaluated(_)) | None => {
                mainstay_helm::Capabilities::default()
            }
        };
        let now = inputs.now / PERIOD * PERIOD;
        let request = Request {
            files: making.files,
            values: variant.values,
            release: &release,
            capabilities: &capabilities,
            lookup: Some(&find),
            now: i64::try_from(now).unwrap_or(i64::MAX),
            seed: &variant.seed,
            short_keys: variant.altered,
            limits: Limits::default(),
        };
        // Values that were changed to see what comes of it may be none that a schema allows.
        let unchecked = variant.altered || self.chart.release.disable_schema;
        let (result, asked) = if unchecked { observe_unchecked(&request) } else { observe(&request) };
        let mut made = lookups.into_made();
        let quiet = !made.secret.is_empty() || values::are_secret(&self.given);
        let objects = result.map(|rendered| making.objects(rendered, quiet)).map_err(Unrendered::Chart);
        let mut externals = Externals {
            capabilities: asked.capabilities,
            clock: asked.clock,
            lookups: made.asked,
            ..Externals::default()
        };
        if asked.capabilities {
            match told {
                Some(Supply::Here(_)) => {}
                Some(Supply::Absent(why) | Supply::Refused(why) | Supply::NotEvaluated(why)) => {
                    made.unanswered.push(format!("the chart asks what its cluster is: {why}"));
                }
                None => made.needs.push(self.asker.ask_for_capabilities()),
            }
        }
        if let Ok(objects) = &objects {
            externals.scopes.clone_from(&objects.scopes);
            made.needs.extend(objects.needs.iter().cloned());
            made.unanswered.extend(objects.unanswered.iter().cloned());
        }
        let external::Made { needs, unanswered, secret, .. } = made;
        Once { objects, externals, random: asked.random, needs, unanswered, secret }
    }

    fn unrendered(&self, making: &Making<'_>, why: Unrendered, secret: &[String]) -> Diagnostic {
        match why {
            Unrendered::Chart(error) => {
                let problem = self.failure(making, &error, secret);
                match self.way_out(&error) {
                    Some(hint) => problem.hint(hint),
                    None => problem,
                }
            }
            Unrendered::Told(problem) => {
                let message = hidden(problem.message.clone(), secret);
                Diagnostic { message, ..*problem }
            }
            Unrendered::Unasked => {
                let message = format!("the chart of {} was not rendered", self.asker.declared.unit.id);
                Diagnostic::new(&codes::render::CHART, message).at(self
                    .asker
                    .declared
                    .unit
                    .declared_at
                    .clone())
            }
        }
    }

    /// What somebody may do whose chart needs something that only the real Helm has.
    fn way_out(&self, error: &RenderError) -> Option<String> {
        if !error.is_ours() || self.chart.renderer != Renderer::Native {
            return None;
        }
        let field = match self.asker.declared.unit.dialect {
            Dialect::Native => "spec.source.chart.renderer: exec",
            Dialect::Flux => "the annotation mainstay.dev/renderer: exec",
        };
        Some(format!(
            "if the real Helm renders it, {field} has it do so, where the Platform's spec.helm.exec allows that"
        ))
    }

    /// Where the innermost template failed, in its words.
    fn failure(&self, making: &Making<'_>, error: &RenderError, secret: &[String]) -> Diagnostic {
        let said = match error {
            // It may quote parts of what was rendered.
            RenderError::Manifest { path, .. } if !secret.is_empty() => {
                format!("what {path} makes can't be read as YAML")
            }
            error => error.to_string(),
        };
        let message = format!("the chart of {} fails: {said}", self.asker.declared.unit.id);
        let problem = Diagnostic::new(&codes::render::CHART, hidden(message, secret));
        let at = |file: &str, line, column| making.location(file, line, column);
        problem.at(match error {
            RenderError::Chart { path, .. } => Location::file(making.file(path)),
            RenderError::Parse { at: place, .. } => at(&place.file, place.line, place.column),
            RenderError::Template(error) => {
                let mut place = &error.at;
                let mut error = error;
                // What `tpl` was given has no file.
                while let Some(cause) = error.cause.as_ref().filter(|cause| cause.at.file.contains('/')) {
                    (error, place) = (cause, &cause.at);
                }
                at(&place.file, place.line, place.column)
            }
            RenderError::Manifest { path, .. } => at(path, 1, 1),
            RenderError::Limit(_) | RenderError::Schema(_) => self.asker.declared.unit.declared_at.clone(),
        })
    }

    fn irreproducible(&self, random: bool) -> Diagnostic {
        let id = &self.asker.declared.unit.id;
        let (message, hint) = if random {
            (
                format!("the chart of {id} makes up passwords or keys"),
                "they follow from this installation's key, so that every render makes the same: \
                 other ones come with another key",
            )
        } else {
            (format!("the chart of {id} asks what time it is"), "it is told a new time every 90 days")
        };
        let at = self.asker.declared.unit.declared_at.clone();
        Diagnostic::new(&codes::render::IRREPRODUCIBLE, message).at(at).hint(hint)
    }
}

/// Why there are no objects.
enum Unrendered {
    Chart(RenderError),
    Told(Box<Diagnostic>),
    /// Something that it asks the world has no answer yet.
    Unasked,
}

impl From<Diagnostic> for Unrendered {
    fn from(problem: Diagnostic) -> Self {
        Self::Told(Box::new(problem))
    }
}

/// One render.
struct Once {
    objects: Result<Objects, Unrendered>,
    externals: Externals,
    random: bool,
    needs: Vec<Need>,
    unanswered: Vec<String>,
    secret: Vec<Arc<Value>>,
}

impl Once {
    /// What has to be known before it counts that there are no objects.
    fn lacking_helm(&self) -> Option<Lacking> {
        let unasked = matches!(self.objects, Err(Unrendered::Unasked));
        if unasked && !self.needs.is_empty() {
            return Some(crate::external::unasked(self.needs.clone()));
        }
        self.unanswered.first().filter(|_| unasked).cloned().map(Lacking::of)
    }
}

pub(crate) fn capabilities(served: &Capabilities) -> mainstay_helm::Capabilities {
    mainstay_helm::Capabilities {
        kube_version: served.version.clone(),
        api_versions: served.apis.clone(),
        asked: true,
    }
}

/// The values of a Secret, or of a list of them, as they are written and as they are meant.
pub(crate) fn looked_up(object: &Value, out: &mut Vec<String>) {
    for item in object.get("items").and_then(Value::as_array).into_iter().flatten() {
        looked_up(item, out);
    }
    if let Ok(object) = Object::new(object.clone()) {
        out.extend(object.secret_texts());
    }
    if let Some(data) = object.get("data") {
        values::leaves(data, out);
    }
}

/// The objects that would be others if the secrets were, or that hold one as it is. Where that can't be told, all.
fn depends(objects: &Objects, other: Option<&Objects>, secret: &[String]) -> BTreeSet<ObjectKey> {
    fn all(objects: &Objects) -> impl Iterator<Item = &Desired> {
        objects.desired.iter().chain(objects.hooks.iter().map(|hook| &hook.desired))
    }
    let said = |objects: &Objects| objects.declared.iter().map(said).collect::<Vec<_>>();
    let (declared, others) = (said(objects), other.map(said).unwrap_or_default());
    let depends = secrets::Depends::on(other.into_iter().flat_map(all).chain(&others), secret);
    let all = all(objects).chain(&declared);
    all.filter(|desired| depends.does(desired)).map(|desired| desired.object.key()).collect()
}

/// What a declaration says: not its annotations, where charts like to write checksums of what is secret.
fn said(desired: &Desired) -> Desired {
    let object = &desired.object;
    let bare = json!({
        "apiVersion": object.api_version(),
        "kind": object.kind(),
        "metadata": {"name": object.name(), "namespace": object.namespace()},
        "spec": object.value().get("spec"),
    });
    let bare = Object::new(bare).unwrap_or_else(|_| object.clone());
    Desired { object: bare, origin: desired.origin.clone() }
}
