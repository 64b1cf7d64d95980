//! The fields by which a receiver knows the box: a file, since they are secrets.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use http::HeaderValue;
use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderName, TRANSFER_ENCODING};

use crate::bounded_read::{SHORT, read_text_bounded};
use crate::lang::Text;

/// What the box says itself.
const OWN: [HeaderName; 6] = [CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING];

/// Why a file has no fields. It does not show what is in it.
#[derive(Debug)]
pub(crate) enum HeadersError {
    Unreadable { file: PathBuf, error: io::Error },
    Line { file: PathBuf, number: usize },
}

impl HeadersError {
    pub(crate) fn text(&self) -> Text {
        match self {
            Self::Unreadable { file, error } => {
                let file = file.display();
                Text::new(format!("no se puede leer {file}: {error}"), format!("cannot read {file}: {error}"))
            }
            Self::Line { file, number } => {
                let file = file.display();
                Text::new(
                    format!(
                        "la línea {number} de {file} no tiene la forma «nombre: valor», o repite un campo que pone el equipo"
                    ),
                    format!(
                        "line {number} of {file} is not of the form `name: value`, or repeats a field of the box's own"
                    ),
                )
            }
        }
    }
}

impl fmt::Display for HeadersError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text().en)
    }
}

impl std::error::Error for HeadersError {}

/// Reads lines `name: value`.
pub(crate) fn read_headers(file: &Path) -> Result<Vec<(HeaderName, HeaderValue)>, HeadersError> {
    let text = read_text_bounded(file, SHORT).map_err(|error| HeadersError::Unreadable { file: file.into(), error })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| header(line).ok_or_else(|| HeadersError::Line { file: file.into(), number: index + 1 }))
        .collect()
}

fn header(line: &str) -> Option<(HeaderName, HeaderValue)> {
    let (name, value) = line.split_once(':')?;
    let name = name.trim().parse().ok().filter(|name| !OWN.contains(name))?;
    let mut value = HeaderValue::from_str(value.trim()).ok()?;
    value.set_sensitive(true);
    Some((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_field_or_the_file_is_wrong() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let read = |text: &str| {
            std::fs::write(file.path(), text).expect("written");
            read_headers(file.path())
        };
        let fields = read("DD-API-KEY: s3cr3t:x\n\n  X-Scope:1  \r\n").expect("fields");
        let shown: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text"))).collect();
        assert_eq!(shown, [("dd-api-key", "s3cr3t:x"), ("x-scope", "1")]);
        assert!(!format!("{fields:?}").contains("s3cr3t"));
        for wrong in ["s3cr3t", "a key: s3cr3t", ": s3cr3t", "k: s3\u{1}cr3t", "Content-Length: 3", "host: s3cr3t"] {
            let error = read(&format!("x: 1\n{wrong}\n")).expect_err(wrong).to_string();
            assert!(error.starts_with("line 2 of ") && !error.contains("s3"), "{error}");
        }
        assert!(
            read_headers(Path::new("/nonexistent"))
                .expect_err("none")
                .to_string()
                .starts_with("cannot read /nonexistent: ")
        );
    }
}
