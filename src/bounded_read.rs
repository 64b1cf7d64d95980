//! Reads files up to a maximum, whatever is at their path: a device has no end.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes of a file that holds one value, or a few lines: a name, an id, a number, a fact of the kernel's.
pub(crate) const SHORT: u64 = 4096;
/// Bytes of a table of the kernel's, with a line for each mount, route or the like.
pub(crate) const TABLE: u64 = 1 << 20;

/// Reads a file of `max` bytes at most. A larger one is an error of the kind [`ErrorKind::FileTooLarge`].
pub(crate) fn read_bounded(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    read_opened(&File::open(path)?, max)
}

/// Reads a text in UTF-8 of `max` bytes at most.
pub(crate) fn read_text_bounded(path: &Path, max: u64) -> io::Result<String> {
    String::from_utf8(read_bounded(path, max)?).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
}

/// Reads what is left of a file that is open, of `max` bytes at most.
pub(crate) fn read_opened(file: &File, max: u64) -> io::Result<Vec<u8>> {
    // Room for the byte by which the end is noticed: a vector that grows once takes twice the memory.
    let expected = file.metadata()?.len().min(max).saturating_add(1);
    let bytes =
        read_into(Vec::with_capacity(usize::try_from(expected).unwrap_or_default()), file, max.saturating_add(1))?;
    if bytes.len() as u64 > max {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is larger than {max} bytes")));
    }
    Ok(bytes)
}

/// Reads the first `max` bytes of a file and ignores the rest.
pub(crate) fn read_beginning(path: &Path, max: u64) -> io::Result<Vec<u8>> {
    read_up_to(File::open(path)?, max)
}

/// Reads the first `max` bytes of what a program writes, or the like, and ignores the rest.
pub(crate) fn read_up_to(reader: impl io::Read, max: u64) -> io::Result<Vec<u8>> {
    read_into(Vec::new(), reader, max)
}

#[expect(clippy::disallowed_methods, reason = "with a bound")]
fn read_into(mut bytes: Vec<u8>, reader: impl io::Read, max: u64) -> io::Result<Vec<u8>> {
    reader.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// [`read_up_to`] of what arrives.
#[expect(clippy::disallowed_methods, reason = "with a bound")]
pub(crate) async fn receive_up_to(reader: impl AsyncRead + Unpin, max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(max).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_bound_is_read_and_a_larger_one_is_not() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        std::fs::write(&path, "año").expect("written");
        assert_eq!(read_bounded(&path, 4).expect("read"), "año".as_bytes());
        assert_eq!(read_text_bounded(&path, 4).expect("read"), "año");
        let error = read_bounded(&path, 3).expect_err("too large");
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::FileTooLarge, "it is larger than 3 bytes"));
        assert_eq!(read_beginning(&path, 3).expect("read"), b"a\xc3\xb1");
        std::fs::write(&path, b"\xff").expect("written");
        assert_eq!(read_text_bounded(&path, 4).expect_err("no text").kind(), ErrorKind::InvalidData);
        std::fs::remove_file(&path).expect("removed");
        assert_eq!(read_bounded(&path, 4).expect_err("gone").kind(), ErrorKind::NotFound);
    }

    /// Both report a length of 0.
    #[test]
    fn what_has_no_length_is_bounded_too() {
        let error = read_bounded(Path::new("/dev/zero"), 4096).expect_err("without an end");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
        assert!(!read_bounded(Path::new("/proc/self/status"), 1 << 16).expect("read").is_empty());
    }
}
