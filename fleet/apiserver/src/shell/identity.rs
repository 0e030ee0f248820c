use crate::core::User;
use rcgen::{DistinguishedName, DnType};
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

const CLUSTER: &str = "mainstay:cluster:";
const GROUP: &str = "mainstay:group:";

/// Who a client certificate speaks for, and on which logical cluster.
///
/// User and group are where Kubernetes has them (CN and O). The cluster's UID is a URI name, and so is every further
/// group: a UID, so that a certificate dies with its cluster and not only until the next one of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) cluster: String,
    pub(super) user: String,
    pub(super) groups: Vec<String>,
}

impl Identity {
    pub(super) fn subject(&self) -> DistinguishedName {
        let mut subject = DistinguishedName::new();
        if let Some(group) = self.groups.first() {
            subject.push(DnType::OrganizationName, group.as_str());
        }
        subject.push(DnType::CommonName, self.user.as_str());
        subject
    }

    pub(super) fn names(&self) -> Vec<String> {
        let groups = self.groups.iter().skip(1).map(|g| format!("{GROUP}{}", escape(g)));
        std::iter::once(format!("{CLUSTER}{}", self.cluster)).chain(groups).collect()
    }

    /// Reads a certificate whose signature was verified already; `None` if it is none of ours.
    pub(super) fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate.as_ref()).ok()?;
        let user = parsed.subject().iter_common_name().next()?.as_str().ok()?.to_owned();
        let mut groups = Vec::new();
        for group in parsed.subject().iter_organization() {
            groups.push(group.as_str().ok()?.to_owned());
        }
        let mut cluster = None;
        for name in &parsed.subject_alternative_name().ok()??.value.general_names {
            let GeneralName::URI(uri) = name else { continue };
            if let Some(uid) = uri.strip_prefix(CLUSTER) {
                cluster = Some(uid.to_owned());
            } else if let Some(group) = uri.strip_prefix(GROUP) {
                groups.push(super::decode::percent(group, false)?);
            }
        }
        Some(Self { cluster: cluster?, user, groups })
    }

    pub(super) fn into_user(self) -> User {
        let mut groups = self.groups;
        groups.push("system:authenticated".to_owned());
        User { name: self.user, groups, ..User::default() }
    }
}

/// URI names are ASCII: everything beyond letters, digits and `-._:` is percent-encoded.
fn escape(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::authority::Authority;
    use rustls::pki_types::pem::PemObject;

    #[test]
    fn a_certificate_says_who_it_was_issued_to() {
        let identity = Identity {
            cluster: "0123abcd".into(),
            user: "system:serviceaccount:ns:möwe".into(),
            groups: vec!["system:masters".into(), "team/a b".into(), "größe".into()],
        };
        let pair = Authority::generate().unwrap().client(&identity).unwrap();
        let der = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
        assert_eq!(Identity::read(&der), Some(identity));
    }

    #[test]
    fn a_user_without_groups_has_none_but_being_authenticated() {
        let identity = Identity { cluster: "c".into(), user: "jane".into(), groups: vec![] };
        let pair = Authority::generate().unwrap().client(&identity).unwrap();
        let der = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
        let user = Identity::read(&der).unwrap().into_user();
        assert_eq!((user.name.as_str(), user.groups), ("jane", vec!["system:authenticated".to_owned()]));
    }
}
