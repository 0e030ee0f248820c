use crate::{Author, Head, Limits, Mirror, Reference, Remote, commit};
use git2::{Oid, Repository, RepositoryInitOptions};
use mainstay_unit::tree::TreePath;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A bare repository to follow, a folder for mirrors, and all of it gone at the end.
pub struct Place {
    pub dir: TempDir,
    pub origin: PathBuf,
}

pub fn author() -> Author {
    Author { name: "Ada".into(), email: "ada@example.com".into(), time: 1_700_000_000 }
}

pub fn path(text: &str) -> TreePath {
    TreePath::parse(text).unwrap()
}

impl Place {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let origin = dir.path().join("origin.git");
        let mut options = RepositoryInitOptions::new();
        options.bare(true).initial_head("main").external_template(false);
        Repository::init_opts(&origin, &options).unwrap();
        Self { dir, origin }
    }

    pub fn repository(&self) -> Repository {
        Repository::open(&self.origin).unwrap()
    }

    /// Commits one file on a branch.
    pub fn commit(&self, branch: &str, file: &str, content: &str) -> String {
        let changes = [(path(file), Some(content.as_bytes().to_vec()))];
        commit(&self.origin, branch, &changes, &format!("change {file}\n\nwhy"), &author()).unwrap()
    }

    pub fn tag(&self, name: &str, commit: &str) {
        self.point(&format!("refs/tags/{name}"), commit);
    }

    pub fn annotated_tag(&self, name: &str, commit: &str) {
        let repository = self.repository();
        let target = repository.find_object(Oid::from_str(commit).unwrap(), None).unwrap();
        let tagger = git2::Signature::new("Ada", "ada@example.com", &git2::Time::new(1, 0)).unwrap();
        repository.tag(name, &target, &tagger, "a release", false).unwrap();
    }

    pub fn point(&self, reference: &str, commit: &str) {
        self.repository().reference(reference, Oid::from_str(commit).unwrap(), true, "test").unwrap();
    }

    pub fn remote(&self, reference: Reference) -> Remote {
        Remote::new(self.origin.to_str().unwrap(), reference)
    }

    pub fn mirror_dir(&self) -> PathBuf {
        self.dir.path().join("state/mirror")
    }

    pub fn mirror(&self, reference: Reference) -> Mirror {
        Mirror::open(self.mirror_dir(), self.remote(reference)).unwrap()
    }

    pub fn main(&self) -> Mirror {
        self.mirror(Reference::Branch("main".into()))
    }

    pub fn limited(&self, limits: Limits) -> Mirror {
        let remote = self.remote(Reference::Branch("main".into()));
        Mirror::with_limits(self.mirror_dir(), remote, limits).unwrap()
    }
}

pub fn never() -> bool {
    false
}

pub fn fetched(mirror: &mut Mirror) -> Head {
    mirror.fetch(&never).unwrap()
}

pub fn packs(repository: &Path) -> Vec<PathBuf> {
    let folder = repository.join("objects/pack");
    let files = std::fs::read_dir(folder).unwrap().map(|f| f.unwrap().path());
    files.filter(|p| p.extension().is_some_and(|e| e == "pack")).collect()
}
