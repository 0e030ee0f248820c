//! OCI registries.
use super::registry::{CHART, CONFIG, Content, Double};
use super::server::{Reply, Server, told};
use super::{charts, digest, get, get_as_user, oci, range, secret, tgz};
use mainstay_unit::{ChartCredentials, ChartRequest, ChartVersion};
use serde_json::json;

fn versions(all: &[&str]) -> Content {
    let tags: Vec<(String, Vec<u8>)> =
        all.iter().map(|version| (version.replace('+', "_"), tgz("web", version))).collect();
    let tags: Vec<(&str, Vec<u8>)> =
        tags.iter().map(|(tag, archive)| (tag.as_str(), archive.clone())).collect();
    Content::new("charts/web", &tags)
}

#[test]
fn a_range_is_resolved_over_all_pages_of_tags_and_a_version_without_listing_them() {
    let double = Double::start(versions(&[
        "0.9.0",
        "1.2.0",
        "1.10.3",
        "2.0.0-rc.1",
        "1.3.0+build.5",
        "latest",
        "1.4",
    ]));
    let (charts, _folder) = charts();
    for (wanted, version) in [
        ("", "1.10.3"),
        ("~1.3", "1.3.0+build.5"),
        ("<1.0", "0.9.0"),
        (">=2.0.0-0", "2.0.0-rc.1"),
        ("^1.2", "1.10.3"),
    ] {
        let chart = get(&charts, &oci(&double.url("charts"), "web", range(wanted))).unwrap();
        assert_eq!((chart.version.as_str(), &chart.stale), (version, &None), "{wanted}");
        assert_eq!(chart.digest, digest(&tgz("web", version)));
    }
    let filtered = ChartVersion::Range { range: "*".into(), filter: Some("^1\\.2\\.".into()) };
    assert_eq!(get(&charts, &oci(&double.url("charts"), "web", filtered)).unwrap().version, "1.2.0");
    let none = get(&charts, &oci(&double.url("charts"), "web", range("^7"))).unwrap_err();
    assert_eq!(none, format!("no version of web in {} is ^7", double.url("charts/web")));
    let listed = double.registry.paths().len();
    let exact = get(&charts, &oci(&double.url("charts"), "web", range("1.3.0+build.5"))).unwrap();
    assert_eq!(exact.version, "1.3.0+build.5");
    let asked = &double.registry.paths()[listed..];
    assert!(
        asked.iter().all(|path| path.starts_with("/token?") || path.ends_with("manifests/1.3.0_build.5")),
        "{asked:?}"
    );
}

#[test]
fn a_tag_and_a_digest_are_taken_as_they_are_and_an_archive_that_is_kept_is_not_fetched_again() {
    let content = versions(&["1.2.0", "latest"].map(|_| "1.2.0"));
    let manifest = content.tags["1.2.0"].clone();
    let double = Double::start(content);
    let (charts, _folder) = charts();
    let url = double.url("charts/web");
    let by_digest = oci(&url, "", ChartVersion::Digest(digest(&manifest)));
    assert_eq!(get(&charts, &by_digest).unwrap().version, "1.2.0");
    assert_eq!(get(&charts, &oci(&url, "", ChartVersion::Tag("1.2.0".into()))).unwrap().version, "1.2.0");
    assert_eq!(double.blobs.paths().len(), 1);
    let missing = digest(b"nothing");
    let gone = get(&charts, &oci(&url, "", ChartVersion::Digest(missing.clone()))).unwrap_err();
    assert_eq!(gone, format!("{}/v2/charts/web/manifests/{missing} does not exist", double.registry.url));
    let md5 = get(&charts, &oci(&url, "", ChartVersion::Digest("md5:00".into()))).unwrap_err();
    assert_eq!(md5, "the digest of the manifest, which is no SHA-256, is not supported");
    let tag = get(&charts, &oci(&url, "", ChartVersion::Tag("../x".into()))).unwrap_err();
    assert_eq!(tag, "\"../x\" is no version or range: it is no tag");
}

