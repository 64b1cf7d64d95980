//! Whatever a client says that it accepts, the choice is one of what there is.

#![no_main]

use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use workshop_edge::http::pure::{Coding, Preference};

fuzz_target!(|bytes: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(header::ACCEPT_ENCODING, value);
        }
    }
    let preference = Preference::of(&headers);
    for (gzip, brotli) in [(false, false), (true, false), (false, true), (true, true)] {
        match preference.choose(gzip, brotli) {
            Some(Coding::Gzip) => assert!(gzip),
            Some(Coding::Brotli) => assert!(brotli),
            Some(Coding::Identity) => assert!(preference.allows_identity()),
            None => assert!(!preference.allows_identity()),
        }
    }
});
