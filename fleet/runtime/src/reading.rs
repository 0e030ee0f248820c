//! Reading revisions one after the other, and those before the first that the state machine has to know.

use crate::judge::RecordedRules;
use crate::ports::Sources;
use crate::reader::{Answers, read_at, read_once};
use crate::run::Stopped;
use mainstay_cluster::Cluster;
use mainstay_object::DigestKey;
use mainstay_reconcile::{Record, is_recorded};
use mainstay_render::{Cache, Inputs};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{HealthRules, Reading, RenderState, RuleFiles};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use tokio::sync::mpsc;

/// What a reader tells.
pub enum Read {
    Newest(Arc<Reading>),
    /// One that earlier runs applied, told before the newest.
    Past(Arc<Reading>),
    /// The health rules that earlier runs judged by, told before a newest revision whose own can't be read.
    Rules {
        revision: String,
        files: Arc<RuleFiles>,
    },
    Failed(String),
}

/// What earlier runs left behind.
#[derive(Default)]
pub struct Earlier {
    pub records: Vec<Record>,
    /// The installation's key of digests.
    pub key: DigestKey,
    pub rules: Option<RecordedRules>,
}

/// Earlier revisions that are read again at the start, at most.
const PAST: usize = 8;

pub struct Reader<S> {
    sources: S,
    entry: TreePath,
    cache: Cache,
    /// What earlier runs recorded, until the first reading.
    earlier: Option<(Vec<Record>, Option<RecordedRules>)>,
}

impl<S: Sources> Reader<S> {
    pub fn new(sources: S, entry: TreePath, earlier: Earlier) -> Self {
        let Earlier { records, key, rules } = earlier;
        Self { sources, entry, cache: Cache::keyed(key), earlier: Some((records, rules)) }
    }

    /// How many units the last reading rendered anew.
    pub fn rendered(&self) -> usize {
        self.cache.rendered()
    }

    /// The newest revision; at the first time it comes last.
    pub fn next(&mut self, answers: &Answers<'_>) -> Vec<Read> {
        let newest = match read_once(&mut self.sources, answers, &self.entry, &mut self.cache) {
            Ok(newest) => newest,
            Err(why) => return vec![Read::Failed(why)],
        };
        let (records, rules) = self.earlier.take().unwrap_or_default();
        let past = revisions(&records, &newest);
        let mut out = Vec::new();
        if let (HealthRules::Unknown { .. }, Some(recorded)) = (&newest.health_rules, rules) {
            out.extend(self.rules(recorded));
        }
        for revision in past {
            let Some(checkout) = self.sources.past(&revision) else { continue };
            // With a cache of its own: the other one keeps what the last reading used.
            let mut cache = Cache::keyed(self.cache.key());
            let reading = read_at(checkout, &mut self.sources, answers, &self.entry, &mut cache);
            out.push(Read::Past(Arc::new(reading)));
        }
        out.push(Read::Newest(Arc::new(newest)));
        out
    }

    /// The rules that are recorded, if their revision is at hand and says the same as then.
    fn rules(&mut self, recorded: RecordedRules) -> Option<Read> {
        let none = RuleFiles::default();
        if recorded.digest == none.digest {
            return Some(Read::Rules { revision: recorded.revision, files: Arc::new(none) });
        }
        let inputs = Inputs::new(self.sources.past(&recorded.revision)?, self.entry.clone());
        match mainstay_render::health_rules(&inputs).0 {
            HealthRules::Known(files) if files.digest == recorded.digest => {
                Some(Read::Rules { revision: recorded.revision, files })
            }
            HealthRules::Known(_) | HealthRules::Unknown { .. } => None,
        }
    }
}

/// On a thread of its own: sources block.
pub(crate) fn start(
    mut reader: Reader<impl Sources + Send + 'static>,
    management: Cluster,
    handle: tokio::runtime::Handle,
    interval: Duration,
    triggers: std::sync::mpsc::Receiver<()>,
) -> Result<mpsc::Receiver<Read>, Stopped> {
    let (tell, reads) = mpsc::channel(1);
    let work = move || {
        loop {
            for read in reader.next(&Answers::Live(&management, &handle)) {
                if tell.blocking_send(read).is_err() {
                    return;
                }
            }
            match triggers.recv_timeout(interval) {
                Ok(()) => while triggers.try_recv().is_ok() {},
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => std::thread::sleep(interval),
            }
        }
    };
    std::thread::Builder::new().name("reader".into()).spawn(work).map_err(|_| Stopped::Reader)?;
    Ok(reads)
}

