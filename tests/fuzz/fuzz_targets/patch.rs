//! Whatever a patch says, it gives the bytes wanted or an error, and writes no more than wanted.

#![no_main]

use std::io::{self, Write};

use libfuzzer_sys::fuzz_target;
use workshop_edge::update::delta::apply;

const SIZE: u64 = 4096;

/// Counts, and fails at once where more comes than wanted.
#[derive(Default)]
struct Counter(u64);

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len() as u64;
        assert!(self.0 <= SIZE);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fuzz_target!(|patch: &[u8]| {
    let base: Vec<u8> = (0..=255).cycle().take(4000).collect();
    let mut counter = Counter::default();
    if apply(&base, patch, SIZE, &mut counter).is_ok() {
        assert_eq!(counter.0, SIZE);
    }
    // The numbers of its head are seldom right by chance: with right ones, the rest is looked at.
    if let Some((numbers, packed)) = patch.split_first_chunk::<4>() {
        let controls = u64::from(u16::from_le_bytes([numbers[0], numbers[1]]));
        let differences = u64::from(u16::from_le_bytes([numbers[2], numbers[3]]));
        let head = [controls, differences, SIZE].map(u64::to_le_bytes);
        let patch = [b"BSDIFF40".as_slice(), head.as_flattened(), packed].concat();
        let mut counter = Counter::default();
        let _ = apply(&base, &patch, SIZE, &mut counter);
    }
});
