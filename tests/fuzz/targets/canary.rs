//! Finds nothing but whether the fuzzer sees at all: the key is reached step by step through coverage and comparisons,
//! and never by chance. Not to find it is the failure.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some((first, rest)) = data.split_first()
        && *first == b'{'
        && rest.len() > 8
        && rest.starts_with(b"main")
        && rest[4..].starts_with(b"stay")
    {
        panic!("the canary sings");
    }
});