/// The revisions at which those units were last applied, or tried, whose objects are others now, or may be once they can
/// be rendered: the commonest first.
fn revisions(records: &[Record], newest: &Reading) -> Vec<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for record in records {
        let Some(unit) = newest.units.get(&record.id) else { continue };
        // What a release that is not ready yet would be rolled back to.
        let good = record.good.as_ref().filter(|good| record.applied != Some(good.release));
        if let Some(good) = good {
            *counts.entry(good.revision.as_str()).or_default() += 1;
        }
        match &unit.state {
            RenderState::Rendered(rendered) if is_recorded(rendered, record) => {}
            RenderState::Rendered(_) | RenderState::NotRendered { .. } | RenderState::Failed { .. } => {
                let all = record.attempted.iter().chain([&record.revision]);
                for revision in all.filter(|revision| !revision.is_empty()) {
                    *counts.entry(revision.as_str()).or_default() += 1;
                }
            }
        }
    }
    let mut out: Vec<_> = counts.into_iter().filter(|(revision, _)| *revision != newest.revision).collect();
    out.sort_by_key(|(revision, count)| (std::cmp::Reverse(*count), *revision));
    out.into_iter().take(PAST).map(|(revision, _)| revision.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mainstay_object::Digest;
    use mainstay_reconcile::Good;
    use mainstay_render::{Checkout, Followed, Supply};
    use mainstay_unit::tree::MemoryTree;
    use mainstay_unit::{
        ArtifactRequest, ChartArchive, ChartCredentials, ChartRequest, GitCredentials, HelmRun, Need,
        OciArtifact, UnitId, WebFile,
    };

    /// Two revisions of one unit, of which the second can't be rendered.
    struct Broken;

    fn checkout(revision: &str, object: &str) -> Checkout {
        let unit = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: a, namespace: flux-system}\n\
                    spec: {interval: 10m, prune: true, path: ./a, sourceRef: {kind: GitRepository, name: flux-system}}\n";
        let tree = [("kustomization.yaml", "resources: [a.yaml]\n"), ("a.yaml", unit), ("a/x.yaml", object)]
            .into_iter()
            .fold(MemoryTree::new(), |tree, (path, text)| tree.with(path, text).unwrap());
        Checkout { revision: revision.to_owned(), tree: Arc::new(tree) }
    }

    impl Sources for Broken {
        fn platform(&mut self) -> Result<Checkout, String> {
            Ok(checkout("2", "kind: [\n"))
        }
        fn past(&mut self, revision: &str) -> Option<Checkout> {
            Some(checkout(revision, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\n"))
        }
        fn followed(&self) -> Option<Followed> {
            None
        }
        fn git(&mut self, _: &Need, _: GitCredentials<'_>) -> Supply<Checkout> {
            Supply::NotEvaluated(String::new())
        }
        fn chart(&mut self, _: &ChartRequest, _: ChartCredentials<'_>) -> Supply<Arc<ChartArchive>> {
            Supply::NotEvaluated(String::new())
        }
        fn artifact(&mut self, _: &ArtifactRequest, _: ChartCredentials<'_>) -> Supply<Arc<OciArtifact>> {
            Supply::NotEvaluated(String::new())
        }
        fn file(&mut self, _: &WebFile) -> Supply<Arc<[u8]>> {
            Supply::NotEvaluated(String::new())
        }
        fn helm(&mut self, _: &HelmRun) -> Supply<Arc<str>> {
            Supply::NotEvaluated(String::new())
        }
    }

    fn told(records: Vec<Record>) -> Vec<String> {
        let mut reader = Reader::new(Broken, TreePath::root(), Earlier { records, ..Earlier::default() });
        let tell = |read| match read {
            Read::Newest(reading) => format!("newest {}", reading.revision),
            Read::Past(reading) => format!("past {}", reading.revision),
            Read::Rules { revision, .. } => format!("rules {revision}"),
            Read::Failed(why) => why,
        };
        reader.next(&Answers::Nobody).into_iter().map(tell).collect()
    }

    /// Revision 1 has rules, those of revision 2 are broken.
    struct Ruled;

    impl Sources for Ruled {
        fn platform(&mut self) -> Result<Checkout, String> {
            Ok(ruled("2", "kinds: 1\n"))
        }
        fn past(&mut self, revision: &str) -> Option<Checkout> {
            (revision == "1").then(|| ruled(revision, "kinds: [{group: example.com}]\n"))
        }
        fn followed(&self) -> Option<Followed> {
            None
        }
        fn git(&mut self, _: &Need, _: GitCredentials<'_>) -> Supply<Checkout> {
            Supply::NotEvaluated(String::new())
        }
        fn chart(&mut self, _: &ChartRequest, _: ChartCredentials<'_>) -> Supply<Arc<ChartArchive>> {
            Supply::NotEvaluated(String::new())
        }
        fn artifact(&mut self, _: &ArtifactRequest, _: ChartCredentials<'_>) -> Supply<Arc<OciArtifact>> {
            Supply::NotEvaluated(String::new())
        }
        fn file(&mut self, _: &WebFile) -> Supply<Arc<[u8]>> {
            Supply::NotEvaluated(String::new())
        }
        fn helm(&mut self, _: &HelmRun) -> Supply<Arc<str>> {
            Supply::NotEvaluated(String::new())
        }
    }

    fn ruled(revision: &str, rules: &str) -> Checkout {
        let platform = "apiVersion: mainstay.dev/v1alpha1\nkind: Platform\nmetadata: {name: p}\nspec: {healthRules: [r.yaml]}\n";
        let tree = MemoryTree::new().with("p.yaml", platform).and_then(|tree| tree.with("r.yaml", rules));
        Checkout { revision: revision.to_owned(), tree: Arc::new(tree.unwrap()) }
    }

    #[test]
    fn rules_of_the_run_before_are_read_again_while_the_newest_are_broken() {
        let HealthRules::Known(files) =
            mainstay_render::health_rules(&Inputs::new(Ruled.past("1").unwrap(), TreePath::root())).0
        else {
            panic!("they can't be read")
        };
        let told = |revision: &str, digest| {
            let rules = Some(RecordedRules { revision: revision.to_owned(), digest });
            let mut reader = Reader::new(Ruled, TreePath::root(), Earlier { rules, ..Earlier::default() });
            reader.next(&Answers::Nobody).len()
        };
        assert_eq!(told("1", files.digest), 2);
        assert_eq!(told("0", files.digest), 1, "the revision is gone");
        assert_eq!(told("1", Digest::of_bytes(b"other")), 1, "it is not what it was");
        assert_eq!(told("0", RuleFiles::default().digest), 2, "to have none needs no revision");
    }

    #[test]
    fn what_a_unit_that_cannot_be_rendered_had_applied_is_read_again_after_a_restart() {
        let id = UnitId::new("kustomization", "flux-system", "a", "");
        let record = Record { revision: "1".into(), ..Record::new(id) };
        assert_eq!(told(vec![record]), ["past 1", "newest 2"]);
        assert_eq!(told(Vec::new()), ["newest 2"]);
    }

    #[test]
    fn what_a_release_would_be_rolled_back_to_is_read_again_after_a_restart() {
        let release = |text: &[u8]| Digest::of_bytes(text);
        let good = Good { revision: "1".into(), release: release(b"good"), rollbacks: 0 };
        let record = |applied| Record {
            revision: "2".into(),
            applied: Some(applied),
            good: Some(Box::new(good.clone())),
            ..Record::new(UnitId::new("kustomization", "flux-system", "a", ""))
        };
        assert_eq!(told(vec![record(release(b"tried"))]), ["past 1", "newest 2"]);
        assert_eq!(told(vec![record(release(b"good"))]), ["newest 2"], "it is what is applied");
    }
}
