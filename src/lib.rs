//! workshop-edge: one static binary on a shop floor that serves the workshop monitor to Smart TVs.
//!
//! `src/README.md` has the walks of a request, an update and the configuration through them, the decisions and the words.
//!
//! # The rooms
//!
//! `main` → [`cli`] → [`app`]. Only [`app`] knows every room, and hands each the settings that it declares;
//! rooms do not know the configuration and not each other, except for what
//! the test of the dependency directions (`tests/it/architecture.rs`) lists.
//!
//! | room | what it is for |
//! | --- | --- |
//! | [`admin`] | the PIN, and what may be done with it from a browser |
//! | [`app`] | build every part, run, drain |
//! | `bounded_read` | files of which no more is read than may be in them |
//! | [`cli`] | what a person types |
//! | [`clock`] | the time, and whether it can be believed |
//! | [`config`] | file < environment < flags → one validated value |
//! | [`console`] | the status, as a page, as JSON and in a terminal |
//! | [`control`] | what root does with a running box from its command line |
//! | [`digest`] | SHA-256 of bytes and files |
//! | [`discovery`] | the box's name on the local network, and its announcements |
//! | [`disk_space`] | the room on a file system |
//! | [`display`] | what the box tells the display |
//! | [`durable`] | files that survive a power cut |
//! | [`erp`] | the figures of the ERP, for the wall |
//! | [`factory_reset`] | forgetting everything but the configuration |
//! | [`gzip`] | what many get, compressed once |
//! | [`health`] | readiness, and what the parts report |
//! | [`http`] | listener, limits, TLS, routing, answers |
//! | [`identity`] | the box's id |
//! | [`lang`] | Spanish and English |
//! | [`launch`] | from the slot table to a running binary |
//! | [`log`] | logs |
//! | [`machine`] | the box as a machine, where the USB image runs it |
//! | [`metrics`] | the figures of `/metrics` |
//! | [`outbound`] | the one client for all that the box fetches: names, proxies, TLS, deadlines |
//! | [`panics`] | what the box remembers of its own panics |
//! | `release` | the publisher's side of updates (feature `release`) |
//! | [`restart`] | becoming another process without closing a socket |
//! | `schema` | the words in which a room declares its settings |
//! | [`screens`] | the TVs: which there are, whether each shows the page, and what is asked of them |
//! | [`sensors`] | what the kernel says of the hardware: heat, voltage, wear |
//! | [`service_manager`] | systemd's notify socket |
//! | [`site`] | the dist in memory, with its representations |
//! | [`slots`] | the two places for an updated binary, and which of them runs |
//! | [`storage`] | whether the disk of the data directory still works |
//! | [`support_bundle`] | what support needs, in one file |
//! | [`telemetry`] | who is told how the box is |
//! | [`trace_context`] | what ties a request of the box to what another machine does for it |
//! | [`update`] | from the release bucket to a confirmed slot, and back |
//! | [`window`] | hours of days in a time zone |

#![cfg_attr(test, allow(clippy::disallowed_methods, reason = "tests make torn files on purpose"))]

mod admin;
pub mod app;
mod bounded_read;
pub mod cli;
pub mod clock;
pub mod config;
mod console;
mod control;
mod digest;
mod discovery;
mod disk_space;
mod display;
pub mod durable;
pub mod erp;
pub mod factory_reset;
mod gzip;
mod health;
pub mod http;
mod identity;
pub mod lang;
mod launch;
pub mod log;
pub mod machine;
mod metrics;
pub mod outbound;
pub mod panics;
#[cfg(feature = "release")]
pub mod release;
mod restart;
mod schema;
mod screens;
mod sensors;
mod service_manager;
mod site;
pub mod slots;
mod storage;
mod support_bundle;
pub mod telemetry;
mod trace_context;
pub mod update;
pub mod window;

/// The number of this version ([Semantic Versioning](https://semver.org/)).
pub const VERSION: &str = env!("WORKSHOP_EDGE_VERSION");

/// An error and all its causes on one line, as logs and health reports show it.
#[must_use]
pub fn error_chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
