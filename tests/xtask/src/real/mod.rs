//! `cargo xtask real`: the real API server, its companions and the tools that Mainstay is compared with.
//!
//! Built once per set of pins and Go release into a cache outside of the checkout, then linked to
//! `target/real`. A second run builds nothing. No binary is ever downloaded: sources come as Go modules
//! through the `go` client as it is configured on the machine, checked against its checksum database.
//!
//! The cache is `$MAINSTAY_TOOLS/<key>`, else `$XDG_CACHE_HOME/mainstay/real/<key>`, else
//! `~/.cache/mainstay/real/<key>`. A key says what was built, so nothing in it is ever stale. Where `KUBEBUILDER_ASSETS` holds etcd, kube-apiserver and kubectl, those
//! are taken and not built, and Go is needed only for the others.
//!
//! What only benches need is built when it is named, and kept with its version in its own name.

mod build;
mod pins;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::workspace;
use pins::{MORE, TOOLS, Tool};

pub fn run(more: &[&str]) -> Result<()> {
    let more = more.iter().map(|name| named(name)).collect::<Result<Vec<&Tool>>>()?;
    let links = workspace::root().join("target/real");
    std::fs::create_dir_all(&links).with_context(|| format!("cannot create {}", links.display()))?;
    let assets = assets();
    let cache = match (cache(), &assets) {
        (Ok(cache), _) => Some(cache),
        (Err(error), None) => return Err(error),
        (Err(error), Some(_)) => {
            eprintln!("only what KUBEBUILDER_ASSETS holds is linked: {error:#}");
            None
        }
    };
    for tool in TOOLS.iter().chain(more) {
        let started = Instant::now();
        let (binary, how) = match (given(assets.as_deref(), tool), &cache) {
            (Some(binary), _) => (binary, "given"),
            (None, Some(cache)) => provide(cache, tool)?,
            (None, None) => continue,
        };
        link(&binary, &links.join(tool.name))?;
        let size = std::fs::metadata(&binary)?.len() / (1 << 20);
        let took = started.elapsed().as_secs_f64();
        println!("{:<24} {:<8} {how:<6} {took:>6.1} s {size:>4} MiB", tool.name, tool.version);
    }
    Ok(())
}

fn named(name: &str) -> Result<&'static Tool> {
    let known: Vec<&str> = MORE.iter().map(|tool| tool.name).collect();
    let Some(tool) = MORE.iter().find(|tool| tool.name == name) else {
        bail!("no tool is called {name}; there are: {}", known.join(", "));
    };
    Ok(tool)
}

/// The folder of built tools.
fn cache() -> Result<PathBuf> {
    let go = build::go_version()?;
    let cache = cache_folder(&go)?;
    std::fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    println!("{go}, cache {}", cache.display());
    Ok(cache)
}

fn provide(cache: &Path, tool: &Tool) -> Result<(PathBuf, &'static str)> {
    let binary = match MORE.iter().any(|more| more.name == tool.name) {
        true => cache.join(format!("{}-{}", tool.name, tool.version)),
        false => cache.join(tool.name),
    };
    if binary.is_file() {
        return Ok((binary, "cached"));
    }
    println!("{:<24} {:<8} building, this takes minutes", tool.name, tool.version);
    build::build(cache, tool, &binary).with_context(|| format!("cannot build {}", tool.name))?;
    Ok((binary, "built"))
}

/// The folder of `KUBEBUILDER_ASSETS`, if it holds what a control plane needs.
fn assets() -> Option<PathBuf> {
    let folder = PathBuf::from(std::env::var_os("KUBEBUILDER_ASSETS")?);
    let complete = ["etcd", "kube-apiserver", "kubectl"].iter().all(|name| folder.join(name).is_file());
    if !complete {
        eprintln!(
            "KUBEBUILDER_ASSETS ({}) lacks etcd, kube-apiserver or kubectl: not used",
            folder.display()
        );
    }
    complete.then_some(folder)
}

fn given(assets: Option<&Path>, tool: &Tool) -> Option<PathBuf> {
    let binary = assets?.join(tool.name);
    binary.is_file().then_some(binary)
}

fn cache_folder(go: &str) -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("MAINSTAY_TOOLS") {
        return Ok(PathBuf::from(folder).join(key(go)));
    }
    let base = match std::env::var_os("XDG_CACHE_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cache"),
    };
    Ok(base.join("mainstay/real").join(key(go)))
}

/// Names the cache after everything that shapes its binaries: pins, stamps, build flags and Go's release.
fn key(go: &str) -> String {
    let mut text = format!("{go}\n{}\n", build::FLAGS.join(" "));
    for tool in TOOLS {
        text.push_str(&format!("{tool:?}\n"));
    }
    // FNV-1a: a name for a folder, no defence against anyone.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

/// Points `link` at `binary`. The link appears whole: a test that starts meanwhile sees the old or the new one.
fn link(binary: &Path, link: &Path) -> Result<()> {
    if std::fs::read_link(link).is_ok_and(|old| old == binary) {
        return Ok(());
    }
    let fresh = link.with_extension(format!("{}.new", std::process::id()));
    std::os::unix::fs::symlink(binary, &fresh)
        .and_then(|()| std::fs::rename(&fresh, link))
        .with_context(|| format!("cannot link {}", link.display()))
}

#[cfg(test)]
mod tests;
