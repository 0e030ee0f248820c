//! The repository as the rules see it: its files, and its packages as cargo describes them.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Folders that hold no file of ours, at any depth.
const SKIPPED: [&str; 3] = ["target", ".git", ".mainstay"];

pub struct Package {
    pub name: String,
    /// Relative to the root; empty for the root package.
    pub folder: String,
    pub dependencies: Vec<Dependency>,
    pub targets: Vec<Target>,
}

impl Package {
    pub fn manifest(&self) -> String {
        if self.folder.is_empty() { "Cargo.toml".to_owned() } else { format!("{}/Cargo.toml", self.folder) }
    }
}

pub struct Dependency {
    pub name: String,
    pub kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Normal,
    Build,
    Dev,
}

pub struct Target {
    pub name: String,
    pub kind: String,
    /// Relative to the root.
    pub source: String,
}

pub fn root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| mainstay_harness::here!())
}

/// Every file of the repository, relative to its root, sorted. Links are not followed.
pub fn files() -> &'static [String] {
    static FILES: OnceLock<Vec<String>> = OnceLock::new();
    FILES.get_or_init(|| {
        let mut files = Vec::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(root().join(&folder)).unwrap() {
                let entry = entry.unwrap();
                let path = folder.join(entry.file_name());
                let kind = entry.file_type().unwrap();
                if kind.is_dir() && !SKIPPED.contains(&entry.file_name().to_str().unwrap_or_default()) {
                    folders.push(path);
                } else if kind.is_file() {
                    files.push(path.into_os_string().into_string().unwrap());
                }
            }
        }
        files.sort();
        files
    })
}

pub fn rust_files() -> impl Iterator<Item = &'static str> {
    files().iter().map(String::as_str).filter(|path| path.ends_with(".rs"))
}

/// The text of a file, or `None` where it is not text.
pub fn text(path: &str) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(path)).ok()?).ok()
}

/// `path:line` of the first line that begins with `start`; line 1 where there is none.
pub fn place(path: &str, start: &str) -> String {
    let text = text(path).unwrap_or_default();
    let line = text.lines().position(|line| line.starts_with(start)).unwrap_or_default();
    format!("{path}:{}", line + 1)
}

/// The members of the workspace, sorted by name.
pub fn packages() -> &'static [Package] {
    static PACKAGES: OnceLock<Vec<Package>> = OnceLock::new();
    PACKAGES.get_or_init(|| {
        let metadata = metadata(&["--no-deps"]);
        let mut packages: Vec<Package> = array(&metadata["packages"]).iter().map(package).collect();
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        packages
    })
}

/// What `cargo metadata` says. It never changes the lock file, and downloads only what no build here needed so far.
pub fn metadata(arguments: &[&str]) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

pub fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn package(value: &Value) -> Package {
    Package {
        name: string(&value["name"]),
        folder: relative(&value["manifest_path"])
            .trim_end_matches("Cargo.toml")
            .trim_end_matches('/')
            .to_owned(),
        dependencies: array(&value["dependencies"]).iter().map(dependency).collect(),
        targets: array(&value["targets"]).iter().map(target).collect(),
    }
}

fn dependency(value: &Value) -> Dependency {
    let kind = match value["kind"].as_str() {
        None => Kind::Normal,
        Some("build") => Kind::Build,
        Some("dev") => Kind::Dev,
        Some(other) => panic!("cargo metadata names an unknown kind of dependency: {other}"),
    };
    Dependency { name: string(&value["name"]), kind }
}

fn target(value: &Value) -> Target {
    Target {
        name: string(&value["name"]),
        kind: string(&value["kind"][0]),
        source: relative(&value["src_path"]),
    }
}

fn string(value: &Value) -> String {
    value.as_str().expect("cargo metadata has a string here").to_owned()
}

fn relative(value: &Value) -> String {
    let path = PathBuf::from(string(value));
    path.strip_prefix(root()).expect("a member lies in the workspace").to_str().unwrap().to_owned()
}
