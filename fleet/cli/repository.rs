//! The platform repository and the further ones that units name.

use crate::exit::Failure;
use crate::state::State;
use mainstay_diagnostic::Fault;
use mainstay_exec::{Helm, Limits};
use mainstay_git::{Auth, GitError, Mirror, Reference, Remote, redact};
use mainstay_object::Digest;
use mainstay_openpgp::Rings;
use mainstay_registry::{Charts, Options, RegistryError, TrustRoot};
use mainstay_render::{Checkout, Followed, Supply};
use mainstay_runtime::{Answers, Sources, read_once};
use mainstay_unit::tree::{Tree, TreePath};
use mainstay_unit::{
    ArtifactRequest, ChartArchive, ChartCredentials, ChartRequest, Content, GitCredentials, GitReference,
    GitVerification, HelmRun, Need, NotText, OciArtifact, Reading, Signable, SourceId, WebFile,
};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The role of a daemon: what it reads acts on clusters.
pub(crate) const RUN: &str = "run";
const FETCH: Duration = Duration::from_secs(60);

#[derive(clap::Args, Debug, Clone)]
pub(crate) struct RepositoryArgs {
    /// Platform repository: a URL (https, ssh, file) or a local path
    #[arg(default_value = ".", value_name = "REPOSITORY")]
    pub repository: String,
    /// Folder of the repository that is read first
    #[arg(long, env = "MAINSTAY_PATH", default_value = "/", value_name = "FOLDER")]
    pub path: String,
    /// Branch that is followed [default: the repository's HEAD]
    #[arg(long, env = "MAINSTAY_BRANCH")]
    pub branch: Option<String>,
    /// Flux source that stands for the repository itself, where a FluxInstance gives it another name
    /// [default: GitRepository/flux-system/flux-system]
    #[arg(long, env = "MAINSTAY_SOURCE", value_name = "[KIND/][NAMESPACE/]NAME", value_parser = crate::followed::source)]
    pub source: Option<SourceId>,
    /// File with the token for an https repository
    #[arg(long, env = "MAINSTAY_GIT_TOKEN_FILE", value_name = "FILE")]
    pub git_token_file: Option<PathBuf>,
    /// Private key (PEM) for an ssh repository
    #[arg(long, env = "MAINSTAY_SSH_KEY_FILE", value_name = "FILE", requires = "known_hosts_file")]
    pub ssh_key_file: Option<PathBuf>,
    /// Host keys that an ssh repository may show
    #[arg(long, env = "MAINSTAY_KNOWN_HOSTS_FILE", value_name = "FILE")]
    pub known_hosts_file: Option<PathBuf>,
    /// Certificate authority (PEM) of an https repository
    #[arg(long, env = "MAINSTAY_GIT_CA_FILE", value_name = "FILE")]
    pub git_ca_file: Option<PathBuf>,
    /// Keyring of OpenPGP: the newest commit of a repository is not read unless a key in it has signed it; folders, and
    /// revisions that are named, are read as they are [default: nobody looks who signed it]
    #[arg(long, env = "MAINSTAY_GIT_KEYRING_FILE", value_name = "FILE")]
    pub git_keyring_file: Option<PathBuf>,
    /// The real helm, for charts that ask for it where the Platform allows it [default: none is run]
    #[arg(long, env = "MAINSTAY_HELM", value_name = "PROGRAM")]
    pub helm: Option<PathBuf>,
    /// sigstore's trust root (trusted_root.json) for signatures without a key [default: the public one, as of this release]
    #[arg(long, env = "MAINSTAY_SIGSTORE_ROOT", value_name = "FILE")]
    pub sigstore_root: Option<PathBuf>,
}

impl RepositoryArgs {
    /// HEAD of a repository on this machine, read from its root.
    pub fn local_head() -> Self {
        Self {
            repository: ".".into(),
            path: "/".into(),
            branch: None,
            source: None,
            git_token_file: None,
            ssh_key_file: None,
            known_hosts_file: None,
            git_ca_file: None,
            git_keyring_file: None,
            helm: None,
            sigstore_root: None,
        }
    }

    pub fn entry(&self) -> Result<TreePath, Failure> {
        TreePath::parse(&self.path).map_err(|e| Failure::user(format!("--path: {e}")))
    }

    /// A local folder, if the repository is one.
    pub fn local(&self) -> Option<PathBuf> {
        let path = Path::new(self.repository.strip_prefix("file://").unwrap_or(&self.repository));
        path.is_dir().then(|| path.to_path_buf())
    }

