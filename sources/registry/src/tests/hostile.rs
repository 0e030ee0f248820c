//! Servers that are slow, endless, cut off or garbled: each ends in time, within its limit, with an error that says why.
use super::server::{Reply, Seen, Server};
use super::{charts, get, http, index, packed, tgz};
use mainstay_unit::ChartRequest;
use std::time::{Duration, Instant};

fn fails(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> String {
    let server = Server::start(reply);
    let start = Instant::now();
    let request = ChartRequest { timeout: Duration::from_secs(1), ..http(&server.url, "web", "") };
    let error = get(&charts().0, &request).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(6), "{:?}: {error}", start.elapsed());
    error.replace(&server.url, "URL")
}

#[test]
fn a_server_that_does_not_come_to_an_end_is_left() {
    let late = "URL/index.yaml did not answer in time";
    assert_eq!(fails(|_| Reply { wait: Duration::from_secs(30), ..Reply::ok("") }), late);
    let drip = Duration::from_millis(200);
    assert_eq!(fails(move |_| Reply { drip, ..Reply::ok(index("web", &["1.0.0"])) }), late);
    let cut = fails(|_| Reply { cut: Some(30), ..Reply::ok(index("web", &["1.0.0"])) });
    assert!(cut.starts_with("URL/index.yaml can't be reached"), "{cut}");
    let huge = fails(|_| Reply::ok("").with("Content-Length", "99999999999"));
    assert_eq!(huge, "URL/index.yaml is larger than 52428800 bytes");
    let headers = fails(|_| Reply::ok("").with("X-Long", "x".repeat(100_000)));
    assert!(headers.contains("header") || headers.contains("can't be reached"), "{headers}");
    let garbled = fails(|_| Reply::ok("").with("Content-Length", "-1"));
    assert!(garbled.contains("can't be reached"), "{garbled}");
}

#[test]
fn a_body_that_is_longer_than_it_may_be_is_not_read_to_its_end() {
    let endless = fails(|_| Reply::ok(vec![b'#'; (51 << 20) + 5]).with("Transfer-Encoding", "identity"));
    assert_eq!(endless, "URL/index.yaml is larger than 52428800 bytes");
}

#[test]
fn statuses_are_told_without_a_word_of_the_answer() {
    for (status, words) in
        [(404, "does not exist"), (500, "answers 500"), (429, "answers 429"), (204, "answers 204")]
    {
        assert_eq!(fails(move |_| Reply::status(status)), format!("URL/index.yaml {words}"));
    }
    let page = fails(|_| Reply::ok("<html>\n<title>hunter2</title>: [\n"));
    assert!(page.starts_with("the index URL/index.yaml can't be read: "), "{page}");
}

#[test]
fn an_index_that_names_something_else_than_http_leads_nowhere() {
    let to = |url: &'static str| {
        fails(move |seen| match seen.path.as_str() {
            "/index.yaml" => Reply::ok(index("web", &["1.0.0"]).replace("web-1.0.0.tgz", url)),
            _ => Reply::status(404),
        })
    };
    assert_eq!(
        to("file:///etc/passwd"),
        "the URL file:///etc/passwd is not valid: it is neither http nor https"
    );
    assert_eq!(
        to("ftp://127.0.0.1/x"),
        "the URL ftp://127.0.0.1/x is not valid: it is neither http nor https"
    );
    assert_eq!(to("../../../x.tgz"), "URL/x.tgz does not exist");
    assert_eq!(
        to("http://user:hunter2@[::1/x?hunter2"),
        "the URL http://[::1 is not valid: invalid IPv6 address"
    );
}

#[test]
fn an_archive_that_means_harm_is_refused() {
    let of = |archive: Vec<u8>| {
        fails(move |seen| match seen.path.as_str() {
            "/index.yaml" => Reply::ok(
                "apiVersion: v1\nentries:\n  web:\n  - {name: web, version: 1.0.0, urls: [web.tgz]}\n",
            ),
            _ => Reply::ok(archive.clone()),
        })
    };
    let outside = of(packed(&[("web/../../x", "x")]));
    assert_eq!(
        outside,
        "the archive URL/web.tgz is refused: web/../../x lies outside of the archive's folder"
    );
    let none = of(packed(&[("web/values.yaml", "a: 1\n")]));
    assert_eq!(none, "URL/web.tgz holds no Chart.yaml where a chart was expected");
    let cut = tgz("web", "1.0.0");
    assert_eq!(of(cut[..cut.len() / 2].to_vec()), "the archive URL/web.tgz is refused: it is cut off");
    let broken = of(packed(&[("web/Chart.yaml", "name: [")]));
    assert_eq!(broken, "URL/web.tgz holds a Chart.yaml that is no YAML where a chart was expected");
}
