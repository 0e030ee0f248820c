//! A build: kustomizations are accumulated depth first, each one's transformations over what it includes; hashes, name
//! references and variables come last, over everything.
use crate::chart;
use crate::config::{self, Config};
use crate::generate::{Generated, generate};
use crate::kustomization::{GeneratorOptions, Var};
use crate::loader::Loader;
use crate::objects::Objects;
use crate::origin::{self, Configured, Recording};
use crate::plugin;
use crate::problem::Problem;
use crate::remote::{self, Remote};
use crate::resource::Resource;
use crate::schema;
use crate::target::{Target, find};
use crate::transform::{labels, name, reference, sort, variable};
use crate::{Charts, Options};
use crate::{document, fieldspec::FieldSpec};
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_diagnostic::{Diagnostics, Location};
use mainstay_unit::tree::TreePath;
use serde_json::Value;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

pub(crate) struct Builder<'a> {
    pub(crate) loader: &'a Loader<'a>,
    pub(crate) ports: Ports<'a>,
    kustomizations: Rc<Cell<usize>>,
    /// Kustomizations above the first one of this tree.
    pub(crate) depth: usize,
    pub(crate) recording: Cell<Recording>,
    pub(crate) schema: Rc<schema::State>,
}

/// Who does what a build does not do by itself.
#[derive(Clone, Copy)]
pub(crate) struct Ports<'a> {
    pub(crate) charts: Option<&'a dyn Charts>,
    pub(crate) remote: Option<Remote<'a>>,
}

/// What was built so far, and the rules that its transformations follow.
pub(crate) struct Accumulated {
    pub(crate) objects: Objects,
    /// Nothing where nothing was said yet, not even what is built in.
    config: Option<Arc<Config>>,
    vars: BTreeMap<String, Var>,
}

impl Accumulated {
    fn new() -> Self {
        Self { objects: Objects::default(), config: None, vars: BTreeMap::new() }
    }

    pub(crate) fn config(&self) -> Arc<Config> {
        self.config.clone().unwrap_or_else(builtin)
    }

    /// Of two specs for one field the one that was there first counts, so the order matters.
    fn configure(&mut self, config: &Arc<Config>) -> Result<(), Problem> {
        match &mut self.config {
            Some(known) if Arc::ptr_eq(known, config) => {}
            Some(known) => Arc::make_mut(known).merge(config)?,
            None if Arc::ptr_eq(config, &builtin()) => self.config = Some(config.clone()),
            None => {
                let mut merged = Config::default();
                merged.merge(config)?;
                self.config = Some(Arc::new(merged));
            }
        }
        Ok(())
    }
}

/// What is built in, as it is merged into nothing.
fn builtin() -> Arc<Config> {
    static SHARED: std::sync::OnceLock<Arc<Config>> = std::sync::OnceLock::new();
    SHARED.get_or_init(|| Arc::new(Config::builtin().clone())).clone()
}

impl<'a> Builder<'a> {
    pub(crate) fn new(loader: &'a Loader<'a>, ports: Ports<'a>) -> Self {
        let recording = Cell::new(Recording::default());
        Self { loader, ports, kustomizations: Rc::default(), depth: 0, recording, schema: Rc::default() }
    }

