//! Artifacts: what a layer of one holds, as a tree. Whatever proves a chart proves an artifact, before anything of it is
//! unpacked.
use super::{Answer, Asked, Charts, Form};
use crate::RegistryError;
use crate::digest::Digest;
use crate::error::shown;
use crate::oci::{CHART, Layer, Oci, Repository, Spelling};
use mainstay_package::{Limits, unpack_files};
use mainstay_unit::tree::{EntryKind, IndexedTree, TreePath};
use mainstay_unit::{ArtifactRequest, ChartCredentials, OciArtifact, Registry};
use std::sync::{Arc, Weak};

/// What one artifact may cost: all in all what `fluxcd/pkg/tar` allows where nobody says otherwise (source-controller does, and
/// has no limit).
const LIMITS: Limits = Limits { bytes: 100 << 20, file_bytes: 32 << 20, files: 50_000, ratio: 200 };

impl Charts {
    /// Blocks for as long as the request's timeout, a few times over.
    pub fn artifact(
        &self,
        request: &ArtifactRequest,
        credentials: ChartCredentials<'_>,
    ) -> Result<Arc<OciArtifact>, RegistryError> {
        if request.from.registry != Registry::Oci {
            return Err(RegistryError::Unsupported("an artifact in a repository over HTTP".into()));
        }
        let layer = request.layer.as_deref().map_or(Layer::First, Layer::Of);
        self.get(&self.asked(&request.from, layer, credentials)?)
    }

    /// The files that these credentials fetched before.
    fn tree(&self, asked: &Asked<'_>, digest: &Digest) -> Result<Option<Arc<IndexedTree>>, RegistryError> {
        let place = (asked.scope.clone(), digest.clone());
        if let Some(tree) = self.recent().trees.get(&place).and_then(Weak::upgrade) {
            return Ok(Some(tree));
        }
        let Some(bytes) = self.store.archive(&asked.scope, digest)? else { return Ok(None) };
        let tree = unpacked(&bytes, &shown(&asked.url))?;
        self.hold_tree(place, &tree);
        Ok(Some(tree))
    }

    fn hold_tree(&self, place: (String, Digest), tree: &Arc<IndexedTree>) {
        let trees = &mut self.recent().trees;
        trees.retain(|_, tree| tree.strong_count() > 0);
        trees.insert(place, Arc::downgrade(tree));
    }
}

impl Form for OciArtifact {
    fn ask(charts: &Charts, asked: &Asked<'_>) -> Result<(Answer, Arc<Self>), RegistryError> {
        let repository = Repository::read(&asked.url, "", asked.request.insecure)?;
        let oci = Oci::new(&repository, &asked.access, asked.request.timeout)?;
        let spelling = match asked.layer {
            Layer::Of(CHART) | Layer::Chart => Spelling::OfCharts,
            Layer::First | Layer::Of(_) => Spelling::AsWritten,
        };
        let (found, tag, proof) = charts.resolve(asked, &repository, &oci, spelling)?;
        let digest = found.resolved.text();
        let revision = tag.map_or_else(|| digest.to_owned(), |tag| format!("{tag}@{digest}"));
        let answer = charts.answer(&found.layer, Some(&found.manifest), &proof);
        let answer = Answer { revision: Some(revision.clone()), ..answer };
        let tree = match charts.tree(asked, &found.layer)? {
            Some(tree) => tree,
            None => {
                let bytes = oci.blob(&found)?;
                let tree = unpacked(&bytes, &repository.shown())?;
                charts.store.keep_archive(&asked.scope, &found.layer, &bytes)?;
                charts.hold_tree((asked.scope.clone(), found.layer.clone()), &tree);
                tracing::info!(artifact = repository.shown(), revision, "an artifact was fetched");
                tree
            }
        };
        Ok((answer, Arc::new(Self { revision, tree, stale: None })))
    }

    fn kept(charts: &Charts, asked: &Asked<'_>, answer: &Answer) -> Result<Option<Arc<Self>>, RegistryError> {
        let Answer { digest, revision: Some(revision), .. } = answer else { return Ok(None) };
        let Some(digest) = Digest::parse(digest) else { return Ok(None) };
        let tree = charts.tree(asked, &digest)?;
        Ok(tree.map(|tree| Arc::new(Self { revision: revision.clone(), tree, stale: None })))
    }

    fn stale(self, why: String) -> Self {
        Self { stale: Some(why), ..self }
    }
}

fn unpacked(bytes: &[u8], at: &str) -> Result<Arc<IndexedTree>, RegistryError> {
    let files =
        unpack_files(bytes, &LIMITS).map_err(|why| RegistryError::Archive { url: at.to_owned(), why })?;
    let mut entries = Vec::with_capacity(files.len());
    for (path, content) in files {
        let path = TreePath::parse(&path).map_err(|why| RegistryError::Mismatch {
            url: at.to_owned(),
            expected: "an artifact".into(),
            found: format!("an archive in which {why}"),
        })?;
        entries.push((path, EntryKind::File, content.into()));
    }
    Ok(Arc::new(IndexedTree::new(entries).with_folder_ids()))
}
