//! A support bundle on a stick.

use crate::bounded_read::{self, read_text_bounded};
use crate::cli::support_bundle;
use crate::config::{self, Overrides, Sources};
use crate::disk_space::DiskSpace;
use crate::machine::Paths;
use crate::machine::stick::Mounted;
use crate::{durable, error_chain, lang::Text};
use std::path::Path;

/// Bytes that stay free beside the bundle: a full stick is good for nothing else.
const SPARE: u64 = 64 * 1024;
/// Characters of a box's identifier.
const MAX_ID: usize = 64;

/// Writes one, and says which.
pub(super) fn write(paths: &Paths, stick: &Mounted) -> Result<Text, Text> {
    let overrides = Overrides { config: Some(paths.run_config()), ..Overrides::default() };
    let config = config::load(&Sources::of_process(overrides))
        .map(|loaded| support_bundle::effective(&loaded))
        .map_err(|faults| faults.to_string());
    let (bytes, remark) = support_bundle::collect(&paths.appliance(), config)
        .map_err(|words| Text::new("No hay informe de soporte:", "There is no support bundle:").and(&words))?;
    let name = name(&paths.appliance(), &jiff::Zoned::now());
    let written = stick.written(|directory| save(directory, &name, &bytes));
    written.map_err(|error| cannot(&error_chain(&error)))??;
    let mut words = Text::new(
        format!("Informe de soporte escrito en la memoria USB: {name}"),
        format!("Support bundle written to the USB stick: {name}"),
    );
    if remark.is_some() {
        words.es += " (el servicio del equipo no responde: reunido del disco)";
        words.en += " (the box's service does not answer: collected from the disk)";
    }
    Ok(words)
}

fn save(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), Text> {
    let free = DiskSpace::at(directory).map_err(|error| cannot(&error.to_string()))?.free_bytes;
    let needed = bytes.len() as u64 + SPARE;
    if free < needed {
        return Err(Text::new(
            format!("El informe de soporte no cabe en la memoria USB: hacen falta {needed} bytes y quedan {free}."),
            format!("The support bundle does not fit on the USB stick: {needed} bytes are needed, {free} are free."),
        ));
    }
    durable::write(&directory.join(name), bytes, 0o600).map_err(|error| cannot(&error_chain(&error)))
}

fn cannot(detail: &str) -> Text {
    Text::about(
        "No se puede escribir el informe de soporte en la memoria USB:",
        "Cannot write the support bundle to the USB stick:",
        detail,
    )
}

/// `soporte-<box>-<date>.tar.gz`
fn name(data_dir: &Path, now: &jiff::Zoned) -> String {
    let id = read_text_bounded(&data_dir.join("box-id"), bounded_read::SHORT).unwrap_or_default();
    // It becomes a part of a name on whatever file system a stick has.
    let id: String = id.chars().filter(char::is_ascii_alphanumeric).take(MAX_ID).collect();
    let id = if id.is_empty() { "equipo" } else { &id };
    format!("soporte-{id}-{}.tar.gz", now.strftime("%Y%m%d-%H%M%S"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn its_name_says_which_box_and_when() {
        let data = tempfile::tempdir().expect("a directory");
        let now: jiff::Zoned = "2026-11-24T07:15:30[UTC]".parse().expect("a time");
        assert_eq!(name(data.path(), &now), "soporte-equipo-20261124-071530.tar.gz");
        fs::write(data.path().join("box-id"), "../0a1b\n").expect("written");
        assert_eq!(name(data.path(), &now), "soporte-0a1b-20261124-071530.tar.gz");
    }
}
