//! Indexes, as they are and as they mean harm.
use crate::Index;
use std::time::{Duration, Instant};

fn versions(text: &str) -> String {
    match Index::read(text.as_bytes()) {
        Ok(index) => {
            let charts = index.charts.iter().map(|(name, versions)| {
                let versions: Vec<&str> = versions.iter().map(|version| version.version.as_str()).collect();
                format!("{name}: {}", versions.join(" "))
            });
            charts.collect::<Vec<_>>().join("; ")
        }
        Err(why) => format!("error: {why}"),
    }
}

/// What Helm's `loadIndex` passes over.
const MIXED: &str = "apiVersion: v1
serverInfo: {x: 1}
entries:
  web:
  - {name: web, version: 1.0.0, urls: [a.tgz], digest: abc, created: 2024-01-02T03:04:05.6Z}
  - {name: web, version: one, urls: [a.tgz]}
  - {name: web, version: 1.1, urls: [a.tgz]}
  - {name: web, version: \"1.2\", urls: [a.tgz, b.tgz]}
  - {version: 1.3.0, urls: [a.tgz]}
  - {name: a/b, version: 1.4.0, urls: [a.tgz]}
  - {name: web, version: 1.5.0, urls: []}
  - {name: web, version: 1.6.0}
  - {name: web, version: 1.7.0, urls: [a.tgz], type: plugin}
  -
  - {name: web, version: v1.8.0-rc.1+x, urls: [a.tgz], type: library}
  none: []
  empty:
";

#[test]
fn entries_that_helm_passes_over_are_left_out_in_yaml_and_in_json() {
    assert_eq!(versions(MIXED), "empty: ; none: ; web: 1.0.0 1.2 v1.8.0-rc.1+x");
    let loaded = mainstay_yaml::load("i", MIXED.as_bytes(), &mainstay_yaml::Limits::default());
    let json = loaded.documents[0].root.to_json().to_string();
    assert_eq!(Index::read(json.as_bytes()), Index::read(MIXED.as_bytes()));
    assert_eq!(Index::read(MIXED.as_bytes()).unwrap().charts["web"][0].created, 1_704_164_645_600);
}

#[test]
fn what_is_no_index_says_why() {
    assert_eq!(versions(""), "error: it is empty");
    assert_eq!(versions("entries: {}\n"), "error: it has no apiVersion");
    assert_eq!(versions("{\"entries\":{}}"), "error: it has no apiVersion");
    assert_eq!(versions("- a\n"), "error: it is no map");
    assert_eq!(versions("apiVersion: v1\nentries: [1]\n"), "error: its entries are no map");
    assert_eq!(versions("apiVersion: v1\n"), "");
    let twice = versions("apiVersion: v1\nentries: {a: []}\nentries: {b: []}\n");
    assert!(twice.starts_with("error: line 3: "), "{twice}");
    let broken = versions("apiVersion: v1\nentries:\n  a: [hunter2\n");
    assert!(broken.starts_with("error: line ") && !broken.contains("hunter2"), "{broken}");
}

#[test]
fn of_versions_that_differ_in_their_metadata_the_newest_counts() {
    let text = "apiVersion: v1\nentries:\n  a:\n  \
        - {name: a, version: 1.0.0+a, urls: [a], created: \"2024-01-01T00:00:00Z\"}\n  \
        - {name: a, version: 1.0.0+b, urls: [b], created: \"2024-03-01T00:00:00Z\"}\n  \
        - {name: a, version: 1.0.0+c, urls: [c], created: \"2024-02-01T00:00:00Z\"}\n";
    let index = Index::read(text.as_bytes()).unwrap();
    assert_eq!(index.find("u", "a", "1.x").unwrap().version, "1.0.0+b");
    assert_eq!(index.find("u", "a", "1.0.0+c").unwrap().version, "1.0.0+c");
}

#[test]
fn bombs_are_refused_in_time() {
    let within = |text: String| {
        let start = Instant::now();
        let result = versions(&text);
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
        assert!(result.starts_with("error: "), "{}", &result[..result.len().min(200)]);
    };
    let mut laughs = "apiVersion: v1\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let above = format!("*a{}", level - 1);
        laughs.push_str(&format!("a{level}: &a{level} [{}]\n", [above.as_str(); 10].join(", ")));
    }
    within(laughs);
    within(format!("apiVersion: v1\nentries: {}", "[".repeat(1 << 18)));
    within(format!("{{\"apiVersion\":\"v1\",\"entries\":{}", "[".repeat(1 << 18)));
    within(format!("{{\"apiVersion\":\"v1\",\"entries\":{{\"a\":[{}}}", "{},".repeat(1 << 18)));
    within(format!("apiVersion: v1\nentries:\n  a:\n{}", "  - x\n".repeat(2_100_000)));
}

/// As large as the largest public one: thirteen thousand versions of three hundred charts.
#[test]
fn a_large_index_is_read_in_a_moment() {
    let mut text = "apiVersion: v1\nentries:\n".to_owned();
    for chart in 0..300 {
        text.push_str(&format!("  chart-{chart}:\n"));
        for version in 0..44 {
            text.push_str(&format!(
                "  - annotations:\n      category: Database\n      images: |\n        - name: x\n          image: docker.io/x/y:{version}\n      licenses: Apache-2.0\n    \
                 apiVersion: v2\n    appVersion: 1.{version}.0\n    created: \"2024-01-02T03:04:05.678901234Z\"\n    dependencies:\n    - name: common\n      \
                 repository: oci://registry-1.docker.io/x\n      tags:\n      - common\n      version: 2.x.x\n    description: A chart of a database that is \
                 well known, with a description of the usual length, which says what it does.\n    digest: {chart:064x}\n    home: https://example.com\n    \
                 icon: https://example.com/icon.png\n    keywords:\n    - a\n    - b\n    maintainers:\n    - name: Somebody\n      url: https://example.com/somebody\n    \
                 name: chart-{chart}\n    sources:\n    - https://example.com/sources/chart-{chart}\n    urls:\n    - https://example.com/charts/chart-{chart}-1.{version}.0.tgz\n    version: 1.{version}.0\n"
            ));
        }
    }
    let start = Instant::now();
    let index = Index::read(text.as_bytes()).unwrap();
    assert_eq!(index.charts.values().map(Vec::len).sum::<usize>(), 13_200);
    assert!(
        text.len() > 10 << 20 && start.elapsed() < Duration::from_secs(60),
        "{} {:?}",
        text.len(),
        start.elapsed()
    );
}
