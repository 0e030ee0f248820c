//! Helm's provenance where repositories and registries keep it, and where they should not.
use super::registry::{Content, Double};
use super::server::{Reply, Server, told};
use super::{charts, digest, http, index, oci, opened, range, tgz};
use crate::verify::provenance::tests::keys::{DAY, Key, NOON, lifetime, message, provenance, signs, text};
use crate::{Charts, Options};
use mainstay_unit::{
    ChartArchive, ChartCredentials, ChartRequest, ChartVersion, Content as Secret, Reference, ReferenceKind,
    Verification,
};
use serde_json::json;
use std::slice;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

fn trusting(request: ChartRequest) -> ChartRequest {
    let keys = Reference { kind: ReferenceKind::Secret, namespace: "n".into(), name: "rings".into() };
    ChartRequest { verify: Some(Verification::Provenance { keys }), ..request }
}

fn rings(keys: &[&Key]) -> Secret {
    keys.iter().enumerate().map(|(at, key)| (format!("{at}.gpg"), key.ring())).collect()
}

fn get(charts: &Charts, request: &ChartRequest, rings: &Secret) -> Result<Arc<ChartArchive>, String> {
    let credentials = ChartCredentials { keys: Some(rings), ..ChartCredentials::default() };
    charts.chart(request, credentials).map_err(|error| told(&error))
}

/// What is at a path behind the repository's; anything else is not there.
type Files = Arc<Mutex<Vec<(String, Reply)>>>;

/// A repository of one version, and what lies beside its archive.
struct Shop {
    server: Server,
    files: Files,
    down: Arc<AtomicBool>,
}

impl Shop {
    fn start(provenance: Reply) -> Self {
        let files: Files = Arc::default();
        let down = Arc::new(AtomicBool::new(false));
        let (known, gone) = (files.clone(), down.clone());
        let server = Server::start(move |seen| {
            if gone.load(Ordering::SeqCst) {
                return Reply::status(503);
            }
            let known = known.lock().unwrap();
            let found = known.iter().find(|(path, _)| *path == seen.path);
            found.map_or_else(|| Reply::status(404), |(_, reply)| reply.clone())
        });
        let shop = Self { server, files, down };
        shop.put("/index.yaml", Reply::ok(index("web", &["1.0.0"])));
        shop.put("/web-1.0.0.tgz", Reply::ok(tgz("web", "1.0.0")));
        shop.put("/web-1.0.0.tgz.prov", provenance);
        shop
    }

    fn put(&self, path: &str, reply: Reply) {
        let mut files = self.files.lock().unwrap();
        files.retain(|(known, _)| known != path);
        files.push((path.to_owned(), reply));
    }

    fn asked(&self, path: &str) -> usize {
        self.server.paths().iter().filter(|asked| *asked == path).count()
    }

    fn request(&self) -> ChartRequest {
        trusting(http(&self.server.url, "web", "1.0.0"))
    }
}

fn signed(key: &Key) -> Reply {
    Reply::ok(provenance(key, "web", "1.0.0", &tgz("web", "1.0.0")))
}

#[test]
fn what_is_proved_is_asked_for_once_and_by_other_keys_anew() {
    let (ours, theirs) = (Key::new("team"), Key::new("others"));
    let shop = Shop::start(signed(&ours));
    let folder = tempfile::tempdir().unwrap();
    let first = opened(&folder, Duration::ZERO);
    let trusted = rings(&[&theirs, &ours]);
    for charts in [&first, &first, &opened(&folder, Duration::ZERO)] {
        assert_eq!(get(charts, &shop.request(), &trusted).unwrap().version, "1.0.0");
    }
    assert_eq!(shop.asked("/web-1.0.0.tgz.prov"), 1);
    assert_eq!(shop.asked("/web-1.0.0.tgz"), 1);
    let error = get(&first, &shop.request(), &rings(&[&theirs])).unwrap_err();
    let why = format!(
        "web-1.0.0.tgz of URL/web-1.0.0.tgz ({}) is not verified: it is signed by {}; trusted is {}",
        digest(&tgz("web", "1.0.0")),
        ours.fingerprint(),
        theirs.fingerprint()
    );
    assert_eq!(error.replace(&shop.server.url, "URL"), why);
    assert_eq!(shop.asked("/web-1.0.0.tgz.prov"), 2);
}

