//! The validated configuration: plain types that the composition root takes apart and hands to the rooms.

use crate::lang::Lang;
use crate::window::Window;
use std::{net::SocketAddr, num::NonZeroU32, path::PathBuf, time::Duration};

/// Everything that can be configured, valid as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The directory of everything that the appliance remembers.
    pub data_dir: PathBuf,
    /// Where it listens.
    pub(crate) listen: Listen,
    /// Whether and how it serves HTTPS.
    pub(crate) tls: Tls,
    /// How it is found.
    pub(crate) discovery: Discovery,
    /// What it serves.
    pub(crate) site: Site,
    /// What the reference display shows.
    pub(crate) display: Display,
    /// How it reaches others.
    pub(crate) outbound: Outbound,
    /// How the program is kept up to date.
    pub(crate) update: Update,
    /// The machine around it.
    pub(crate) machine: Machine,
    /// The bounds that keep it alive.
    pub(crate) limits: Limits,
    /// What it writes to its log.
    pub log: Log,
    /// How it stops.
    pub(crate) shutdown: Shutdown,
}

/// The addresses that the appliance listens on. At least one of the two lists has an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listen {
    /// Addresses for cleartext HTTP.
    pub(crate) http: Vec<SocketAddr>,
    /// Addresses for HTTPS: empty exactly when [`Tls::Off`], whatever the file says.
    pub(crate) https: Vec<SocketAddr>,
    /// Host names (lower case) by which it is reached, besides its own.
    pub(crate) names: Vec<String>,
}

/// Whether and how HTTPS is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Tls {
    /// Cleartext only.
    Off,
    /// With a certificate that the appliance makes for itself.
    SelfSigned {
        /// Host names (lower case) and IP addresses that the certificate is for: at least one.
        names: Vec<String>,
    },
    /// With a certificate from files, which existed when the configuration was read.
    Files {
        /// The certificate chain, PEM.
        cert: PathBuf,
        /// The private key, PEM.
        key: PathBuf,
    },
}

/// How the appliance is found on the local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Discovery {
    /// Whether it announces itself.
    pub(crate) enabled: bool,
    /// The label before `.local`, in lower case.
    pub(crate) name: String,
    /// The interface to announce on: `None` chooses the one of the default route.
    pub(crate) interface: Option<String>,
    /// How long the name must be free before a renamed appliance takes it back.
    pub(crate) reclaim_after: Duration,
}

/// What is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Site {
    /// A directory to serve instead of the embedded display.
    pub(crate) dir: Option<PathBuf>,
    /// Files that it may hold.
    pub(crate) max_files: usize,
    /// Bytes that it may hold.
    pub(crate) max_bytes: u64,
    /// The policy to send with pages; `None` or an empty text sends none.
    /// Only visible ASCII and spaces, so that it is always a valid header value.
    pub(crate) content_security_policy: Option<String>,
}

/// What the reference display shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Display {
    /// The name of the workshop, 1 to 60 characters.
    pub(crate) title: String,
    /// The name of the production line, 1 to 60 characters.
    pub(crate) line: String,
    /// The language of the display.
    pub(crate) language: Lang,
    /// Whether it shows invented data.
    pub(crate) demo: bool,
    /// How often it asks for new data, 2 s to 1 h.
    pub(crate) refresh: Duration,
    /// What the workshop wants to reach.
    pub(crate) targets: Targets,
    /// The hours that count.
    pub(crate) shift: Shift,
}

/// What the workshop wants to reach.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Targets {
    /// Pieces a day, 1 to 1 000 000.
    pub(crate) daily: u32,
    /// Overall equipment effectiveness, per cent, 0 to 100.
    pub(crate) oee_percent: f64,
    /// Rejected pieces at most, per cent, 0 to 100.
    pub(crate) reject_percent: f64,
}

/// The hours of work, local time. With an `end_hour` that is not after `start_hour`, work ends the next day: the same hour
/// twice is around the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shift {
    /// First hour, 0 to 23.
    pub(crate) start_hour: u8,
    /// The hour at which work ends, 0 to 24.
    pub(crate) end_hour: u8,
}

/// How the box reaches others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outbound {
    /// Files with certification authorities besides those of the web, PEM.
    pub(crate) ca_files: Vec<PathBuf>,
    /// The proxy, `http://host:port`; `None` is the environment's.
    pub(crate) proxy: Option<String>,
    /// What is reached without it; `None` is the environment's.
    pub(crate) no_proxy: Option<Vec<String>>,
    /// The file with `user:password` for it.
    pub(crate) credentials_file: Option<PathBuf>,
}

