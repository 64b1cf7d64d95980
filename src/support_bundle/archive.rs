//! The tar.gz itself.

use std::io::{self, Write as _};
use std::path::Component;

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Archive, Builder, Header};

use super::{Part, manifest};

/// Packs the parts that have a content, and the manifest of all, into one folder.
pub(super) fn pack(folder: &str, parts: &[Part], time: u64) -> io::Result<Vec<u8>> {
    let mut archive = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
    let mut add = |name: &str, content: &[u8]| {
        let mut header = Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(time);
        archive.append_data(&mut header, format!("{folder}/{name}"), content)
    };
    add("MANIFEST.txt", manifest::of(parts).as_bytes())?;
    for part in parts {
        if let Ok(content) = &part.content {
            add(&part.name, content)?;
        }
    }
    let mut packed = archive.into_inner()?;
    packed.flush()?;
    packed.finish()
}

/// The folder of a bundle's first file, if that is a plain name.
pub(super) fn folder(packed: &[u8]) -> Option<String> {
    let mut archive = Archive::new(GzDecoder::new(packed));
    let first = archive.entries().ok()?.next()?.ok()?;
    let path = first.path().ok()?;
    let Component::Normal(folder) = path.components().next()? else { return None };
    Some(folder.to_str()?.to_owned())
}
