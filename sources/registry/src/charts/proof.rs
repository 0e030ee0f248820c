//! Proofs that are asked for: found before anything of a chart is unpacked, and remembered with who gave them.
use super::{Asked, Charts};
use crate::RegistryError;
use crate::TrustRoot;
use crate::access::percent;
use crate::digest::Digest;
use crate::error::shown;
use crate::http::{Client, Get};
use crate::metadata::Metadata;
use crate::oci::{Found, Layer, Oci, Repository};
use crate::store::Kind;
use crate::verify::provenance::{Archive, MOST_BYTES, Proven, prove};
use crate::verify::{Keys, Signers};
use mainstay_openpgp::{Rings, Signed};
use mainstay_unit::{ChartArchive, ChartCredentials, ChartRequest, Registry, Verification};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use url::Url;

/// Whom a request trusts.
pub(super) enum Trusted {
    /// To sign with cosign.
    Signers(Signers),
    /// To sign Helm's provenance.
    Rings(Rings),
}

/// What was asked for; nothing where nothing was.
pub(super) struct Proof {
    /// Where it was not known before: the name that it is remembered by.
    new: Option<(String, Proven)>,
    until: Option<u64>,
}

/// What was verified; its name says the digest and who is trusted.
#[derive(Serialize, Deserialize)]
struct Verified {
    /// Who has signed: the fingerprint of a key, or an identity.
    by: String,
    /// Seconds since 1970, the last at which that counts.
    #[serde(default)]
    until: Option<u64>,
}

impl Proof {
    const NONE: Self = Self { new: None, until: None };

    pub fn until(&self) -> Option<u64> {
        self.until
    }
}

impl Trusted {
    /// Where a request asks for no proof, nobody.
    pub fn by(
        request: &ChartRequest,
        credentials: ChartCredentials<'_>,
        default: Option<&Arc<TrustRoot>>,
    ) -> Result<Option<Self>, RegistryError> {
        let what = request.to_string();
        let fail = |why: &str| RegistryError::unverified(&what, why);
        let signers = |signers: Result<Signers, RegistryError>| signers.map(|one| Some(Self::Signers(one)));
        match (&request.verify, request.registry, credentials.keys) {
            (None, _, _) => Ok(None),
            (Some(Verification::Cosign { .. } | Verification::Identity { .. }), Registry::Http, _) => {
                Err(fail("only charts of OCI registries have signatures of cosign's"))
            }
            (Some(Verification::Cosign { .. }), Registry::Oci, Some(secret)) => {
                signers(Keys::read(secret, &what).map(Signers::Keys))
            }
            (Some(Verification::Identity { any_of, root }), Registry::Oci, secret) => match (root, secret) {
                (Some(_), None) => Err(fail("its trust root is not there")),
                (None, _) => signers(Signers::names(&what, any_of, None, default)),
                (Some(_), secret @ Some(_)) => signers(Signers::names(&what, any_of, secret, None)),
            },
            (Some(Verification::Provenance { .. }), Registry::Http | Registry::Oci, Some(secret)) => {
                Rings::read(secret)
                    .map(|rings| Some(Self::Rings(rings)))
                    .map_err(|why| fail(&format!("the Secret of its keyrings is not valid: {why}")))
            }
            (Some(Verification::Cosign { .. } | Verification::Provenance { .. }), _, None) => {
                Err(fail("its keys are not there"))
            }
        }
    }

    /// What tells these from others, whatever they are called.
    pub fn parts(&self) -> Vec<&str> {
        match self {
            Self::Signers(signers) => [vec!["cosign"], signers.parts()].concat(),
            Self::Rings(rings) => vec!["provenance", rings.digest()],
        }
    }
}

impl Charts {
    /// Of an archive of a repository over HTTP.
    pub(super) fn prove_at(
        &self,
        asked: &Asked<'_>,
        client: &Client,
        at: &Url,
        digest: &Digest,
    ) -> Result<Proof, RegistryError> {
        let Some(Trusted::Rings(rings)) = &asked.trusted else { return Ok(Proof::NONE) };
        // As `path.Base` of Go has it, which is where Helm takes the name from.
        let file = percent(at.path().rsplit('/').next().unwrap_or_default());
        self.provenance(&shown(at), &Archive { file: &file, digest }, rings, || {
            let mut url = at.clone();
            url.set_path(&format!("{}.prov", at.path()));
            let user = asked.access.user.as_ref();
            let get = Get { url: &url, accept: "*/*", headers: &[], user, most: MOST_BYTES as u64 };
            match client.get(&get).and_then(|answer| answer.ok(&url, user.is_some())) {
                Ok(bytes) => Ok(bytes),
                Err(error @ (RegistryError::NotFound { .. } | RegistryError::TooLarge { .. })) => {
                    Err(RegistryError::unverified(&shown(at), &format!("its provenance is missing: {error}")))
                }
                Err(error) => Err(error),
            }
        })
    }

