//! Patches as a kustomization names them: inline or by path, strategic or JSON.
use crate::build::Builder;
use crate::document::objects;
use crate::json_patch;
use crate::kustomization::{Patch as Entry, Selector};
use crate::objects::Objects;
use crate::problem::Problem;
use crate::read::{end_as_written, read};
use crate::selector::Matcher;
use crate::target::Target;
use crate::transform::patch::{self, Patch};
use mainstay_diagnostic::codes::kustomize as codes;
use mainstay_diagnostic::{Diagnostics, Location};
use serde_json::Value;
use std::sync::Arc;

impl Builder<'_> {
    /// An entry of `patches`.
    pub(crate) fn patch(
        &self,
        target: &Target,
        all: &mut Objects,
        entry: &Entry,
        pointer: &str,
    ) -> Result<(), Diagnostics> {
        let fault = |p: Problem| target.fault(p, pointer);
        let invalid = |message: &str| Err(fault(Problem::new(&codes::INVALID, message)));
        let inline = entry.patch.trim();
        let (bytes, file): (Arc<[u8]>, Option<String>) = match (inline.is_empty(), entry.path.is_empty()) {
            (true, true) => return invalid("a patch needs either patch or path"),
            (false, false) => return invalid("a patch has either patch or path, not both"),
            (false, true) => (Arc::from(inline.as_bytes()), None),
            (true, false) => {
                let real = target.folder.join(&entry.path).map(|p| self.loader.shown(&p).into_owned());
                let real = real.unwrap_or_default();
                (self.text(target, &entry.path, pointer)?, Some(real))
            }
        };
        let option = |name: &str| entry.options.get(name).copied().unwrap_or_default();
        let matcher = entry.target.as_ref().map(Matcher::new).transpose().map_err(fault)?;
        if let Some((selector, matcher)) = entry.target.as_ref().zip(matcher.as_ref()) {
            self.warn_of_no_match(target, all, (selector, matcher), pointer);
        }
        // Problems inside a patch file are shown there.
        let place = |p: Problem| match &file {
            Some(file) if p.span.is_some() => p.in_file(file, &bytes),
            Some(_) | None => fault(p),
        };
        match self.read_patch(target, &bytes, file.as_deref(), pointer).map_err(place)? {
            Patch::Merge(mut patches) => {
                for patch in &mut patches {
                    patch.allow_name_change = option("allowNameChange");
                    patch.allow_kind_change = option("allowKindChange");
                    if patch.allow_name_change || patch.allow_kind_change {
                        // The permission is kept among the patch's annotations, all of which become text by that.
                        let annotations = patch.annotations();
                        patch.set_annotations(&annotations);
                    }
                }
                match (matcher, patches.as_slice()) {
                    (None, all_patches) => all_patches
                        .iter()
                        .try_for_each(|p| patch::merge_into_named(all, p, &self.schema.table()))
                        .map_err(fault),
                    (Some(_), []) => Ok(()),
                    (Some(matcher), [one]) => {
                        patch::merge_into_selected(all, one, &matcher, &self.schema.table()).map_err(fault)
                    }
                    (Some(_), _) => {
                        invalid("several strategic merge patches in one entry can't have a target")
                    }
                }
            }
            Patch::Json(ops) => match matcher {
                None => invalid("a JSON patch needs a target"),
                Some(matcher) => {
                    patch::json(all, &ops, &matcher, true, &|bytes| self.loader.pay(bytes)).map_err(fault)
                }
            },
        }
    }

    /// What is meant for many trees, a component or what a declaration merges into all of them, need not fit each one.
    fn warn_of_no_match(
        &self,
        target: &Target,
        all: &Objects,
        (selector, matcher): (&Selector, &Matcher),
        pointer: &str,
    ) {
        let general = selector.name.is_empty() && target.kustomization.is_component();
        if general || !target.says(pointer) || all.iter().any(|resource| matcher.matches(resource)) {
            return;
        }
        let message = format!("the patch is for {}, which is not in the build", selector.id());
        let problem = Problem::new(&codes::UNMATCHED, message);
        let problem =
            match all.closest(&selector.kind, &selector.name).or_else(|| all.closest("", &selector.name)) {
                Some(near) => problem.hint(format!("the closest one is {near}")),
                None => problem,
            };
        self.loader.warn(target.fault(problem, pointer));
    }

    fn read_patch(
        &self,
        target: &Target,
        bytes: &[u8],
        file: Option<&str>,
        pointer: &str,
    ) -> Result<Patch, Problem> {
        let documents = read(bytes, &self.loader.limits)?;
        let merges = objects(&documents, |span| match file {
            Some(file) => Location::new(file, span),
            None => target.location(pointer),
        });
        let ops = operations(bytes).filter(json_patch::is_patch);
        match (merges, ops) {
            (Ok(mut patches), None) if !patches.is_empty() => {
                self.schema.scope(&mut patches);
                Ok(Patch::Merge(patches))
            }
            (Err(_), Some(ops)) => Ok(Patch::Json(ops)),
            (Ok(_), _) => Err(Problem::new(&codes::PATCH, "the patch is empty")),
            (Err(problem), None) if is_nameless(bytes) => {
                let message = "the patch names no object: it has no metadata.name".to_owned();
                let problem = Problem { message, code: &codes::PATCH, ..problem };
                Err(problem
                    .hint("give it the name of the object that it changes; with a target any name will do"))
            }
            (Err(problem), None) => {
                let message = format!(
                    "the patch is neither a strategic merge patch ({}) nor a JSON patch",
                    problem.message
                );
                Err(Problem { message, code: &codes::PATCH, ..problem })
            }
        }
    }

    /// An entry of `patchesJson6902`.
    pub(crate) fn json_patch(
        &self,
        target: &Target,
        all: &mut Objects,
        entry: &Entry,
        pointer: &str,
    ) -> Result<(), Diagnostics> {
        let fault = |p: Problem| target.fault(p, pointer);
        let invalid = |message: &str| Err(fault(Problem::new(&codes::INVALID, message)));
        let Some(selector) = entry.target.as_ref().filter(|t| !t.name.is_empty()) else {
            return invalid("a JSON patch needs the name of its target");
        };
        let matcher = Matcher::new(selector).map_err(fault)?;
        self.warn_of_no_match(target, all, (selector, &matcher), pointer);
        let bytes: Arc<[u8]> = match (entry.patch.is_empty(), entry.path.is_empty()) {
            (true, true) => return invalid("a patch needs either patch or path"),
            (false, false) => return invalid("a patch has either patch or path, not both"),
            (false, true) => Arc::from(entry.patch.as_bytes()),
            (true, false) => self.text(target, &entry.path, pointer)?,
        };
        match operations(&bytes).filter(json_patch::is_patch) {
            Some(Value::Array(ops)) if !ops.is_empty() => {
                patch::json(all, &Value::Array(ops), &matcher, false, &|bytes| self.loader.pay(bytes))
                    .map_err(fault)
            }
            _ => Err(fault(Problem::new(&codes::PATCH, "this is no JSON patch"))),
        }
    }
}

/// Whether a text has everything of an object but its name.
fn is_nameless(bytes: &[u8]) -> bool {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|text| !text.is_empty());
    operations(bytes).is_some_and(|value| text(value.get("kind")) && !text(value.pointer("/metadata/name")))
}

/// A text's first document as Kubernetes reads it.
fn operations(bytes: &[u8]) -> Option<Value> {
    let loaded = mainstay_yaml::load("", bytes, &mainstay_yaml::Limits::default());
    let complete = !loaded.diagnostics.has_errors();
    let mut document = loaded.documents.into_iter().next().filter(|_| complete)?;
    end_as_written(&mut document.root, std::str::from_utf8(bytes).ok()?);
    Some(document.root.into_json())
}
