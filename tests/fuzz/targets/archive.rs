//! Any bytes as a packed chart, and as the tar within one: what is unpacked lies in its folder and within the limits.
#![no_main]

use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use mainstay_package::{Limits, unpack};
use std::io::Write;

const LIMITS: Limits = Limits { bytes: 1 << 20, file_bytes: 1 << 18, files: 200, ratio: 200 };

fuzz_target!(|bytes: &[u8]| {
    let mut tar = GzEncoder::new(Vec::new(), Compression::none());
    tar.write_all(bytes).expect("memory takes everything");
    let tar = tar.finish().expect("memory takes everything");
    for packed in [bytes, &tar] {
        let first = unpack(packed, &LIMITS);
        assert_eq!(unpack(packed, &LIMITS), first, "it is unpacked alike");
        let Ok(files) = first else { continue };
        assert!(!files.is_empty() && files.len() <= LIMITS.files);
        assert!(files.values().map(|file| file.len() as u64).sum::<u64>() <= LIMITS.bytes);
        for path in files.keys() {
            let leads_out = path.split('/').any(|part| matches!(part, "" | "." | ".."));
            assert!(!leads_out && !path.contains(['\\', '\0']), "{path:?}");
        }
    }
});
