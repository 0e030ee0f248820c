//! ValidatingAdmissionPolicies and their bindings.

use super::hooks::{self, Hook, Matched};
use super::{Ask, note, review};
use crate::core::Text;
use crate::core::body::{self, at, text};
use crate::core::cluster::Cluster;
use crate::core::failure::Failure;
use crate::core::policy::{Given, Policy};
use crate::core::selector::Labels;
use mainstay_object::GroupVersion;
use serde_json::{Value, json};

const POLICIES: &str = "admissionregistration.k8s.io/validatingadmissionpolicies/";
const BINDINGS: &str = "admissionregistration.k8s.io/validatingadmissionpolicybindings/";

impl Cluster {
    /// Holds a write against every policy that a binding applies to it; the first refusal counts.
    pub(super) fn admit_by_policies(&self, ask: &Ask<'_>, warnings: &mut Vec<String>) -> Result<(), Failure> {
        for (_, entry) in self.store.range(BINDINGS, None) {
            let binding = body::parse(&entry.body);
            let name = text(&binding, "/spec/policyName");
            let Some(policy) = self.store.get(&format!("{POLICIES}{name}")) else { continue };
            self.admit_by(ask, &body::parse(&policy.body), &binding, warnings)?;
        }
        Ok(())
    }

    fn admit_by(
        &self,
        ask: &Ask<'_>,
        policy: &Value,
        binding: &Value,
        warnings: &mut Vec<String>,
    ) -> Result<(), Failure> {
        let Some(spec) = policy.get("spec") else { return Ok(()) };
        let constraints = hooks::constraints(spec.get("matchConstraints"));
        let Some(matched) = self.within(ask, &constraints, false) else { return Ok(()) };
        let narrowed = hooks::constraints(at(binding, "spec.matchResources"));
        if self.within(ask, &narrowed, true).is_none() {
            return Ok(());
        }
        let ignores = text(spec, "/failurePolicy") == "Ignore";
        let names = (body::meta(policy, "name"), body::meta(binding, "name"));
        let (compiled, errors) = Policy::compile(spec);
        if let Some(error) = errors.first() {
            return if ignores { Ok(()) } else { Err(denied(ask, names, &error.to_string(), "Invalid")) };
        }
        let params = match self.params(ask, spec, binding) {
            Ok(params) => params,
            Err(_) if ignores => return Ok(()),
            Err(why) => return Err(denied(ask, names, &why, "Invalid")),
        };
        let mut request = review::request(ask, &matched, &self.admission.options, "");
        let take = |request: &mut Value, key: &str| request.as_object_mut().and_then(|map| map.remove(key));
        let object = take(&mut request, "object").unwrap_or_default();
        let old_object = take(&mut request, "oldObject").unwrap_or_default();
        let namespace = self.store.get(&format!("/namespaces/{}", ask.namespace));
        let namespace = namespace.filter(|_| ask.resource.namespaced).map(|n| body::parse(&n.body));
        let namespace = namespace.unwrap_or_default();
        let actions = body::strings(at(binding, "spec.validationActions"));
        for params in &params {
            let given = Given {
                object: &object,
                old_object: &old_object,
                request: &request,
                params,
                namespace: &namespace,
            };
            match compiled.matches(&given) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(_) if ignores => continue,
                Err(why) => return Err(denied(ask, names, &why, "Invalid")),
            }
            for denial in compiled.denials(&given) {
                if denial.failed && ignores {
                    continue;
                }
                if actions.iter().any(|a| a == "Warn") {
                    let (policy, binding) = names;
                    note(
                        warnings,
                        vec![format!(
                            "Validation failed for ValidatingAdmissionPolicy '{policy}' with binding '{binding}': {}",
                            denial.message
                        )],
                    );
                }
                if actions.iter().any(|a| a == "Deny") {
                    return Err(denied(ask, names, &denial.message, &denial.reason));
                }
            }
        }
        Ok(())
    }

    /// How the policy sees the write, if it is within these constraints. Without any rules `otherwise` decides.
    fn within(&self, ask: &Ask<'_>, constraints: &Hook, otherwise: bool) -> Option<Matched> {
        if ask.resource.group == "admissionregistration.k8s.io" {
            return None;
        }
        let as_is = Matched { kind: ask.resource.gvk(), plural: ask.resource.plural.clone() };
        let matched = if constraints.has_rules() {
            constraints.matched(ask, &self.registry)?
        } else if otherwise {
            as_is
        } else {
            return None;
        };
        let labels = self.namespace_labels(ask);
        (!constraints.excludes(ask) && constraints.selects(ask, labels.as_ref())).then_some(matched)
    }

    /// The parameters to evaluate with, one after the other; null for a policy that has none.
    fn params(&self, ask: &Ask<'_>, spec: &Value, binding: &Value) -> Result<Vec<Value>, String> {
        let Some(kind) = spec.get("paramKind").filter(|k| k.is_object()) else {
            return Ok(vec![Value::Null]);
        };
        let Some(reference) = at(binding, "spec.paramRef").filter(|r| r.is_object()) else {
            return Ok(vec![Value::Null]);
        };
        let version = GroupVersion::parse(text(kind, "/apiVersion"));
        let resource = self.registry.iter().find(|r| {
            r.group == version.group && r.version == version.version && r.kind == text(kind, "/kind")
        });
        let resource =
            resource.ok_or_else(|| "failed to find resource referenced by paramKind".to_owned())?;
        let namespace = match (resource.namespaced, text(reference, "/namespace")) {
            (false, _) => "",
            (true, "") => ask.namespace,
            (true, namespace) => namespace,
        };
        let decode = |text: &Text| body::decode(text, resource);
        let found: Vec<Value> = match text(reference, "/name") {
            "" => {
                let labels = reference.get("selector").and_then(Labels::from_selector).unwrap_or_default();
                self.store
                    .range(&resource.prefix_in(namespace), None)
                    .map(|(_, entry)| decode(&entry.body))
                    .filter(|object| labels.matches(body::meta_value(object, "labels")))
                    .collect()
            }
            name => {
                self.store.get(&resource.key(namespace, name)).map(|e| decode(&e.body)).into_iter().collect()
            }
        };
        if found.is_empty() && text(reference, "/parameterNotFoundAction") != "Allow" {
            return Err(
                "failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction"
                    .to_owned(),
            );
        }
        Ok(found)
    }
}

fn denied(ask: &Ask<'_>, (policy, binding): (&str, &str), why: &str, reason: &str) -> Failure {
    let why = format!("ValidatingAdmissionPolicy '{policy}' with binding '{binding}' denied request: {why}");
    let mut failure = Failure::forbidden(ask.resource.named(), ask.name, &why);
    let (code, reason) = match reason {
        "Unauthorized" => (401, "Unauthorized"),
        "Forbidden" => (403, "Forbidden"),
        "RequestEntityTooLarge" => (413, "RequestEntityTooLarge"),
        _ => (422, "Invalid"),
    };
    (failure.0.code, failure.0.reason) = (code, reason);
    failure.with_causes(vec![json!({ "message": why })])
}
