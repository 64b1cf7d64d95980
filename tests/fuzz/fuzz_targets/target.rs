//! A request target never leads out of the site, and decoding it twice gives nothing new.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workshop_edge::http::pure::{decode_path, parse_target};

fuzz_target!(|text: &str| {
    if let Ok(path) = decode_path(text)
        && text.starts_with('/')
    {
        assert!(path.starts_with('/'));
        assert!(path.split('/').all(|segment| segment != "." && segment != ".."));
        assert!(!path.contains(['\\', '\0', '\r', '\n']));
    }
    if let Ok(uri) = text.parse() {
        let _ = parse_target(&uri);
    }
});
