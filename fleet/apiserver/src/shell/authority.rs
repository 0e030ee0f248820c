//! The certificate authority of one control plane. Its key leaves this file only into its own file, mode 0600.

use super::error::Error;
use super::identity::Identity;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, SanType,
};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pub(super) certificate_pem: String,
}

/// Lets every certificate into the connection whose holder has its key; it says nothing about who that is.
#[derive(Debug)]
struct Anyone(Arc<dyn ClientCertVerifier>);

impl ClientCertVerifier for Anyone {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    fn root_hint_subjects(&self) -> &[rustls::DistinguishedName] {
        self.0.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &rustls::DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// A certificate and its key, both PEM.
pub(super) struct Pair {
    pub(super) certificate: String,
    pub(super) key: String,
}

impl Authority {
    pub(super) fn generate() -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let certificate_pem = parameters()?.self_signed(&key)?.pem();
        Self::new(key, certificate_pem)
    }

    /// Reads the authority of a data folder.
    pub(super) fn load(path: &Path) -> Result<Option<Self>, Error> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Error::File { path: path.to_path_buf(), source }),
        };
        // The reason is not repeated: it could quote the key.
        let damaged = || Error::Damaged {
            path: path.to_path_buf(),
            why: "it does not hold one private key and its certificate, in PEM".to_owned(),
        };
        let at = text.find("-----BEGIN CERTIFICATE-----").ok_or_else(damaged)?;
        let (key, certificate) = text.split_at(at);
        let key = KeyPair::from_pem(key).map_err(|_| damaged())?;
        let authority = Self::new(key, certificate.to_owned()).map_err(|_| damaged())?;
        Ok(Some(authority))
    }

    pub(super) fn save(&self, path: &Path) -> Result<(), Error> {
        let text = format!("{}{}", self.issuer.key().serialize_pem(), self.certificate_pem);
        super::serve::write_private(path, text.as_bytes())
    }

    fn new(key: KeyPair, certificate_pem: String) -> Result<Self, Error> {
        let certificate = CertificateDer::from_pem_slice(certificate_pem.as_bytes())
            .map_err(|_| Error::Certificate("the authority's certificate is not PEM".to_owned()))?;
        Ok(Self { issuer: Issuer::new(parameters()?, key), certificate, certificate_pem })
    }

    /// Issues a client certificate, good for one year and one logical cluster.
    pub(super) fn client(&self, identity: &Identity) -> Result<Pair, Error> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = identity.subject();
        params.subject_alt_names = identity
            .names()
            .into_iter()
            .map(|uri| uri.try_into().map(SanType::URI))
            .collect::<Result<_, rcgen::Error>>()?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        valid_for_years(&mut params, 1);
        let certificate = params.signed_by(&key, &self.issuer)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// What knows the client certificates that this authority signed.
    pub(super) fn issued(&self) -> Result<Arc<dyn ClientCertVerifier>, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        WebPkiClientVerifier::builder_with_provider(roots.into(), provider)
            .allow_unauthenticated()
            .build()
            .map_err(|e| Error::Certificate(e.to_string()))
    }

    /// TLS as the API server does it: certificates of clients are optional, and those of others are no reason to end the
    /// connection. Who they speak for is asked afterwards.
    pub(super) fn server(
        &self,
        address: SocketAddr,
        hosts: &[String],
    ) -> Result<rustls::ServerConfig, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clients = Arc::new(Anyone(self.issued()?));
        let (chain, key) = self.server_certificate(address, hosts)?;
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    fn server_certificate(
        &self,
        address: SocketAddr,
        hosts: &[String],
    ) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), Error> {
        let mut names: Vec<String> = hosts.to_vec();
        names.extend(
            ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"].map(Into::into),
        );
        let loopback = [IpAddr::from([127, 0, 0, 1]), IpAddr::from([0, 0, 0, 0, 0, 0, 0, 1])];
        names.extend(loopback.iter().chain([&address.ip()]).map(ToString::to_string));
        names.sort();
        names.dedup();
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "kube-apiserver");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        valid_for_years(&mut params, 1);
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((vec![certificate.der().clone(), self.certificate.clone()], key.into()))
    }
}

fn parameters() -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::new(Vec::<String>::new())?;
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "mainstay-control-plane");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    valid_for_years(&mut params, 10);
    Ok(params)
}

/// From yesterday, for clocks that are a little off.
fn valid_for_years(params: &mut CertificateParams, years: i32) {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let day = |d: jiff::civil::Date, years: i32| {
        // Days after the 28th don't exist in every month of every year.
        let month = u8::try_from(d.month()).unwrap_or(1);
        let day = u8::try_from(d.day()).unwrap_or(1).min(28);
        rcgen::date_time_ymd(i32::from(d.year()) + years, month, day)
    };
    params.not_before = day(today.yesterday().unwrap_or(today), 0);
    params.not_after = day(today, years);
}
