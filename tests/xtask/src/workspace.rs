//! Where things are in the checkout.

use std::path::PathBuf;

/// The root of the checkout, whatever the working directory is.
pub fn root() -> PathBuf {
    let here = mainstay_harness::here!();
    here.ancestors().nth(2).unwrap_or(&here).to_path_buf()
}
