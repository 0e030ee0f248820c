use crate::url::{Transport, parse, redact, ssh_user};
use crate::{Auth, GitError, Reference, Remote};
use mainstay_unit::GitReference;

#[test]
fn the_forms_in_which_people_write_a_repository() {
    let http = |host: &str, tls| Transport::Http { host: host.into(), tls };
    let ssh = |host: &str, port| Transport::Ssh { host: host.into(), port };
    for (url, expected) in [
        ("https://github.com/a/b", http("github.com", true)),
        ("HTTPS://user:pw@host:8443/a", http("host", true)),
        ("http://127.0.0.1:1/a", http("127.0.0.1", false)),
        ("ssh://git@host:2222/a/b.git", ssh("host", 2222)),
        ("ssh://host/a", ssh("host", 22)),
        ("ssh://git@[::1]:2222/a", ssh("::1", 2222)),
        ("git@github.com:a/b.git", ssh("github.com", 22)),
        ("github.com:a/b.git", ssh("github.com", 22)),
        ("file:///srv/a", Transport::Local),
        ("/srv/a:b", Transport::Local),
        ("./a", Transport::Local),
        ("C:/repos/a", Transport::Local),
    ] {
        assert_eq!(parse(url).unwrap(), expected, "{url}");
    }
}

#[test]
fn other_schemes_and_nonsense_are_refused() {
    for url in ["git://host/a", "ftp://host/a", "https:///a", "", "ssh://host:port/a", "https://a/\nb"] {
        assert!(matches!(parse(url), Err(GitError::Invalid { .. })), "{url}");
    }
    assert!(parse(&format!("https://host/{}", "a".repeat(5000))).is_err());
}

#[test]
fn the_user_of_an_ssh_url() {
    assert_eq!(ssh_user("ssh://ada@host/a"), Some("ada"));
    assert_eq!(ssh_user("ada@host:a"), Some("ada"));
    assert_eq!(ssh_user("host:a@b"), None);
}

#[test]
fn urls_are_shown_without_user_or_query() {
    for (text, shown) in [
        ("https://user:pa@ss@host/a?token=s#f", "https://host/a"),
        ("see 'https://t0ken@host/a' and http://x", "see 'https://host/a' and http://x"),
        ("git@host:a", "git@host:a"),
    ] {
        assert_eq!(redact(text), shown);
    }
}

#[test]
fn no_secret_is_shown() {
    let mut remote = Remote::new("https://user:hunter2@host/a", Reference::Branch("main".into()));
    remote.proxy = Some("http://me:hunter2@proxy:1".into());
    let all = [
        Auth::Basic { user: "u".into(), password: "hunter2".into() },
        Auth::Token("hunter2".into()),
        Auth::Bearer("hunter2".into()),
        Auth::Ssh {
            private_key_pem: "hunter2".into(),
            passphrase: Some("hunter2".into()),
            known_hosts: String::new(),
        },
    ];
    for auth in all {
        remote.auth = auth;
        assert!(!format!("{remote:?} {}", remote.scrub("it said hunter2")).contains("hunter2"));
    }
}

#[test]
fn credentials_must_fit_the_url() {
    let with = |url: &str, auth| Remote { auth, ..Remote::new(url, Reference::Branch("main".into())) };
    let key = || Auth::Ssh { private_key_pem: "k".into(), passphrase: None, known_hosts: String::new() };
    assert!(with("git@host:a", Auth::None).transport().is_err());
    assert!(with("git@host:a", Auth::Token("t".into())).transport().is_err());
    assert!(with("https://host/a", key()).transport().is_err());
    assert!(with("https://host/a", Auth::Bearer("a\r\nX: y".into())).transport().is_err());
    assert!(with("git@host:a", key()).transport().is_ok());
}

#[test]
fn of_several_references_the_most_exact_wins() {
    let text = |s: &str| Some(s.to_owned());
    let mut wanted = GitReference {
        branch: text("main"),
        tag: text("v1"),
        semver: text("1.x"),
        name: text("refs/pull/1/head"),
        commit: text("c"),
    };
    assert_eq!(Reference::from(&wanted), Reference::Commit("c".into()));
    wanted.commit = None;
    assert_eq!(Reference::from(&wanted), Reference::Name("refs/pull/1/head".into()));
    wanted.name = None;
    assert_eq!(Reference::from(&wanted), Reference::Semver { range: "1.x".into() });
    wanted.semver = None;
    assert_eq!(Reference::from(&wanted), Reference::Tag("v1".into()));
    wanted.tag = None;
    assert_eq!(Reference::from(&wanted), Reference::Branch("main".into()));
    wanted.branch = None;
    assert_eq!(Reference::from(&wanted), Reference::Name("HEAD".into()));
}