/// How the program is kept up to date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Update {
    /// Whether updates are looked for.
    pub(crate) enabled: bool,
    /// The address of the release bucket, without a slash at its end; `None` is the one built in.
    pub(crate) url: Option<String>,
    /// Which releases it gets.
    pub(crate) channel: Channel,
    /// The file with the trusted root; `None` is the one built in.
    pub(crate) trusted_root: Option<PathBuf>,
    /// Whether the bucket may be reached over cleartext.
    pub(crate) allow_http: bool,
    /// The mean time between two checks, 2 s to a week.
    pub(crate) check_interval: Duration,
    /// When the version may change.
    pub(crate) window: Window,
    /// KiB a second that are downloaded; `None` is without a limit.
    pub(crate) rate_limit: Option<NonZeroU32>,
    /// Where a USB stick appears.
    pub(crate) usb_dir: Option<PathBuf>,
    /// How long a new version has to work without a fault before it is confirmed, 1 s to 1 h.
    pub(crate) trial: Duration,
    /// How long a switch waits for a quiet moment, at most 1 h.
    pub(crate) quiet_wait: Duration,
}

/// The machine around the appliance, where the USB image runs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Machine {
    /// Where it says what there is to say; `None` elsewhere.
    pub(crate) dir: Option<PathBuf>,
}

/// The bounds that keep the appliance alive whatever its clients do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Connections open at once, 1 to 65 536.
    pub(crate) connections: usize,
    /// Connections open at once from one address, 1 to `connections`.
    pub(crate) connections_per_peer: usize,
    /// Bytes of a request's head, 8 KiB to 1 MiB.
    pub(crate) header_bytes: usize,
    /// Header fields of a request, 8 to 1000.
    pub(crate) header_count: usize,
    /// Time for a request's head to arrive, 1 s to 300 s.
    pub(crate) header_timeout: Duration,
    /// Time that an idle connection stays open, 1 s to 1 h.
    pub(crate) keep_alive_idle: Duration,
    /// Requests that one connection may bring, 1 to 100 000 000.
    pub(crate) requests_per_connection: u64,
    /// Bytes of a request's body, 0 to 1 MiB; 0 refuses bodies.
    pub(crate) request_body_bytes: u64,
    /// Time without progress after which a response is given up, 1 s to 1 h.
    pub(crate) write_stall: Duration,
    /// Time for a TLS handshake, 1 s to 300 s.
    pub(crate) tls_handshake: Duration,
}

/// What goes to the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least important lines that are written.
    pub level: Level,
    /// The form of a line.
    pub format: Format,
    /// Which requests get a line.
    pub(crate) access: Access,
}

/// How the appliance stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shutdown {
    /// Time for open requests to end, 0 s to 600 s.
    pub(crate) grace: Duration,
}

/// Declares an enumeration whose variants have a name in the configuration: `NAMES`, `from_name` and `name` come with it.
macro_rules! choice {
    ($(#[$doc:meta])* $visibility:vis enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$variant_doc])* $variant),+
        }

        impl $name {
            /// Every name, in order.
            pub(crate) const NAMES: &'static [&'static str] = &[$($text),+];

            /// The variant with this name.
            #[must_use]
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($text => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// The name of this variant.
            #[must_use]
            #[allow(dead_code, reason = "not every name is told")]
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }
    };
}

choice! {
    /// How important a line of the log is.
    pub enum Level {
        /// Something failed.
        Error = "error",
        /// Something is not as it should be.
        Warn = "warn",
        /// What an operator wants to know.
        Info = "info",
        /// What a developer wants to know.
        Debug = "debug",
        /// Everything.
        Trace = "trace",
    }
}

choice! {
    /// The form of a line of the log.
    pub enum Format {
        /// For people on a terminal, JSON elsewhere.
        Auto = "auto",
        /// For people.
        Human = "human",
        /// For machines.
        Json = "json",
    }
}

choice! {
    /// Which requests get a line in the log.
    pub(crate) enum Access {
        /// None.
        Off = "off",
        /// Errors and a sample of the rest.
        Sampled = "sampled",
        /// Every one.
        All = "all",
    }
}

choice! {
    /// Which releases the appliance gets.
    pub(crate) enum Channel {
        /// Those for all.
        Stable = "stable",
        /// Those that are tried first.
        Staging = "staging",
    }
}

choice! {
    /// Where the certificate comes from, as `tls.mode` names it.
    pub(crate) enum TlsMode {
        /// There is none: cleartext only.
        Off = "off",
        /// The appliance makes one.
        SelfSigned = "self-signed",
        /// From files.
        Files = "files",
    }
}
