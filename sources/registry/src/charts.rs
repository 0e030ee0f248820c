//! From a request to what is in an archive: what is fresh is not asked for again, what is unchanged not fetched again, and where a
//! registry is down, what it said last is the answer and says so.
mod artifacts;
mod files;
mod proof;

use crate::RegistryError;
use crate::TrustRoot;
use crate::access::Access;
use crate::digest::Digest;
use crate::error::shown;
use crate::http::{Client, Get};
use crate::index::Index;
use crate::metadata::Metadata;
use crate::oci::{Found, Layer, Oci, Repository, Spelling};
use crate::store::{Kind, Store};
use mainstay_package::{Limits, unpack};
use mainstay_unit::tree::IndexedTree;
use mainstay_unit::{ChartArchive, ChartCredentials, ChartRequest, ChartVersion, Registry, WebFile};
use proof::{Proof, Trusted};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use url::Url;

/// Bytes of an index, as source-controller allows them.
pub(crate) const MOST_INDEX: u64 = 50 << 20;
/// Bytes of an archive, packed.
pub(crate) const MOST_ARCHIVE: u64 = 50 << 20;
const MOST_URL: usize = 4096;
/// How long an answer that goes on the same is good on disk.
const WRITTEN: Duration = Duration::from_secs(300);

/// The charts of all registries, and artifacts of OCI registries.
pub struct Charts {
    store: Store,
    options: Options,
    recent: Mutex<Recent>,
}

#[derive(Debug, Clone)]
pub struct Options {
    /// Bytes that are kept of archives; as many of answers, and of indexes.
    pub kept: u64,
    /// How long an answer, a refusal included, is good enough without asking anew.
    pub fresh: Duration,
    pub limits: Limits,
    /// Whom signatures without a key are believed by, where a source names nobody; the public ones that Mainstay brings
    /// along where this is nothing.
    pub root: Option<Arc<TrustRoot>>,
    /// Seconds since 1970, which say whether a key has expired.
    pub clock: fn() -> u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            kept: 1 << 30,
            fresh: Duration::from_secs(30),
            limits: Limits::default(),
            root: None,
            clock: now,
        }
    }
}

#[derive(Default)]
struct Recent {
    answers: BTreeMap<String, (Instant, Result<Answer, RegistryError>)>,
    indexes: BTreeMap<String, (Instant, Result<Arc<Index>, RegistryError>)>,
    /// Hosts that can't be reached: of a hundred charts there one waits for it in vain.
    down: BTreeMap<String, (Instant, RegistryError)>,
    /// Files of the web that could not be had.
    files: BTreeMap<WebFile, (Instant, RegistryError)>,
    /// Answers that are on disk: what goes on the same is not written each time.
    written: BTreeMap<String, (Instant, Answer)>,
    /// Charts that somebody holds, by the names of their archives.
    held: BTreeMap<(String, Digest), Weak<ChartArchive>>,
    /// Files of artifacts that somebody holds, alike.
    trees: BTreeMap<(String, Digest), Weak<IndexedTree>>,
}

/// What a request came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Answer {
    /// Of the archive.
    digest: String,
    /// Of the OCI manifest.
    manifest: Option<String>,
    /// What an artifact calls itself: its tag and digest.
    #[serde(default)]
    revision: Option<String>,
    /// Seconds since 1970 at which the registry said so.
    at: u64,
    /// The last of them at which the proof that was asked for counts.
    #[serde(default)]
    until: Option<u64>,
}

/// An index and what a server is asked with, whether it changed.
#[derive(Serialize, Deserialize)]
struct KeptIndex {
    etag: Option<String>,
    modified: Option<String>,
    index: Index,
}

/// A request as it is carried out.
struct Asked<'a> {
    request: &'a ChartRequest,
    layer: Layer<'a>,
    url: Url,
    access: Access,
    /// One of these vouches for it.
    trusted: Option<Trusted>,
    /// Names what these credentials may see at this place.
    scope: String,
    /// Names the place's host as these credentials reach it.
    host: String,
}

