//! Repositories over HTTP.
use super::server::{Authority, Reply, Seen, Server, told};
use super::{charts, digest, get, get_as_user, http, index, opened, secret, tgz};
use mainstay_unit::ChartCredentials;
use std::time::Duration;

/// `web` in versions, by their names.
fn repository(versions: &'static [&'static str]) -> impl Fn(&Seen) -> Reply + Send + Sync + 'static {
    move |seen| match seen.path.as_str() {
        "/index.yaml" => Reply::ok(index("web", versions)),
        path => {
            let found = versions.iter().find(|version| path == format!("/web-{version}.tgz"));
            found.map_or_else(|| Reply::status(404), |version| Reply::ok(tgz("web", version)))
        }
    }
}

#[test]
fn a_range_means_its_newest_version_and_prereleases_only_where_it_names_one() {
    let server = Server::start(repository(&["1.2.0", "2.0.0-rc.1", "1.10.3", "1.3.0", "0.9.0"]));
    let (charts, _folder) = charts();
    for (range, version) in [
        ("", "1.10.3"),
        ("*", "1.10.3"),
        ("1.x", "1.10.3"),
        ("~1.2", "1.2.0"),
        ("<1.10", "1.3.0"),
        ("1.2.0", "1.2.0"),
        (">=1.3.0-0", "2.0.0-rc.1"),
        ("2.0.0-rc.1", "2.0.0-rc.1"),
        ("0.x || ^1.3.0", "1.10.3"),
    ] {
        let chart = get(&charts, &http(&server.url, "web", range)).unwrap();
        assert_eq!((chart.version.as_str(), &chart.stale), (version, &None), "{range}");
        assert_eq!(chart.digest, digest(&tgz("web", version)));
        assert!(chart.files.contains_key("Chart.yaml") && chart.files.contains_key("templates/a.yaml"));
    }
    let url = &server.url;
    let refused = |chart: &str, range: &str| get(&charts, &http(url, chart, range)).unwrap_err();
    assert_eq!(refused("web", "^3"), format!("no version of web in {url}/ is ^3"));
    assert_eq!(refused("api", ""), format!("{url}/ has no chart api"));
    assert_eq!(refused("web", ">>1"), "\">>1\" is no version or range: improper constraint: \">>1\"");
}

#[test]
fn an_index_that_did_not_change_and_an_archive_that_is_kept_are_not_fetched_again() {
    let server = Server::start(|seen| match seen.path.as_str() {
        "/charts/index.yaml?k=1" if seen.header("if-none-match") == "\"a\"" => Reply::status(304),
        "/charts/index.yaml?k=1" => Reply::ok(index("web", &["1.0.0"])).with("ETag", "\"a\""),
        "/charts/web-1.0.0.tgz?k=1" => Reply::ok(tgz("web", "1.0.0")),
        _ => Reply::status(404),
    });
    let (charts, folder) = charts();
    let request = http(&format!("{}/charts?k=1", server.url), "web", "");
    let first = get(&charts, &request).unwrap();
    drop(charts);
    let again = get(&opened(&folder, Duration::ZERO), &request).unwrap();
    assert_eq!(first, again);
    let asked = ["/charts/index.yaml?k=1", "/charts/web-1.0.0.tgz?k=1", "/charts/index.yaml?k=1"];
    assert_eq!(server.paths(), asked);
    let fresh = opened(&folder, Duration::from_secs(60));
    for _ in 0..3 {
        get(&fresh, &request).unwrap();
    }
    assert_eq!(server.paths().len(), 4);
}

