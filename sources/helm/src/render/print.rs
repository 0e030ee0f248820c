//! What `helm template` prints.
use super::Rendered;
use std::fmt::Write;

/// Definitions first if they are asked for, then manifests, then hooks, each behind `# Source:` with its path.
pub fn print(rendered: &Rendered, include_crds: bool) -> String {
    let mut body = String::new();
    if include_crds {
        for (path, text) in &rendered.crds {
            document(&mut body, path, text);
        }
    }
    for manifest in &rendered.manifests {
        document(&mut body, &manifest.path, &manifest.text);
    }
    let mut out = format!("{}\n", body.trim());
    for hook in &rendered.hooks {
        document(&mut out, &hook.path, &hook.text);
    }
    out
}

fn document(out: &mut String, path: &str, text: &str) {
    // Writing to a string can't fail.
    let _ = writeln!(out, "---\n# Source: {path}\n{text}");
}
