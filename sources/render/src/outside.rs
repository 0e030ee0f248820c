//! What a kustomization takes from outside of its tree, as far as the Platform allows: charts, what these ask of their
//! cluster, and bases in other repositories.
use crate::chart::{capabilities, hidden, looked_up};
use crate::external::{Asker, Externals, Lookups, Made, PERIOD, unasked};
use crate::inflate::{Inflating, NotInflated, inflate};
use crate::inputs::Supply;
use crate::references::Lacking;
use crate::sources::{Origin, Source};
use mainstay_diagnostic::Diagnostics;
use mainstay_helm::{RenderError, print};
use mainstay_kustomize::{Answer, Chart, ChartFiles, Charts, Inflated, Pull, Refused, RemoteBase};
use mainstay_native::kinds::{Decryption, Helm, Kustomize};
use mainstay_object::{Digest, Value};
use mainstay_unit::tree::{MemoryTree, Tree, TreePath};
use mainstay_unit::{ChartRequest, ChartVersion, GitReference, Need, Registry, SourceId, WebFile};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// What the Platform allows every unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Allowed {
    Known(Permissions),
    /// And why: then nothing is refused either.
    Unknown(String),
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Permissions {
    pub kustomize: Kustomize,
    pub helm: Helm,
    /// What units may decrypt with that name no Secret themselves.
    pub decryption: Option<Decryption>,
}

impl Default for Allowed {
    fn default() -> Self {
        Self::Known(Permissions::default())
    }
}

impl Allowed {
    /// What decides about a kustomization.
    pub(crate) fn kustomize(&self) -> Result<&Kustomize, &str> {
        match self {
            Self::Known(known) => Ok(&known.kustomize),
            Self::Unknown(why) => Err(why),
        }
    }

    /// What decides about a chart.
    pub(crate) fn helm(&self) -> Result<Helm, &str> {
        match self {
            Self::Known(known) => Ok(known.helm),
            Self::Unknown(why) => Err(why),
        }
    }

    pub(crate) fn decryption(&self) -> Result<Option<&Decryption>, &str> {
        match self {
            Self::Known(known) => Ok(known.decryption.as_ref()),
            Self::Unknown(why) => Err(why),
        }
    }

    pub(crate) fn charts(&self) -> bool {
        match self {
            Self::Known(known) => known.kustomize.helm_charts,
            Self::Unknown(_) => false,
        }
    }

    /// Who names a file of the web, with its digest.
    pub(crate) fn file(&self, url: &str) -> Option<WebFile> {
        match self {
            Self::Known(known) => {
                let named = known.kustomize.remote_files.iter().find(|file| file.url == url)?;
                Some(WebFile { url: named.url.clone(), sha256: named.sha256.clone() })
            }
            Self::Unknown(_) => None,
        }
    }

    pub(crate) fn base(&self, base: &RemoteBase) -> bool {
        match self {
            Self::Known(known) => base.is_below(&known.kustomize.remote_bases),
            Self::Unknown(_) => false,
        }
    }
}

/// Bases, or charts of repositories, that one build may ask for.
const MOST: usize = 100;

/// Under which name the tree of a base is supplied: everybody's, because no credentials are needed for it.
pub(crate) fn base_id(base: &RemoteBase) -> SourceId {
    SourceId::Named {
        kind: "base".to_owned(),
        namespace: String::new(),
        name: format!("{}@{}", base.url, base.commit),
    }
}

pub(crate) fn base_need(base: &RemoteBase) -> Need {
    Need::Git {
        id: base_id(base),
        url: base.url.clone(),
        reference: GitReference { commit: Some(base.commit.clone()), ..GitReference::default() },
        secret: None,
        verify: None,
        authorities: Vec::new(),
    }
}

/// Answers a build, and notes what it was asked.
pub(crate) struct Outside<'a> {
    asker: Asker<'a>,
    /// Secrets hold something else, and chance falls otherwise.
    altered: bool,
    noted: RefCell<Noted>,
}

