//! The one file that builds folders as kustomizations.
use crate::reads::Recorder;
use crate::secrets::Decryption;
use mainstay_diagnostic::{Diagnostic, Diagnostics, codes};
use mainstay_flux::{Recognised, SUBSTITUTE_SWITCH, recognise};
use mainstay_kustomize::{Build, Decrypt, ParseCache, SecretFile, Substitute};
use mainstay_object::{Object, ObjectKey};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{Desired, Overlay};
use std::collections::{BTreeMap, BTreeSet};

/// Bytes that one object may grow to by substitution.
const SUBSTITUTED: usize = 5 << 20;

#[derive(Default)]
pub(crate) struct Built {
    pub objects: Vec<Desired>,
    /// Which of them were encrypted.
    pub decrypted: BTreeSet<ObjectKey>,
    pub diagnostics: Diagnostics,
}

/// What a folder builds to before variables are set.
#[derive(Clone, Default)]
pub(crate) struct Unset {
    objects: Vec<Desired>,
    /// For each of them, where anything was decrypted.
    decrypted: Vec<bool>,
    diagnostics: Diagnostics,
    failed: bool,
}

impl Unset {
    fn failed(diagnostics: Diagnostics) -> Self {
        Self { diagnostics, failed: true, ..Self::default() }
    }
}

pub(crate) fn build(
    tree: &Recorder,
    root: &TreePath,
    overlay: &Overlay,
    parsed: &ParseCache,
    decryption: Option<&Decryption>,
) -> Unset {
    let file = decryption.map(|decryption| |file: SecretFile<'_>| decryption.file(file));
    let decrypt = file.as_ref().map(|file| file as Decrypt<'_>);
    let request = Build { overlay: Some(overlay), cache: Some(parsed), decrypt, ..Build::new(tree, root) };
    let built = match mainstay_kustomize::build(&request) {
        Ok(built) => built,
        Err(failed) => {
            failed.reads.iter().for_each(|path| tree.touch(path));
            return Unset::failed(failed.diagnostics);
        }
    };
    built.reads.iter().for_each(|path| tree.touch(path));
    let (objects, decrypted) = match decryption {
        None => (built.objects, Vec::new()),
        Some(how) => match decrypt_all(built.objects, how) {
            Ok(clear) => clear,
            Err(diagnostics) => return Unset::failed(diagnostics),
        },
    };
    Unset { objects, decrypted, diagnostics: built.warnings, failed: false }
}

pub(crate) fn substituted(
    unset: Unset,
    overlay: &Overlay,
    values: Option<&BTreeMap<String, String>>,
) -> Built {
    let Unset { objects, decrypted, diagnostics, failed } = unset;
    if failed {
        return Built { diagnostics, ..Built::default() };
    }
    let done = |objects, diagnostics| done(objects, &decrypted, diagnostics, overlay);
    let (Some(values), Some(asked)) = (values, &overlay.substitution) else {
        return done(objects, diagnostics);
    };
    if values.is_empty() && !asked.always {
        return done(objects, diagnostics);
    }
    let mut values = values.clone();
    if values.is_empty() {
        // Asked for without a variable: names that are not set still become empty.
        values.insert("_".to_owned(), String::new());
    }
    let strict = asked.strict;
    let how = Substitute { variables: &values, strict, switch: SUBSTITUTE_SWITCH, most: SUBSTITUTED };
    match mainstay_kustomize::substitute(objects, &how) {
        Ok(objects) => done(objects, diagnostics),
        Err(diagnostics) => Built { diagnostics, ..Built::default() },
    }
}

/// Metadata and keys come last: nothing is substituted in what the declaration itself adds, and substitution may rename
/// what was decrypted.
fn done(mut objects: Vec<Desired>, decrypted: &[bool], diagnostics: Diagnostics, overlay: &Overlay) -> Built {
    for desired in &mut objects {
        mainstay_kustomize::common_metadata(&mut desired.object, overlay);
    }
    let marked = objects.iter().zip(decrypted).filter(|(_, decrypted)| **decrypted);
    let decrypted = marked.map(|(desired, _)| desired.object.key()).collect();
    Built { objects, decrypted, diagnostics }
}

type Clear = (Vec<Desired>, Vec<bool>);

/// The objects with what was encrypted in the clear, and for each whether it was. What is locked stays encrypted.
fn decrypt_all(objects: Vec<Desired>, how: &Decryption) -> Result<Clear, Diagnostics> {
    let (mut clear, mut decrypted, mut problems) = (Vec::new(), Vec::new(), Diagnostics::new());
    for mut desired in objects {
        let kind = desired.object.group_version_kind();
        let declares = recognise(&kind) != Recognised::Foreign;
        let message = |why: String| format!("{} can't be decrypted: {why}", desired.object.key());
        let object = how.object(&desired, declares).and_then(|found| match found {
            Some(value) => Object::new(value).map(Some).map_err(|error| error.to_string()),
            None => Ok(None),
        });
        match object {
            Ok(None) => decrypted.push(false),
            Ok(Some(object)) => {
                decrypted.push(true);
                desired.object = object;
            }
            Err(why) => problems
                .push(Diagnostic::new(&codes::render::ENCRYPTED, message(why)).at(desired.origin.clone())),
        }
        clear.push(desired);
    }
    if problems.is_empty() { Ok((clear, decrypted)) } else { Err(problems) }
}
