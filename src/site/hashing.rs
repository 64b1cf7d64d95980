//! The digest of a large file, in small steps: hashing a film of two gigabytes takes minutes from a slow stick, and
//! neither the page nor the next look at the directory waits for it.

use std::io;
use std::sync::Arc;

use ring::digest::{Context, SHA256};

use super::content::OnDisk;

/// Bytes of a step.
const STEP: usize = 256 * 1024;

/// A digest under way.
pub(super) struct Hashing {
    file: Arc<OnDisk>,
    context: Context,
    at: usize,
}

impl Hashing {
    pub(super) fn new(file: Arc<OnDisk>) -> Self {
        Self { file, context: Context::new(&SHA256), at: 0 }
    }

    pub(super) fn file(&self) -> &Arc<OnDisk> {
        &self.file
    }

    /// Goes on; gives the digest at the end.
    pub(super) fn step(&mut self) -> io::Result<Option<String>> {
        let length = (self.file.length() - self.at).min(STEP);
        let bytes = self.file.read(self.at, vec![0; length])?;
        self.context.update(&bytes);
        self.at += length;
        Ok((self.at == self.file.length()).then(|| hex::encode(self.context.clone().finish())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_whole() {
        let mut file = tempfile::tempfile().expect("a file");
        let bytes: Vec<u8> = (0..=250).cycle().take(3 * STEP + 7).collect();
        io::Write::write_all(&mut file, &bytes).expect("written");
        let mut hashing = Hashing::new(Arc::new(OnDisk::new("/a".into(), file).expect("a file")));
        let (mut steps, mut digest) = (0, None);
        while digest.is_none() {
            digest = hashing.step().expect("read");
            steps += 1;
        }
        assert_eq!((steps, digest), (4, Some(hex::encode(ring::digest::digest(&SHA256, &bytes)))));
    }
}
