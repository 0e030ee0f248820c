//! What a chart printed, as objects with the places that they come from, and with what Helm adds to them.
use super::external::{Asker, Scope};
use super::place::Placed;
use super::post;
use crate::outcome::Hooked;
use mainstay_diagnostic::{Code, Diagnostic, Location, Span, codes};
use mainstay_flux::{Recognised, is_installation, recognise};
use mainstay_helm::Rendered;
use mainstay_object::{GroupKind, GroupVersionKind, Kinds, Minor, Object, ObjectKey, Value};
use mainstay_unit::{Applying, Chart, Crds, Desired, HookDeletion, Moment, Need};
use mainstay_yaml::load_last_wins;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

#[derive(Debug, Default)]
pub(crate) struct Objects {
    pub desired: Vec<Desired>,
    pub hooks: Vec<Hooked>,
    /// Objects that declare something instead of being applied.
    pub declared: Vec<Desired>,
    /// What Helm would have sent as the release's manifest, each with its template.
    pub released: Vec<(String, Desired)>,
    pub rendered: Rendered,
    /// Objects that are applied otherwise than their annotations say.
    pub applying: BTreeMap<ObjectKey, Applying>,
    pub diagnostics: Vec<Diagnostic>,
    /// Kinds whose scope somebody else had to tell.
    pub scopes: BTreeSet<GroupKind>,
    pub needs: Vec<Need>,
    /// What nobody can answer, and why.
    pub unanswered: Vec<String>,
}

/// An object with the template that it comes from, in Helm's spelling.
#[derive(Debug, Clone)]
pub(crate) struct From {
    pub desired: Desired,
    pub template: String,
    pub hook: Option<Hooked>,
}

/// What objects are made with.
pub(crate) struct Making<'a> {
    pub chart: &'a Chart,
    pub placed: &'a Placed,
    /// The texts of templates, for lines.
    pub files: &'a super::files::Files,
    pub asker: Asker<'a>,
}

const KEEP: (&str, &str) = ("helm.sh/resource-policy", "keep");

