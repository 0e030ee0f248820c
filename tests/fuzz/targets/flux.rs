//! Any bytes as a repository of Flux's kinds: it is read without a panic, alike each time, and every problem has its place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mainstay_fuzz::{check_reading, repository};

fuzz_target!(|bytes: &[u8]| check_reading(repository(bytes, "flux.yaml")));