    /// The same build in another tree.
    pub(crate) fn within<'b>(&'b self, loader: &'b Loader<'b>, depth: usize) -> Builder<'b> {
        let (kustomizations, schema) = (self.kustomizations.clone(), self.schema.clone());
        Builder {
            loader,
            ports: self.ports,
            kustomizations,
            depth,
            recording: self.recording.clone(),
            schema,
        }
    }

    /// The whole build of a root kustomization.
    pub(crate) fn build(&self, target: &Target, asked: Options) -> Result<Objects, Diagnostics> {
        let metadata = &target.kustomization.build_metadata;
        let recording = Recording::new(metadata);
        self.recording.set(recording);
        let mut all = self.accumulate(target, Accumulated::new(), &[])?;
        let root = |p: Problem| target.fault(p, "");
        name::add_hashes(&mut all.objects).map_err(root)?;
        let config = all.config();
        reference::fix(&mut all.objects, &config.name_reference).map_err(root)?;
        variable::resolve(&mut all.objects, &all.vars, &config.var_reference, &|bytes| {
            self.loader.pay(bytes)
        })
        .map_err(|p| target.fault(p, "/vars"))?;
        self.check(&mut all.objects)?;
        all.objects.retain(|r| !r.is_local());
        distinct(&mut all.objects).map_err(root)?;
        let options = target.kustomization.sort_options.as_ref();
        sort::sort(&mut all.objects, options, asked.order).map_err(|p| target.fault(p, "/sortOptions"))?;
        if asked.managed_by_label || metadata.iter().any(|m| m == "managedByLabel") {
            let label = BTreeMap::from([("app.kubernetes.io/managed-by".into(), MANAGED_BY.into())]);
            labels::set_entries(&mut all.objects, &label, &[FieldSpec::path("metadata/labels", true)])
                .map_err(root)?;
        }
        for resource in all.objects.iter_mut() {
            recording.finish(resource);
            resource.finish();
        }
        Ok(all.objects)
    }

    pub(crate) fn accumulate(
        &self,
        target: &Target,
        mut all: Accumulated,
        chain: &[&TreePath],
    ) -> Result<Accumulated, Diagnostics> {
        let count = self.kustomizations.get() + 1;
        self.kustomizations.set(count);
        if count > self.loader.limits.kustomizations || self.depth + chain.len() >= self.loader.limits.nesting
        {
            let message = "the build includes too many kustomizations, or nests them too deeply";
            return Err(target.fault(Problem::new(&codes::LIMIT, message), ""));
        }
        let k = &target.kustomization;
        self.choose_schema(target)?;
        let mut chain = chain.to_vec();
        chain.push(&target.folder);

        for (at, path) in k.resources.iter().enumerate() {
            self.resource(target, &mut all, path, &format!("/resources/{at}"), &chain)?;
        }
        let mut own = Config::default();
        for (at, path) in k.configurations.iter().enumerate() {
            let pointer = format!("/configurations/{at}");
            let fault = |p: Problem| target.fault(p, &pointer);
            let value = self.yaml(target, path, &pointer)?;
            let mut config: Config = serde_json::from_value(value).map_err(|e| {
                fault(Problem::new(&codes::INVALID, format!("{path} is no transformer configuration: {e}")))
            })?;
            config.sort();
            own.merge(&config).map_err(fault)?;
        }
        let config = if k.configurations.is_empty() {
            builtin()
        } else {
            let mut config = Config::builtin().clone();
            config.merge(&own).map_err(|p| target.fault(p, "/configurations"))?;
            Arc::new(config)
        };
        all.configure(&config).map_err(|p| target.fault(p, "/configurations"))?;
        for (at, path) in k.crds.iter().enumerate() {
            let pointer = format!("/crds/{at}");
            let value = self.yaml(target, path, &pointer)?;
            let config = config::of_definitions(&value).map_err(|p| target.fault(p, &pointer))?;
            all.configure(&Arc::new(config)).map_err(|p| target.fault(p, &pointer))?;
        }
        self.generate(target, &mut all)?;
        for (at, path) in k.components.iter().enumerate() {
            let pointer = format!("/components/{at}");
            if remote::is_remote(path) {
                all = self.remote(target, all, path, &pointer, chain.len(), true)?;
                distinct(&mut all.objects).map_err(|p| target.fault(p, &pointer))?;
                continue;
            }
            let folder =
                self.loader.find_folder(&target.folder, path).map_err(|p| target.fault(p, &pointer))?;
            match folder {
                Some(folder) => {
                    all = self.folder(target, all, (path, &folder), &pointer, &chain, true)?;
                    distinct(&mut all.objects).map_err(|p| target.fault(p, &pointer))?;
                }
                None => return Err(target.fault(self.missing(target, path, "folder"), &pointer)),
            }
        }
        self.transform(target, &mut all)?;
        self.validate(target, &all)?;
        variable::declare(&mut all.objects, &mut all.vars, &k.vars).map_err(|p| target.fault(p, "/vars"))?;
        self.check_size(target, &all)?;
        Ok(all)
    }

    /// What was transformed must still be objects.
    fn check(&self, objects: &mut Objects) -> Result<(), Diagnostics> {
        objects.retain(|r| !r.node.is_empty());
        let broken = |r: &Resource| Resource::check(&r.node).err().map(|p| p.located(r.origin.clone()));
        let problems: Diagnostics = objects.iter().filter_map(broken).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn choose_schema(&self, target: &Target) -> Result<(), Diagnostics> {
        let openapi = &target.kustomization.openapi;
        let path = openapi.get("path").map(|path| self.yaml(target, path, "/openapi/path")).transpose()?;
        let version = openapi.get("version").map(String::as_str);
        self.schema.choose(version, path).map_err(|p| target.fault(p, "/openapi"))
    }

    fn check_size(&self, target: &Target, all: &Accumulated) -> Result<(), Diagnostics> {
        let limit = self.loader.limits.objects;
        if all.objects.len() <= limit {
            return Ok(());
        }
        let message = format!("the build holds more than {limit} objects");
        Err(target.fault(Problem::new(&codes::LIMIT, message), ""))
    }

    /// A file of objects, or a folder with a kustomization.
    fn resource(
        &self,
        target: &Target,
        all: &mut Accumulated,
        path: &str,
        pointer: &str,
        chain: &[&TreePath],
    ) -> Result<(), Diagnostics> {
        let fault = |p: Problem| target.fault(p, pointer);
        if remote::is_remote(path) && !remote::is_file(path) {
            let below = self.remote(target, Accumulated::new(), path, pointer, chain.len(), false)?;
            return self.take(target, all, below, pointer);
        }
        let file = self.loader.find_file(&target.folder, path).map_err(fault)?;
        if file.is_some() {
            for mut resource in self.documents(target, path, pointer)? {
                if self.recording.get().is_on() && remote::is_file(path) {
                    let message = "buildMetadata together with files of the web is not supported";
                    return Err(fault(Problem::new(&codes::UNSUPPORTED, message)));
                }
                if self.recording.get().is_on() {
                    origin::read_from(&mut resource, origin::join(&target.shown, path));
                }
                all.objects.push(resource).map_err(fault)?;
            }
            return self.check_size(target, all);
        }
        let folder = self.loader.find_folder(&target.folder, path).map_err(fault)?;
        let Some(folder) = folder else {
            return Err(fault(self.missing(target, path, "file or folder")));
        };
        let below = self.folder(target, Accumulated::new(), (path, &folder), pointer, chain, false)?;
        self.take(target, all, below, pointer)
    }

    /// Adds what another kustomization made.
    fn take(
        &self,
        target: &Target,
        all: &mut Accumulated,
        below: Accumulated,
        pointer: &str,
    ) -> Result<(), Diagnostics> {
        let fault = |p: Problem| target.fault(p, pointer);
        let config = below.config();
        all.objects.append(below.objects).map_err(fault)?;
        all.configure(&config).map_err(fault)?;
        for var in below.vars.into_values() {
            variable::add(&mut all.vars, var).map_err(fault)?;
        }
        self.check_size(target, all)
    }

    fn folder(
        &self,
        target: &Target,
        all: Accumulated,
        (path, folder): (&str, &TreePath),
        pointer: &str,
        chain: &[&TreePath],
        component: bool,
    ) -> Result<Accumulated, Diagnostics> {
        let fault = |p: Problem| target.fault(p, pointer);
        if chain.iter().any(|visited| visited.is_within(folder)) {
            let mut names: Vec<String> = chain.iter().map(ToString::to_string).collect();
            names.push(folder.to_string());
            let message = format!("kustomizations include each other: {}", names.join(" -> "));
            return Err(fault(Problem::new(&codes::CYCLE, message)));
        }
        let Some((file, entry)) = find(self.loader, folder).map_err(fault)? else {
            let message = format!("the folder {folder} has no kustomization file");
            return Err(fault(
                Problem::new(&codes::NOT_FOUND, message).hint("name its files, or add a kustomization.yaml"),
            ));
        };
        let mut below = Target::load(self.loader, folder, &file, &entry, |_| {})?;
        below.shown = origin::join(&target.shown, path);
        if below.kustomization.is_component() != component {
            let message = if component {
                format!("{folder} is a Kustomization; under components there must be a Component")
            } else {
                format!("{folder} is a Component; it must be named under components")
            };
            return Err(fault(Problem::new(&codes::INVALID, message)));
        }
        self.accumulate(&below, all, chain)
    }

    fn missing(&self, target: &Target, path: &str, what: &str) -> Problem {
        let folder = &target.folder;
        if what == "folder" && self.loader.find_file(folder, path).is_ok_and(|found| found.is_some()) {
            let problem = Problem::new(&codes::INVALID, format!("{path} is a file; a component is a folder"));
            return problem.hint("name it under resources or patches, or its folder here");
        }
        let problem = Problem::new(&codes::NOT_FOUND, format!("there is no {what} {path} in {folder}"));
        match self.loader.closest(folder, path) {
            Some(near) => problem.hint(format!("did you mean {near}?")),
            None => problem,
        }
    }

    /// The objects of a file.
    pub(crate) fn documents(
        &self,
        target: &Target,
        path: &str,
        pointer: &str,
    ) -> Result<Vec<Resource>, Diagnostics> {
        let found = self.loader.find_file(&target.folder, path).map_err(|p| target.fault(p, pointer))?;
        let Some((real, entry)) = found else {
            return Err(target.fault(self.missing(target, path, "file"), pointer));
        };
        let parsed = self.loader.documents(&real, &entry).map_err(|p| target.fault(p, pointer))?;
        let in_file = |p: Problem| {
            let bytes = self.loader.bytes(&real, &entry).unwrap_or_else(|_| Arc::from([]));
            p.in_file(&self.loader.shown(&real), &bytes)
        };
        match &*parsed {
            Err(problem) => Err(in_file(problem.clone())),
            Ok(read) => {
                let mut found = document::resources(read, &self.loader.shown(&real)).map_err(in_file)?;
                self.schema.saw(&mut found);
                Ok(found)
            }
        }
    }

    /// A file's text.
    pub(crate) fn text(&self, target: &Target, path: &str, pointer: &str) -> Result<Arc<[u8]>, Diagnostics> {
        let found = self.loader.find_file(&target.folder, path).map_err(|p| target.fault(p, pointer))?;
        let Some((real, entry)) = found else {
            return Err(target.fault(self.missing(target, path, "file"), pointer));
        };
        self.loader.bytes(&real, &entry).map_err(|p| target.fault(p, pointer))
    }

    /// A file's first document as Kubernetes reads it.
    pub(crate) fn yaml(&self, target: &Target, path: &str, pointer: &str) -> Result<Value, Diagnostics> {
        let bytes = self.text(target, path, pointer)?;
        let name = target.folder.join(path).map(|p| self.loader.shown(&p).into_owned()).unwrap_or_default();
        let loaded = mainstay_yaml::load(&name, &bytes, &mainstay_yaml::Limits::default());
        if loaded.diagnostics.has_errors() {
            return Err(loaded.diagnostics);
        }
        Ok(loaded.documents.into_iter().next().map_or(Value::Null, |d| d.root.into_json()))
    }

    fn generate(&self, target: &Target, all: &mut Accumulated) -> Result<(), Diagnostics> {
        let k = &target.kustomization;
        let kinds = [
            (Generated::ConfigMap, &k.config_map_generator, "configMapGenerator"),
            (Generated::Secret, &k.secret_generator, "secretGenerator"),
        ];
        for (kind, generators, field) in kinds {
            for (at, args) in generators.iter().enumerate() {
                let pointer = format!("/{field}/{at}");
                let fault = |p: Problem| target.fault(p, &pointer);
                let options = GeneratorOptions::merged(args.options.as_ref(), k.generator_options.as_ref());
                let origin = target.location(&pointer);
                let made = generate(self.loader, &target.folder, args, options.as_ref(), kind, origin);
                let mut made = made.map_err(fault)?;
                if self.recording.get().is_on() {
                    let kind = match kind {
                        Generated::ConfigMap => "ConfigMapGenerator",
                        Generated::Secret => "SecretGenerator",
                    };
                    origin::generated_by(&mut made, &builtin_in(target, kind));
                }
                all.objects.absorb(made).map_err(fault)?;
            }
        }
        for (at, entry) in k.helm_charts.iter().enumerate() {
            let pointer = format!("/helmCharts/{at}");
            let globals = k.helm_globals.clone().unwrap_or_default();
            let made = chart::inflate(self, target, &globals, entry, &pointer)?;
            let by = self.recording.get().is_on().then(|| builtin_in(target, "HelmChartInflationGenerator"));
            absorb(all, target, made, by.as_ref(), &pointer)?;
        }
        for (config, pointer) in self.plugins(target, &k.generators, "generators")? {
            let made = plugin::generate(self, target, &config, &pointer)?;
            absorb(all, target, made, plugin_of(&config).as_ref(), &pointer)?;
        }
        Ok(())
    }

    /// Configurations of built-in plugins, inline, in files or in folders.
    pub(crate) fn plugins(
        &self,
        target: &Target,
        entries: &[String],
        field: &str,
    ) -> Result<Vec<(Resource, String)>, Diagnostics> {
        let mut inline = Vec::new();
        let mut named = Vec::new();
        for (at, entry) in entries.iter().enumerate() {
            let pointer = format!("/{field}/{at}");
            if let Some(found) = document::inline(entry, &target.location(&pointer), &self.loader.limits) {
                for mut resource in found {
                    if self.recording.get().is_on() {
                        origin::read_from(&mut resource, target.shown_file());
                    }
                    inline.push((resource, pointer.clone()));
                }
                continue;
            }
            let mut all = Accumulated::new();
            self.resource(target, &mut all, entry, &pointer, &[&target.folder])?;
            named.extend(all.objects.into_vec().into_iter().map(|r| (r, pointer.clone())));
        }
        inline.append(&mut named);
        Ok(inline)
    }
}