impl Making<'_> {
    /// Where there are secrets, `quiet`, nothing of what was rendered is quoted.
    pub(crate) fn objects(&self, rendered: Rendered, quiet: bool) -> Objects {
        let mut out = Objects::default();
        let mut objects = Vec::new();
        let mut lines = Lines { making: self, seen: BTreeMap::new(), quiet };
        for manifest in &rendered.manifests {
            for desired in lines.read(&manifest.path, &manifest.text, &mut out.diagnostics) {
                let object = From { desired, template: manifest.path.clone(), hook: None };
                self.sort(object, &mut objects, &mut out.diagnostics);
            }
        }
        self.hooks(&rendered, &mut lines, &mut objects, &mut out.diagnostics);
        let release = &self.chart.release;
        for fields in &release.post {
            let (given, apart): (Vec<From>, Vec<From>) =
                objects.into_iter().partition(|object| release.post_hooks || object.hook.is_none());
            match post::build(given, fields, &self.asker.declared.unit.declared_at) {
                Ok(built) => objects = built,
                Err(problems) => {
                    out.diagnostics.extend(problems);
                    return out;
                }
            }
            objects.extend(apart);
        }
        for From { desired: Desired { object, .. }, .. } in &mut objects {
            release.labels.iter().for_each(|(name, value)| object.set_label(name, value));
            release.annotations.iter().for_each(|(name, value)| object.set_annotation(name, value));
        }
        let defined = self.crds(&rendered, &mut lines, &mut out);
        let scopes = Scopes::of(defined.iter().chain(objects.iter().map(|object| &object.desired)));
        let mut kept = Vec::new();
        for From { mut desired, template, hook } in objects {
            if let Some(hook) = hook {
                self.place_in_namespace(&mut desired.object, &scopes, &mut out);
                out.hooks.push(Hooked { desired, ..hook });
                continue;
            }
            if recognise(&desired.object.group_version_kind()) != Recognised::Foreign {
                // Everything that declares has a namespace.
                if desired.object.namespace().is_empty() {
                    desired.object.set_namespace(&release.namespace);
                }
                out.declared.push(desired);
                continue;
            }
            out.released.push((template, desired.clone()));
            let object = &mut desired.object;
            object.set_label("app.kubernetes.io/managed-by", "Helm");
            object.set_annotation("meta.helm.sh/release-name", &release.name);
            object.set_annotation("meta.helm.sh/release-namespace", &release.namespace);
            self.place_in_namespace(object, &scopes, &mut out);
            kept.push(desired);
        }
        kept.extend(defined);
        kept.extend(self.namespace(&kept, &mut out));
        self.twice(&kept, &mut out.diagnostics);
        out.desired = kept;
        out.rendered = rendered;
        out
    }

    /// Leaves out what says nothing of desired state, and refuses what a chart can't declare.
    fn sort(&self, object: From, objects: &mut Vec<From>, diagnostics: &mut Vec<Diagnostic>) {
        let desired = &object.desired;
        if is_installation(&desired.object) {
            return;
        }
        let kind = desired.object.group_version_kind();
        let what = format!("{} {}", kind.kind, desired.object.name());
        let refused =
            |message: String, hint: &str| Diagnostic::new(&codes::render::CHART_DECLARES, message).hint(hint);
        let problem = match (recognise(&kind), &object.hook) {
            (Recognised::NotInterpreted, _) => {
                Diagnostic::new(&codes::flux::NOT_INTERPRETED, format!("{what} is not interpreted"))
            }
            (Recognised::Foreign, _) if kind.group == mainstay_native::GROUP => refused(
                format!("{} renders {what}, a kind of Mainstay's own", self.named()),
                "write it to Git: charts declare units and sources of Flux's kinds only",
            ),
            (Recognised::Interpreted { .. } | Recognised::Unknown, Some(_)) => refused(
                format!("a hook of {} is {what}, which declares something", self.named()),
                "what is declared is there for as long as the release: leave the annotation helm.sh/hook out",
            ),
            (Recognised::Foreign, _) | (Recognised::Interpreted { .. } | Recognised::Unknown, None) => {
                return objects.push(object);
            }
        };
        diagnostics.push(problem.at(object.desired.origin));
    }

    fn named(&self) -> String {
        format!("the chart of {}", self.asker.declared.unit.id)
    }

    /// Definitions in `crds/`: neither rendered nor owned, and never removed.
    fn crds(&self, rendered: &Rendered, lines: &mut Lines<'_, '_>, out: &mut Objects) -> Vec<Desired> {
        let policy = self.chart.release.crds;
        let mut found = Vec::new();
        for (path, text) in &rendered.crds {
            for mut desired in lines.read(path, text, &mut out.diagnostics) {
                let kind = desired.object.group_version_kind().group_kind();
                if kind != GroupKind::new("apiextensions.k8s.io", "CustomResourceDefinition") {
                    let message = format!("{kind} {} in crds/ is no definition", desired.object.name());
                    let problem = Diagnostic::new(&codes::render::CHART, message).as_warning();
                    out.diagnostics.push(problem.at(desired.origin).hint("it is left out, as in Flux"));
                    continue;
                }
                desired.object.set_annotation(KEEP.0, KEEP.1);
                match policy {
                    Crds::Skip => continue,
                    Crds::Create => drop(out.applying.insert(desired.object.key(), Applying::IfNotPresent)),
                    Crds::CreateReplace => {}
                }
                found.push(desired);
            }
        }
        found
    }

    /// The namespace of the release, if it is to be made and the chart does not bring it.
    fn namespace(&self, objects: &[Desired], out: &mut Objects) -> Option<Desired> {
        let name = &self.chart.release.namespace;
        let key = ObjectKey::new("", "Namespace", "", &**name);
        if !self.chart.release.create_namespace || objects.iter().any(|desired| desired.object.key() == key) {
            return None;
        }
        // As Helm makes it.
        let mut object = Object::new(serde_json::json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"name": name}},
        }))
        .ok()?;
        object.set_annotation(KEEP.0, KEEP.1);
        out.applying.insert(key, Applying::IfNotPresent);
        Some(Desired { object, origin: self.asker.declared.unit.declared_at.clone() })
    }

    fn place_in_namespace(&self, object: &mut Object, scopes: &Scopes, out: &mut Objects) {
        let kind = object.group_version_kind();
        let known = scopes.of_kind(&kind);
        let cluster_scoped = match (known, object.namespace().is_empty()) {
            (Some(cluster_scoped), _) => cluster_scoped,
            (None, false) => return,
            (None, true) => {
                let kind = kind.group_kind();
                let scope = self.asker.scope(&kind);
                out.scopes.insert(kind.clone());
                match scope {
                    Scope::Known { cluster } => cluster,
                    Scope::NotEvaluated(why) => {
                        return out.unanswered.push(format!("whether a {kind} has a namespace: {why}"));
                    }
                    Scope::Asked(need) => return out.needs.push(*need),
                }
            }
        };
        match (cluster_scoped, object.namespace().is_empty()) {
            (true, true) | (false, false) => {}
            (true, false) => without_namespace(object),
            (false, true) => object.set_namespace(&self.chart.release.namespace),
        }
    }

    /// Hooks that the declaration disables are not there.
    fn hooks(
        &self,
        rendered: &Rendered,
        lines: &mut Lines<'_, '_>,
        objects: &mut Vec<From>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        for hook in &rendered.hooks {
            let disabled = &self.chart.release.disabled_hooks;
            let moments = hook.events.iter().filter_map(|event| Moment::parse(event));
            let moments: BTreeSet<Moment> = moments.filter(|moment| !disabled.contains(moment)).collect();
            if moments.is_empty() {
                continue;
            }
            let policies = hook.delete_policies.iter().filter_map(|policy| HookDeletion::parse(policy));
            let mut deletion: BTreeSet<HookDeletion> = policies.collect();
            if deletion.is_empty() {
                deletion.insert(HookDeletion::BeforeCreation);
            }
            for desired in lines.read(&hook.path, &hook.text, diagnostics) {
                let (moments, deletion) = (moments.clone(), deletion.clone());
                let told = Hooked { desired: desired.clone(), moments, weight: hook.weight, deletion };
                let object = From { desired, template: hook.path.clone(), hook: Some(told) };
                self.sort(object, objects, diagnostics);
            }
        }
    }

    fn twice(&self, objects: &[Desired], diagnostics: &mut Vec<Diagnostic>) {
        let mut known: BTreeMap<ObjectKey, &Location> = BTreeMap::new();
        for desired in objects {
            let key = desired.object.key();
            if let Some(first) = known.get(&key) {
                let message = format!("{} makes {key} twice: here and at {first}", self.named());
                diagnostics.push(Diagnostic::new(&codes::render::CHART, message).at(desired.origin.clone()));
                continue;
            }
            known.insert(key, &desired.origin);
        }
    }

    pub(crate) fn problem(
        &self,
        code: &'static Code,
        message: String,
        template: &str,
        line: u32,
    ) -> Diagnostic {
        Diagnostic::new(code, message).at(self.location(template, line, 1))
    }

    /// A place in a template; where it is in an archive within the chart, that of the chart.
    pub(crate) fn location(&self, template: &str, line: u32, column: u32) -> Location {
        let within = template.split_once('/').map_or(template, |(_, within)| within);
        if self.files.contains_key(within) {
            return Location::new(self.placed.shown(template), Span::point(line.max(1), column.max(1)));
        }
        Location::file(self.file(within))
    }

    /// A file of the chart, by its path within; if there is none, what describes the chart.
    pub(crate) fn file(&self, within: &str) -> String {
        let within = if self.files.contains_key(within) { within } else { "Chart.yaml" };
        self.placed.shown(&format!("chart/{within}"))
    }
}

