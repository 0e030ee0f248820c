//! The one file that calls the renderer of kustomizations.
use crate::reads::Recorder;
use mainstay_diagnostic::Diagnostics;
use mainstay_flux::SUBSTITUTE_SWITCH;
use mainstay_kustomize::{Build, Decrypt, Limits, ParseCache, Substitute};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{Desired, Overlay};
use std::collections::BTreeMap;

/// Bytes that one object may grow to by substitution.
const SUBSTITUTED: usize = 5 << 20;

#[derive(Default)]
pub(crate) struct Built {
    pub objects: Vec<Desired>,
    pub diagnostics: Diagnostics,
}

pub(crate) fn build(
    tree: &Recorder,
    root: &TreePath,
    overlay: &Overlay,
    values: Option<&BTreeMap<String, String>>,
    parsed: &ParseCache,
    decrypt: Option<Decrypt<'_>>,
) -> Built {
    let request =
        Build { tree, root, overlay: Some(overlay), limits: Limits::default(), cache: Some(parsed), decrypt };
    let built = match mainstay_kustomize::build(&request) {
        Ok(built) => built,
        Err(failed) => {
            failed.reads.iter().for_each(|path| tree.touch(path));
            return Built { objects: Vec::new(), diagnostics: failed.diagnostics };
        }
    };
    built.reads.iter().for_each(|path| tree.touch(path));
    let Some(values) = values else { return Built { objects: built.objects, diagnostics: built.warnings } };
    let mut values = values.clone();
    if values.is_empty() {
        // Asked for without a variable: names that are not set still become empty.
        values.insert("_".to_owned(), String::new());
    }
    let strict = overlay.substitution.as_ref().is_some_and(|substitution| substitution.strict);
    let how = Substitute { variables: &values, strict, switch: SUBSTITUTE_SWITCH, most: SUBSTITUTED };
    match mainstay_kustomize::substitute(built.objects, &how) {
        Ok(objects) => Built { objects, diagnostics: built.warnings },
        Err(diagnostics) => Built { objects: Vec::new(), diagnostics },
    }
}
