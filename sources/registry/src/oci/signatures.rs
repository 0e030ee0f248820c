//! Where cosign puts signatures: behind a tag that is named after the digest, and, since version 3, as bundles that refer to
//! it (distribution specification v1.1, *listing referrers*).
use super::Oci;
use crate::RegistryError;
use crate::digest::Digest;
use crate::error::shown;
use crate::verify::{SIGNATURE, Signature, envelope, simple_signing};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

const MANIFEST: &str =
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const SIMPLE_SIGNING: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
const BUNDLE: &str = "application/vnd.dev.sigstore.bundle";

const ABSENT: &[u16] = &[404];
/// As registries answer who asks for a list that they do not keep.
const UNKNOWN: &[u16] = &[400, 404, 405, 406];

const MOST_MANIFEST: u64 = 4 << 20;
/// Of a payload, and of a bundle.
const MOST_SIGNED: u64 = 256 << 10;
/// Signatures that are looked at: each costs a request.
pub(crate) const MOST: usize = 100;

#[derive(Deserialize)]
struct Manifest {
    #[serde(default)]
    layers: Vec<Layer>,
}

#[derive(Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Layer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Layer {
    #[serde(default)]
    media_type: String,
    #[serde(default)]
    artifact_type: String,
    digest: String,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

impl Oci<'_> {
    /// Everything that is said to sign a manifest. What can't be read as a signature is none.
    pub fn signatures(&self, of: &Digest) -> Result<Vec<Signature>, RegistryError> {
        let tag = format!("sha256-{}.sig", of.digits());
        let manifest = self.maybe::<Manifest>(&["manifests", &tag], MANIFEST, ABSENT)?;
        let mut layers = manifest.map(|manifest| manifest.layers).unwrap_or_default();
        layers
            .retain(|layer| layer.media_type == SIMPLE_SIGNING && layer.annotations.contains_key(SIGNATURE));
        for referrer in self.few(self.referrers(of)?)? {
            let digest = Digest::required(&referrer.digest, "a bundle")?;
            let manifest = self.maybe::<Manifest>(&["manifests", digest.text()], MANIFEST, ABSENT)?;
            let found = manifest.map(|manifest| manifest.layers).unwrap_or_default();
            layers.extend(found.into_iter().filter(|layer| layer.media_type.starts_with(BUNDLE)));
            layers = self.few(layers)?;
        }
        let mut found = Vec::new();
        for layer in self.few(layers)? {
            let signed = self.blob_of(&layer.digest)?;
            found.extend(match layer.media_type.as_str() {
                SIMPLE_SIGNING => simple_signing(signed, layer.annotations),
                _ => envelope(signed),
            });
        }
        Ok(found)
    }

    /// Bundles that refer to a manifest. Where a registry does not list them, clients keep an index behind a tag.
    fn referrers(&self, of: &Digest) -> Result<Vec<Layer>, RegistryError> {
        let index = match self.maybe::<Index>(&["referrers", of.text()], INDEX, UNKNOWN)? {
            Some(index) => Some(index),
            None => {
                let tag = format!("sha256-{}", of.digits());
                self.maybe::<Index>(&["manifests", &tag], INDEX, ABSENT)?
            }
        };
        let bundles = index.map(|index| index.manifests).unwrap_or_default().into_iter();
        Ok(bundles.filter(|bundle| bundle.artifact_type.starts_with(BUNDLE)).collect())
    }

    /// Nothing where the answer is one of `none`. What is asked for by its digest has it.
    fn maybe<T: DeserializeOwned>(
        &self,
        path: &[&str; 2],
        accept: &str,
        none: &[u16],
    ) -> Result<Option<T>, RegistryError> {
        let url = self.repository.url(path);
        let answer = self.get(&url, accept, MOST_MANIFEST)?;
        if none.contains(&answer.status.as_u16()) {
            return Ok(None);
        }
        let body = answer.ok(&url, self.access.user.is_some())?;
        if let ["manifests", reference] = path
            && let Some(expected) = reference.contains(':').then(|| Digest::parse(reference)).flatten()
        {
            expected.check(&body, &shown(&url))?;
        }
        serde_json::from_slice(&body)
            .map(Some)
            .map_err(|_| RegistryError::unverified(&shown(&url), "what is there is no list of signatures"))
    }

    fn blob_of(&self, digest: &str) -> Result<Vec<u8>, RegistryError> {
        let digest = Digest::required(digest, "a signature")?;
        let url = self.repository.url(&["blobs", digest.text()]);
        let bytes = self.get(&url, "*/*", MOST_SIGNED)?.ok(&url, self.access.user.is_some())?;
        digest.check(&bytes, &shown(&url))?;
        Ok(bytes)
    }

    fn few<T>(&self, all: Vec<T>) -> Result<Vec<T>, RegistryError> {
        if all.len() <= MOST {
            return Ok(all);
        }
        let why = format!("it has more than {MOST} signatures: remove those that nobody needs");
        Err(RegistryError::unverified(&self.repository.shown(), &why))
    }
}
