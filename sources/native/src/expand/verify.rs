use super::context::Context;
use crate::kinds::{ChartVerification, SignatureProvider, SourceChart};
use crate::{PLATFORM_TENANT, Place, SYSTEM_NAMESPACE};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_unit::{Reference, ReferenceKind, Verification};

const POINTER: &str = "/spec/source/chart/verify";

/// The proof that a chart asks for. `namespace` is that of its unit's objects, if the declaration names one.
pub(super) fn verification(
    chart: &SourceChart,
    tenant: &str,
    namespace: Option<&str>,
    place: &Place,
    context: &Context<'_>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Verification> {
    let ChartVerification { provider, secret_ref } = chart.verify.as_ref()?;
    if !chart.repository.as_ref().is_some_and(|url| url.starts_with("oci://")) {
        let message =
            "spec.source.chart.verify: only charts of oci:// repositories have signatures of cosign's";
        problems.push(place.key_diagnostic(&codes::native::VALUE, message, POINTER));
        return None;
    }
    let namespace = match keys_in(tenant, namespace, context) {
        Ok(namespace) => namespace,
        Err(why) => {
            let pointer = format!("{POINTER}/secretRef");
            problems.push(place.diagnostic(&codes::native::TENANT_ESCAPE, why, &pointer));
            return None;
        }
    };
    let keys = Reference { kind: ReferenceKind::Secret, namespace, name: secret_ref.name.clone() };
    Some(match provider {
        SignatureProvider::Cosign => Verification::Cosign { keys },
    })
}

/// A tenant trusts keys of its own: what others keep in their Secrets it does not even learn to be there.
fn keys_in(tenant: &str, namespace: Option<&str>, context: &Context<'_>) -> Result<String, String> {
    if tenant == PLATFORM_TENANT {
        return Ok(SYSTEM_NAMESPACE.to_owned());
    }
    let Some(namespace) = namespace else {
        return Err(format!("keys of tenant {tenant} are in the namespace of its Module, and none is named"));
    };
    if context.tenant(tenant).is_some_and(|own| own.spec.namespaces.iter().any(|name| name == namespace)) {
        return Ok(namespace.to_owned());
    }
    Err(format!("a Secret of namespace {namespace} is not tenant {tenant}'s to use"))
}