/// What is made of an archive.
trait Form: Clone {
    /// Whatever was kept before, the registry is asked.
    fn ask(charts: &Charts, asked: &Asked<'_>) -> Result<(Answer, Arc<Self>), RegistryError>;
    /// What was fetched for an answer before.
    fn kept(charts: &Charts, asked: &Asked<'_>, answer: &Answer) -> Result<Option<Arc<Self>>, RegistryError>;
    fn stale(self, why: String) -> Self;
}

impl Form for ChartArchive {
    fn ask(charts: &Charts, asked: &Asked<'_>) -> Result<(Answer, Arc<Self>), RegistryError> {
        match asked.request.registry {
            Registry::Http => charts.ask_http(asked),
            Registry::Oci => charts.ask_oci(asked),
        }
    }

    fn kept(charts: &Charts, asked: &Asked<'_>, answer: &Answer) -> Result<Option<Arc<Self>>, RegistryError> {
        let Some(digest) = Digest::parse(&answer.digest) else { return Ok(None) };
        charts.archive(asked, &digest, &asked.url, None)
    }

    fn stale(self, why: String) -> Self {
        Self { stale: Some(why), ..self }
    }
}

impl Answer {
    fn counts(&self, now: u64) -> bool {
        self.until.is_none_or(|until| now <= until)
    }
}

impl Recent {
    fn forget(&mut self, fresh: Duration) {
        self.answers.retain(|_, (at, _)| at.elapsed() < fresh);
        self.indexes.retain(|_, (at, _)| at.elapsed() < fresh);
        self.down.retain(|_, (at, _)| at.elapsed() < fresh);
        self.files.retain(|_, (at, _)| at.elapsed() < fresh);
        self.written.retain(|_, (at, _)| at.elapsed() < WRITTEN);
    }
}

impl Charts {
    /// `folder` is made, readable by its owner only. Several processes may share it.
    pub fn open(folder: &Path, options: Options) -> Result<Self, RegistryError> {
        Ok(Self { store: Store::open(folder, options.kept)?, options, recent: Mutex::default() })
    }

    /// Blocks for as long as the request's timeout, a few times over: an index and an archive, or tags, a manifest and a
    /// blob are asked for one after the other.
    pub fn chart(
        &self,
        request: &ChartRequest,
        credentials: ChartCredentials<'_>,
    ) -> Result<Arc<ChartArchive>, RegistryError> {
        self.get(&self.asked(request, Layer::Chart, credentials)?)
    }

    fn get<T: Form>(&self, asked: &Asked<'_>) -> Result<Arc<T>, RegistryError> {
        let name = self.answer_name(asked)?;
        let recent = self.recent().answers.get(&name).cloned();
        if let Some((at, answer)) = recent
            && at.elapsed() < self.options.fresh
        {
            match answer {
                Ok(answer) => {
                    if answer.counts((self.options.clock)())
                        && let Some(kept) = T::kept(self, asked, &answer)?
                    {
                        return Ok(kept);
                    }
                }
                Err(error) => return self.after_outage(asked, &name, error),
            }
        }
        let result = self.ask::<T>(asked);
        let answer = result.as_ref().map(|(answer, _)| answer.clone()).map_err(Clone::clone);
        let mut recent = self.recent();
        recent.forget(self.options.fresh);
        recent.answers.insert(name.clone(), (Instant::now(), answer));
        drop(recent);
        match result {
            Ok((answer, got)) => {
                self.remember(name, answer)?;
                Ok(got)
            }
            Err(error) => self.after_outage(asked, &name, error),
        }
    }

    fn asked<'a>(
        &self,
        request: &'a ChartRequest,
        layer: Layer<'a>,
        credentials: ChartCredentials<'_>,
    ) -> Result<Asked<'a>, RegistryError> {
        let fail = |why: &str| RegistryError::url(&request.url, why);
        if request.url.len() > MOST_URL {
            return Err(fail("it is longer than 4096 characters"));
        }
        let mut url = Url::parse(&request.url).map_err(|why| fail(&why.to_string()))?;
        if request.registry == Registry::Http && !matches!(url.scheme(), "http" | "https") {
            return Err(fail("its scheme must be http or https"));
        }
        let access = Access::read(request, &url, credentials)?;
        if url.set_username("").is_err() || url.set_password(None).is_err() {
            return Err(fail("it names no host"));
        }
        let trusted = Trusted::by(request, credentials, self.options.root.as_ref())?;
        let pass = request.pass_credentials.to_string();
        let insecure = request.insecure.to_string();
        let mut parts = vec![url.as_str(), &pass, &insecure];
        parts.extend(access.parts());
        let scope = self.store.name(&parts)?;
        let port = url.port().map(|port| port.to_string()).unwrap_or_default();
        let timeout = request.timeout.as_millis().to_string();
        let mut parts = vec![url.scheme(), url.host_str().unwrap_or_default(), &port, &insecure, &timeout];
        parts.extend(access.parts());
        let host = self.store.name(&parts)?;
        Ok(Asked { request, layer, access, trusted, scope, host, url })
    }

