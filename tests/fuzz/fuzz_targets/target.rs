//! A request target never leads above the root.

#![no_main]

use libfuzzer_sys::fuzz_target;
use workshop_edge::http::pure::{decode_path, parse_target};

fuzz_target!(|text: &str| {
    if let Ok(path) = decode_path(text)
        && text.starts_with('/')
    {
        assert!(path.starts_with('/') && !path.contains("//"));
        assert!(path.split('/').all(|segment| segment != "." && segment != ".."));
        assert!(!path.contains('\0'));
    }
    if let Ok(uri) = text.parse() {
        let _ = parse_target(&uri);
    }
});