fn without_namespace(object: &mut Object) {
    // An object without a namespace is still one.
    let _ = object.edit(|map| {
        if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
            metadata.remove("namespace");
        }
    });
}

/// Documents with the lines of the templates that made them.
struct Lines<'m, 'a> {
    making: &'m Making<'a>,
    /// How many objects of a kind a template has made so far.
    seen: BTreeMap<(String, String), usize>,
    quiet: bool,
}

impl Lines<'_, '_> {
    fn read(&mut self, path: &str, text: &str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Desired> {
        let loaded = load_last_wins(path, text.as_bytes(), &mainstay_helm::document_limits());
        if let Some(problem) = loaded.diagnostics.errors().next() {
            let line = problem.location.as_ref().and_then(|l| l.span).map_or(1, |span| span.start.line);
            // The line is one of the rendered text, which nobody has before him.
            let why = if self.quiet { String::new() } else { format!(": {}", problem.message) };
            let message = format!("what {path} makes is no YAML in its line {line}{why}");
            diagnostics.push(self.making.problem(&codes::render::CHART, message, path, 1));
            return Vec::new();
        }
        let mut out = Vec::new();
        for document in loaded.documents {
            self.object(path, document.root.into_json(), &mut out, diagnostics);
        }
        out
    }

    fn object(
        &mut self,
        path: &str,
        value: Value,
        out: &mut Vec<Desired>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        if value.is_null() {
            return;
        }
        let kind = value.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
        if kind.ends_with("List")
            && let Some(Value::Array(items)) = value.get("items")
        {
            items.iter().for_each(|item| self.object(path, item.clone(), out, diagnostics));
            return;
        }
        let line = self.line(path, &kind);
        match Object::new(value) {
            Ok(object) if object.name().is_empty() => {
                let message =
                    format!("a {kind} has a generateName: what has no name can't be held to anything");
                diagnostics.push(self.making.problem(&codes::render::CHART, message, path, line));
            }
            Ok(object) => {
                let origin = self.making.location(path, line, 1);
                out.push(Desired { object, origin });
            }
            Err(error) => {
                let message = format!("what {path} makes is no object: {error}");
                diagnostics.push(self.making.problem(&codes::render::CHART, message, path, line));
            }
        }
    }

    /// Where the template says the kind: for its second object of a kind the second time, if it says it twice.
    fn line(&mut self, path: &str, kind: &str) -> u32 {
        let seen = self.seen.entry((path.to_owned(), kind.to_owned())).or_default();
        *seen += 1;
        let within = path.split_once('/').map_or(path, |(_, within)| within);
        let Some(template) = self.making.files.get(within) else { return 1 };
        let template = String::from_utf8_lossy(template);
        let says = |line: &str| {
            let rest = line.trim_start().trim_start_matches("- ").strip_prefix("kind:");
            rest.is_some_and(|rest| rest.trim().trim_matches(['"', '\'']) == kind)
        };
        let lines: Vec<usize> =
            template.lines().enumerate().filter(|(_, line)| says(line)).map(|(i, _)| i + 1).collect();
        let line = lines.get(*seen - 1).or(lines.last()).copied().unwrap_or(1);
        u32::try_from(line).unwrap_or(1)
    }
}

/// What is known of kinds without asking anybody: Kubernetes' own, and those that the chart itself defines.
#[derive(Default)]
struct Scopes(BTreeMap<GroupKind, bool>);

impl Scopes {
    fn of<'d>(objects: impl Iterator<Item = &'d Desired>) -> Self {
        let definitions = objects.filter(|desired| desired.object.kind() == "CustomResourceDefinition");
        Self(definitions.filter_map(|desired| defined(desired.object.value())).collect())
    }

    fn of_kind(&self, kind: &GroupVersionKind) -> Option<bool> {
        let kind = kind.group_kind();
        self.0.get(&kind).or_else(|| built_in().get(&kind)).copied()
    }
}

/// What a definition defines, and whether its objects have no namespace.
fn defined(definition: &Value) -> Option<(GroupKind, bool)> {
    let text = |pointer| definition.pointer(pointer).and_then(Value::as_str);
    let kind = GroupKind::new(text("/spec/group")?, text("/spec/names/kind")?);
    Some((kind, text("/spec/scope") == Some("Cluster")))
}

fn built_in() -> &'static BTreeMap<GroupKind, bool> {
    static KNOWN: OnceLock<BTreeMap<GroupKind, bool>> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let all = [Minor::V1_31, Minor::V1_36].into_iter().flat_map(|minor| &Kinds::of_minor(minor).all);
        let mut known: BTreeMap<GroupKind, bool> =
            all.map(|info| (info.kind.group_kind(), !info.namespaced)).collect();
        // Gone from both, and still in charts.
        known.insert(GroupKind::new("policy", "PodSecurityPolicy"), true);
        known.insert(GroupKind::new("extensions", "Ingress"), false);
        known
    })
}
