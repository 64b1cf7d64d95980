//! The status: what the page, the terminal and `/_edge/status.json` show.
//!
//! The wire form only grows: a field keeps its name and its meaning, and an older program passes
//! over what it does not know.
//!
//! `Doubt`, `Discovery` and `Serving` repeat states of other rooms on purpose. They are the wire form, in which a newer box
//! may have written a value that no room here can be in (`Other`); and `app` maps each state by an exhaustive `match`, so
//! that a room's new state does not compile before it has a name on the wire.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::erp::Erp;
use super::screen_counts::ScreenCounts;
use super::trouble::NetworkTrouble;
use crate::health::Level;
use crate::lang::{Text, Texts};

/// Everything that the box says of itself, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// What it is called on the network; absent when it is not announced.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) name: Option<Name>,
    /// Sixteen hexadecimal digits that tell this box from others.
    pub(crate) id: String,
    /// The running version.
    pub(crate) version: String,
    /// What was built.
    pub(crate) build: Build,
    /// Whole seconds since the process started.
    pub(crate) uptime_s: u64,
    /// The time.
    pub(crate) clock: Clock,
    /// What to type into a TV, the best first; each without a path. Empty while the network has none that a TV can
    /// open.
    pub(crate) addresses: Vec<Address>,
    /// The network that the TVs are on.
    pub(crate) network: Network,
    /// How the box is found by name.
    pub(crate) discovery: Discovery,
    /// HTTPS; absent when it is off.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) https: Option<Https>,
    /// The state of the updates; absent when the program is not kept up to date.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) update: Option<Update>,
    /// What the displays get; absent in the status of an older program.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) site: Option<Site>,
    /// The link to the ERP; absent when none is configured.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) erp: Option<Erp>,
    /// The screens; absent where the pages carry no agent, and in the status of an older program.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) screens: Option<ScreenCounts>,
    /// The machine around the box; absent where no image runs it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) machine: Option<Machine>,
    /// The file system of the data directory; absent when it cannot be asked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) disk: Option<Disk>,
    /// Whether somebody should look.
    pub(crate) health: Health,
}

/// What the box is called on the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Name {
    /// The label that the configuration asks for: `taller`.
    pub(crate) wanted: String,
    /// The label that the box has, which is another one when a neighbour had it first: `taller-2`.
    pub(crate) current: String,
}

impl Name {
    /// As others resolve it: `taller-2.local`.
    #[must_use]
    pub(crate) fn host(&self) -> String {
        format!("{}.local", self.current)
    }

    /// Whether the box has another name than it should.
    #[must_use]
    pub(crate) fn is_renamed(&self) -> bool {
        self.wanted != self.current
    }
}

/// What was built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Build {
    /// The commit, abbreviated; `unknown` outside a repository.
    pub(crate) commit: String,
    /// The target triple.
    pub(crate) target: String,
}

/// The box's clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// Seconds since 1970-01-01 00:00 UTC.
    pub(crate) unix_s: u64,
    /// The same as RFC 3339 writes it, in UTC.
    pub(crate) utc: String,
    /// The same in the box's own zone; empty where it has no such text.
    #[serde(default)]
    pub(crate) local: String,
    /// How that zone is abbreviated: `CET`.
    #[serde(default)]
    pub(crate) zone: String,
    /// Whether it can be believed.
    pub(crate) trusted: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) doubt: Option<Doubt>,
}

/// Why the clock may be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Doubt {
    /// It shows a time before this program was built.
    BeforeBuild,
    /// The time service has not reached a time server since the machine started.
    NotSynchronised,
    /// No time service runs.
    NoTimeService,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// What to type into a TV.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Address {
    /// `http://192.168.1.50`: with a port only where it is not the scheme's.
    pub(crate) url: String,
    /// Its text.
    pub(crate) kind: AddressKind,
}

/// Whether an address has an IP address or a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AddressKind {
    /// An IP address: works on every TV.
    Ip,
    /// A `.local` name: works on laptops and on some TVs.
    Name,
}

