//! Media types by file name, and their charset by content.

use super::charset;

/// The types that the registry's table in the library lacks or names in an older way.
const OVERRIDES: &[(&str, &str)] = &[
    // RFC 9239.
    ("js", "text/javascript"),
    ("mjs", "text/javascript"),
    ("wasm", "application/wasm"),
    ("webmanifest", "application/manifest+json"),
    ("map", "application/json"),
    ("ico", "image/x-icon"),
    ("woff", "font/woff"),
    ("woff2", "font/woff2"),
    ("ttf", "font/ttf"),
    ("otf", "font/otf"),
    ("glb", "model/gltf-binary"),
    ("gltf", "model/gltf+json"),
    ("avif", "image/avif"),
];

/// The media type of a file, with the charset where it is text and the charset is known: nobody reads a whole file on the
/// disk for it, whose `bytes` are `None`.
#[must_use]
pub(super) fn of(path: &str, bytes: Option<&[u8]>) -> String {
    let essence = essence(path);
    if is_text(&essence) && bytes.is_some_and(|bytes| charset::is_utf8(&essence, bytes)) {
        essence + "; charset=utf-8"
    } else {
        essence
    }
}

fn essence(path: &str) -> String {
    let extension = extension(path);
    OVERRIDES.iter().find(|(known, _)| *known == extension).map_or_else(
        || mime_guess::from_ext(&extension).first_or_octet_stream().essence_str().to_owned(),
        |(_, media)| (*media).to_owned(),
    )
}

fn is_text(essence: &str) -> bool {
    essence.starts_with("text/") || essence == "image/svg+xml" || essence.ends_with("json") || essence.ends_with("/xml")
}

/// Whether browsers use a file of this type for what it is. Any other may be a script with an extension of its own, which
/// they run as long as nobody forbids them to look into it.
#[must_use]
pub(super) fn is_of_the_web(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or(media);
    let (kind, _) = essence.split_once('/').unwrap_or((essence, ""));
    matches!(kind, "audio" | "font" | "image" | "model" | "video")
        || essence.ends_with("json")
        || essence.ends_with("xml")
        || matches!(essence, "text/html" | "text/css" | "text/javascript" | "application/wasm" | "application/pdf")
}

/// Whether a coding can make such a file smaller; pictures, films and fonts of the web are
/// compressed already.
#[must_use]
pub(super) fn is_compressible(media: &str) -> bool {
    let essence = media.split(';').next().unwrap_or(media);
    essence.starts_with("text/")
        || essence.ends_with("json")
        || essence.ends_with("xml")
        || matches!(
            essence,
            "application/wasm" | "font/ttf" | "font/otf" | "model/gltf-binary" | "image/x-icon" | "image/bmp"
        )
}

fn extension(path: &str) -> String {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or_else(String::new, |(_, extension)| extension.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_insist_on() {
        for (path, media) in [
            ("/index.html", "text/html; charset=utf-8"),
            ("/a.js", "text/javascript; charset=utf-8"),
            ("/a.MJS", "text/javascript; charset=utf-8"),
            ("/a.css", "text/css; charset=utf-8"),
            ("/a.wasm", "application/wasm"),
            ("/a.woff2", "font/woff2"),
            ("/site.webmanifest", "application/manifest+json; charset=utf-8"),
            ("/a.mp4", "video/mp4"),
            ("/a.webm", "video/webm"),
            ("/a.glb", "model/gltf-binary"),
            ("/a.svg", "image/svg+xml; charset=utf-8"),
            ("/a.png", "image/png"),
            ("/a.json", "application/json; charset=utf-8"),
            ("/a.txt", "text/plain; charset=utf-8"),
            ("/robots", "application/octet-stream"),
            ("/dir.d/file", "application/octet-stream"),
        ] {
            assert_eq!(of(path, Some(b"x")), media, "{path}");
        }
    }

    #[test]
    fn a_charset_is_sent_only_where_it_is_true() {
        assert_eq!(of("/a.html", Some(b"M\xe1quina")), "text/html");
        assert_eq!(of("/a.js", Some(b"'M\xe1quina'")), "text/javascript");
        assert_eq!(of("/a.css", Some(b"@charset \"iso-8859-1\";")), "text/css");
    }

    #[test]
    fn only_what_shrinks_is_compressed() {
        assert!(is_compressible("text/html; charset=utf-8"));
        assert!(is_compressible("image/svg+xml; charset=utf-8"));
        assert!(is_compressible("application/wasm"));
        assert!(!is_compressible("image/png"));
        assert!(!is_compressible("video/mp4"));
        assert!(!is_compressible("font/woff2"));
    }
}
