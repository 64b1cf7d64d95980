//! A line that is no TOML, written as it was probably meant: the likeliest mistake is a text without quotation marks.

use super::{schema::Schema, suggest, value};
use crate::schema::Kind;
use std::ffi::OsStr;

/// Quotation marks of word processors, too.
const QUOTES: &[char] = &['"', '\'', '`', '´', '“', '”', '„', '‘', '’', '«', '»'];

/// The line of a known key with its value as TOML has it; `None` where no valid value can be made of it. `section` is
/// the path of the section that contains the line, with a trailing dot, or empty.
pub(super) fn corrected(schema: &Schema, section: &str, line: &str) -> Option<String> {
    let (name, rest) = assignment(line)?;
    let path = format!("{section}{name}");
    let key = schema.all_keys().find(|key| key.path == path).or_else(|| {
        let meant = suggest::key(schema, &path)?;
        schema.all_keys().find(|key| key.path == meant)
    })?;
    let name = if key.path == path { name } else { key.path.strip_prefix(section).unwrap_or(key.path) };
    // A hash inside a text begins no comment.
    let value = if rest.starts_with(QUOTES) { rest } else { without_comment(rest) };
    let bare = bare(value);
    let bare = if key.kind == Kind::Bool { truth(&bare) } else { &bare };
    let value = value::from_text(key.kind, OsStr::new(bare)).ok()?;
    Some(format!("{name} = {}", value.to_toml()))
}

/// The name and the value of a line, with any sign between them.
pub(super) fn assignment(line: &str) -> Option<(&str, &str)> {
    let at = line.find(['=', ':'])?;
    let name = line.get(..at)?.trim_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c));
    Some((name, line.get(at + 1..)?.trim()))
}

fn without_comment(value: &str) -> &str {
    value.split_once(" #").map_or(value, |(value, _)| value.trim())
}

/// The words of TOML for yes and no.
fn truth(word: &str) -> &str {
    match word.to_lowercase().as_str() {
        "sí" | "si" | "yes" | "on" | "true" | "verdadero" => "true",
        "no" | "off" | "false" | "falso" => "false",
        _ => word,
    }
}

/// A value as it is written in an environment variable: without quotation marks, and a list without brackets.
fn bare(value: &str) -> String {
    let is_mark = |c: char| QUOTES.contains(&c) || c.is_whitespace();
    let list = value.trim_matches(|c: char| c.is_whitespace() || c == '[' || c == ']');
    if list.len() == value.len() {
        return value.trim_matches(is_mark).to_owned();
    }
    list.split(',').map(|element| element.trim_matches(is_mark)).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::super::schema::CONFIG;
    use super::*;

    #[test]
    fn what_was_meant_is_written_as_toml() {
        for (section, line, meant) in [
            ("display.", "title = Norte", Some("title = \"Norte\"")),
            ("", "display.title = Nave 2   # la de atrás", Some("display.title = \"Nave 2\"")),
            ("", "display.title = “Nave 2”", Some("display.title = \"Nave 2\"")),
            ("", "display.title: 'Nave 2", Some("display.title = \"Nave 2\"")),
            ("", "display.titel = Norte", Some("display.title = \"Norte\"")),
            ("", "listen.names = a.example, b.example", Some("listen.names = [\"a.example\",\"b.example\"]")),
            ("", "listen.names = [a.example]", Some("listen.names = [\"a.example\"]")),
            ("", "update.window = 22:00-05:00", Some("update.window = \"22:00-05:00\"")),
            ("", "display.refresh_s = 015", Some("display.refresh_s = 15")),
            ("", "display.refresh_s = pronto", None),
            ("", "nada que ver", None),
            ("", "= x", None),
        ] {
            assert_eq!(corrected(&CONFIG, section, line).as_deref(), meant, "{line}");
        }
    }
}
