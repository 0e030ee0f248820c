use super::context::Context;
use crate::kinds::{ChartVerification, IdentityMatch, KeysRef, SignatureProvider, SourceChart};
use crate::{PLATFORM_TENANT, Place, SYSTEM_NAMESPACE};
use mainstay_diagnostic::{Diagnostic, codes};
use mainstay_unit::{OidcIdentity, Reference, ReferenceKind, Verification};

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
    let asked = chart.verify.as_ref()?;
    let mut wrong = |field: &str, message: &str| {
        let (dot, pointer) =
            if field.is_empty() { ("", POINTER.to_owned()) } else { (".", format!("{POINTER}/{field}")) };
        let message = format!("spec.source.chart.verify{dot}{field}: {message}");
        problems.push(place.key_diagnostic(&codes::native::VALUE, message, &pointer));
    };
    if let Err((field, message)) = provable(chart, asked.provider) {
        wrong(field, message);
        return None;
    }
    let wanted = match wanted(asked) {
        Ok(wanted) => wanted,
        Err((field, message)) => {
            wrong(field, message);
            return None;
        }
    };
    let mut secret = |field: &str, named: &KeysRef| match keys_in(tenant, namespace, context) {
        Ok(namespace) => Some(Reference { kind: ReferenceKind::Secret, namespace, name: named.name.clone() }),
        Err(why) => {
            let pointer = format!("{POINTER}/{field}");
            problems.push(place.diagnostic(&codes::native::TENANT_ESCAPE, why, &pointer));
            None
        }
    };
    Some(match wanted {
        Wanted::Keys(keys) => Verification::Cosign { keys: secret("secretRef", keys)? },
        Wanted::Rings(keys) => Verification::Provenance { keys: secret("secretRef", keys)? },
        Wanted::Identities(identities, root) => {
            let root = match root {
                Some(root) => Some(secret("trustedRootSecretRef", root)?),
                None => None,
            };
            let any_of = identities.iter().map(|IdentityMatch { issuer, subject }| OidcIdentity {
                issuer: issuer.clone(),
                subject: subject.clone(),
            });
            Verification::Identity { any_of: any_of.collect(), root }
        }
    })
}

enum Wanted<'a> {
    Keys(&'a KeysRef),
    Rings(&'a KeysRef),
    Identities(&'a [IdentityMatch], Option<&'a KeysRef>),
}

/// Whether what lies there can have such a proof.
fn provable(chart: &SourceChart, provider: SignatureProvider) -> Result<(), (&'static str, &'static str)> {
    match (provider, &chart.repository) {
        (SignatureProvider::Cosign, Some(url)) if url.starts_with("oci://") => Ok(()),
        (SignatureProvider::Helm, Some(_)) => Ok(()),
        (SignatureProvider::Cosign, Some(_)) => {
            Err(("", "only charts of oci:// repositories have signatures of cosign's"))
        }
        (SignatureProvider::Cosign | SignatureProvider::Helm, None) => {
            Err(("", "only charts of repositories are signed"))
        }
    }
}

/// Keys or identities, never both nor neither: whoever names both relies on both, and whoever names nobody trusts anyone.
fn wanted(asked: &ChartVerification) -> Result<Wanted<'_>, (&'static str, &'static str)> {
    let ChartVerification { provider, secret_ref, match_oidc_identity, trusted_root_secret_ref } = asked;
    let root = trusted_root_secret_ref.as_ref();
    match (provider, secret_ref, match_oidc_identity) {
        (SignatureProvider::Helm, Some(keys), None) if root.is_none() => Ok(Wanted::Rings(keys)),
        (SignatureProvider::Helm, None, _) => {
            Err(("", "expected secretRef, which names the Secret of the keyrings"))
        }
        (SignatureProvider::Helm, Some(_), Some(_)) => {
            Err(("matchOIDCIdentity", "a provenance of Helm's is signed with a key"))
        }
        (SignatureProvider::Helm, Some(_), None) => {
            Err(("trustedRootSecretRef", "a provenance of Helm's is signed with a key"))
        }
        (SignatureProvider::Cosign, Some(keys), None) if root.is_none() => Ok(Wanted::Keys(keys)),
        (SignatureProvider::Cosign, Some(_), None) => {
            Err(("trustedRootSecretRef", "for a key no trust root is asked"))
        }
        (SignatureProvider::Cosign, None, Some(identities)) => Ok(Wanted::Identities(identities, root)),
        (SignatureProvider::Cosign, Some(_), Some(_)) => {
            Err(("matchOIDCIdentity", "expected keys or identities, not both"))
        }
        (SignatureProvider::Cosign, None, None) => {
            Err(("", "expected secretRef, which names the Secret of the keys, or matchOIDCIdentity"))
        }
    }
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