    fn answer_name(&self, asked: &Asked<'_>) -> Result<String, RegistryError> {
        let (kind, text, filter) = match &asked.request.version {
            ChartVersion::Range { range, filter } => ("range", range.as_str(), filter.as_deref()),
            ChartVersion::Tag(tag) => ("tag", tag.as_str(), None),
            ChartVersion::Digest(digest) => ("digest", digest.as_str(), None),
        };
        let filtered = filter.map_or("", |_| "filter");
        let chart = asked.request.chart.as_str();
        let mut parts = vec![&*asked.scope, chart, kind, text, filtered, filter.unwrap_or_default()];
        // What nobody has verified, or others have, is no answer.
        if let Some(trusted) = &asked.trusted {
            parts.extend(trusted.parts());
        }
        match asked.layer {
            Layer::Chart => {}
            Layer::First => parts.push("artifact"),
            Layer::Of(kind) => parts.extend(["artifact of", kind]),
        }
        self.store.name(&parts)
    }

    fn ask<T: Form>(&self, asked: &Asked<'_>) -> Result<(Answer, Arc<T>), RegistryError> {
        let down = self.recent().down.get(&asked.host).cloned();
        if let Some((at, error)) = down
            && at.elapsed() < self.options.fresh
        {
            return Err(error);
        }
        let result = T::ask(self, asked);
        if let Err(error @ (RegistryError::Unreachable { url, .. } | RegistryError::Timeout { url })) =
            &result
            && Url::parse(url).is_ok_and(|url| url.host_str() == asked.url.host_str())
        {
            self.recent().down.insert(asked.host.clone(), (Instant::now(), error.clone()));
        }
        result
    }

    fn ask_http(&self, asked: &Asked<'_>) -> Result<(Answer, Arc<ChartArchive>), RegistryError> {
        let Asked { request, url, access, .. } = asked;
        let ChartVersion::Range { range, filter: None } = &request.version else {
            return Err(RegistryError::Unsupported(format!(
                "{} in a repository over HTTP, which knows versions and ranges only,",
                request.version
            )));
        };
        let client = Client::new(access, url, request.pass_credentials, request.timeout)?;
        let index = self.index(asked, &client)?;
        let version = index.find(&shown(url), &request.chart, range)?;
        let at = beside(url, &version.url)?;
        let digest = match version.digest.as_str() {
            "" => None,
            text => Some(Digest::required(text, &format!("{} {}", request.chart, version.version))?),
        };
        let expected = Metadata { name: request.chart.clone(), version: version.version.clone() };
        let prove = |digest: &Digest| self.prove_at(asked, &client, &at, digest);
        let mut proof = digest.as_ref().map(prove).transpose()?;
        if let (Some(digest), Some(proof)) = (&digest, &proof)
            && let Some(chart) = self.archive(asked, digest, &at, Some(&expected))?
        {
            self.vouched(proof, &chart)?;
            return Ok((self.answer(digest, None, proof), chart));
        }
        let accept = "application/gzip, application/octet-stream";
        let get = Get { url: &at, accept, headers: &[], user: access.user.as_ref(), most: MOST_ARCHIVE };
        let bytes = client.get(&get)?.ok(&at, access.user.is_some())?;
        if let Some(digest) = &digest {
            digest.check(&bytes, &shown(&at))?;
        }
        let digest = Digest::of(&bytes);
        let proof = match proof.take() {
            Some(proof) => proof,
            None => prove(&digest)?,
        };
        let chart = self.unpack(&bytes, &digest, &shown(&at), Some(&expected))?;
        self.vouched(&proof, &chart)?;
        self.keep(asked, &digest, &bytes, &chart)?;
        Ok((self.answer(&digest, None, &proof), chart))
    }

