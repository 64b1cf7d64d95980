//! The settings on a stick: the technician's file with the PIN before everything else.
//!
//! ```text
//! # comments and empty lines
//! pin = "12345678"
//! name = "taller"
//! ```

use thiserror::Error;

use crate::config::Document;

/// Characters of what may be a PIN; the box has the last word.
const MAX_PIN: usize = 32;

/// What a stick has brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StickSettings {
    /// The PIN in it.
    pub(crate) pin: Option<String>,
    /// Everything else. Where the PIN was there is an empty line, so that a line keeps its number.
    pub(crate) text: String,
}

/// Why it cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum SettingsFileError {
    /// None of the ways in which editors save text.
    #[error("it is not text in UTF-8 or UTF-16")]
    NotText,
}

impl StickSettings {
    /// Takes the PIN out of a file, which is read as the technician's own is. Line ends of Windows are as good as others.
    pub(crate) fn of(file: &[u8]) -> Result<Self, SettingsFileError> {
        let text = Document::text_of(file).ok_or(SettingsFileError::NotText)?;
        let mut settings_file = Self { pin: None, text: String::with_capacity(text.len()) };
        let mut is_head = true;
        for line in text.split_inclusive('\n') {
            let words = line.trim();
            if let Some(digits) = pin(words).filter(|_| is_head) {
                // Should there be two, none is believed.
                settings_file.pin = Some(if settings_file.pin.is_some() { String::new() } else { digits.to_owned() });
                settings_file.text.push_str(line.get(line.trim_end().len()..).unwrap_or_default());
            } else {
                // Below a table's heading a key means something else.
                is_head &= !words.starts_with('[');
                settings_file.text.push_str(line);
            }
        }
        Ok(settings_file)
    }
}

/// What follows `pin =` on a line, without quotes and comment.
fn pin(line: &str) -> Option<&str> {
    let value = line.strip_prefix("pin")?.trim_start().strip_prefix('=')?.trim_start();
    let quoted = |quote| value.strip_prefix(quote)?.split(quote).next();
    let value = quoted('"').or_else(|| quoted('\'')).or_else(|| value.split([' ', '\t', '#']).next())?;
    Some(if value.len() <= MAX_PIN { value } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> (Option<String>, String) {
        let StickSettings { pin, text } = StickSettings::of(text.as_bytes()).expect("text");
        (pin, text)
    }

    #[test]
    fn the_pin_is_taken_out_and_every_line_keeps_its_number() {
        for (text, pin, rest) in [
            ("name = \"a\"\n", None, "name = \"a\"\n"),
            ("# a\r\npin = \"12345678\"\r\nname = 1\r\n", Some("12345678"), "# a\r\n\r\nname = 1\r\n"),
            ("\u{feff}pin='13572468' # mine\nx=1", Some("13572468"), "\nx=1"),
            ("pin=13572468#mine", Some("13572468"), ""),
            ("  pin = 13572468", Some("13572468"), ""),
            ("pins = 3\npin_x = 4\n", None, "pins = 3\npin_x = 4\n"),
            ("[wifi]\npin = \"12345678\"\n", None, "[wifi]\npin = \"12345678\"\n"),
            ("pin = \"\"\n", Some(""), "\n"),
            ("pin = \"1\"\npin = \"2\"\n", Some(""), "\n\n"),
            ("", None, ""),
        ] {
            assert_eq!(of(text), (pin.map(str::to_owned), rest.to_owned()), "{text:?}");
        }
        assert_eq!(of(&format!("pin = {}", "1".repeat(33))).0.as_deref(), Some(""));
        assert_eq!(StickSettings::of(b"name = \"caf\xe9\""), Err(SettingsFileError::NotText));
    }

    #[test]
    fn what_editors_call_unicode_is_read() {
        let text = "\u{feff}pin = \"12345678\"\r\nname = \"Línea\"\r\n";
        for file in [
            text.as_bytes().to_vec(),
            text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ] {
            let settings_file = StickSettings::of(&file).expect("text");
            assert_eq!(
                (settings_file.pin.as_deref(), settings_file.text.as_str()),
                (Some("12345678"), "\r\nname = \"Línea\"\r\n")
            );
        }
    }
}
