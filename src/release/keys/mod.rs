//! The keys that sign, by role: files, or programs that sign with keys which nobody can read.

mod config;
mod external;
mod generate;
mod local;
mod public;
mod signer;

pub(super) use config::Keys;
pub(super) use generate::generate;
pub(super) use signer::{Signer, verifies};

/// Bytes of a key, of a signature, or of `keys.toml`, in whatever form.
const MAX: u64 = 64 * 1024;