    fn remote(&self) -> Result<Remote, Failure> {
        let reference = self.branch.clone().map_or_else(|| Reference::Name("HEAD".into()), Reference::Branch);
        let url = match self.local() {
            Some(path) => path
                .canonicalize()
                .map_err(|e| Failure::user(format!("{} can't be read: {e}", path.display())))?
                .display()
                .to_string(),
            None => self.repository.clone(),
        };
        let mut remote = Remote::new(url, reference);
        let text = |path: &PathBuf| {
            std::fs::read_to_string(path)
                .map(|t| t.trim_end().to_owned())
                .map_err(|e| Failure::user(format!("{} can't be read: {e}", path.display())))
        };
        if let Some(path) = &self.git_token_file {
            remote.auth = Auth::Token(text(path)?);
        }
        if let (Some(key), Some(hosts)) = (&self.ssh_key_file, &self.known_hosts_file) {
            remote.auth =
                Auth::Ssh { private_key_pem: text(key)?, passphrase: None, known_hosts: text(hosts)? };
        }
        if let Some(path) = &self.git_ca_file {
            remote.ca = Some(text(path)?.into_bytes());
        }
        Ok(remote)
    }

    /// `role` keeps a daemon and a preview from sharing a mirror: each is locked by one process.
    pub fn open(&self, state: &State, role: &str) -> Result<Repository, Failure> {
        let remote = self.remote()?;
        let shown = redact(&remote.url);
        let place = format!("{role} {} {:?}", remote.url, remote.reference);
        let reference = reference_of(&remote.reference);
        let path = state.mirror(&place);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|e| Failure::environment(format!("{} can't be made: {e}", folder.display())))?;
        }
        let mirror = Mirror::open(&path, remote.clone())?;
        let state = state.clone();
        let root = self.sigstore_root.as_deref().map(trust_root).transpose()?;
        let helm = LazyHelm { program: self.helm.clone(), opened: None, failed: None };
        let keyring = self.git_keyring_file.clone();
        // What is wrong with it is told before anything is fetched.
        keyring.as_deref().map(trusted).transpose()?;
        Ok(Repository {
            mirror,
            shown,
            remote,
            reference,
            source: self.source.clone(),
            unproved: role == RUN && keyring.is_none(),
            keyring,
            state,
            others: BTreeMap::new(),
            charts: None,
            root,
            helm,
        })
    }
}

pub(crate) struct Repository {
    pub mirror: Mirror,
    /// Without credentials.
    pub shown: String,
    remote: Remote,
    reference: GitReference,
    source: Option<SourceId>,
    /// Who has to have signed its commits: read anew each time, so that keys may be renewed.
    keyring: Option<PathBuf>,
    unproved: bool,
    state: State,
    others: BTreeMap<Digest, Mirror>,
    /// Opened once a chart is asked for.
    charts: Option<Charts>,
    root: Option<Arc<TrustRoot>>,
    helm: LazyHelm,
}

