//! Manifests of charts and other artifacts: image specification v1.1, Helm's HIP-0006.
use super::name::is_tag;
use super::{Found, Layer, Oci};
use crate::RegistryError;
use crate::digest::Digest;
use crate::error::shown;
use serde::Deserialize;

const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
pub(crate) const CHART: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
const OLD_CHART: &str = "application/tar+gzip";
const MOST: u64 = 4 << 20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Manifest {
    media_type: Option<String>,
    config: Option<Descriptor>,
    #[serde(default)]
    layers: Vec<Descriptor>,
    manifests: Option<Vec<Descriptor>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    media_type: String,
    artifact_type: Option<String>,
    digest: String,
    size: u64,
}

impl Oci<'_> {
    pub fn by_tag(&self, tag: &str, layer: Layer<'_>) -> Result<Found, RegistryError> {
        if !is_tag(tag) {
            return Err(RegistryError::Range { range: tag.into(), why: "it is no tag".into() });
        }
        self.manifest(tag, None, layer)
    }

    pub fn by_digest(&self, digest: &str, layer: Layer<'_>) -> Result<Found, RegistryError> {
        let digest = Digest::required(digest, "the manifest")?;
        self.manifest(digest.text(), Some(&digest), layer)
    }

    fn manifest(
        &self,
        reference: &str,
        expected: Option<&Digest>,
        layer: Layer<'_>,
    ) -> Result<Found, RegistryError> {
        let mut next = (reference.to_owned(), expected.cloned());
        let mut resolved = None;
        // An index of one manifest stands for that one.
        for _ in 0..2 {
            let url = self.repository.url(&["manifests", &next.0]);
            let answer = self.get(&url, ACCEPT, MOST)?;
            let told = answer.text("docker-content-digest").as_deref().and_then(Digest::parse);
            let body = answer.ok(&url, self.access.user.is_some())?;
            let what = shown(&url);
            for digest in next.1.iter().chain(&told) {
                digest.check(&body, &what)?;
            }
            let resolved = resolved.get_or_insert_with(|| Digest::of(&body)).clone();
            let manifest: Manifest = serde_json::from_slice(&body)
                .map_err(|_| RegistryError::unreadable(&what, "it is no manifest"))?;
            let is_index = manifest.media_type.as_deref() == Some(INDEX) || manifest.manifests.is_some();
            if !is_index {
                return found(&manifest, layer, &body, &what, resolved);
            }
            let charts: Vec<Descriptor> = manifest.manifests.unwrap_or_default();
            let only_one = charts.len() == 1;
            let mut charts =
                charts.into_iter().filter(|inner| only_one || inner.artifact_type.as_deref() == Some(CONFIG));
            let (Some(one), None) = (charts.next(), charts.next()) else {
                return Err(mismatch(layer, &what, "an index of several manifests"));
            };
            let digest = Digest::required(&one.digest, &what)?;
            next = (digest.text().to_owned(), Some(digest));
        }
        Err(mismatch(layer, &self.repository.shown(), "an index of indexes"))
    }
}

fn found(
    manifest: &Manifest,
    wanted: Layer<'_>,
    body: &[u8],
    what: &str,
    resolved: Digest,
) -> Result<Found, RegistryError> {
    let (layer, name) = match wanted {
        Layer::Chart => (chart(manifest, what)?, "chart"),
        Layer::First | Layer::Of(_) => (first(manifest, wanted, what)?, "layer"),
    };
    let most = crate::charts::MOST_ARCHIVE;
    if layer.size > most {
        return Err(RegistryError::TooLarge { what: format!("the {name} of {what}"), most });
    }
    let layer_digest = Digest::required(&layer.digest, what)?;
    let provenances = manifest.layers.iter().filter(|layer| layer.media_type == PROVENANCE);
    let provenances = provenances.map(|layer| layer.digest.clone()).collect();
    Ok(Found { resolved, manifest: Digest::of(body), layer: layer_digest, size: layer.size, provenances })
}

fn chart<'m>(manifest: &'m Manifest, what: &str) -> Result<&'m Descriptor, RegistryError> {
    let is_helm = manifest.config.as_ref().is_some_and(|config| config.media_type == CONFIG);
    let is_chart =
        |layer: &&Descriptor| layer.media_type == CHART || is_helm && layer.media_type == OLD_CHART;
    let mut layers = manifest.layers.iter().filter(is_chart);
    let Some(layer) = layers.next() else {
        let kind = manifest.config.as_ref().map_or("", |config| config.media_type.as_str());
        let found = format!("an artifact of the kind {:?} without a layer of a chart", short(kind));
        return Err(mismatch(Layer::Chart, what, &found));
    };
    if layers.next().is_some() {
        return Err(mismatch(Layer::Chart, what, "more than one layer of a chart"));
    }
    Ok(layer)
}

/// As source-controller selects it.
fn first<'m>(manifest: &'m Manifest, wanted: Layer<'_>, what: &str) -> Result<&'m Descriptor, RegistryError> {
    let fits = |layer: &&Descriptor| match wanted {
        Layer::Of(kind) => layer.media_type == kind,
        Layer::First | Layer::Chart => true,
    };
    let none = || match manifest.layers.first() {
        None => mismatch(wanted, what, "no layer"),
        Some(_) => {
            let kinds: Vec<String> =
                manifest.layers.iter().take(5).map(|layer| short(&layer.media_type)).collect();
            mismatch(wanted, what, &format!("layers of {}", kinds.join(", ")))
        }
    };
    manifest.layers.iter().find(fits).ok_or_else(none)
}

fn short(text: &str) -> String {
    text.chars().take(100).filter(|c| !c.is_control()).collect()
}

fn mismatch(wanted: Layer<'_>, url: &str, found: &str) -> RegistryError {
    let expected = match wanted {
        Layer::Chart => "a chart".to_owned(),
        Layer::First => "an artifact".to_owned(),
        Layer::Of(kind) => format!("a layer of {}", short(kind)),
    };
    RegistryError::Mismatch { url: url.into(), expected, found: found.into() }
}
