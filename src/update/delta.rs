//! A binary from the one that runs and a delta, in bsdiff's format:
//!
//! ```text
//! "BSDIFF40"  bytes of the controls  bytes of the differences  bytes of the new file    8 bytes each
//! bzip2 of the controls: (bytes to add to the old file's, bytes to insert, bytes to move on in the old file)*
//! bzip2 of the differences
//! bzip2 of what is inserted
//! ```
//!
//! A number is its absolute value, little-endian, with the sign in the highest bit. `qbsdiff` computes with all of them
//! unchecked, so they are checked first: that they stay within the patch, and make a file of the expected size in as
//! many steps as a file of that size can have.

use std::io::{self, Read, Write};

use bzip2::read::BzDecoder;
use qbsdiff::Bspatch;
use thiserror::Error;

/// Bytes of a patch at most: it is read into memory, and one of this size is no gain over the full binary.
pub(crate) const MAX_PATCH: u64 = 32 * 1024 * 1024;
/// Bytes of the binary that a patch starts from at most: it is read into memory.
pub(crate) const MAX_BASE: u64 = 128 * 1024 * 1024;

const MAGIC: &[u8; 8] = b"BSDIFF40";
const HEADER: usize = 32;
/// Bytes of a control.
const CONTROL: usize = 24;
/// Controls that give nothing at most: makers end every part of a file with one, and a part is not small.
const MAX_IDLE: u64 = 4096;
/// Bytes that are worked on at once, as `qbsdiff` has it.
const PIECE: usize = 128 * 1024;