fn trust_root(path: &Path) -> Result<Arc<TrustRoot>, Failure> {
    let failed = |why: String| Failure::user(format!("--sigstore-root: {} {why}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| failed(format!("can't be read: {error}")))?;
    TrustRoot::read(&text).map(Arc::new).map_err(failed)
}

/// The program that whoever started Mainstay names, opened once a chart asks for it.
struct LazyHelm {
    program: Option<PathBuf>,
    opened: Option<Helm>,
    /// Why it can't be used, and since when.
    failed: Option<(Instant, String)>,
}

/// How long a program that can't be used is left alone.
const UNUSABLE: Duration = Duration::from_secs(60);

impl LazyHelm {
    fn open(&mut self, state: &State) -> Result<&Helm, String> {
        let Some(program) = &self.program else {
            return Err("no program is named: --helm or MAINSTAY_HELM names one".to_owned());
        };
        if let Some((_, why)) = self.failed.as_ref().filter(|(since, _)| since.elapsed() < UNUSABLE) {
            return Err(why.clone());
        }
        let opened = match self.opened.take() {
            Some(opened) => Ok(opened),
            None => Helm::open(program, &state.exec(), Limits::default()).map_err(|error| error.to_string()),
        };
        match opened {
            Ok(opened) => {
                self.failed = None;
                Ok(self.opened.insert(opened))
            }
            Err(why) => {
                tracing::warn!(program = %program.display(), %why, "charts can't be left to helm");
                self.failed = Some((Instant::now(), why.clone()));
                Err(why)
            }
        }
    }
}

fn unavailable<T>(error: &RegistryError) -> Supply<T> {
    match error.fault() {
        Fault::User => Supply::Absent(error.to_string()),
        Fault::Environment | Fault::Internal => Supply::NotEvaluated(error.to_string()),
    }
}

fn of_registry<T>(got: Result<T, RegistryError>) -> Supply<T> {
    match got {
        Ok(got) => Supply::Here(got),
        Err(error @ RegistryError::Unverified { .. }) => Supply::Refused(error.to_string()),
        Err(error) => unavailable(&error),
    }
}

impl Repository {
    fn charts(&mut self) -> Result<&Charts, RegistryError> {
        match &mut self.charts {
            Some(charts) => Ok(charts),
            none => {
                let options = Options { root: self.root.clone(), ..Options::default() };
                Ok(none.insert(Charts::open(&self.state.charts(), options)?))
            }
        }
    }

    /// The tree of any revision: one that the mirror has, or else a branch, tag or commit of the repository.
    pub fn at(&self, revision: &str) -> Result<Checkout, Failure> {
        let first = match self.mirror.resolve(revision) {
            Ok(commit) => return checkout(&self.mirror, commit),
            Err(error) => error,
        };
        let names = [
            Reference::Branch(revision.to_owned()),
            Reference::Tag(revision.to_owned()),
            Reference::Commit(revision.to_owned()),
        ];
        for reference in names {
            let mut remote = self.remote.clone();
            let place = format!("look {} {reference:?}", remote.url);
            remote.reference = reference;
            let mut mirror = Mirror::open(self.state.mirror(&place), remote)?;
            let start = Instant::now();
            match mirror.fetch(&|| start.elapsed() > FETCH) {
                Ok(head) => return checkout(&mirror, head.commit),
                Err(GitError::NotFound { .. } | GitError::Invalid { .. }) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Err(first.into())
    }

    pub fn fetch(&mut self) -> Result<String, Failure> {
        let start = Instant::now();
        let commit = self.mirror.fetch(&|| start.elapsed() > FETCH)?.commit;
        if let Some(keyring) = &self.keyring {
            self.mirror.verify(Signable::Commit, &trusted(keyring)?, mainstay_clock::wall().as_secs())?;
        }
        Ok(commit)
    }
}

/// Whose signatures of the platform repository's commits count.
fn trusted(keyring: &Path) -> Result<Rings, Failure> {
    let failed = |why: String| Failure::user(format!("--git-keyring-file: {why}"));
    let bytes = std::fs::read(keyring)
        .map_err(|error| failed(format!("{} can't be read: {error}", keyring.display())))?;
    Rings::read(&Content::from([(keyring.display().to_string(), bytes)])).map_err(failed)
}

/// Refused where what is asked for is not signed by whom the keyrings of the Secret name.
fn proved(mirror: &Mirror, wanted: &GitVerification, keys: Option<&Content>) -> Result<(), Supply<Checkout>> {
    let refused = |why: String| Supply::Refused(why);
    let keys = keys.ok_or_else(|| refused(format!("{} is not there", wanted.keys)))?;
    // Flux keeps keys of SSH beside keyrings.
    let rings: Content = keys.entries().filter(|(name, _)| !name.ends_with(".sshpub")).collect();
    let rings = Rings::read(&rings)
        .map_err(|why| refused(format!("the keyrings in {} are not valid: {why}", wanted.keys)))?;
    match mirror.verify(wanted.what, &rings, mainstay_clock::wall().as_secs()) {
        Ok(by) => {
            tracing::debug!(mirror = %mirror.path().display(), ?by, "a signature is verified");
            Ok(())
        }
        Err(error @ GitError::Unverified { .. }) => Err(refused(error.to_string())),
        Err(error) => Err(Supply::Absent(error.to_string())),
    }
}

fn checkout(mirror: &Mirror, commit: String) -> Result<Checkout, Failure> {
    let tree: Arc<dyn Tree> = Arc::new(mirror.tree(&commit)?);
    Ok(Checkout { revision: commit, tree })
}

impl Sources for Repository {
    fn platform(&mut self) -> Result<Checkout, String> {
        let commit = self.fetch().map_err(|e| e.as_line())?;
        self.at(&commit).map_err(|e| e.as_line())
    }

    fn past(&mut self, revision: &str) -> Option<Checkout> {
        let commit = self.mirror.resolve(revision).ok()?;
        checkout(&self.mirror, commit).ok()
    }

    fn followed(&self) -> Option<Followed> {
        let mut urls = vec![self.remote.url.clone()];
        let local = Path::new(&self.remote.url);
        if local.is_absolute() {
            urls.extend(mainstay_git::remotes(local));
        }
        let (source, unproved) = (self.source.clone(), self.unproved);
        Some(Followed { urls, reference: self.branch(), folder: false, source, unproved })
    }

    fn git(&mut self, need: &Need, credentials: GitCredentials<'_>) -> Supply<Checkout> {
        match self.other(need, credentials) {
            Ok(checkout) => Supply::Here(checkout),
            Err(lacking) => lacking,
        }
    }

    fn chart(
        &mut self,
        request: &ChartRequest,
        credentials: ChartCredentials<'_>,
    ) -> Supply<Arc<ChartArchive>> {
        of_registry(self.charts().and_then(|charts| charts.chart(request, credentials)))
    }

    fn artifact(
        &mut self,
        request: &ArtifactRequest,
        credentials: ChartCredentials<'_>,
    ) -> Supply<Arc<OciArtifact>> {
        of_registry(self.charts().and_then(|charts| charts.artifact(request, credentials)))
    }

    fn file(&mut self, file: &WebFile) -> Supply<Arc<[u8]>> {
        match self.charts().and_then(|charts| charts.file(file)) {
            Ok(bytes) => Supply::Here(bytes),
            Err(error @ RegistryError::Digest { .. }) => Supply::Refused(error.to_string()),
            Err(error) => unavailable(&error),
        }
    }

    fn helm(&mut self, run: &HelmRun) -> Supply<Arc<str>> {
        match self.helm.open(&self.state).map(|helm| helm.template(run)) {
            Ok(Ok(printed)) => Supply::Here(printed),
            Ok(Err(error)) if error.is_final() => Supply::Absent(error.to_string()),
            Ok(Err(error)) => Supply::NotEvaluated(error.to_string()),
            Err(why) => Supply::NotEvaluated(why),
        }
    }
}

impl Repository {
    /// What is followed, by the name of its branch where HEAD is: a source has to name one. A repository on this machine
    /// may have any checked out.
    fn branch(&self) -> GitReference {
        if self.remote.reference != Reference::Name("HEAD".into()) {
            return self.reference.clone();
        }
        let local = Path::new(&self.remote.url);
        if local.is_absolute() {
            return crate::followed::branch_of(local);
        }
        let head = self.mirror.head().and_then(|head| head.reference.strip_prefix("refs/heads/"));
        match head {
            Some(branch) => GitReference { branch: Some(branch.to_owned()), ..GitReference::default() },
            None => self.reference.clone(),
        }
    }

    fn other(&mut self, need: &Need, credentials: GitCredentials<'_>) -> Result<Checkout, Supply<Checkout>> {
        let absent = |why: String| Supply::Absent(why);
        let failed = |error: GitError| Supply::Absent(error.to_string());
        let Need::Git { url, reference, verify, .. } = need else {
            return Err(absent("it is no Git repository".to_owned()));
        };
        let GitCredentials { secret, keys } = credentials;
        let mut remote = Remote::new(url.clone(), Reference::from(reference));
        if let Some(secret) = secret {
            authorize(&mut remote, secret).map_err(|why| absent(format!("its Secret: {why}")))?;
        }
        // Of a commit alone no history is needed: it never moves.
        remote.depth = reference.commit.is_some().then_some(1);
        let key =
            Digest::of_bytes(format!("{url} {reference:?} {:?}", secret.map(Content::digest)).as_bytes());
        let path = self.state.mirror(&key.hex());
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|e| absent(e.to_string()))?;
        }
        let mirror = match self.others.entry(key) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Mirror::open(&path, remote).map_err(failed)?)
            }
        };
        let start = Instant::now();
        let commit = match mirror.fetch(&|| start.elapsed() > FETCH) {
            Ok(head) => head.commit,
            // An outage stops nothing that was fetched before.
            Err(error) => match mirror.head() {
                Some(head) => {
                    tracing::warn!(repository = %redact(url), %error, "using the last state that was fetched");
                    head.commit.clone()
                }
                None => return Err(failed(error)),
            },
        };
        if let Some(wanted) = verify {
            proved(mirror, wanted, keys)?;
        }
        let tree: Arc<dyn Tree> = Arc::new(mirror.tree(&commit).map_err(failed)?);
        Ok(Checkout { revision: commit, tree })
    }
}