    /// Asked for at most once in a while, and read anew only if it changed.
    fn index(&self, asked: &Asked<'_>, client: &Client) -> Result<Arc<Index>, RegistryError> {
        let recent = self.recent().indexes.get(&asked.scope).cloned();
        if let Some((at, index)) = recent
            && at.elapsed() < self.options.fresh
        {
            return index;
        }
        let index = self.ask_index(asked, client);
        self.recent().indexes.insert(asked.scope.clone(), (Instant::now(), index.clone()));
        index
    }

    fn ask_index(&self, asked: &Asked<'_>, client: &Client) -> Result<Arc<Index>, RegistryError> {
        let url = beside(&asked.url, "index.yaml")?;
        let kept: Option<KeptIndex> = self.store.record(Kind::Indexes, &asked.scope)?;
        let mut headers = Vec::new();
        if let Some(kept) = &kept {
            headers.extend(kept.etag.as_deref().map(|tag| ("if-none-match", tag)));
            headers.extend(kept.modified.as_deref().map(|date| ("if-modified-since", date)));
        }
        let user = asked.access.user.as_ref();
        let get = Get { url: &url, accept: "*/*", headers: &headers, user, most: MOST_INDEX };
        let answer = client.get(&get)?;
        if answer.status == 304
            && let Some(kept) = kept
        {
            return Ok(Arc::new(kept.index));
        }
        let (etag, modified) = (answer.text("etag"), answer.text("last-modified"));
        let body = answer.ok(&url, user.is_some())?;
        let index = Index::read(&body)
            .map_err(|why| RegistryError::unreadable(format!("the index {}", shown(&url)), why))?;
        let kept = KeptIndex { etag, modified, index };
        self.store.keep(Kind::Indexes, &asked.scope, &kept)?;
        Ok(Arc::new(kept.index))
    }

    fn ask_oci(&self, asked: &Asked<'_>) -> Result<(Answer, Arc<ChartArchive>), RegistryError> {
        let Asked { request, url, access, .. } = asked;
        let repository = Repository::read(url, &request.chart, request.insecure)?;
        let oci = Oci::new(&repository, access, request.timeout)?;
        let spelling = if request.chart.is_empty() { Spelling::OfCharts } else { Spelling::OfVersions };
        let (found, _, proof) = self.resolve(asked, &repository, &oci, spelling)?;
        let at = repository.shown();
        let answer = self.answer(&found.layer, Some(&found.manifest), &proof);
        if let Some(chart) = self.archive(asked, &found.layer, url, None)? {
            self.vouched(&proof, &chart)?;
            return Ok((answer, chart));
        }
        let bytes = oci.blob(&found)?;
        let chart = self.unpack(&bytes, &found.layer, &at, None)?;
        self.vouched(&proof, &chart)?;
        self.keep(asked, &found.layer, &bytes, &chart)?;
        Ok((answer, chart))
    }

    /// What the request stands for, proved where a proof is asked for; and the tag that was chosen.
    fn resolve(
        &self,
        asked: &Asked<'_>,
        repository: &Repository,
        oci: &Oci<'_>,
        spelling: Spelling,
    ) -> Result<(Found, Option<String>, Proof), RegistryError> {
        let layer = asked.layer;
        let (found, tag) = match &asked.request.version {
            ChartVersion::Range { range, filter } => {
                let tag = oci.tag(range, filter.as_deref(), spelling)?;
                (oci.by_tag(&tag, layer)?, Some(tag))
            }
            ChartVersion::Tag(tag) => (oci.by_tag(tag, layer)?, Some(tag.clone())),
            ChartVersion::Digest(digest) => (oci.by_digest(digest, layer)?, None),
        };
        let proof = self.prove_in(asked, repository, oci, &found, tag.as_deref())?;
        Ok((found, tag, proof))
    }

    fn remember(&self, name: String, answer: Answer) -> Result<(), RegistryError> {
        let known = self.recent().written.get(&name).cloned();
        let is_known = known
            .is_some_and(|(at, old)| at.elapsed() < WRITTEN && Answer { at: answer.at, ..old } == answer);
        if is_known {
            return Ok(());
        }
        self.store.keep(Kind::Answers, &name, &answer)?;
        self.recent().written.insert(name, (Instant::now(), answer));
        Ok(())
    }

    fn answer(&self, digest: &Digest, manifest: Option<&Digest>, proof: &Proof) -> Answer {
        let manifest = manifest.map(|digest| digest.text().to_owned());
        let (digest, at) = (digest.text().to_owned(), (self.options.clock)());
        Answer { digest, manifest, revision: None, at, until: proof.until() }
    }