/// Why a patch gives no file.
#[derive(Debug, Error)]
pub enum DeltaError {
    /// It is none.
    #[error("the delta is not in bsdiff's form")]
    Form,
    /// It says how to make a file of another size.
    #[error("the delta does not make a file of {0} bytes")]
    Size(u64),
    /// It cannot be unpacked, or leads out of the old file; or the new one cannot be written.
    #[error("the delta cannot be applied")]
    Apply(#[source] io::Error),
}

/// Writes the file of `size` bytes that `patch` makes of `base`. It needs about 11 MiB of memory besides both.
pub fn apply(base: &[u8], patch: &[u8], size: u64, out: &mut impl Write) -> Result<(), DeltaError> {
    let controls = controls(patch, size)?;
    check(controls, size)?;
    let patcher = Bspatch::new(patch).map_err(DeltaError::Apply)?.buffer_size(PIECE).delta_min(PIECE);
    match patcher.apply(base, out).map_err(DeltaError::Apply)? {
        written if written == size => Ok(()),
        _ => Err(DeltaError::Size(size)),
    }
}

/// The packed controls of a patch for a file of this size.
fn controls(patch: &[u8], size: u64) -> Result<&[u8], DeltaError> {
    let (header, rest) = patch.split_at_checked(HEADER).ok_or(DeltaError::Form)?;
    let (magic, numbers) = header.split_at_checked(MAGIC.len()).ok_or(DeltaError::Form)?;
    let [controls, differences, new] = numbers_of(numbers).ok_or(DeltaError::Form)?;
    if magic != MAGIC {
        return Err(DeltaError::Form);
    }
    let length = |number: i64| usize::try_from(number).map_err(|_| DeltaError::Form);
    let (controls, differences) = (length(controls)?, length(differences)?);
    if controls.checked_add(differences).is_none_or(|end| end > rest.len()) {
        return Err(DeltaError::Form);
    }
    if u64::try_from(new) != Ok(size) {
        return Err(DeltaError::Size(size));
    }
    rest.get(..controls).ok_or(DeltaError::Form)
}

/// Whether the controls make a file of this size, in a number of steps that is in proportion to it.
fn check(packed: &[u8], size: u64) -> Result<(), DeltaError> {
    let mut unpacked = BzDecoder::new(packed);
    let mut piece = vec![0; CONTROL * 1024];
    let (mut made, mut idle) = (0_u64, 0_u64);
    loop {
        let length = fill(&mut unpacked, &mut piece).map_err(DeltaError::Apply)?;
        if length == 0 {
            return if made == size { Ok(()) } else { Err(DeltaError::Size(size)) };
        }
        if length % CONTROL != 0 {
            return Err(DeltaError::Form);
        }
        for control in piece.get(..length).unwrap_or_default().chunks_exact(CONTROL) {
            let [add, insert, _] = numbers_of(control).ok_or(DeltaError::Form)?;
            let (Ok(add), Ok(insert)) = (u64::try_from(add), u64::try_from(insert)) else {
                return Err(DeltaError::Form);
            };
            let step = add.saturating_add(insert);
            made = made.saturating_add(step);
            idle += u64::from(step == 0);
            if made > size || idle > MAX_IDLE {
                return Err(DeltaError::Size(size));
            }
        }
    }
}

/// Reads until the buffer is full or there is no more.
fn fill(from: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn numbers_of(bytes: &[u8]) -> Option<[i64; 3]> {
    let mut numbers = bytes.chunks_exact(8).map(|bytes| Some(number(u64::from_le_bytes(bytes.try_into().ok()?))));
    Some([numbers.next()??, numbers.next()??, numbers.next()??])
}

fn number(bytes: u64) -> i64 {
    const SIGN: u64 = 1 << 63;
    let size = (bytes & !SIGN).cast_signed();
    if bytes & SIGN == 0 { size } else { -size }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use bzip2::Compression;
    use bzip2::write::BzEncoder;
    use proptest::prelude::*;
    use qbsdiff::Bsdiff;

    use super::*;

    fn made(base: &[u8], patch: &[u8], size: usize) -> Result<Vec<u8>, DeltaError> {
        let mut out = Vec::new();
        apply(base, patch, size as u64, &mut out).map(|()| out)
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = BzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).expect("packed");
        encoder.finish().expect("packed")
    }

    /// A patch of these controls, differences and insertions.
    fn patch(controls: &[[i64; 3]], differences: &[u8], inserted: &[u8], size: i64) -> Vec<u8> {
        let bytes = |number: i64| {
            let sign = if number < 0 { 1 << 63 } else { 0 };
            (number.unsigned_abs() & !(1 << 63) | sign).to_le_bytes()
        };
        let controls = packed(&controls.iter().flatten().flat_map(|&number| bytes(number)).collect::<Vec<u8>>());
        let (differences, inserted) = (packed(differences), packed(inserted));
        let lengths =
            [(controls.len() as u64).cast_signed(), (differences.len() as u64).cast_signed(), size].map(bytes);
        [MAGIC.as_slice(), lengths.as_flattened(), &controls, &differences, &inserted].concat()
    }

    #[test]
    fn a_patch_by_hand_is_applied() {
        let patch = patch(&[[3, 2, 1], [2, 0, 0]], &[0, 1, 0, 0, 0], b"..", 7);
        assert_eq!(made(b"abcdef", &patch, 7).expect("applied"), b"acc..ef");
        assert!(matches!(made(b"abcdef", &patch, 8), Err(DeltaError::Size(8))));
        // Another base than the one that it was made for is too short.
        assert!(matches!(made(b"abcd", &patch, 7), Err(DeltaError::Apply(_))));
    }

    #[test]
    fn numbers_that_lead_out_of_it_are_refused() {
        let good = patch(&[[3, 2, 1], [2, 0, 0]], &[0; 5], b"..", 7);
        // The lengths of the header: each huge, negative, and such that their sum overflows.
        for at in [8, 16, 24] {
            for bytes in [u64::MAX, u64::MAX >> 1, 1 << 63, (1 << 63) | 1, u64::from(u32::MAX)] {
                let mut bad = good.clone();
                bad[at..at + 8].copy_from_slice(&bytes.to_le_bytes());
                assert!(made(b"abcdef", &bad, 7).is_err(), "{at} {bytes:x}");
            }
        }
        for controls in [
            vec![[i64::MAX, 0, 0]],
            vec![[0, i64::MAX, 0]],
            vec![[i64::MAX, i64::MAX, 0]],
            vec![[-1, 8, 0]],
            vec![[8, -1, 0]],
            vec![[0, 0, i64::MIN], [3, 4, 0]],
            vec![[0, 0, i64::MAX], [3, 4, i64::MAX], [0, 0, i64::MAX]],
            vec![[0, 0, -1], [7, 0, 0]],
        ] {
            assert!(made(b"abcdef", &patch(&controls, &[0; 7], b"....", 7), 7).is_err(), "{controls:?}");
        }
    }

    #[test]
    fn steps_that_lead_nowhere_end_soon() {
        // A few hundred bytes that are many millions of controls.
        let endless = vec![[0, 0, 0]; 1_000_000];
        let patch = patch(&endless, b"", b"", 0);
        assert!(patch.len() < 1000, "{}", patch.len());
        assert!(matches!(made(b"", &patch, 0), Err(DeltaError::Size(0))));
    }

    #[test]
    fn no_more_is_written_than_wanted() {
        let bomb = patch(&[[0, 50_000_000, 0]], b"", &vec![0; 50_000_000], 50_000_000);
        assert!(matches!(made(b"", &bomb, 1000), Err(DeltaError::Size(1000))));
        let lying = patch(&[[0, 50_000_000, 0]], b"", &vec![0; 50_000_000], 1000);
        let mut out = Vec::new();
        assert!(apply(b"", &lying, 1000, &mut out).is_err());
        assert_eq!(out.len(), 0);
    }

    proptest! {
        #[test]
        fn what_was_compared_comes_out_again(
            base in proptest::collection::vec(any::<u8>(), 0..4000),
            edits in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..20),
            more in proptest::collection::vec(any::<u8>(), 0..500),
        ) {
            let mut new = base.clone();
            for (index, byte) in edits {
                if !new.is_empty() {
                    let at = index.index(new.len());
                    new[at] = byte;
                }
            }
            new.extend_from_slice(&more);
            let mut patch = Vec::new();
            Bsdiff::new(&base, &new).compare(&mut patch).expect("compared");
            prop_assert_eq!(made(&base, &patch, new.len()).expect("applied"), new);
        }

        #[test]
        fn damage_is_an_error_or_another_file_but_never_more(
            damage in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
            cut in any::<proptest::sample::Index>(),
        ) {
            let base: Vec<u8> = (0..2000_u32).map(|number| (number * 7 % 251) as u8).collect();
            let mut new = base.clone();
            new.splice(500..510, b"something else".iter().copied());
            let mut patch = Vec::new();
            Bsdiff::new(&base, &new).compare(&mut patch).expect("compared");
            for (index, byte) in damage {
                let at = index.index(patch.len());
                patch[at] ^= byte;
            }
            let _ = made(&base, &patch[..cut.index(patch.len())], new.len());
            if let Ok(made) = made(&base, &patch, new.len()) {
                prop_assert_eq!(made.len(), new.len());
            }
        }
    }
}
