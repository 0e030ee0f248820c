//! Any bytes as a packed chart or other archive, and as the tar within one: what is unpacked lies in its folder and within
//! the limits.
#![no_main]

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use mainstay_package::{ArchiveError, Limits, unpack, unpack_files};
use std::collections::BTreeMap;
use std::io::Write;

const LIMITS: Limits = Limits { bytes: 1 << 20, file_bytes: 1 << 18, files: 200, ratio: 200 };

fuzz_target!(|bytes: &[u8]| {
    let mut tar = GzEncoder::new(Vec::new(), Compression::none());
    tar.write_all(bytes).expect("memory takes everything");
    let tar = tar.finish().expect("memory takes everything");
    for packed in [bytes, &tar] {
        let first = unpack(packed, &LIMITS);
        assert_eq!(unpack(packed, &LIMITS), first, "it is unpacked alike");
        within(first);
        let files = unpack_files(packed, &LIMITS);
        for path in files.iter().flat_map(|files| files.keys()) {
            let is_folder = |file: &String| file.starts_with(&format!("{path}/"));
            assert!(!files.iter().flat_map(|files| files.keys()).any(is_folder), "{path:?}");
        }
        within(files);
    }
});

fn within(unpacked: Result<BTreeMap<String, Vec<u8>>, ArchiveError>) {
    let Ok(files) = unpacked else { return };
    assert!(!files.is_empty() && files.len() <= LIMITS.files);
    assert!(files.values().map(|file| file.len() as u64).sum::<u64>() <= LIMITS.bytes);
    for path in files.keys() {
        let leads_out = path.split('/').any(|part| matches!(part, "" | "." | ".."));
        assert!(!leads_out && !path.contains(['\\', '\0']), "{path:?}");
    }
}