    /// What was answered last, if the registry is down; otherwise the error.
    fn after_outage<T: Form>(
        &self,
        asked: &Asked<'_>,
        name: &str,
        error: RegistryError,
    ) -> Result<Arc<T>, RegistryError> {
        if !error.is_outage() {
            return Err(error);
        }
        let Some(answer) = self.store.record::<Answer>(Kind::Answers, name)? else { return Err(error) };
        if !answer.counts((self.options.clock)()) {
            let why = format!("what vouched for it has expired, and {error}");
            return Err(RegistryError::unverified(&asked.request.to_string(), &why));
        }
        let Some(kept) = T::kept(self, asked, &answer)? else { return Err(error) };
        let since = i64::try_from(answer.at).ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
        let since = since.map_or_else(|| "before".to_owned(), |since| format!("at {since}"));
        tracing::warn!(asked = %asked.request, %error, "using what the registry said last");
        Ok(Arc::new(T::clone(&kept).stale(format!("{error}; this is what the registry said {since}"))))
    }

    /// A chart that these credentials fetched from this place before.
    fn archive(
        &self,
        asked: &Asked<'_>,
        digest: &Digest,
        at: &Url,
        expected: Option<&Metadata>,
    ) -> Result<Option<Arc<ChartArchive>>, RegistryError> {
        let held = self.recent().held.get(&(asked.scope.clone(), digest.clone())).and_then(Weak::upgrade);
        if let Some(chart) = held {
            check(&chart.files, &shown(at), expected)?;
            return Ok(Some(chart));
        }
        let Some(bytes) = self.store.archive(&asked.scope, digest)? else { return Ok(None) };
        let chart = self.unpack(&bytes, digest, &shown(at), expected)?;
        self.hold(asked, digest, &chart);
        Ok(Some(chart))
    }

    fn keep(
        &self,
        asked: &Asked<'_>,
        digest: &Digest,
        bytes: &[u8],
        chart: &Arc<ChartArchive>,
    ) -> Result<(), RegistryError> {
        self.store.keep_archive(&asked.scope, digest, bytes)?;
        self.hold(asked, digest, chart);
        Ok(())
    }

    fn hold(&self, asked: &Asked<'_>, digest: &Digest, chart: &Arc<ChartArchive>) {
        let held = &mut self.recent().held;
        held.retain(|_, chart| chart.strong_count() > 0);
        held.insert((asked.scope.clone(), digest.clone()), Arc::downgrade(chart));
    }

    /// The files, if the archive is what it was said to be.
    fn unpack(
        &self,
        bytes: &[u8],
        digest: &Digest,
        at: &str,
        expected: Option<&Metadata>,
    ) -> Result<Arc<ChartArchive>, RegistryError> {
        let files = unpack(bytes, &self.options.limits)
            .map_err(|why| RegistryError::Archive { url: at.to_owned(), why })?;
        let version = check(&files, at, expected)?.version;
        Ok(Arc::new(ChartArchive { digest: digest.text().to_owned(), version, files, stale: None }))
    }

    fn recent(&self) -> std::sync::MutexGuard<'_, Recent> {
        // Whoever panicked left whole entries: each is put in at once.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn check(
    files: &BTreeMap<String, Vec<u8>>,
    at: &str,
    expected: Option<&Metadata>,
) -> Result<Metadata, RegistryError> {
    let found = Metadata::of(files, at)?;
    match expected {
        Some(expected) if !expected.is(&found) => Err(RegistryError::Mismatch {
            url: at.to_owned(),
            expected: expected.shown(),
            found: found.shown(),
        }),
        Some(_) | None => Ok(found),
    }
}

/// `repo.ResolveReferenceURL`: behind the repository's path, with the repository's query; absolute ones as they are.
fn beside(base: &Url, reference: &str) -> Result<Url, RegistryError> {
    let fail = |why: url::ParseError| RegistryError::url(reference, why);
    match Url::parse(reference) {
        Ok(absolute) => return Ok(absolute),
        Err(url::ParseError::RelativeUrlWithoutBase) => {}
        Err(why) => return Err(fail(why)),
    }
    let mut folder = base.clone();
    folder.set_path(&format!("{}/", base.path().trim_end_matches('/')));
    let mut joined = folder.join(reference).map_err(fail)?;
    joined.set_query(base.query());
    Ok(joined)
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