#[test]
fn a_token_costs_the_password_that_a_secret_holds_in_either_form() {
    let content = Content { private: true, ..versions(&["1.0.0"]) };
    let double = Double::start(content);
    let request = oci(&double.url("charts"), "web", range("1.0.0"));
    get_as_user(&charts().0, &request).unwrap();
    let host = double.registry.host();
    let config =
        |entry: serde_json::Value| json!({"auths": {format!("http://{host}/v2/"): entry}}).to_string();
    for (entry, result) in [
        (json!({"auth": "dXNlcjpodW50ZXIy"}), None),
        (json!({"username": "user", "password": "hunter2"}), None),
        (json!({"registrytoken": "t-hunter2"}), None),
        (json!({"identitytoken": "hunter2"}), Some("an identitytoken in .dockerconfigjson is not supported")),
        (
            json!({"auth": "hunter2"}),
            Some(
                "the Secret of the registry is not valid: .dockerconfigjson has an auth that is no user and password",
            ),
        ),
        (
            json!("hunter2"),
            Some("the Secret of the registry is not valid: .dockerconfigjson is no configuration of Docker"),
        ),
    ] {
        let secret = secret(&[(".dockerconfigjson", &config(entry.clone()))]);
        let credentials = ChartCredentials { secret: Some(&secret), ..ChartCredentials::default() };
        let found = charts().0.chart(&request, credentials).map_err(|error| told(&error)).err();
        assert_eq!(found.as_deref(), result, "{entry}");
    }
    let other = secret(&[(".dockerconfigjson", r#"{"auths":{"ghcr.io":{"auth":"dXNlcjpodW50ZXIy"}}}"#)]);
    let other = charts()
        .0
        .chart(&request, ChartCredentials { secret: Some(&other), ..ChartCredentials::default() })
        .unwrap_err();
    let token = format!("{}/token refuses the request: 401; no credentials were given", double.registry.url);
    assert_eq!(told(&other), token);
}

#[test]
fn what_is_no_chart_or_not_what_its_digest_says_is_refused() {
    let of = |change: &dyn Fn(&mut Content)| {
        let mut content = versions(&["1.0.0"]);
        change(&mut content);
        let double = Double::start(content);
        let error = get(&charts().0, &oci(&double.url("charts"), "web", range("1.0.0"))).unwrap_err();
        error.replace(&double.registry.url, "URL").replace(&double.blobs.url, "STORE")
    };
    let with = |manifest: serde_json::Value| {
        move |content: &mut Content| {
            content.tags.insert("1.0.0".into(), manifest.to_string().into_bytes());
        }
    };
    let at = "URL/v2/charts/web/manifests/1.0.0";
    let image = json!({"config": {"mediaType": "image/x", "digest": digest(b"{}"), "size": 2}, "layers": [
        {"mediaType": "application/tar+gzip", "digest": digest(b"x"), "size": 1}]});
    let found = r#"an artifact of the kind "image/x" without a layer of a chart"#;
    assert_eq!(of(&with(image)), format!("{at} holds {found} where a chart was expected"));
    let layer = |size: u64| json!({"mediaType": CHART, "digest": digest(b"x"), "size": size});
    let config = json!({"mediaType": CONFIG, "digest": digest(b"{}"), "size": 2});
    let two = json!({"config": config, "layers": [layer(1), layer(1)]});
    assert_eq!(
        of(&with(two)),
        format!("{at} holds more than one layer of a chart where a chart was expected")
    );
    let large = json!({"config": config, "layers": [layer(1 << 40)]});
    assert_eq!(of(&with(large)), format!("the chart of {at} is larger than 52428800 bytes"));
    assert_eq!(of(&with(json!([1]))), format!("{at} can't be read: it is no manifest"));
    let several = json!({"manifests": [layer(1), layer(2)]});
    assert_eq!(
        of(&with(several)),
        format!("{at} holds an index of several manifests where a chart was expected")
    );
    let archive = tgz("web", "1.0.0");
    let name = digest(&archive);
    let swapped = of(&|content| {
        content.blobs.insert(digest(&archive), vec![b'x'; archive.len()]);
    });
    let wrong = digest(&vec![b'x'; archive.len()]);
    let blob = format!("URL/v2/charts/web/blobs/{name}");
    assert_eq!(swapped, format!("{blob} has the digest {wrong} where {name} was expected"));
    let longer = of(&|content| {
        content.blobs.insert(digest(&archive), vec![b'x'; archive.len() + 1]);
    });
    assert_eq!(longer, format!("STORE/store/{name} is larger than {} bytes", archive.len()));
}

#[test]
fn an_index_of_one_manifest_stands_for_it() {
    let mut content = versions(&["1.0.0"]);
    let inner = content.tags["1.0.0"].clone();
    let index = json!({"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": digest(&inner), "size": inner.len()}]});
    content.tags.insert("2.0.0".into(), index.to_string().into_bytes());
    let double = Double::start(content);
    let chart = get(&charts().0, &oci(&double.url("charts"), "web", range("2.0.0"))).unwrap();
    assert_eq!(chart.version, "1.0.0");
}

#[test]
fn a_registry_that_lists_without_end_or_elsewhere_or_asks_for_a_password_in_the_open_is_refused() {
    let of = |reply: fn(&super::server::Seen) -> Reply| {
        let server = Server::start(reply);
        let request = oci(&format!("oci://{}/charts", server.host()), "web", range(""));
        let error = get_as_user(&charts().0, &request).map_err(|error| told(&error)).unwrap_err();
        (error.replace(&server.url, "URL").replace(server.host(), "HOST"), server.paths().len())
    };
    let (endless, asked) = of(|_| {
        Reply::ok(r#"{"tags":["1.0.0"]}"#).with("Link", r#"</v2/charts/web/tags/list?last=1>; rel="next""#)
    });
    assert_eq!(
        (endless.as_str(), asked),
        ("the list of tags of oci://HOST/charts/web is larger than 419430400 bytes", 100)
    );
    let (away, _) = of(|_| Reply::ok("{}").with("Link", r#"<http://127.0.0.1:1/x>; rel="next""#));
    assert_eq!(away, "URL/v2/charts/web/tags/list redirects to a further page of another host");
    let (loops, asked) = of(|_| Reply::status(401).with("WWW-Authenticate", "Basic realm=\"x\""));
    assert_eq!((loops.as_str(), asked), ("URL/v2/charts/web/tags/list refuses the request: 401", 2));
    let (open, _) = of(|seen| match seen.path.starts_with("/token") {
        true => Reply::ok("hunter2"),
        false => Reply::status(401)
            .with("WWW-Authenticate", format!("Bearer realm=\"http://{}/token\"", seen.header("host"))),
    });
    assert_eq!(open, "the token of URL/token can't be read: it is no JSON");
}

#[test]
fn a_password_goes_to_no_service_without_tls_for_a_registry_that_has_it() {
    let authority = super::server::Authority::new();
    let lure = Server::start(|_| Reply::ok(r#"{"token":"x"}"#));
    let realm = format!("Bearer realm=\"{}/token\"", lure.url);
    let server = Server::tls(authority.server(None), move |_| {
        Reply::status(401).with("WWW-Authenticate", realm.clone())
    });
    let request =
        ChartRequest { insecure: false, ..oci(&format!("oci://{}/charts", server.host()), "web", range("")) };
    let (user, ca) =
        (secret(&[("username", "user"), ("password", "hunter2")]), secret(&[("ca.crt", &authority.pem)]));
    let credentials =
        ChartCredentials { secret: Some(&user), certificates: Some(&ca), ..ChartCredentials::default() };
    let error = told(&charts().0.chart(&request, credentials).unwrap_err());
    assert_eq!(error, format!("the URL {}/token is not valid: the service for tokens has no TLS", lure.url));
    assert!(lure.paths().is_empty());
}

#[test]
fn a_name_that_no_repository_has_is_refused() {
    for (url, chart) in [
        ("oci://127.0.0.1/Charts", "web"),
        ("oci://127.0.0.1/charts", "../web"),
        ("oci://127.0.0.1", ""),
        ("oci:///charts", "web"),
        ("https://127.0.0.1/charts", "web"),
        ("charts", "web"),
        ("oci://127.0.0.1/a b", "x"),
    ] {
        let refused = get(&charts().0, &oci(url, chart, range(""))).unwrap_err();
        assert!(refused.contains("is not valid"), "{url}: {refused}");
    }
}
