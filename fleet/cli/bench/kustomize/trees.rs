//! Trees to build: those of a folder, and some that are made up.

use crate::exit::Failure;
use mainstay_unit::tree::{EntryKind, IndexedTree, TreePath};
use std::path::{Path, PathBuf};

pub(super) struct Case {
    pub(super) tree: PathBuf,
    /// Folders with a kustomization, within the tree.
    pub(super) roots: Vec<TreePath>,
}

impl Case {
    pub(super) fn path(&self, root: &TreePath) -> PathBuf {
        self.tree.join(root.as_str())
    }
}

/// Every folder directly in this one is a tree.
pub(super) fn cases(trees: &Path) -> Result<Vec<Case>, Failure> {
    let mut found = Vec::new();
    for tree in folders(trees)? {
        let mut roots = Vec::new();
        find(&tree, &TreePath::root(), &mut roots)?;
        roots.sort();
        found.push(Case { tree, roots });
    }
    Ok(found)
}

fn find(folder: &Path, at: &TreePath, roots: &mut Vec<TreePath>) -> Result<(), Failure> {
    for name in ["kustomization.yaml", "kustomization.yml", "Kustomization"] {
        if let Ok(text) = std::fs::read_to_string(folder.join(name)) {
            if !text.lines().any(|line| line.trim_end() == "kind: Component") {
                roots.push(at.clone());
            }
            break;
        }
    }
    for folder in folders(folder)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Ok(at) = at.join(&name) {
            find(&folder, &at, roots)?;
        }
    }
    Ok(())
}

fn folders(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |e: std::io::Error| Failure::user(format!("{} can't be listed: {e}", folder.display()));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_type().map_err(failed)?.is_dir() && entry.file_name() != ".git" {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

type Files = Vec<(String, String)>;

/// Small, middling and large, where nobody names any.
pub(super) fn write(folder: &Path) -> Result<PathBuf, Failure> {
    for count in [5, 50, 200] {
        store(&folder.join(format!("documents-{count}")), &documents(count))?;
    }
    Ok(folder.to_owned())
}

pub(super) fn store(folder: &Path, files: &Files) -> Result<(), Failure> {
    for (path, text) in files {
        let path = folder.join(path);
        path.parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, text))
            .map_err(|e| Failure::environment(format!("{} can't be written: {e}", path.display())))?;
    }
    Ok(())
}

pub(super) fn in_memory(files: &Files) -> Result<IndexedTree, Failure> {
    let mut found = Vec::new();
    for (path, text) in files {
        let path = TreePath::parse(path).map_err(|e| Failure::internal(e.to_string()))?;
        found.push((path, EntryKind::File, text.as_bytes().into()));
    }
    Ok(IndexedTree::new(found))
}

/// An overlay of a base with so many documents, a quarter each of Deployments, Services, ConfigMaps that these read, and
/// ServiceAccounts that they run as.
pub(super) fn documents(count: usize) -> Files {
    const PER_FILE: usize = 20;
    let mut files: Files = Vec::new();
    let mut names = Vec::new();
    for (number, at) in (0..count).step_by(PER_FILE).enumerate() {
        let text = (at..count.min(at + PER_FILE)).map(document).collect::<Vec<_>>().join("---\n");
        names.push(format!("- part-{number}.yaml\n"));
        files.push((format!("base/part-{number}.yaml"), text));
    }
    files.push(("base/kustomization.yaml".into(), format!("resources:\n{}", names.concat())));
    let overlay = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: production\nnamePrefix: p-\nresources:\n- base\nlabels:\n- pairs:\n    environment: production\n  includeTemplates: true\ncommonAnnotations:\n  owner: platform\nimages:\n- name: registry.example.com/app\n  newTag: \"2\"\nconfigMapGenerator:\n- name: settings\n  literals:\n  - level=info\npatches:\n- target:\n    kind: Deployment\n  patch: |\n    apiVersion: apps/v1\n    kind: Deployment\n    metadata:\n      name: any\n    spec:\n      replicas: 3\n      template:\n        spec:\n          containers:\n          - name: main\n            resources:\n              limits:\n                memory: 128Mi\n- target:\n    kind: Service\n  patch: |\n    - op: add\n      path: /metadata/labels/patched\n      value: \"true\"\n";
    files.push(("kustomization.yaml".into(), overlay.into()));
    files
}

fn document(at: usize) -> String {
    let name = format!("app-{}", at / 4);
    match at % 4 {
        0 => format!(
            "apiVersion: v1\nkind: ServiceAccount\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\n"
        ),
        1 => format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\ndata:\n  level: info\n  text: |\n    one line\n    and another\n"
        ),
        2 => format!(
            "apiVersion: v1\nkind: Service\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\nspec:\n  selector:\n    app: {name}\n  ports:\n  - name: http\n    port: 80\n    targetPort: http\n"
        ),
        _ => format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\n  labels:\n    app: {name}\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: {name}\n  template:\n    metadata:\n      labels:\n        app: {name}\n    spec:\n      serviceAccountName: {name}\n      containers:\n      - name: main\n        image: registry.example.com/app:1\n        envFrom:\n        - configMapRef:\n            name: {name}\n        ports:\n        - name: http\n          containerPort: 8080\n"
        ),
    }
}
