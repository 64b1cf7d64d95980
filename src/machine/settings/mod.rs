//! `workshop-edge.txt`: what a technician says of a box in one text file, and what the machine makes of it at every start.
//!
//! ```text
//! workshop-edge.txt ──read──> Settings ──apply──> networkd, timesyncd, time zone, Wi-Fi, config.toml, SSH key
//!        │  (or the last good, or the defaults)        └──> data/machine/settings: the last good
//!        └──> what is wrong: a notice, and ERRORES.txt beside the file
//! ```
//!
//! Whatever is wrong, the machine ends up with settings that can be used, and says what it could not use. Secrets come in a
//! file of their own, which is moved to the data partition: a stick that is lost does not take them with it.

mod appliance;
mod apply;
mod erp_account;
mod files;
mod keys;
mod last_good;
mod misnamed;
mod network;
mod partition;
mod read;
mod report;
mod secrets;
mod source;
mod system;
mod take;
mod template;
mod types;
mod wifi;
mod words;

pub(crate) use apply::apply;
pub(crate) use misnamed::meant;
pub(crate) use read::{Checked, check};
pub(crate) use take::{TakeError, take_from};
pub(crate) use template::template;
pub(crate) use types::{Secrets, Settings};

/// What the file of the settings is called in messages.
pub(crate) const NAME: &str = "workshop-edge.txt";
/// What the file of the secrets is called in messages.
pub(crate) const SECRETS_NAME: &str = "secrets.txt";
/// Bytes of either file.
pub(crate) const MAX: u64 = 24 * 1024;