/// The network that the TVs are on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Network {
    /// The chosen interface: `eth0`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) interface: Option<String>,
    /// Its addresses, without prefix lengths.
    pub(crate) addresses: Vec<IpAddr>,
    /// Why no TV can open the box at one of them.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) trouble: Option<NetworkTrouble>,
}

/// How the box is found by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(crate) enum Discovery {
    /// It is not announced, as the configuration says.
    Off,
    /// It is being announced.
    Starting,
    /// No interface has a link and an address.
    NoNetwork,
    /// The name leads here, as the network itself says.
    Resolvable,
    /// Nobody answers for the name, not even this box.
    Silent,
    /// Another device answers for the name too.
    Conflict { address: IpAddr },
    /// The responder or a socket does not work.
    Failed {
        /// Why, in English.
        reason: String,
    },
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// HTTPS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Https {
    /// SHA-256 of the certificate (DER): 32 pairs of capital hexadecimal digits, joined by colons, as browsers
    /// show it.
    pub(crate) certificate_sha256: String,
}

/// The state of the updates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Update {
    /// The channel.
    pub(crate) channel: String,
    /// What the channel desires, as far as is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) desired: Option<String>,
    /// Whether somebody should look.
    pub(crate) is_doubtful: bool,
    /// Sentences, the most important first.
    #[serde(flatten)]
    pub(crate) sentences: Texts,
}

/// What the displays get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Site {
    /// Where it comes from.
    pub(crate) serving: Serving,
    /// The directory that the configuration names.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) directory: Option<String>,
    /// Files that are served.
    pub(crate) files: usize,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// How many files of the directory are not served.
    #[serde(default)]
    pub(crate) left_out: usize,
    /// The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(crate) left_out_files: Vec<LeftOut>,
}

/// Where the displays' files come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Serving {
    /// The program.
    Embedded,
    /// The directory.
    Directory,
    /// What the directory last held that could be served.
    LastGood,
    /// Nowhere: the displays get a page that says why.
    Nothing,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}

/// A file that is not served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// Its path in URLs.
    pub(crate) path: String,
    /// Why, as the rest of a sentence.
    #[serde(flatten)]
    pub(crate) reason: Text,
}

/// The machine around the box.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Machine {
    /// The version of its operating system.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) os_version: Option<String>,
    /// The machine's notices of level info; the others are among the faults of [`Health`].
    #[serde(flatten)]
    pub(crate) notices: Texts,
}

/// The file system of the data directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Disk {
    /// Bytes that it holds.
    pub(crate) total_bytes: u64,
    /// Bytes that the box may still write.
    pub(crate) free_bytes: u64,
}

/// Whether somebody should look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Health {
    /// The worst of all parts.
    pub(crate) status: Level,
    /// What is wrong, the worst first.
    pub(crate) faults: Vec<Fault>,
}

/// What is wrong with one part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fault {
    /// The part, by the name that `/health` gives it.
    pub(crate) check: String,
    /// How bad it is.
    pub(crate) status: Level,
    /// What is wrong and what to do.
    #[serde(flatten)]
    pub(crate) text: Text,
}

impl Status {
    /// The address to type first: an IP address where there is one.
    #[must_use]
    pub(crate) fn first_address(&self) -> Option<&Address> {
        self.addresses.first()
    }

    /// Whether another moment has no news: only time has passed, and a few bytes were written.
    pub(super) fn has_no_news_for(&self, other: &Self) -> bool {
        let mut moved = self.clone();
        if let (Some(disk), Some(others)) = (self.disk, other.disk)
            && disk.is_about(others)
        {
            moved.disk = other.disk;
        }
        if let (Some(erp), Some(others)) = (&self.erp, &other.erp)
            && erp.is_about(others)
        {
            moved.erp.clone_from(&other.erp);
        }
        moved.uptime_s = other.uptime_s;
        moved.clock.unix_s = other.clock.unix_s;
        moved.clock.utc.clone_from(&other.clock.utc);
        moved.clock.local.clone_from(&other.clock.local);
        moved == *other
    }
}

#[cfg(test)]
mod tests {
    use super::super::erp::ErpState;
    use super::super::tests::sample;
    use super::*;

