//! The configuration: `config.toml` < `WORKSHOP_EDGE_*` < flags, read once and validated once into a [`Config`].

mod types;

pub use types::{
    Access, Config, Display, Format, Level, Limits, Listen, Log, Shift, Shutdown, Site, Targets, Tls, TlsMode,
};
