//! Whether a slot's file is the binary that was put there.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use thiserror::Error;

use crate::digest;
use crate::slots::Image;

/// Why it is not.
#[derive(Debug, Error)]
pub(super) enum VerifyError {
    #[error("cannot read the binary")]
    Read(#[from] io::Error),
    #[error("the binary is no file")]
    NoFile,
    #[error("the binary has {is} bytes instead of {expected}")]
    Size { is: u64, expected: u64 },
    #[error("the binary's SHA-256 is {0}")]
    Hash(String),
}

/// Reads all of the file.
pub(super) fn verify(path: &Path, image: &Image) -> Result<(), VerifyError> {
    // Before it is opened: opening a pipe would wait for its other end.
    let metadata = path.symlink_metadata()?;
    if !metadata.is_file() {
        return Err(VerifyError::NoFile);
    }
    if metadata.len() != image.size {
        return Err(VerifyError::Size { is: metadata.len(), expected: image.size });
    }
    match digest::of_file(path, image.size)? {
        Some(is) if is == image.sha256 => Ok(()),
        Some(is) => Err(VerifyError::Hash(is)),
        // It changes while it is read.
        None => Err(VerifyError::Size { is: path.symlink_metadata()?.len(), expected: image.size }),
    }
}

/// The running binary, wherever its file has gone.
const RUNNING: &str = "/proc/self/exe";
/// From the magic number to the machine (`e_machine`) in an ELF header (System V ABI, chapter 4), without what differs
/// between programs of one machine.
const KIND: [std::ops::Range<usize>; 2] = [0..6, 18..20];

/// Whether a file is a program for this machine, as far as its head tells. To be asked before it is executed: there
/// are C libraries that give to a shell whatever the kernel does not know.
pub(super) fn is_program(path: &Path) -> io::Result<()> {
    let (own, given) = (head(Path::new(RUNNING))?, head(path)?);
    if KIND.into_iter().all(|part| own.get(part.clone()) == given.get(part)) {
        return Ok(());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, "it is no program for this machine"))
}

fn head(path: &Path) -> io::Result<[u8; 20]> {
    let mut head = [0; 20];
    File::open(path)?.read_exact(&mut head)?;
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_the_binary_or_it_is_said_why_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("workshop-edge");
        let bytes = vec![7; 300_001];
        let image =
            Image { version: "1.0.0".into(), sha256: digest::of(&bytes), size: bytes.len() as u64, requires_os: None };
        assert!(matches!(verify(&path, &image), Err(VerifyError::Read(_))));
        std::fs::write(&path, &bytes).expect("written");
        verify(&path, &image).expect("the same");
        for place in [0, 150_000, bytes.len() - 1] {
            let mut turned = bytes.clone();
            turned[place] ^= 1;
            std::fs::write(&path, turned).expect("written");
            assert!(matches!(verify(&path, &image), Err(VerifyError::Hash(_))), "{place}");
        }
        std::fs::write(&path, &bytes[1..]).expect("written");
        assert!(matches!(verify(&path, &image), Err(VerifyError::Size { .. })));
        assert!(matches!(verify(directory.path(), &image), Err(VerifyError::NoFile)));
    }

    #[test]
    fn programs_of_other_machines_are_known() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("workshop-edge");
        let own = std::fs::read(RUNNING).expect("readable");
        let is_one = |bytes: &[u8]| {
            std::fs::write(&path, bytes).expect("written");
            is_program(&path).is_ok()
        };
        assert!(is_one(&own) && !is_one(&own[..19]) && !is_one(b"#!/bin/sh\necho this is a script\n"));
        for place in [1, 4, 5, 18, 19] {
            let mut other = own.clone();
            other[place] ^= 2;
            assert!(!is_one(&other), "{place}");
        }
    }
}
