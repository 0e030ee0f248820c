//! A platform repository as its users have it: a folder, and commits made with Git.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use mainstay_harness::Output;

pub struct Repository {
    pub path: PathBuf,
}

impl Repository {
    pub fn create(path: PathBuf) -> Self {
        fs::create_dir_all(&path).expect("a folder");
        let repository = Self { path };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository
    }

    pub fn write(&self, file: &str, text: &str) {
        let path = self.path.join(file);
        fs::create_dir_all(path.parent().expect("a file in a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    /// A file, or a folder with all that is in it.
    pub fn remove(&self, place: &str) {
        let path = self.path.join(place);
        if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) }.expect("it was there");
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path.join(from), self.path.join(to)).expect("it was there");
    }

    /// Commits everything as it lies there; the answer is the commit.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// As `git commit -S`; what signs is given the commit without its signature.
    pub fn commit_signed(&self, message: &str, sign: impl FnOnce(&[u8]) -> String) -> String {
        self.commit(message);
        let raw = self.git(&["cat-file", "commit", "HEAD"]);
        let signature = sign(raw.as_bytes()).trim_end().replace('\n', "\n ");
        let (head, text) = raw.split_once("\n\n").expect("a message");
        let mut command = git(&self.path);
        command.args(["hash-object", "-t", "commit", "-w", "--stdin"]);
        let signed = format!("{head}\ngpgsig {signature}\n\n{text}");
        let id =
            Output::of(&mut command, &signed).expect("git can be run").expect_success().trim().to_owned();
        self.git(&["reset", "--quiet", "--hard", &id]);
        id
    }

    /// Makes a commit on a branch of its own. HEAD, which the daemon follows, stays where it is.
    pub fn propose(&self, branch: &str, message: &str) {
        self.git(&["add", "--all"]);
        let tree = self.git(&["write-tree"]);
        let commit = self.git(&["commit-tree", tree.trim(), "-p", "HEAD", "-m", message]);
        self.git(&["branch", branch, commit.trim()]);
        self.git(&["reset", "--quiet", "--hard"]);
    }

    pub fn merge(&self, branch: &str) -> String {
        self.git(&["merge", "--quiet", "--ff-only", branch]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// Takes the newest commit back with another one.
    pub fn revert(&self) -> String {
        self.git(&["revert", "--no-edit", "HEAD"]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// What was written and not committed.
    pub fn discard(&self) {
        self.git(&["clean", "--quiet", "--force", "-d"]);
        self.git(&["checkout", "--quiet", "."]);
    }

    fn git(&self, arguments: &[&str]) -> String {
        let mut command = git(&self.path);
        Output::of(command.args(arguments), "").expect("git can be run").expect_success()
    }

    /// Declares a tenant whose folder is named like it.
    pub fn tenant(&self, name: &str) {
        let spec = format!("spec:\n  paths: [{name}]\n  namespaces: [{name}]\n");
        self.write(&format!("{name}/tenant.yaml"), &document("Tenant", name, &spec));
    }

    /// Declares the tenant's module `name` with `objects`, after other modules of the tenant.
    pub fn module(&self, tenant: &str, name: &str, after: &[&str], objects: &str) {
        self.declare(tenant, name, after, name);
        self.write(&format!("{tenant}/{name}/objects.yaml"), objects);
    }

    /// As `module`, its objects lying in another folder of the tenant.
    pub fn declare(&self, tenant: &str, name: &str, after: &[&str], folder: &str) {
        let mut spec =
            format!("spec:\n  source:\n    path: {tenant}/{folder}\n  retryInterval: 2s\n  timeout: 90s\n");
        if !after.is_empty() {
            spec.push_str("  dependsOn:\n");
        }
        for module in after {
            spec.push_str(&format!("    - kind: Module\n      name: {module}\n"));
        }
        self.write(&format!("{tenant}/{name}.yaml"), &document("Module", name, &spec));
    }
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "Ada"),
        ("GIT_AUTHOR_EMAIL", "ada@example.com"),
        ("GIT_COMMITTER_NAME", "Ada"),
        ("GIT_COMMITTER_EMAIL", "ada@example.com"),
    ] {
        command.env(name, value);
    }
    command
}

fn document(kind: &str, name: &str, spec: &str) -> String {
    format!("apiVersion: mainstay.dev/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\n{spec}")
}

/// A ConfigMap whose only key `value` is `value`.
pub fn config_map(namespace: &str, name: &str, value: &str) -> String {
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: {namespace}\ndata:\n  value: {value:?}\n---\n"
    )
}