/// What a build asked.
#[derive(Default)]
pub(crate) struct Noted {
    pub externals: Externals,
    needs: Vec<Need>,
    /// What nobody can answer, and why.
    unanswered: Vec<String>,
    /// Objects that hold secrets.
    secret: Vec<Arc<Value>>,
    random: bool,
    /// Trees of other repositories, by what their files are shown with.
    bases: Vec<(String, Source)>,
    /// Files of the web, by their URLs.
    files: BTreeMap<String, Source>,
    /// It asked for too much: then nothing of it is asked for.
    over: bool,
}

impl<'a> Outside<'a> {
    pub(crate) fn new(asker: Asker<'a>, altered: bool) -> Self {
        Self { asker, altered, noted: RefCell::default() }
    }

    pub(crate) fn into_noted(self) -> Noted {
        let noted = self.noted.into_inner();
        if noted.over {
            return Noted {
                externals: Externals { allowed: true, ..Externals::default() },
                ..Noted::default()
            };
        }
        noted
    }

    pub(crate) fn remote(&self, base: &RemoteBase) -> Answer<Arc<dyn Tree>> {
        let mut noted = self.noted.borrow_mut();
        noted.externals.allowed = true;
        match self.asker.allowed {
            Allowed::Unknown(why) => return noted.unanswered(format!("{base}: {why}")),
            Allowed::Known(known) if !base.is_below(&known.kustomize.remote_bases) => {
                return Err(not_allowed(base));
            }
            Allowed::Known(_) => {}
        }
        noted.externals.bases.insert(base.clone());
        let count = noted.externals.bases.len();
        noted.within(count, "bases in other repositories")?;
        match self.asker.inputs.trees.get(&base_id(base)) {
            Some(Supply::Here(checkout)) => {
                let origin = Arc::new(Origin::Named(base.to_string()));
                noted.bases.push((format!("{base}:"), Source { tree: checkout.tree.clone(), origin }));
                Ok(Some(checkout.tree.clone()))
            }
            Some(Supply::Absent(why) | Supply::Refused(why)) => noted.unanswered(format!("{base}: {why}")),
            Some(Supply::NotEvaluated(why)) => noted.unanswered(format!("{base} is not evaluated: {why}")),
            None => {
                noted.needs.push(base_need(base));
                Ok(None)
            }
        }
    }

    pub(crate) fn web(&self, url: &str) -> Answer<Arc<[u8]>> {
        let mut noted = self.noted.borrow_mut();
        noted.externals.allowed = true;
        if let Allowed::Unknown(why) = self.asker.allowed {
            return noted.unanswered(format!("{url}: {why}"));
        }
        let Some(file) = self.asker.allowed.file(url) else { return Err(not_named(url)) };
        noted.externals.files.insert(url.to_owned());
        let count = noted.externals.files.len();
        noted.within(count, "files of the web")?;
        match self.asker.inputs.files.get(&file) {
            Some(Supply::Here(bytes)) => {
                noted.files.insert(url.to_owned(), only(url, bytes));
                Ok(Some(bytes.clone()))
            }
            Some(Supply::Refused(why)) => {
                Err(Refused::new(why, "look at what has changed in it before you write its new digest"))
            }
            Some(Supply::Absent(why)) => noted.unanswered(format!("{file}: {why}")),
            Some(Supply::NotEvaluated(why)) => noted.unanswered(format!("{file} is not evaluated: {why}")),
            None => {
                noted.needs.push(Need::File { file });
                Ok(None)
            }
        }
    }