#[test]
fn an_archive_that_is_not_what_the_index_says_is_refused() {
    let of = |text: String, archive: Vec<u8>| {
        let server = Server::start(move |seen| match seen.path.as_str() {
            "/index.yaml" => Reply::ok(text.clone()),
            _ => Reply::ok(archive.clone()),
        });
        let (charts, _folder) = charts();
        get(&charts, &http(&server.url, "web", "")).unwrap_err().replace(&server.url, "URL")
    };
    let other = tgz("web", "1.0.1");
    let expected = (digest(&tgz("web", "1.0.0")), digest(&other));
    let why = of(index("web", &["1.0.0"]), other.clone());
    assert_eq!(
        why,
        format!("URL/web-1.0.0.tgz has the digest {} where {} was expected", expected.1, expected.0)
    );
    let bare = |text: &str| {
        let lines = text.lines().filter(|line| !line.trim_start().starts_with("digest:"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let why = of(bare(&index("web", &["1.0.0"])), other);
    assert_eq!(why, "URL/web-1.0.0.tgz holds web 1.0.1 where web 1.0.0 was expected");
    let why = of(bare(&index("web", &["1.0.0"])), tgz("api", "1.0.0"));
    assert_eq!(why, "URL/web-1.0.0.tgz holds api 1.0.0 where web 1.0.0 was expected");
    let why = of(index("web", &["1.0.0"]).replace("digest: ", "digest: md5:"), tgz("web", "1.0.0"));
    assert_eq!(why, "the digest of web 1.0.0, which is no SHA-256, is not supported");
    let why =
        of(bare(&index("web", &["1.0.0"])), b"<html><head><title>It works</title></head></html>".to_vec());
    assert!(why.starts_with("the archive URL/web-1.0.0.tgz is refused: it is no gzip archive"), "{why}");
}

#[test]
fn credentials_go_to_their_host_alone_unless_they_are_passed_on() {
    let files = std::sync::Arc::new(Server::start(|_| Reply::ok(tgz("web", "1.0.0"))));
    let elsewhere = format!("{}/web.tgz", files.url);
    let server = Server::start(move |seen| {
        if seen.header("authorization") != "Basic dXNlcjpodW50ZXIy" {
            return Reply::status(401);
        }
        Reply::ok(index("web", &["1.0.0"]).replace("web-1.0.0.tgz", &elsewhere))
    });
    let request = http(&server.url, "web", "");
    get_as_user(&charts().0, &request).unwrap();
    assert_eq!(files.seen().last().unwrap().header("authorization"), "");
    let passed = mainstay_unit::ChartRequest { pass_credentials: true, ..request.clone() };
    get_as_user(&charts().0, &passed).unwrap();
    assert_eq!(files.seen().last().unwrap().header("authorization"), "Basic dXNlcjpodW50ZXIy");
    // In the URL they are credentials, too.
    let with_user = request.url.replace("://", "://user:hunter2@");
    get(&charts().0, &http(&with_user, "web", "")).unwrap();
    let none = get(&charts().0, &request).unwrap_err();
    assert_eq!(
        none,
        format!("{}/index.yaml refuses the request: 401; no credentials were given", server.url)
    );
    let wrong = secret(&[("username", "user"), ("password", "hunter22")]);
    let credentials = ChartCredentials { secret: Some(&wrong), ..ChartCredentials::default() };
    let wrong = charts().0.chart(&request, credentials).unwrap_err();
    assert_eq!(told(&wrong), format!("{}/index.yaml refuses the request: 401", server.url));
}

#[test]
fn redirects_are_followed_a_few_times_and_leave_credentials_behind() {
    let target = Server::start(|seen| match seen.path.as_str() {
        "/there/index.yaml" => Reply::ok(index("web", &["1.0.0"])),
        _ => Reply::status(404),
    });
    let to = format!("{}/there/index.yaml", target.url);
    let server = Server::start(move |seen| match seen.path.as_str() {
        "/index.yaml" => Reply::status(302).with("Location", "/hop?token=hunter2"),
        "/hop?token=hunter2" => Reply::status(307).with("Location", to.clone()),
        "/round/index.yaml" => Reply::status(301).with("Location", "/round/index.yaml"),
        "/file/index.yaml" => Reply::status(302).with("Location", "file:///etc/passwd"),
        "/none/index.yaml" => Reply::status(302),
        _ => Reply::ok(tgz("web", "1.0.0")),
    });
    get_as_user(&charts().0, &http(&server.url, "web", "")).unwrap();
    let seen = server.seen();
    assert!(seen.iter().all(|seen| seen.header("authorization").starts_with("Basic ")), "{seen:?}");
    assert_eq!(target.seen()[0].header("authorization"), "");
    let url = &server.url;
    let fails = |path: &str| get(&charts().0, &http(&format!("{url}/{path}"), "web", "")).unwrap_err();
    assert_eq!(fails("round"), format!("{url}/round/index.yaml redirects more than 5 times"));
    assert_eq!(fails("none"), format!("{url}/none/index.yaml redirects without saying where to"));
    let file = fails("file");
    assert_eq!(file, format!("{url}/file/index.yaml redirects to something that is neither http nor https"));
}

#[test]
fn tls_is_trusted_by_the_authority_given_and_never_given_up() {
    let authority = Authority::new();
    let plain = Server::start(repository(&["1.0.0"]));
    let to = format!("{}/index.yaml", plain.url);
    let server = Server::tls(authority.server(None), move |seen| match seen.path.as_str() {
        "/down/index.yaml" => Reply::status(302).with("Location", to.clone()),
        _ => repository(&["1.0.0"])(seen),
    });
    let request = http(&server.url, "web", "");
    let certificates = secret(&[("ca.crt", &authority.pem)]);
    let with_ca = ChartCredentials { certificates: Some(&certificates), ..ChartCredentials::default() };
    charts().0.chart(&request, with_ca).unwrap();
    let untrusted = get(&charts().0, &request).unwrap_err();
    assert!(untrusted.contains("can't be trusted") && untrusted.contains("UnknownIssuer"), "{untrusted}");
    let down = http(&format!("{}/down", server.url), "web", "");
    let down = told(&charts().0.chart(&down, with_ca).unwrap_err());
    assert_eq!(down, format!("{}/down/index.yaml redirects to a host without TLS", server.url));
    for (key, text, why) in [
        ("ca.crt", "hunter2", "ca.crt holds no certificates in PEM"),
        ("tls.crt", "hunter2", "it holds tls.crt without tls.key"),
        ("other", "hunter2", "it holds neither ca.crt nor tls.crt and tls.key"),
    ] {
        let wrong = secret(&[(key, text)]);
        let wrong = ChartCredentials { certificates: Some(&wrong), ..ChartCredentials::default() };
        let error = told(&charts().0.chart(&request, wrong).unwrap_err());
        assert_eq!(error, format!("the Secret of the registry is not valid: {why}"));
    }
}

#[test]
fn a_clients_certificate_is_shown_to_its_host_and_to_no_other() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let strict = Server::tls(authority.server(Some(&clients)), repository(&["1.0.0"]));
    let (certificate, key) = clients.issue("mainstay");
    let both = secret(&[("ca.crt", &authority.pem), ("tls.crt", &certificate), ("tls.key", &key)]);
    let both = ChartCredentials { certificates: Some(&both), ..ChartCredentials::default() };
    charts().0.chart(&http(&strict.url, "web", ""), both).unwrap();
    let ca = secret(&[("ca.crt", &authority.pem)]);
    let ca = ChartCredentials { certificates: Some(&ca), ..ChartCredentials::default() };
    charts().0.chart(&http(&strict.url, "web", ""), ca).unwrap_err();
    // Who redirects to another host that wants a certificate does not get it shown there.
    let to = format!("{}/index.yaml", strict.url);
    let lure = Server::tls(authority.server(Some(&clients)), move |_| {
        Reply::status(302).with("Location", to.clone())
    });
    charts().0.chart(&http(&lure.url, "web", ""), both).unwrap_err();
    assert_eq!((lure.paths().len(), strict.paths().len()), (1, 2));
}