/// The keys that Flux reads from a GitRepository's Secret.
fn authorize(remote: &mut Remote, secret: &Content) -> Result<(), NotText> {
    let get = |name: &str| Ok::<_, NotText>(secret.text(name)?.map(str::to_owned));
    if let (Some(private_key_pem), Some(known_hosts)) = (get("identity")?, get("known_hosts")?) {
        remote.auth = Auth::Ssh { private_key_pem, passphrase: get("password")?, known_hosts };
    } else if let Some(token) = get("bearerToken")? {
        remote.auth = Auth::Bearer(token);
    } else if let (Some(user), Some(password)) = (get("username")?, get("password")?) {
        remote.auth = Auth::Basic { user, password };
    }
    let authority = match get("ca.crt")? {
        None => get("caFile")?,
        some => some,
    };
    if let Some(ca) = authority {
        remote.ca = Some(ca.into_bytes());
    }
    Ok(())
}

fn reference_of(reference: &Reference) -> GitReference {
    let mut out = GitReference::default();
    match reference.clone() {
        Reference::Branch(branch) => out.branch = Some(branch),
        Reference::Tag(tag) => out.tag = Some(tag),
        Reference::Semver { range } => out.semver = Some(range.to_string()),
        Reference::Commit(commit) => out.commit = Some(commit),
        Reference::Name(name) => out.name = Some(name),
    }
    out
}