    fn rendered(&self, chart: &Chart<'_>) -> Answer<Inflated> {
        let inputs = self.asker.inputs;
        let lookups = Lookups::new(self.asker, self.altered);
        let find = |version: &str, kind: &str, namespace: &str, name: &str| {
            lookups.find(version, kind, namespace, name)
        };
        let told = self.asker.capabilities();
        // Where a version is named, nobody is asked, as with `helm template --kube-version`.
        let named = chart.kube_version.is_some();
        let known = match told {
            Some(Supply::Here(served)) if !named => capabilities(served),
            Some(Supply::Here(_) | Supply::Absent(_) | Supply::Refused(_) | Supply::NotEvaluated(_))
            | None => mainstay_helm::Capabilities::default(),
        };
        let purpose: &[u8] = if self.altered { b"other charts" } else { b"charts" };
        let with = Inflating {
            capabilities: known,
            lookup: Some(&find),
            now: i64::try_from(inputs.now / PERIOD * PERIOD).unwrap_or(i64::MAX),
            seed: &Digest::keyed(&inputs.key, purpose).0,
        };
        let (result, asked) = inflate(chart, with);
        let Made { asked: looked_up, needs, unanswered, secret } = lookups.into_made();
        let mut noted = self.noted.borrow_mut();
        noted.externals.lookups.extend(looked_up);
        noted.externals.clock |= asked.clock;
        noted.random |= asked.random;
        noted.needs.extend(needs);
        noted.unanswered.extend(unanswered);
        noted.secret.extend(secret);
        if asked.capabilities && !named {
            noted.externals.capabilities = true;
            match told {
                Some(Supply::Here(_)) => {}
                Some(Supply::Absent(why) | Supply::Refused(why) | Supply::NotEvaluated(why)) => {
                    let why = format!("the chart {} asks what its cluster is: {why}", chart.folder);
                    noted.unanswered.push(why);
                }
                None => noted.needs.push(self.asker.ask_for_capabilities()),
            }
        }
        let rendered = match result {
            Ok(rendered) => rendered,
            // It may quote parts of what was rendered.
            Err(NotInflated::Chart(error)) if !noted.secret.is_empty() => match *error {
                RenderError::Manifest { path, .. } => {
                    return Err(format!("what {path} makes can't be read as YAML").into());
                }
                error => return Err(error.to_string().into()),
            },
            Err(error) => return Err(error.to_string().into()),
        };
        let mut warnings = Vec::new();
        if asked.random {
            warnings
                .push("passwords or keys that it makes up follow from this installation's key".to_owned());
        }
        if asked.clock {
            warnings.push("it asks what time it is, and is told a new time every 90 days".to_owned());
        }
        if !rendered.hooks.is_empty() {
            let hooks = rendered.hooks.len();
            warnings.push(format!(
                "{hooks} of its objects are hooks, which a kustomization applies like any other; skipHooks: true \
                 leaves them out"
            ));
        }
        Ok(Some(Inflated { text: print(&rendered, chart.include_crds), warnings }))
    }
}

impl Charts for Outside<'_> {
    fn allowed(&self) -> Answer<()> {
        let mut noted = self.noted.borrow_mut();
        noted.externals.allowed = true;
        match self.asker.allowed {
            Allowed::Unknown(why) => noted.unanswered(format!("helmCharts: {why}")),
            Allowed::Known(known) if known.kustomize.helm_charts => Ok(Some(())),
            Allowed::Known(_) => Err(Refused::new(
                "charts of kustomizations are not rendered here, and not by Flux",
                "the Platform's spec.kustomize.helmCharts: true allows it; or render the chart as a unit of its own, \
                 a Module with a chart or a HelmRelease",
            )),
        }
    }

    fn pull(&self, wanted: &Pull<'_>) -> Answer<Arc<ChartFiles>> {
        let mut noted = self.noted.borrow_mut();
        let request = request(wanted)?;
        noted.externals.charts.insert(request.clone());
        let count = noted.externals.charts.len();
        noted.within(count, "charts of repositories")?;
        match self.asker.chart(&request) {
            Some(Supply::Here(archive)) => Ok(Some(Arc::new(archive.files.clone()))),
            Some(Supply::Absent(why) | Supply::Refused(why)) => noted.unanswered(format!("{request}: {why}")),
            Some(Supply::NotEvaluated(why)) => noted.unanswered(format!("{request} is not evaluated: {why}")),
            None => {
                noted.needs.push(self.asker.ask_for_chart(&request));
                Ok(None)
            }
        }
    }

    fn render(&self, chart: &Chart<'_>) -> Answer<Inflated> {
        self.rendered(chart)
    }
}

fn not_allowed(base: &RemoteBase) -> Refused {
    let web = base.url.starts_with("https://") || base.url.starts_with("http://");
    Refused::new(
        "the Platform does not allow it",
        match web {
            true => format!(
                "add {} to spec.kustomize.remoteBases of the Platform, or what it is below, or copy the base into the \
                 repository",
                base.url
            ),
            false => "it is fetched without credentials, so it can only be allowed as an https:// or http:// URL, in \
                      spec.kustomize.remoteBases of the Platform; or copy the base into the repository"
                .to_owned(),
        },
    )
}