#[test]
fn without_a_provenance_nothing_is_fetched_and_an_outage_is_none() {
    let ours = Key::new("team");
    let trusted = rings(&[&ours]);
    let shop = Shop::start(Reply::status(404));
    let refused = |shop: &Shop| {
        let error = get(&charts().0, &shop.request(), &trusted).unwrap_err();
        assert_eq!(shop.asked("/web-1.0.0.tgz"), 0, "not fetched");
        error.replace(&shop.server.url, "URL")
    };
    let missing = "URL/web-1.0.0.tgz is not verified: its provenance is missing: URL/web-1.0.0.tgz.prov";
    assert_eq!(refused(&shop), format!("{missing} does not exist"));
    shop.put("/web-1.0.0.tgz.prov", Reply::ok(vec![b'a'; (1 << 20) + 1]));
    assert_eq!(refused(&shop), format!("{missing} is larger than 1048576 bytes"));
    shop.put("/web-1.0.0.tgz.prov", Reply::ok("hello"));
    let broken = refused(&shop);
    assert!(broken.ends_with("its provenance is no text that was clear-signed with OpenPGP"), "{broken}");
    shop.put("/web-1.0.0.tgz.prov", Reply::status(503));
    assert_eq!(refused(&shop), "URL/web-1.0.0.tgz.prov answers 503");
    let error = get(&charts().0, &shop.request(), &Secret::default()).unwrap_err();
    assert!(error.ends_with("the Secret of its keyrings is not valid: it holds no keyring"), "{error}");
    let none = charts().0.chart(&shop.request(), ChartCredentials::default()).unwrap_err();
    assert!(told(&none).ends_with("is not verified: its keys are not there"), "{none}");
}

#[test]
fn an_outage_makes_none_verified_and_none_unverified() {
    let ours = Key::new("team");
    let trusted = rings(&[&ours]);
    let shop = Shop::start(signed(&ours));
    let folder = tempfile::tempdir().unwrap();
    let bare = ChartRequest { verify: None, ..shop.request() };
    get(&opened(&folder, Duration::ZERO), &bare, &trusted).unwrap();
    shop.down.store(true, Ordering::SeqCst);
    let error = get(&opened(&folder, Duration::ZERO), &shop.request(), &trusted).unwrap_err();
    assert!(error.contains("answers 503"), "what was fetched without a proof proves nothing: {error}");
    shop.down.store(false, Ordering::SeqCst);
    get(&opened(&folder, Duration::ZERO), &shop.request(), &trusted).unwrap();
    assert_eq!(shop.asked("/web-1.0.0.tgz"), 1, "what was fetched is proved where it lies");
    shop.down.store(true, Ordering::SeqCst);
    let stale = get(&opened(&folder, Duration::ZERO), &shop.request(), &trusted).unwrap();
    assert!(stale.stale.is_some());
    get(&opened(&folder, Duration::ZERO), &shop.request(), &rings(&[&Key::new("others")])).unwrap_err();
}

#[test]
fn what_expires_is_proved_anew_and_no_longer_in_an_outage() {
    static NOW: AtomicU64 = AtomicU64::new(0);
    let end = NOON + 9 * DAY;
    NOW.store(u64::from(end), Ordering::SeqCst);
    let mut ours = Key::new("team");
    ours.rename(NOON, vec![signs(), lifetime(9 * DAY)]);
    let shop = Shop::start(signed(&ours));
    let folder = tempfile::tempdir().unwrap();
    let trusted = rings(&[&ours]);
    let ask = |fresh: u64| {
        let clock = || NOW.load(Ordering::SeqCst);
        let options = Options { fresh: Duration::from_secs(fresh), clock, ..Options::default() };
        let charts = Charts::open(&folder.path().join("charts"), options).unwrap();
        let first = get(&charts, &shop.request(), &trusted);
        NOW.fetch_add(fresh, Ordering::SeqCst);
        get(&charts, &shop.request(), &trusted).or(first.and_then(|_| Err("no longer".to_owned())))
    };
    ask(0).unwrap();
    assert_eq!(shop.asked("/web-1.0.0.tgz.prov"), 1);
    // Nor where nobody would be asked yet.
    assert_eq!(ask(30).unwrap_err(), "no longer");
    let error = ask(0).unwrap_err();
    assert!(error.contains("does not count: the key expired at "), "{error}");
    shop.down.store(true, Ordering::SeqCst);
    let error = ask(0).unwrap_err();
    assert!(error.contains("is not verified: what vouched for it has expired, and "), "{error}");
}

#[test]
fn the_archive_is_what_its_provenance_says() {
    let ours = Key::new("team");
    let of = |name: &str, version: &str| {
        let said = text(name, version, "web-1.0.0.tgz", &digest(&tgz("web", "1.0.0")));
        Reply::ok(message(&said, vec![ours.sign(&said, NOON + DAY, Vec::new())]))
    };
    let shop = Shop::start(of("api", "1.0.0"));
    let (charts, _folder) = charts();
    for (name, version) in [("api", "1.0.0"), ("web", "v1.0.0")] {
        shop.put("/web-1.0.0.tgz.prov", of(name, version));
        for _ in 0..2 {
            let error = get(&charts, &shop.request(), &rings(&[&ours])).unwrap_err();
            let why = format!(" has signed is of {name} {version}, and the archive is web 1.0.0");
            assert!(
                error.contains("is not verified: the provenance that ") && error.ends_with(&why),
                "{error}"
            );
        }
    }
    // An index that says no digest: then the archive comes first, and is looked into last.
    let lines = index("web", &["1.0.0"]);
    let bare: Vec<&str> = lines.lines().filter(|line| !line.trim_start().starts_with("digest:")).collect();
    shop.put("/index.yaml", Reply::ok(bare.join("\n")));
    shop.put("/web-1.0.0.tgz", Reply::ok("no archive"));
    let error = get(&charts, &shop.request(), &rings(&[&ours])).unwrap_err();
    assert!(error.contains("is of another content of web-1.0.0.tgz"), "{error}");
    shop.put("/web-1.0.0.tgz", Reply::ok(tgz("web", "1.0.0")));
    shop.put("/web-1.0.0.tgz.prov", signed(&ours));
    get(&charts, &shop.request(), &rings(&[&ours])).unwrap();
}