/// Takes over what a generator made. What it makes twice is wrong before anything is merged.
fn absorb(
    all: &mut Accumulated,
    target: &Target,
    made: Vec<Resource>,
    by: Option<&Configured<'_>>,
    pointer: &str,
) -> Result<(), Diagnostics> {
    let fault = |p: Problem| target.fault(p, pointer);
    let mut distinct = Objects::default();
    for mut resource in made {
        if let Some(by) = by {
            origin::generated_by(&mut resource, by);
        }
        distinct.push(resource).map_err(fault)?;
    }
    distinct.into_vec().into_iter().try_for_each(|resource| all.objects.absorb(resource)).map_err(fault)
}

/// What kustomize 5.5 writes into its label.
const MANAGED_BY: &str = "kustomize-v5.5.0";

fn distinct(objects: &mut Objects) -> Result<(), Problem> {
    match objects.conflict() {
        None => Ok(()),
        Some(id) => Err(Problem::new(&codes::DUPLICATE, format!("two objects became one: {id}"))),
    }
}

/// What a field of a kustomization stands for.
pub(crate) fn builtin_in<'a>(target: &Target, kind: &'a str) -> Configured<'a> {
    Configured { file: target.shown_file(), api_version: "builtin", kind, name: "", namespace: "" }
}

/// A plugin that is configured by a resource, where that is recorded.
pub(crate) fn plugin_of(config: &Resource) -> Option<Configured<'_>> {
    config.read_from.as_ref().map(|file| Configured {
        file: file.clone(),
        api_version: config.api_version(),
        kind: config.kind(),
        name: config.name(),
        namespace: config.namespace(),
    })
}

/// A problem that no field of a kustomization is to blame for.
pub(crate) fn at_file(problem: Problem, file: &str) -> Diagnostics {
    problem.located(Location::file(file)).into()
}
