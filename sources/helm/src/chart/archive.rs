//! Charts within charts that are packed as `.tgz`. Nothing of an archive is unpacked beyond the chart's limits.
use super::File;
use super::load::{Budget, without_mark};
use mainstay_package::{Limits, unpack as unpack_archive};

/// The files of the one folder in the archive, without its name.
pub(super) fn unpack(bytes: &[u8], budget: &mut Budget) -> Result<Vec<File>, String> {
    let defaults = Limits::default();
    let limits = Limits { bytes: budget.bytes().min(defaults.bytes), ..defaults };
    let unpacked = unpack_archive(bytes, &limits).map_err(|error| error.to_string())?;
    let mut files = Vec::new();
    for (path, bytes) in unpacked {
        let bytes = without_mark(&bytes).to_vec();
        budget.pay(&path, bytes.len()).map_err(|error| error.to_string())?;
        files.push(File { path, bytes });
    }
    // As a walk through the folders would find them.
    files.sort_by(|a, b| a.path.split('/').cmp(b.path.split('/')));
    Ok(files)
}