/// A tree that is one file, shown as its URL.
fn only(url: &str, bytes: &Arc<[u8]>) -> Source {
    let mut tree = MemoryTree::new();
    tree.insert(TreePath::root(), bytes.clone());
    let files = [(TreePath::root(), url.to_owned())].into();
    let origin = Origin::Composed { name: url.to_owned(), files, platform: BTreeSet::new() };
    Source { tree: Arc::new(tree), origin: Arc::new(origin) }
}

fn not_named(url: &str) -> Refused {
    Refused::new(
        "the Platform does not name it, and what is behind a URL may change",
        format!(
            "name it in spec.kustomize.remoteFiles of the Platform, with its digest as curl -fsSL {url} | sha256sum \
             prints it; or commit it to the repository"
        ),
    )
}

/// As a Module would name the chart.
fn request(wanted: &Pull<'_>) -> Result<ChartRequest, Refused> {
    let url = wanted.repository;
    let registry = match url.split_once("://") {
        Some(("oci", _)) => Registry::Oci,
        Some(("http" | "https", _)) => Registry::Http,
        Some(_) | None => {
            let hint = "a chart's repo begins with https://, http:// or oci://";
            return Err(Refused::new("its repo is no URL of a chart repository", hint));
        }
    };
    let host = url.split_once("://").map_or("", |(_, rest)| rest.split('/').next().unwrap_or_default());
    if host.contains('@') {
        let hint = "a chart that needs credentials is a HelmRelease's, whose repository names a Secret";
        return Err(Refused::new("its repo holds credentials", hint));
    }
    let version = if wanted.version.is_empty() { "*" } else { wanted.version };
    Ok(ChartRequest {
        registry,
        url: url.to_owned(),
        chart: wanted.name.to_owned(),
        version: ChartVersion::Range { range: version.to_owned(), filter: None },
        secret: None,
        certificates: None,
        pass_credentials: false,
        insecure: false,
        timeout: Duration::from_secs(60),
        verify: None,
    })
}

impl Noted {
    fn unanswered<T>(&mut self, why: String) -> Answer<T> {
        self.unanswered.push(why);
        Ok(None)
    }

    /// Each may be a minute's wait.
    fn within(&mut self, count: usize, what: &str) -> Result<(), Refused> {
        if count <= MOST {
            return Ok(());
        }
        self.over = true;
        let hint = "divide the unit, or copy some of them into the repository";
        Err(Refused::new(format!("the build takes more than {MOST} {what}"), hint))
    }

    /// Whether the build asked anything: then it is its unit's alone.
    pub(crate) fn is_empty(&self) -> bool {
        self.externals == Externals::default()
    }

    /// Why nothing of the build counts.
    pub(crate) fn lacking(&self) -> Option<Lacking> {
        if !self.needs.is_empty() {
            return Some(unasked(self.needs.clone()));
        }
        self.unanswered.first().cloned().map(Lacking::of)
    }

    /// Whether something of it may be secret.
    pub(crate) fn is_sensitive(&self) -> bool {
        self.random || !self.secret.is_empty()
    }

    pub(crate) fn secret_texts(&self) -> Vec<String> {
        let mut out = Vec::new();
        self.secret.iter().for_each(|object| looked_up(object, &mut out));
        out
    }

    /// Where a file of the build lies, and its path there.
    pub(crate) fn place<'s, 'f>(&'s self, own: &'s Source, file: &'f str) -> (&'s Source, &'f str) {
        if let Some(source) = self.files.get(file) {
            return (source, "");
        }
        let there = self.bases.iter().find_map(|(name, source)| Some((source, file.strip_prefix(name)?)));
        there.unwrap_or((own, file))
    }
}

/// The same without a word of what Secrets hold.
pub(crate) fn without(diagnostics: Diagnostics, secret: &[String]) -> Diagnostics {
    let hide = |mut diagnostic: mainstay_diagnostic::Diagnostic| {
        diagnostic.message = hidden(diagnostic.message, secret);
        diagnostic.hint = diagnostic.hint.map(|hint| hidden(hint, secret));
        diagnostic
    };
    if secret.is_empty() { diagnostics } else { diagnostics.into_iter().map(hide).collect() }
}
