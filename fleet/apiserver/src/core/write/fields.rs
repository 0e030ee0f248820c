//! Unknown fields, defaults, schemas and the record of owners: what every write passes through.

use super::Act;
use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::options::FieldValidation;
use crate::core::registry::Resource;
use crate::core::{body, defaults, validation};
use mainstay_object::merge::{self, SameInAllVersions, WriteContext, WriteError, Written};
use mainstay_object::{FieldError, FieldPath, FieldSet, PathElement};
use serde_json::{Value, json};

/// How a strict failure is worded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Came<'a> {
    AsObject,
    AsPatch(&'a str),
}

impl Act<'_> {
    /// Removes fields that the schema doesn't know, or refuses them.
    pub fn check_fields(
        &mut self,
        object: &mut Value,
        duplicates: &[String],
        came: Came<'_>,
    ) -> Result<(), Failure> {
        let (types, root) = self.resource.schema();
        let unknown = mainstay_object::prune(object, types, root);
        let mut problems: Vec<String> =
            duplicates.iter().map(|p| format!("duplicate field \"{p}\"")).collect();
        problems.extend(unknown.iter().map(|p| format!("unknown field \"{p}\"")));
        if problems.is_empty() {
            return Ok(());
        }
        match self.options.validation {
            FieldValidation::Ignore => Ok(()),
            FieldValidation::Warn => {
                self.warnings.extend(problems);
                Ok(())
            }
            FieldValidation::Strict => {
                let (kind, version) = (&self.resource.kind, &self.resource.version);
                let why = format!("strict decoding error: {}", problems.join(", "));
                Err(match came {
                    Came::AsObject => Failure::bad_request(format!(
                        "{kind} in version \"{version}\" cannot be handled as a {kind}: {why}"
                    )),
                    Came::AsPatch(patch) => Failure::invalid(
                        "",
                        "",
                        "",
                        &[crate::core::failure::invalid("patch", patch.into(), why)],
                    ),
                })
            }
        }
    }

    pub fn set_defaults(&self, object: &mut Value) {
        apply_defaults(object, &self.resource);
    }

    pub fn validate(&self, object: &Value, live: Option<&Value>, errors: &mut Vec<FieldError>) {
        super::meta::validate(object, &self.resource, errors);
        let (types, root) = self.resource.schema();
        let mut found = mainstay_object::validate(object, types, root);
        validation::rules::check(&self.resource, object, live, errors, &mut found);
        errors.extend(found);
        validation::validate(object, live, &self.resource, errors);
    }

    /// Records who owns what after a write that is no apply.
    pub fn record(&self, live: Option<&Value>, new: &Value) -> Result<Written, Failure> {
        self.with_context(|context| merge::update(live, new, context)).map_err(|e| self.refusal(e))
    }

    pub fn apply(&self, live: Option<&Value>, applied: &Value) -> Result<Written, Failure> {
        self.with_context(|context| merge::apply(live, applied, self.options.force, context))
            .map_err(|e| self.refusal(e))
    }

    fn with_context<T>(&self, run: impl FnOnce(&WriteContext<'_>) -> T) -> T {
        let (types, type_id) = self.resource.schema();
        let reset = reset_fields(&self.resource, self.subresource);
        let default = |object: &mut Value| apply_defaults(object, &self.resource);
        run(&WriteContext {
            manager: &self.options.manager,
            subresource: self.subresource,
            now: &self.now.rfc3339(),
            types,
            type_id,
            reset: reset.as_ref(),
            versions: &SameInAllVersions(type_id),
            default: Some(&default),
        })
    }

    fn refusal(&self, error: WriteError) -> Failure {
        match error {
            WriteError::Conflicts(ref conflicts) => {
                let causes = conflicts
                    .iter()
                    .flat_map(|conflict| {
                        let by = conflict.to_string();
                        conflict.fields.iter().map(move |field| {
                            json!({
                                "reason": "FieldManagerConflict",
                                "message": format!("conflict with {by}"),
                                "field": field.to_string(),
                            })
                        })
                    })
                    .collect();
                Failure::new(409, "Conflict", error.to_string()).with_causes(causes)
            }
            WriteError::Applied { .. } | WriteError::Live { .. } => Failure::new(500, "", error.to_string()),
            WriteError::ManagedFieldsApplied => Failure::bad_request(error.to_string()),
            WriteError::ManagedFields(_) | WriteError::Depth => Failure::bad_request(error.to_string()),
        }
    }
}

pub fn apply_defaults(object: &mut Value, resource: &Resource) {
    let (types, root) = resource.schema();
    mainstay_object::apply_defaults(object, types, root);
    defaults::apply(object, resource);
}

/// Fields that an endpoint takes from the live object whatever the client sends: nobody owns them through it.
fn reset_fields(resource: &Resource, subresource: &str) -> Option<FieldSet> {
    let path = |names: &[&str]| FieldPath(names.iter().map(|n| PathElement::field(*n)).collect());
    match subresource {
        "" if resource.has_status() => Some(std::iter::once(path(&["status"])).collect()),
        "status" => Some(
            [path(&["spec"]), path(&["metadata", "labels"]), path(&["metadata", "annotations"])]
                .into_iter()
                .collect(),
        ),
        _ => None,
    }
}

impl Cluster {
    /// Objects go into namespaces that exist and are not on their way out.
    pub(crate) fn check_namespace(
        &self,
        resource: &Resource,
        namespace: &str,
        name: &str,
    ) -> Result<(), Failure> {
        if !resource.namespaced {
            return Ok(());
        }
        let what = crate::core::failure::Named { group: "", plural: "namespaces" };
        let entry = self
            .store
            .get(&format!("/namespaces/{namespace}"))
            .ok_or_else(|| Failure::not_found(what, namespace))?;
        if body::is_terminating(&body::parse(&entry.body)) {
            let why = format!(
                "unable to create new content in namespace {namespace} because it is being terminated"
            );
            let cause = json!({
                "reason": "NamespaceTerminating",
                "message": format!("namespace {namespace} is being terminated"),
                "field": "metadata.namespace",
            });
            return Err(Failure::forbidden(resource.named(), name, &why).with_causes(vec![cause]));
        }
        Ok(())
    }
}
