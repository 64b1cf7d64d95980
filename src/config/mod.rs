//! The configuration: `config.toml` < `WORKSHOP_EDGE_*` < flags, read once and validated once into a [`Config`].
//!
//! 1. `types` is all that can be configured: the settings that the rooms declare. `schema` finds their keys by name.
//! 2. `source` says where values come from; `layers` (with `file`) puts them one over the other, each made a `value`
//!    of its key's kind and with its `origin`; `suggest` knows what an unknown name was meant to be.
//! 3. `check` holds them against each other and the file system, and the [`Config`] is read from them.
//! 4. A `problem` with its place is a `fault`, or a warning; `words` are the texts of both. `show` and `reference` say
//!    what holds and what there is.
//!
//! A [`Document`] is the same for another file, with a [`Schema`] of its own.
//!
//! All faults are reported at once: no step stops at its first. What an older
//! version does not know is a [`Warning`], so that it can start with a newer one's file.

mod check;
mod correction;
mod document;
mod fault;
mod file;
mod host_address;
mod invisible;
mod layers;
mod origin;
mod problem;
mod reference;
mod schema;
mod show;
mod source;
mod suggest;
mod types;
mod value;
mod words;

pub(crate) use document::Document;
pub(crate) use fault::{Fault, Faults, Warning};
pub(crate) use origin::Origin;
pub(crate) use reference::reference;
pub(crate) use schema::{CONFIG_FLAT, Schema};
pub(crate) use show::effective_table;
pub use show::{Effective, effective_json, report_json};
pub use source::{DEFAULT_FILE, Overrides, Sources};
pub(crate) use types::{Config, Machine};
pub(crate) use words::EXAMPLE;

use crate::http::TlsSettings;
use crate::schema::{Missing, Section as _};
use std::path::PathBuf;

/// A configuration that is valid.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What is probably a mistake, but does no harm: for the log.
    pub warnings: Vec<Warning>,
    /// The value of every key and where it comes from, in the order of the reference.
    pub effective: Vec<Effective>,
}

/// Reads and validates a configuration.
///
/// # Errors
/// Everything that is wrong with it, in all layers.
pub fn load(sources: &Sources) -> Result<Loaded, Faults> {
    finish(read(sources))
}

/// The directory of the box's data, whatever else is wrong with the configuration, and whatever a newer version has
/// written into it: the default when there is no telling.
#[must_use]
pub(crate) fn data_dir(sources: &Sources) -> PathBuf {
    let layers = read(sources);
    let given = layers.setting(&Config::data_dir()).map(|(path, _)| path);
    given.or_else(|| sources.default_data_dir()).unwrap_or_else(|| PathBuf::from(source::SYSTEM_DATA_DIR))
}

/// Every layer, one over the other.
fn read(sources: &Sources) -> layers::Layers {
    let mut layers = layers::Layers::default();
    layers.defaults(sources);
    match &sources.overrides.config {
        Some(named) => file::read(&mut layers, named, true),
        None => file::read(&mut layers, &sources.default_file, false),
    }
    layers.environment(&sources.env);
    layers.flags(&sources.overrides);
    layers
}

/// The configuration that the layers make.
fn finish(mut layers: layers::Layers) -> Result<Loaded, Faults> {
    if !layers.torn {
        check::check(&mut layers);
    }
    let effective = show::effective(&layers);
    // Only of right values: a wrong one has been reported, and would be reported again as missing.
    let built = layers.faults.is_empty().then(|| build(&layers));
    let layers::Layers { mut faults, mut warnings, .. } = layers;
    warnings.sort_by(|a, b| a.origin.cmp(&b.origin));
    match built {
        Some(Ok(config)) => return Ok(Loaded { config, warnings, effective }),
        Some(Err(Missing(key))) => faults.push(Fault::of(key, Origin::Default, problem::Problem::Missing)),
        None => faults.sort_by(|a, b| a.origin.cmp(&b.origin)),
    }
    Err(Faults { faults, warnings })
}

/// The configuration of values that are right. Without TLS there is no HTTPS, whatever the file says.
fn build(layers: &layers::Layers) -> Result<Config, Missing> {
    let mut config = Config::read(layers)?;
    if matches!(config.tls, TlsSettings::Off) {
        config.listen.https.clear();
    }
    Ok(config)
}

#[cfg(test)]
mod tests;
