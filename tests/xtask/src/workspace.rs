//! Where things are in the checkout.

use std::path::{Path, PathBuf};

/// The root of the checkout, whatever the working directory is.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}
