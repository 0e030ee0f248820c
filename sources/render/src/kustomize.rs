//! The one file that builds folders as kustomizations.
use crate::external::Asker;
use crate::outside::{self, Noted, Outside};
use crate::reads::{Reads, Recorder};
use crate::secrets::{Decryption, Depends};
use crate::sources::Source;
use mainstay_diagnostic::{Diagnostic, Diagnostics, codes};
use mainstay_flux::{Recognised, SUBSTITUTE_SWITCH, recognise};
use mainstay_kustomize::{Build, Decrypt, ParseCache, RemoteBase, SecretFile, Substitute};
use mainstay_object::{Object, ObjectKey};
use mainstay_unit::tree::TreePath;
use mainstay_unit::{Desired, Overlay};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Bytes that one object may grow to by substitution.
const SUBSTITUTED: usize = 5 << 20;

#[derive(Default)]
pub(crate) struct Built {
    pub objects: Vec<Desired>,
    /// Which of them hold what was encrypted, or what secrets or chance decided.
    pub sensitive: BTreeSet<ObjectKey>,
    pub diagnostics: Diagnostics,
}

/// What a folder builds to before variables are set.
#[derive(Clone, Default)]
pub(crate) struct Unset {
    objects: Vec<Desired>,
    /// For each of them, where there is anything to keep secret.
    sensitive: Vec<bool>,
    diagnostics: Diagnostics,
    failed: bool,
}

impl Unset {
    fn failed(diagnostics: Diagnostics) -> Self {
        Self { diagnostics, failed: true, ..Self::default() }
    }
}

/// What a build was, with what it looked at and asked.
pub(crate) struct Before {
    pub unset: Unset,
    pub reads: Arc<Reads>,
    pub noted: Noted,
}

/// A folder, and who wants to know.
#[derive(Clone, Copy)]
pub(crate) struct Folder<'a> {
    pub source: &'a Source,
    pub path: &'a TreePath,
    pub overlay: &'a Overlay,
    pub asker: Asker<'a>,
}

/// Builds once more where something of it may be secret: what comes to something else is.
pub(crate) fn build(folder: Folder<'_>, parsed: &ParseCache, decryption: Option<&Decryption>) -> Before {
    let recorder = Recorder::new(folder.source.tree.clone());
    let outside = Outside::new(folder.asker, false);
    let mut unset = once(folder, &recorder, parsed, decryption, &outside);
    let noted = outside.into_noted();
    let secret = noted.secret_texts();
    unset.diagnostics = outside::without(unset.diagnostics, &secret);
    if noted.is_sensitive() && noted.lacking().is_none() {
        let altered = Outside::new(folder.asker, true);
        let other = once(folder, &recorder, parsed, decryption, &altered);
        let depends = Depends::on(other.objects.iter(), &secret);
        let mut held = std::mem::take(&mut unset.sensitive).into_iter();
        let holds = |desired| held.next().unwrap_or_default() | depends.does(desired);
        unset.sensitive = unset.objects.iter().map(holds).collect();
    }
    Before { unset, reads: Arc::new(recorder.reads()), noted }
}

fn once(
    folder: Folder<'_>,
    tree: &Recorder,
    parsed: &ParseCache,
    decryption: Option<&Decryption>,
    outside: &Outside<'_>,
) -> Unset {
    let file = decryption.map(|decryption| |file: SecretFile<'_>| decryption.file(file));
    let decrypt = file.as_ref().map(|file| file as Decrypt<'_>);
    let remote = |base: &RemoteBase| outside.remote(base);
    let web = |url: &str| outside.web(url);
    let request = Build {
        overlay: Some(folder.overlay),
        cache: Some(parsed),
        decrypt,
        charts: Some(outside),
        remote: Some(&remote),
        web: Some(&web),
        ..Build::new(tree, folder.path)
    };
    let built = match mainstay_kustomize::build(&request) {
        Ok(built) => built,
        Err(failed) => {
            failed.reads.iter().for_each(|path| tree.touch(path));
            return Unset::failed(failed.diagnostics);
        }
    };
    built.reads.iter().for_each(|path| tree.touch(path));
    let (objects, sensitive) = match decryption {
        None => (built.objects, Vec::new()),
        Some(how) => match decrypt_all(built.objects, how) {
            Ok(clear) => clear,
            Err(diagnostics) => return Unset::failed(diagnostics),
        },
    };
    Unset { objects, sensitive, diagnostics: built.warnings, failed: false }
}

pub(crate) fn substituted(
    unset: Unset,
    overlay: &Overlay,
    values: Option<&BTreeMap<String, String>>,
) -> Built {
    let Unset { objects, sensitive, diagnostics, failed } = unset;
    if failed {
        return Built { diagnostics, ..Built::default() };
    }
    let done = |objects, diagnostics| done(objects, &sensitive, diagnostics, overlay);
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
/// what is to be kept secret.
fn done(mut objects: Vec<Desired>, sensitive: &[bool], diagnostics: Diagnostics, overlay: &Overlay) -> Built {
    for desired in &mut objects {
        mainstay_kustomize::common_metadata(&mut desired.object, overlay);
    }
    let marked = objects.iter().zip(sensitive).filter(|(_, sensitive)| **sensitive);
    let sensitive = marked.map(|(desired, _)| desired.object.key()).collect();
    Built { objects, sensitive, diagnostics }
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