/// A tree that is given: a folder on disk, one fixed revision. Further repositories are looked up where `others` can.
pub(crate) struct Fixed<'a> {
    pub checkout: Checkout,
    pub followed: Option<Followed>,
    pub others: Option<&'a mut Repository>,
}

impl Fixed<'_> {
    /// Reads it without asking any cluster.
    pub fn read(&mut self, entry: &TreePath) -> Result<Reading, Failure> {
        self.read_with(&Answers::Nobody, entry)
    }

    pub fn read_with(&mut self, answers: &Answers<'_>, entry: &TreePath) -> Result<Reading, Failure> {
        let mut cache = match answers {
            Answers::Live(cluster, handle) => {
                mainstay_render::Cache::keyed(handle.block_on(mainstay_runtime::known_key(cluster)))
            }
            Answers::Nobody => mainstay_render::Cache::default(),
        };
        read_once(self, answers, entry, &mut cache).map_err(Failure::environment)
    }
}

impl Sources for Fixed<'_> {
    fn platform(&mut self) -> Result<Checkout, String> {
        Ok(self.checkout.clone())
    }

    fn past(&mut self, _: &str) -> Option<Checkout> {
        None
    }

    fn followed(&self) -> Option<Followed> {
        self.followed.clone()
    }

    fn git(&mut self, need: &Need, credentials: GitCredentials<'_>) -> Supply<Checkout> {
        match &mut self.others {
            Some(repository) => repository.git(need, credentials),
            None => Supply::NotEvaluated("it is not fetched offline".into()),
        }
    }

    fn chart(
        &mut self,
        request: &ChartRequest,
        credentials: ChartCredentials<'_>,
    ) -> Supply<Arc<ChartArchive>> {
        match &mut self.others {
            Some(repository) => repository.chart(request, credentials),
            None => Supply::NotEvaluated("it is not fetched offline".into()),
        }
    }

    fn artifact(
        &mut self,
        request: &ArtifactRequest,
        credentials: ChartCredentials<'_>,
    ) -> Supply<Arc<OciArtifact>> {
        match &mut self.others {
            Some(repository) => repository.artifact(request, credentials),
            None => Supply::NotEvaluated("it is not fetched offline".into()),
        }
    }

    fn file(&mut self, file: &WebFile) -> Supply<Arc<[u8]>> {
        match &mut self.others {
            Some(repository) => repository.file(file),
            None => Supply::NotEvaluated("it is not fetched offline".into()),
        }
    }

    fn helm(&mut self, run: &HelmRun) -> Supply<Arc<str>> {
        match &mut self.others {
            Some(repository) => repository.helm(run),
            None => Supply::NotEvaluated("it is not run offline".into()),
        }
    }
}
