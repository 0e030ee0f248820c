//! One tool: wrapper module, build, check, rename into place.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::pins::{Stamp, Tool};

/// What shapes the binaries beside their sources: no C and none of this machine's paths in them.
pub const FLAGS: &[&str] = &["build", "-trimpath", "-mod=mod", "CGO_ENABLED=0"];

/// Builds `tool` to `binary`, which appears only when it has printed the version that was asked for.
pub fn build(cache: &Path, tool: &Tool, binary: &Path) -> Result<()> {
    // Of this process alone: another checkout may be building the same.
    let own = |suffix: &str| cache.join(format!("{}.{}.{suffix}", tool.name, std::process::id()));
    let (wrapper, fresh) = (own("module"), own("new"));
    std::fs::create_dir_all(&wrapper)?;
    let built = build_in(&wrapper, tool, &fresh)
        .and_then(|()| check(tool, &fresh))
        .and_then(|()| Ok(std::fs::rename(&fresh, binary)?));
    if fresh.exists() {
        std::fs::remove_file(&fresh)?;
    }
    std::fs::remove_dir_all(&wrapper)?;
    built
}

fn build_in(wrapper: &Path, tool: &Tool, fresh: &Path) -> Result<()> {
    let module = published(wrapper, tool)?;
    std::fs::write(wrapper.join("go.mod"), wrapper_module(tool, &module)?)?;
    // Half of the machine is left to its user.
    let jobs = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).max(1)).to_string();
    let mut go = go(wrapper);
    go.args(["build", "-p", &jobs, "-trimpath", "-ldflags", &linker_flags(tool, &module.time), "-o"]);
    let status = go.arg(fresh).arg(tool.package).stdin(Stdio::null()).status()?;
    anyhow::ensure!(status.success(), "go build ended with {status}");
    Ok(())
}

/// The release of `go`, such as `go1.26.8`.
pub fn go_version() -> Result<String> {
    let output = Command::new("go").args(["env", "GOVERSION"]).output();
    let output = output.context("cannot run go: install Go 1.26 or newer, or set KUBEBUILDER_ASSETS")?;
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// What is published of a module.
struct Module {
    go_mod: Value,
    /// When its version was made, RFC 3339.
    time: String,
}

fn published(folder: &Path, tool: &Tool) -> Result<Module> {
    let reference = format!("{}@{}", tool.module, tool.version);
    let list = json(go(folder).args(["list", "-m", "-json", &reference]))?;
    let path = list["GoMod"].as_str().context("go list names no go.mod")?;
    let time = list["Time"].as_str().unwrap_or("1970-01-01T00:00:00Z").to_owned();
    Ok(Module { go_mod: json(go(folder).args(["mod", "edit", "-json", path]))?, time })
}

/// The wrapper's go.mod: the tool's release, and each module that it replaces by a folder as published.
fn wrapper_module(tool: &Tool, module: &Module) -> Result<String> {
    let go = module.go_mod["Go"].as_str().context("go.mod states no go release")?;
    let mut text = format!(
        "module mainstay.dev/real/{}\n\ngo {go}\n\nrequire {} {}\n",
        tool.name, tool.module, tool.version
    );
    let replaces = module.go_mod["Replace"].as_array().map(Vec::as_slice).unwrap_or_default();
    for replace in replaces {
        let old = replace["Old"]["Path"].as_str().context("replace without a path")?;
        let new = replace["New"]["Path"].as_str().context("replace without a target")?;
        match (replace["New"]["Version"].as_str(), tool.siblings) {
            (Some(version), _) => text.push_str(&format!("replace {old} => {new} {version}\n")),
            (None, Some(version)) => text.push_str(&format!("replace {old} => {old} {version}\n")),
            // The module requires its siblings at their release already; the folders only serve its authors.
            (None, None) => {}
        }
    }
    Ok(text)
}

fn linker_flags(tool: &Tool, time: &str) -> String {
    let variables = match tool.stamp {
        Stamp::None => Vec::new(),
        Stamp::Variable(name) => vec![(name.to_owned(), tool.version.to_owned())],
        Stamp::Kubernetes => kubernetes_variables(tool.version, time),
    };
    let mut flags = "-s -w -buildid=".to_owned();
    for (name, value) in variables {
        flags.push_str(&format!(" -X {name}={value}"));
    }
    flags
}

fn kubernetes_variables(version: &str, time: &str) -> Vec<(String, String)> {
    let mut numbers = version.trim_start_matches('v').split('.');
    let values = [
        ("gitVersion", version),
        ("gitMajor", numbers.next().unwrap_or_default()),
        ("gitMinor", numbers.next().unwrap_or_default()),
        // A published module does not say which commit it was made of.
        ("gitCommit", "unknown"),
        ("gitTreeState", "archive"),
        ("buildDate", time),
    ];
    let packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
    let of = |package: &str| values.map(|(name, value)| (format!("{package}.{name}"), value.to_owned()));
    packages.into_iter().flat_map(of).collect()
}

fn check(tool: &Tool, binary: &Path) -> Result<()> {
    let output = Command::new(binary).args(tool.probe).stdin(Stdio::null()).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() || !printed.contains(tool.prints) {
        bail!("{} {} printed {:?}, not {}", tool.name, tool.probe.join(" "), printed.trim(), tool.prints);
    }
    Ok(())
}

/// `go` in `folder`, away from any module, workspace or vendor folder around it.
fn go(folder: &Path) -> Command {
    let mut command = Command::new("go");
    command.current_dir(folder);
    command.env("GOFLAGS", "-mod=mod").env("GOWORK", "off").env("CGO_ENABLED", "0");
    command
}

fn json(command: &mut Command) -> Result<Value> {
    let output = command.stdin(Stdio::null()).output().context("cannot run go")?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn module(go_mod: Value) -> Module {
        Module { go_mod, time: "2026-07-22T18:07:38Z".to_owned() }
    }

    fn tool(name: &str) -> &'static Tool {
        super::super::pins::TOOLS.iter().find(|tool| tool.name == name).expect("a pinned tool")
    }

    #[test]
    fn folders_of_the_upstream_repository_become_published_versions() {
        let upstream = module(json!({"Go": "1.26.0", "Replace": [
            {"Old": {"Path": "k8s.io/api"}, "New": {"Path": "./staging/src/k8s.io/api"}},
            {"Old": {"Path": "example.org/a"}, "New": {"Path": "example.org/b", "Version": "v1.2.3"}},
        ]}));
        let text = wrapper_module(tool("kubectl"), &upstream).expect("a module");
        assert!(text.contains("replace k8s.io/api => k8s.io/api v0.36.3\n"), "{text}");
        assert!(text.contains("replace example.org/a => example.org/b v1.2.3\n"), "{text}");
    }

    #[test]
    fn folders_of_released_siblings_are_left_out() {
        let upstream = module(json!({"Go": "1.26.0", "Replace": [
            {"Old": {"Path": "go.etcd.io/etcd/api/v3"}, "New": {"Path": "../api"}},
        ]}));
        let text = wrapper_module(tool("etcd"), &upstream).expect("a module");
        assert!(!text.contains("replace"), "{text}");
    }

    #[test]
    fn kubernetes_is_stamped_in_both_of_its_version_packages() {
        let flags = linker_flags(tool("kubectl"), "2026-07-22T18:07:38Z");
        assert!(flags.contains("-X k8s.io/component-base/version.gitVersion=v1.36.3"), "{flags}");
        assert!(flags.contains("-X k8s.io/client-go/pkg/version.gitMinor=36"), "{flags}");
    }
}
