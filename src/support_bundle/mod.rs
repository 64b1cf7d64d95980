//! What support needs to see, in one file: a tar.gz of 5 MB at most.
//!
//! ```text
//! what the box knows (given) ─┐
//! panics, files (state)       ├─> parts ──bounded──> archive (with MANIFEST.txt)
//! kernel, network (facts)     ┘
//! ```
//!
//! Only named things are read, and none of them holds a secret: not the PIN, not a private key, not a password.

mod archive;
mod bounds;
mod facts;
mod journal;
mod manifest;
mod state;

use std::io;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use thiserror::Error;

pub(crate) use self::bounds::MAX_BYTES;
pub(crate) use self::journal::of_unit as journal;

use self::bounds::Budget;
use crate::lang::Text;

/// The media type of a bundle.
pub(crate) const MEDIA_TYPE: &str = "application/gzip";

/// The bundle could not be packed.
#[derive(Debug, Error)]
#[error("cannot pack the support bundle")]
pub(crate) struct BundleError(#[from] io::Error);

/// What only the box or its command line knows; an error says why something is not there.
#[derive(Debug)]
pub(crate) struct BundleInputs {
    /// Which box.
    pub(crate) id: String,
    /// Where it keeps its data.
    pub(crate) data_dir: PathBuf,
    /// The status, as JSON.
    pub(crate) status: Result<Vec<u8>, String>,
    /// The answer of `/health`.
    pub(crate) health: Result<Vec<u8>, String>,
    /// The state and the history of the updates, as JSON.
    pub(crate) updates: Result<Vec<u8>, String>,
    /// The configuration that holds, without secrets, as JSON.
    pub(crate) config: Result<Vec<u8>, String>,
    /// The last lines of the log of this run.
    pub(crate) log: Result<Vec<u8>, String>,
    /// The last lines of the journal, of runs before this one too.
    pub(crate) journal: Result<Vec<u8>, String>,
}

/// A kind of thing in the bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Status,
    Health,
    Updates,
    Config,
    Log,
    Journal,
    Panics,
    State,
    Network,
    System,
}

impl Kind {
    const ALL: [Self; 10] = [
        Self::Status,
        Self::Health,
        Self::Updates,
        Self::Config,
        Self::Log,
        Self::Journal,
        Self::Panics,
        Self::State,
        Self::Network,
        Self::System,
    ];

    fn describe(self) -> Text<&'static str> {
        match self {
            Self::Status => Text::fixed("el estado del equipo", "the state of the box"),
            Self::Health => Text::fixed("qué partes fallan y por qué", "which parts are at fault, and why"),
            Self::Updates => Text::fixed("las actualizaciones y su historia", "the updates and their history"),
            Self::Config => {
                Text::fixed("la configuración que vale, sin secretos", "the configuration that holds, without secrets")
            }
            Self::Log => Text::fixed("las últimas líneas del registro", "the last lines of the log"),
            Self::Journal => {
                Text::fixed("las últimas líneas del diario del sistema", "the last lines of the system's journal")
            }
            Self::Panics => Text::fixed("los últimos fallos internos", "the latest internal crashes"),
            Self::State => {
                Text::fixed("nombres y tamaños de lo que el equipo guarda", "names and sizes of what the box keeps")
            }
            Self::Network => {
                Text::fixed("interfaces, direcciones, rutas y DNS", "interfaces, addresses, routes and DNS")
            }
            Self::System => Text::fixed(
                "memoria, procesador, discos y versión del sistema",
                "memory, processor, disks and version of the system",
            ),
        }
    }
}

/// A file of the bundle.
#[derive(Debug)]
struct Part {
    kind: Kind,
    /// Its path in the archive.
    name: String,
    content: Result<Vec<u8>, String>,
    /// What was cut off it, if anything.
    cut: Option<bounds::Cut>,
}

impl Part {
    fn new(kind: Kind, name: impl Into<String>, content: Result<Vec<u8>, String>) -> Self {
        Self { kind, name: name.into(), content, cut: None }
    }
}

/// What a bundle contains, a line for each kind of thing.
#[must_use]
pub(crate) fn contents() -> Vec<Text> {
    Kind::ALL.iter().map(|kind| kind.describe().into()).collect()
}

/// A finished bundle.
#[derive(Debug)]
pub(crate) struct Bundle {
    /// What to call the file.
    pub(crate) name: String,
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
}

/// Collects everything and packs it. Reads files, and takes as long as that takes.
pub(crate) fn gather(given: BundleInputs) -> Result<Bundle, BundleError> {
    let BundleInputs { id, data_dir, status, health, updates, config, log, journal } = given;
    let mut parts = vec![
        Part::new(Kind::Status, "status.json", status),
        Part::new(Kind::Health, "health.json", health),
        Part::new(Kind::Updates, "updates.json", updates),
        Part::new(Kind::Config, "config.json", config),
        Part::new(Kind::Log, "log.jsonl", log),
        Part::new(Kind::Journal, "journal.txt", journal),
    ];
    parts.extend(state::parts(&data_dir));
    parts.extend(facts::parts(&data_dir));

    let mut budget = Budget::default();
    for part in &mut parts {
        if let Ok(content) = &mut part.content {
            part.cut = budget.fit(content, matches!(part.kind, Kind::Log | Kind::Journal));
        }
    }
    let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let folder = format!("workshop-edge-{id}-{time}");
    let bytes = archive::pack(&folder, &parts, time)?;
    Ok(Bundle { name: format!("{folder}.tar.gz"), bytes })
}

/// What to call the file of a bundle: its folder's name, or a plain one where it has none.
#[must_use]
pub(crate) fn file_name(bytes: &[u8]) -> String {
    archive::folder(bytes).map_or_else(|| "workshop-edge.tar.gz".into(), |folder| format!("{folder}.tar.gz"))
}

#[cfg(test)]
mod tests;