    /// Of an artifact of an OCI registry, which `tag` stands for.
    pub(super) fn prove_in(
        &self,
        asked: &Asked<'_>,
        repository: &Repository,
        oci: &Oci<'_>,
        found: &Found,
        tag: Option<&str>,
    ) -> Result<Proof, RegistryError> {
        let rings = match &asked.trusted {
            None => return Ok(Proof::NONE),
            Some(Trusted::Signers(signers)) => {
                self.verify(repository, oci, &found.resolved, signers)?;
                return Ok(Proof::NONE);
            }
            Some(Trusted::Rings(rings)) => rings,
        };
        let at = repository.shown();
        if asked.layer != Layer::Chart {
            return Err(RegistryError::unverified(&at, "only charts have a provenance of Helm's"));
        }
        let Some(tag) = tag else {
            let why = "its provenance is of a file that is named after a version, and none is asked for";
            return Err(RegistryError::unverified(&at, why));
        };
        let name = repository.name.rsplit('/').next().unwrap_or_default();
        let file = format!("{name}-{}.tgz", tag.replace('_', "+"));
        self.provenance(&at, &Archive { file: &file, digest: &found.layer }, rings, || oci.provenance(found))
    }

    fn provenance(
        &self,
        at: &str,
        archive: &Archive<'_>,
        rings: &Rings,
        fetch: impl FnOnce() -> Result<Vec<u8>, RegistryError>,
    ) -> Result<Proof, RegistryError> {
        let name = self.store.name(&["provenance", archive.file, archive.digest.text(), rings.digest()])?;
        let known: Option<Verified> = self.store.record(Kind::Verified, &name)?;
        let now = (self.options.clock)();
        if let Some(Verified { until, .. }) = known
            && until.is_none_or(|until| now <= until)
        {
            return Ok(Proof { new: None, until });
        }
        let proven = prove(rings, &fetch()?, archive, now).map_err(|why| {
            let what = format!("{} of {at} ({})", archive.file, archive.digest.text());
            RegistryError::unverified(&what, &why)
        })?;
        tracing::info!(
            chart = at,
            digest = archive.digest.text(),
            by = proven.signed.by,
            "a provenance is verified"
        );
        Ok(Proof { until: proven.signed.until, new: Some((name, proven)) })
    }

    /// Remembers a proof, if the chart is what it says.
    pub(super) fn vouched(&self, proof: &Proof, chart: &ChartArchive) -> Result<(), RegistryError> {
        let Some((name, proven)) = &proof.new else { return Ok(()) };
        let Proven { signed: Signed { by, until }, metadata } = proven;
        let found = Metadata::of(&chart.files, &chart.digest)?;
        if found != *metadata {
            let why = format!(
                "the provenance that {by} has signed is of {}, and the archive is {}",
                metadata.shown(),
                found.shown()
            );
            return Err(RegistryError::unverified(&chart.digest, &why));
        }
        self.store.keep(Kind::Verified, name, &Verified { by: by.clone(), until: *until })
    }

    /// Asks for signatures, unless one by these very people was found before.
    fn verify(
        &self,
        repository: &Repository,
        oci: &Oci<'_>,
        digest: &Digest,
        trusted: &Signers,
    ) -> Result<(), RegistryError> {
        let at = repository.shown();
        let mut parts = vec![at.as_str(), digest.text()];
        parts.extend(trusted.parts());
        let name = self.store.name(&parts)?;
        let known: Option<Verified> = self.store.record(Kind::Verified, &name)?;
        if known.is_some_and(|known| trusted.include(&known.by)) {
            return Ok(());
        }
        let (shown, by) = trusted
            .prove(&oci.signatures(digest)?, digest)
            .map_err(|why| RegistryError::unverified(&format!("{at} {}", digest.text()), &why))?;
        tracing::info!(chart = at, digest = digest.text(), by = shown, "a signature is verified");
        self.store.keep(Kind::Verified, &name, &Verified { by, until: None })
    }
}
