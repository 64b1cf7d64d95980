//! Ranges lie inside the file, and preconditions are decided, whatever the fields hold.

#![no_main]

use std::time::UNIX_EPOCH;

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use workshop_edge::http::pure::{Requested, Validators, evaluate, parse_range, range_applies};

const NAMES: [&str; 5] = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range"];

fuzz_target!(|input: (u16, &[u8])| {
    let (length, bytes) = input;
    let length = usize::from(length);
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Requested::Parts(parts) = parse_range(text, length)
    {
        assert!(!parts.is_empty());
        assert!(parts.iter().all(|part| part.first <= part.last && part.last < length));
        assert!(parts.len() == 1 || parts.iter().map(|part| part.length()).sum::<usize>() <= length);
    }
    let mut headers = HeaderMap::new();
    for (line, name) in bytes.split(|byte| *byte == b'\n').zip(NAMES.iter().cycle()) {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    let validators = Validators { etag: "\"abc\"", last_modified: UNIX_EPOCH };
    let _ = evaluate(&headers, validators);
    let _ = range_applies(&headers, validators);
});
