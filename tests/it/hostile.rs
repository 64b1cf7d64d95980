//! Ten thousand requests that no client would send: no panic, no leak, and the next good
//! request is answered.

use std::fs;

use crate::support::{Client, Edge, Setup, eventually};

/// A small reproducible generator (`SplitMix64`, Steele et al. 2014): a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        value ^ (value >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("below a usize")
    }

    fn one<'a>(&mut self, of: &[&'a [u8]]) -> &'a [u8] {
        of[self.below(of.len())]
    }
}

const METHODS: &[&[u8]] = &[b"GET", b"HEAD", b"get", b"", b"G\0T", b"OPTIONS", b"PRI", b"CONNECT", b"\xff\xff"];
const TARGETS: &[&[u8]] = &[
    b"/",
    b"/%",
    b"/%zz",
    b"/%00",
    b"/..%2f..%2f",
    b"//",
    b"*",
    b"http://",
    b"http://[::1",
    b"/\xff",
    b"/a b",
    b"",
    b"?",
    b"/_edge/..",
    b"/%C0%AF",
    b"taller:99999",
    b"/assets/%2e%2e/%2e%2e/etc/passwd",
];
const VERSIONS: &[&[u8]] =
    &[b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/11", b"HTTP/1.", b"", b"HTTPS/1.1", b"HTTP/1.1\0"];
const FIELDS: &[&[u8]] = &[
    b"Host: tv",
    b"Host: tv",
    b"Host:",
    b"Host: [",
    b"Content-Length: 99999999999999999999",
    b"Content-Length: 3",
    b"Content-Length: -1",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip, chunked",
    b"Range: bytes=0-,1-,2-",
    b"Range: bytes=99999999999999999999-",
    b"Accept-Encoding: gzip;q=, *;q=2, \xff",
    b"If-None-Match: \"",
    b"If-Range: W/",
    b"If-Modified-Since: Thu, 99 Jan 99999",
    b"Expect: x",
    b"Connection: upgrade",
    b"Upgrade: h2c",
    b" folded",
    b": x",
    b"X\0: y",
    b"X: \x7f",
    b"Accept: text/html;q=\xfe",
];
const ENDS: &[&[u8]] = &[b"\r\n", b"\n", b"\r", b"\r\n\r\n", b""];

fn request(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    match random.below(10) {
        0 => bytes.extend((0..random.below(2000)).map(|_| random.next().to_le_bytes()[0])),
        1 => bytes.extend(vec![b'A'; random.below(100_000)]),
        _ => {
            bytes.extend_from_slice(random.one(METHODS));
            bytes.push(b' ');
            bytes.extend_from_slice(random.one(TARGETS));
            bytes.push(b' ');
            bytes.extend_from_slice(random.one(VERSIONS));
            bytes.extend_from_slice(random.one(ENDS));
            for _ in 0..random.below(8) {
                bytes.extend_from_slice(random.one(FIELDS));
                bytes.extend_from_slice(random.one(ENDS));
            }
            bytes.extend_from_slice(b"\r\n\r\n5\r\nhello\r\nzz\r\n");
        }
    }
    bytes
}

fn open_files(edge: &Edge) -> usize {
    fs::read_dir(format!("/proc/{}/fd", edge.pid())).expect("readable").count()
}

fn resident_kib(edge: &Edge) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", edge.pid())).expect("readable");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).expect("a number")
}

#[test]
fn ten_thousand_malformed_requests() {
    let edge = Setup::new("").start();
    edge.wait_for_representations();
    let mut random = Random(2026);
    let mut storm = |count: usize| {
        for _ in 0..count {
            let mut client = Client::connect(edge.address());
            client.send(&request(&mut random));
            client.finish();
            client.wait_for_close();
        }
    };
    storm(1000);
    let files = open_files(&edge);
    let memory = resident_kib(&edge);
    storm(9000);
    eventually("all descriptors given back", || open_files(&edge) <= files);
    let growth = resident_kib(&edge).saturating_sub(memory);
    assert!(growth < 2048, "memory grew by {growth} KiB over 9000 requests");
    assert_eq!(edge.get("/", &[]).status, 200);
    assert!(edge.log().lines().count() < 10, "an attacker fills no disk with log lines:\n{}", edge.log());
    // That it did not panic is checked when the box is dropped.
}
