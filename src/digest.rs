//! SHA-256 of bytes and of files, as 64 lower-case hexadecimal digits.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use ring::digest::{Context, SHA256};
use rustix::fs::{Advice, fadvise};

/// Bytes that are read at once.
const PIECE: usize = 64 * 1024;

/// A digest under way.
pub(crate) struct Sha256(Context);

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl Sha256 {
    /// Of nothing yet.
    #[must_use]
    pub(crate) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Goes on.
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Of all there was.
    #[must_use]
    pub(crate) fn finish(self) -> String {
        hex::encode(self.0.finish())
    }
}

/// The digest of bytes.
#[must_use]
pub(crate) fn of(bytes: &[u8]) -> String {
    let mut digest = Sha256::new();
    digest.update(bytes);
    digest.finish()
}

/// The digest of a file that has this many bytes; `None` when it has another number. What is written to the disk is
/// read from there, as far as nobody else has it in use.
pub(crate) fn of_file(path: &Path, size: u64) -> io::Result<Option<String>> {
    let mut file = File::open(path)?;
    if file.metadata()?.len() != size {
        return Ok(None);
    }
    // Without it, a file just written comes from memory, whatever the disk made of it.
    let _ = fadvise(&file, 0, None, Advice::DontNeed);
    let mut digest = Sha256::new();
    let mut piece = vec![0; PIECE];
    let mut seen: u64 = 0;
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok((seen == size).then(|| digest.finish())),
            Ok(length) => {
                digest.update(piece.get(..length).unwrap_or_default());
                seen = seen.saturating_add(length as u64);
                if seen > size {
                    return Ok(None);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_size_has_no_digest() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        std::fs::write(&path, b"abc").expect("written");
        // FIPS 180-2, appendix B.1.
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(of(b"abc"), known);
        assert_eq!(of_file(&path, 3).expect("read").as_deref(), Some(known));
        assert_eq!(of_file(&path, 4).expect("read"), None);
        assert!(of_file(&directory.path().join("none"), 3).is_err());
    }
}
