//! Files of the web, each named by its URL and the digest of its content: nothing else is ever handed out, and what was
//! fetched once is not asked for again.
use super::{Charts, MOST_URL};
use crate::RegistryError;
use crate::access::Access;
use crate::digest::Digest;
use crate::http::{Client, Get};
use mainstay_unit::WebFile;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

/// Bytes of one, a few times those of the largest manifests that projects release.
const MOST: u64 = 16 << 20;
const TIMEOUT: Duration = Duration::from_secs(60);
/// Everybody's: no credentials are needed.
const SCOPE: &str = "files of the web";

impl Charts {
    /// Blocks for a minute at most.
    pub fn file(&self, file: &WebFile) -> Result<Arc<[u8]>, RegistryError> {
        let digest = Digest::required(&file.sha256, &file.url)?;
        if let Some(bytes) = self.store.archive(SCOPE, &digest)? {
            return Ok(bytes.into());
        }
        let failed = self.recent().files.get(file).cloned();
        if let Some((at, error)) = failed
            && at.elapsed() < self.options.fresh
        {
            return Err(error);
        }
        let fetched = fetch(file, &digest);
        let mut recent = self.recent();
        recent.forget(self.options.fresh);
        if let Err(error) = &fetched {
            recent.files.insert(file.clone(), (Instant::now(), error.clone()));
        }
        drop(recent);
        let bytes = fetched?;
        self.store.keep_archive(SCOPE, &digest, &bytes)?;
        Ok(bytes.into())
    }
}

fn fetch(file: &WebFile, digest: &Digest) -> Result<Vec<u8>, RegistryError> {
    if file.url.len() > MOST_URL {
        return Err(RegistryError::url(&file.url, "it is longer than 4096 characters"));
    }
    let url = Url::parse(&file.url).map_err(|why| RegistryError::url(&file.url, why))?;
    let client = Client::new(&Access::default(), &url, false, TIMEOUT)?;
    let get = Get { url: &url, accept: "*/*", headers: &[], user: None, most: MOST };
    let bytes = client.get(&get)?.ok(&url, false)?;
    digest.check(&bytes, &crate::error::shown(&url))?;
    Ok(bytes)
}
