//! The real helm beside us, on the same servers: both come to the same version and the same bytes.
use super::registry::{Content, Double};
use super::server::{Reply, Server};
use super::{charts, digest, get, http, index, oci, range, tgz};
use mainstay_harness::{Requirement, here, skip};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn helm(test: &str) -> Option<PathBuf> {
    let tool = here!().join("../../target/real/helm");
    if tool.exists() {
        return Some(tool);
    }
    skip(Requirement::Real, test, "target/real/helm is not built");
    None
}

/// The archive that `helm pull` fetches; none if it refuses.
fn pull(tool: &Path, arguments: &[&str]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(tool);
    command.arg("pull").args(arguments).arg("--destination").arg(folder.path());
    for variable in ["HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HOME"] {
        command.env(variable, folder.path().join("home"));
    }
    let output = command.stdin(Stdio::null()).output().unwrap();
    if !output.status.success() {
        return None;
    }
    let entries = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut archives = entries.filter(|path| path.extension().is_some_and(|end| end == "tgz"));
    let archive = archives.next().map(|path| std::fs::read(path).unwrap());
    assert!(archive.is_some() && archives.next().is_none(), "{output:?}");
    archive
}

const VERSIONS: [&str; 9] =
    ["1.2.0", "2.0.0-rc.1", "1.10.3", "1.3.0+build.5", "0.9.0", "0.0.3", "1.2.0-alpha.1", "v3.1.0", "0.2.5"];
const RANGES: [&str; 22] = [
    "",
    "*",
    "1",
    "1.x",
    "~1.2",
    "^0.2",
    "^0.0.3",
    "<1.10",
    ">1.2.0 <1.10",
    "1.2 - 1.3",
    "1.2.0",
    ">=2.0.0-0",
    "~2.0.0-0",
    "=0.9.0",
    "!=1.10.3",
    "0.x || ^1.2.0",
    "3.1.0",
    "v3.1.0",
    "^7",
    ">>1",
    "1.2.0-alpha.1",
    ">1.2.0-alpha.0",
];

#[test]
fn repositories_over_http_answer_both_of_us_alike() {
    let Some(tool) = helm("registry over HTTP") else { return };
    let server = Server::start(|seen| match seen.path.as_str() {
        "/charts/index.yaml" => Reply::ok(index("web", &VERSIONS)),
        path => {
            let path = path.replace("%2B", "+");
            let found = VERSIONS.iter().find(|version| path == format!("/charts/web-{version}.tgz"));
            found.map_or_else(|| Reply::status(404), |version| Reply::ok(tgz("web", version)))
        }
    });
    let url = format!("{}/charts", server.url);
    let (charts, _folder) = charts();
    for range in RANGES {
        let ours = get(&charts, &http(&url, "web", range)).ok().map(|chart| chart.digest.clone());
        let mut arguments = vec!["web", "--repo", url.as_str()];
        if !range.is_empty() {
            arguments.extend(["--version", range]);
        }
        let theirs = pull(&tool, &arguments).map(|bytes| digest(&bytes));
        assert_eq!(ours, theirs, "{range:?}");
    }
}

#[test]
fn oci_registries_answer_both_of_us_alike() {
    let Some(tool) = helm("OCI registry") else { return };
    let tags: Vec<(String, Vec<u8>)> =
        VERSIONS.iter().map(|version| (version.replace('+', "_"), tgz("web", version))).collect();
    let tags: Vec<(&str, Vec<u8>)> =
        tags.iter().map(|(tag, archive)| (tag.as_str(), archive.clone())).collect();
    let double = Double::start(Content::new("charts/web", &tags));
    let url = double.url("charts/web");
    let (charts, _folder) = charts();
    // What source-controller lists and helm takes for a tag: a version that is not whole.
    let alike = RANGES.iter().filter(|range| !matches!(**range, "1" | "3.1.0" | "v3.1.0"));
    for wanted in alike {
        let ours = get(&charts, &oci(&double.url("charts"), "web", range(wanted)))
            .ok()
            .map(|chart| chart.digest.clone());
        let mut arguments = vec![url.as_str(), "--plain-http"];
        if !wanted.is_empty() {
            arguments.extend(["--version", wanted]);
        }
        let theirs = pull(&tool, &arguments).map(|bytes| digest(&bytes));
        assert_eq!(ours, theirs, "{wanted:?}");
    }
}
