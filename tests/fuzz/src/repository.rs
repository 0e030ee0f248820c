use mainstay_unit::tree::{EntryKind, MemoryTree, Tree, TreePath};

/// More files than this make runs slow and show nothing that fewer would not.
const FILES: usize = 24;
const DEPTH: usize = 8;

/// Files out of one input: each begins with a line `=== path`, or `==> path target` for a symlink. Before the first
/// such line stands a file of the given name.
pub fn repository(bytes: &[u8], first: &str) -> MemoryTree {
    let mut tree = MemoryTree::new();
    let mut path = path(first);
    let mut content = Vec::new();
    let mut files = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some((head, is_link)) = head(line) else {
            content.extend_from_slice(line);
            continue;
        };
        let content = std::mem::take(&mut content);
        if let Some(path) = path.take().filter(|path| fits(&tree, path)) {
            tree.insert(path, content.into());
        }
        files += 1;
        if files > FILES {
            return tree;
        }
        if is_link {
            let (at, target) = head.split_once(' ').unwrap_or((head, ""));
            if let Some(at) = self::path(at).filter(|at| fits(&tree, at)) {
                tree.insert_symlink(at, target);
            }
        } else {
            path = self::path(head);
        }
    }
    if let Some(path) = path.filter(|path| fits(&tree, path)) {
        tree.insert(path, content.into());
    }
    tree
}

fn head(line: &[u8]) -> Option<(&str, bool)> {
    let (rest, is_link) = match line.strip_prefix(b"=== ") {
        Some(rest) => (rest, false),
        None => (line.strip_prefix(b"==> ")?, true),
    };
    Some((std::str::from_utf8(rest).ok()?.trim(), is_link))
}

fn path(text: &str) -> Option<TreePath> {
    let path = TreePath::parse(text).ok()?;
    (!path.is_root() && path.parts().count() <= DEPTH).then_some(path)
}

/// No real tree holds something below a file, or a file where a folder is.
fn fits(tree: &MemoryTree, path: &TreePath) -> bool {
    let is = |at: &TreePath, folder: bool| match tree.entry(at) {
        Ok(Some(entry)) => (entry.kind == EntryKind::Folder) == folder,
        Ok(None) | Err(_) => true,
    };
    let mut above = path.parent();
    while let Some(folder) = above {
        if !is(&folder, true) {
            return false;
        }
        above = folder.parent();
    }
    is(path, false)
}
