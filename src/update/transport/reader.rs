//! A file that is read piece by piece.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;

use bytes::Bytes;

use super::TransportError;

/// Bytes of one read.
const PIECE: usize = 64 * 1024;

/// An open file.
#[derive(Debug)]
pub(super) struct Reader {
    /// `None` after the end, and while a piece is read.
    file: Option<File>,
    path: PathBuf,
}

impl Reader {
    pub(super) fn new(file: File, path: PathBuf) -> Self {
        Self { file: Some(file), path }
    }

    pub(super) fn place(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, TransportError> {
        let Some(mut file) = self.file.take() else {
            return Ok(None);
        };
        let (file, piece) = blocking(self.path.clone(), move || {
            let mut piece = vec![0; PIECE];
            let bytes = loop {
                match file.read(&mut piece) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => break read?,
                }
            };
            piece.truncate(bytes);
            Ok((file, piece))
        })
        .await?;
        if piece.is_empty() {
            return Ok(None);
        }
        self.file = Some(file);
        Ok(Some(Bytes::from(piece)))
    }
}

/// Work that waits for the disk.
pub(super) async fn blocking<T: Send + 'static>(
    path: PathBuf,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, TransportError> {
    let result = tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(io::Error::other(error)));
    result.map_err(|source| TransportError::Read { path, source })
}