#[test]
fn the_provenance_lies_beside_the_archive_wherever_that_is() {
    let ours = Key::new("team");
    let archive = tgz("web", "1.0.0+b.5");
    let shop = Shop::start(Reply::status(404));
    let listed = index("web", &["1.0.0+b.5"]).replace("- web-1.0.0+b.5.tgz", "- files/web-1.0.0%2Bb.5.tgz");
    shop.put("/charts/index.yaml?token=t", Reply::ok(listed));
    shop.put("/charts/files/web-1.0.0%2Bb.5.tgz?token=t", Reply::ok(archive.clone()));
    let beside = "/charts/files/web-1.0.0%2Bb.5.tgz.prov?token=t";
    shop.put(beside, Reply::ok(provenance(&ours, "web", "1.0.0+b.5", &archive)));
    let request = trusting(http(&format!("{}/charts?token=t", shop.server.url), "web", "1.0.0+b.5"));
    assert_eq!(get(&charts().0, &request, &rings(&[&ours])).unwrap().version, "1.0.0+b.5");
    assert_eq!(shop.asked(beside), 1);
}

/// A chart with that many layers of provenance.
fn content(provenances: &[String]) -> Content {
    let archive = tgz("web", "1.0.0+b.5");
    let mut content = Content::new("charts/web", &[]);
    let mut manifest = content.manifest(&archive);
    for one in provenances {
        let layer = json!({"mediaType": PROVENANCE, "digest": digest(one.as_bytes()), "size": one.len()});
        content.blobs.insert(digest(one.as_bytes()), one.clone().into_bytes());
        manifest["layers"].as_array_mut().unwrap().push(layer);
    }
    content.tags.insert("1.0.0_b.5".into(), manifest.to_string().into_bytes());
    content
}

#[test]
fn in_a_registry_the_provenance_is_a_layer_of_the_same_manifest() {
    let ours = Key::new("team");
    let archive = tgz("web", "1.0.0+b.5");
    let good = provenance(&ours, "web", "1.0.0+b.5", &archive);
    let trusted = rings(&[&ours]);
    let ask = |content: Content, version: ChartVersion| {
        let double = Double::start(content);
        let request = trusting(oci(&double.url("charts"), "web", version));
        let result = get(&charts().0, &request, &trusted);
        let fetched = double.blobs.paths().iter().any(|path| path.ends_with(&digest(&archive)));
        assert_eq!(result.is_ok(), fetched, "only what is proved is fetched");
        result
            .map(|chart| chart.version.clone())
            .map_err(|error| error.replace(double.registry.host(), "HOST"))
    };
    assert_eq!(ask(content(slice::from_ref(&good)), range("1.x")), Ok("1.0.0+b.5".into()));
    assert_eq!(
        ask(content(slice::from_ref(&good)), ChartVersion::Tag("1.0.0_b.5".into())),
        Ok("1.0.0+b.5".into())
    );
    let refused = |content: Content| ask(content, range("1.x")).unwrap_err();
    let at = "oci://HOST/charts/web is not verified: ";
    assert_eq!(refused(content(&[])), format!("{at}its provenance is missing: its manifest names none"));
    let two = content(&[good.clone(), good.clone()]);
    assert_eq!(refused(two), format!("{at}its manifest names more than one provenance"));
    let stranger = provenance(&Key::new("others"), "web", "1.0.0+b.5", &archive);
    assert!(refused(content(&[stranger])).contains("is not verified: it is signed by "));
    let other = provenance(&ours, "web", "1.0.0+b.5", b"other");
    assert!(refused(content(&[other])).contains("is of another content of web-1.0.0+b.5.tgz"));
    let mut lost = content(slice::from_ref(&good));
    lost.blobs.remove(&digest(good.as_bytes()));
    assert!(refused(lost).contains("its provenance is missing: "));
    let by_digest = content(&[good]);
    let manifest = ChartVersion::Digest(digest(&by_digest.tags["1.0.0_b.5"]));
    let error = ask(by_digest, manifest).unwrap_err();
    assert!(error.ends_with("a file that is named after a version, and none is asked for"), "{error}");
}