    #[test]
    fn the_wire_form_is_stable() {
        let json = serde_json::to_value(sample()).expect("serialised");
        assert_eq!(
            json,
            serde_json::json!({
                "name": { "wanted": "taller", "current": "taller-2" },
                "id": "0123456789abcdef",
                "version": "1.2.3",
                "build": { "commit": "0a1b2c3d4e5f", "target": "x86_64-unknown-linux-musl" },
                "uptime_s": 273_780,
                "clock": {
                    "unix_s": 1_795_504_530,
                    "utc": "2026-11-24T07:15:30Z",
                    "local": "2026-11-24T08:15:30+01:00",
                    "zone": "CET",
                    "trusted": false,
                    "doubt": "not_synchronised"
                },
                "addresses": [
                    { "url": "http://192.168.1.50", "kind": "ip" },
                    { "url": "http://taller-2.local", "kind": "name" }
                ],
                "network": { "interface": "eth0", "addresses": ["192.168.1.50", "fe80::5054:ff:fe12:3456"] },
                "discovery": { "state": "conflict", "address": "192.168.1.77" },
                "https": { "certificate_sha256": (["A1"; 32].join(":")) },
                "update": {
                    "channel": "stable",
                    "desired": "1.2.4",
                    "is_doubtful": false,
                    "es": ["Descargando la versión 1.2.4: 40 %."],
                    "en": ["Version 1.2.4 is being downloaded: 40 %."]
                },
                "site": { "serving": "directory", "directory": "/srv/display", "files": 12, "bytes": 3_400_000, "left_out": 0 },
                "erp": {
                    "state": "slow",
                    "since_s": 780,
                    "account": { "role": "OPERATOR", "workshop": "Mecánica Alameda" },
                    "oldest_s": 3_840,
                    "viewers": 3,
                    "notices": {
                        "es": ["Este sitio no muestra datos del ERP."],
                        "en": ["This site shows no figures of the ERP."]
                    }
                },
                "screens": {
                    "lit": 11,
                    "known": 12,
                    "unnamed": 1,
                    "expected": 12,
                    "states": { "offline": 1, "showing": 11 }
                },
                "disk": { "total_bytes": 31_914_983_424_u64, "free_bytes": 27_917_287_424_u64 },
                "health": {
                    "status": "degraded",
                    "faults": [{
                        "check": "discovery",
                        "status": "degraded",
                        "es": "192.168.1.77 también responde por taller.local.",
                        "en": "192.168.1.77 answers for taller.local too."
                    }]
                }
            })
        );
        assert_eq!(serde_json::from_value::<Status>(json).expect("read back"), sample());
    }

    #[test]
    fn an_older_program_reads_a_newer_status() {
        let mut json = serde_json::to_value(sample()).expect("serialised");
        json["printers"] = serde_json::json!([1, 2]);
        json["screens"]["states"]["asleep"] = 3.into();
        json["clock"]["doubt"] = "moon_phase".into();
        json["erp"]["state"] = "dreaming".into();
        json["discovery"] = serde_json::json!({ "state": "asleep", "since": 4 });
        let status: Status = serde_json::from_value(json).expect("read");
        assert_eq!((status.clock.doubt, status.discovery), (Some(Doubt::Other), Discovery::Other));
        assert_eq!(status.erp.map(|erp| erp.state), Some(ErpState::Other));
    }

    #[test]
    fn time_that_passes_is_no_news() {
        let (now, mut later) = (sample(), sample());
        later.uptime_s += 1;
        later.clock.unix_s += 1;
        later.clock.utc = "2026-11-24T07:15:31Z".into();
        later.clock.local = "2026-11-24T08:15:31+01:00".into();
        later.disk = later.disk.map(|disk| Disk { free_bytes: disk.free_bytes - 4096, ..disk });
        later.erp = later.erp.map(|erp| Erp { since_s: 781, oldest_s: Some(3_841), ..erp });
        assert!(later.has_no_news_for(&now));
        let away = later.erp.clone().map(|erp| Erp { state: ErpState::Away, ..erp });
        assert!(!Status { erp: away, ..later.clone() }.has_no_news_for(&now));
        later.clock.trusted = true;
        assert!(!later.has_no_news_for(&now));
    }
}
