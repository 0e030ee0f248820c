//! Any bytes as a tree of kustomizations: it is built without a panic, alike each time, and every problem has its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_fuzz::{check_building, repository};

fuzz_target!(|bytes: &[u8]| check_building(&repository(bytes, "kustomization.yaml")));
