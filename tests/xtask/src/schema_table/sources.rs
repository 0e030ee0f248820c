//! A release's own records of what its API server says, in place of a server: its sources hold the discovery and the
//! OpenAPI of a server on which everything is switched on.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// Beta versions that a server of that time serves unasked, although they are betas.
const SERVED_BETAS: [(&str, &str); 1] = [("flowcontrol.apiserver.k8s.io", "v1beta3")];

pub struct Sources {
    folder: PathBuf,
}

impl Sources {
    /// Of `k8s.io/kubernetes` at a release such as `v1.31.14`.
    pub fn download(release: &str) -> Result<Self> {
        let mut go = Command::new("go");
        go.args(["mod", "download", "-json", &format!("k8s.io/kubernetes@{release}")]).env("GOWORK", "off");
        let output = go.output().context("cannot run go")?;
        let answer: Value = serde_json::from_slice(&output.stdout)?;
        let folder = answer["Dir"].as_str().with_context(|| format!("no sources of {release}: {answer}"))?;
        Ok(Self { folder: PathBuf::from(folder) })
    }

    /// The code that the server's OpenAPI is made of.
    pub fn generated(&self) -> Result<String> {
        let file = self.folder.join("pkg/generated/openapi/zz_generated.openapi.go");
        std::fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))
    }

    /// What a server with its default settings answers to a path below `/api`, `/apis` or `/openapi/v3`.
    pub fn get(&self, path: &str) -> Result<Value> {
        let file = match path.strip_prefix("/openapi/v3/") {
            Some(path) => format!("openapi-spec/v3/{}_openapi.json", path.replace('/', "__")),
            None => format!("discovery/{}.json", path.trim_start_matches('/').replace('/', "__")),
        };
        let file = self.folder.join("api").join(file);
        let text = std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let mut answer = serde_json::from_slice(&text)?;
        if path == "/apis" {
            leave_out_what_must_be_switched_on(&mut answer)?;
        }
        Ok(answer)
    }
}

pub fn leave_out_what_must_be_switched_on(groups: &mut Value) -> Result<()> {
    let groups = groups["groups"].as_array_mut().context("/apis lists no groups")?;
    for group in groups.iter_mut() {
        let name = group["name"].as_str().context("a group has a name")?.to_owned();
        let versions = group["versions"].as_array_mut().context("no versions")?;
        versions.retain(|version| {
            let version = version["version"].as_str().unwrap_or_default();
            let stable = !version.contains("alpha") && !version.contains("beta");
            stable || SERVED_BETAS.contains(&(&*name, version))
        });
    }
    groups.retain(|group| group["versions"].as_array().is_some_and(|versions| !versions.is_empty()));
    ensure!(!groups.is_empty(), "no group has a stable version");
    Ok(())
}
