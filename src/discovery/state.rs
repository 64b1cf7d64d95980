//! What the rest of the box learns of discovery.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Nobody has asked yet.
    Starting,
    /// No interface has a link and an address.
    NoNetwork,
    /// The name leads here, as the network itself says.
    Resolvable,
    /// Nobody answers for the name, not even this box.
    Silent,
    /// Another box answers for the name too.
    Conflict(IpAddr),
    /// The responder or a socket does not work, and why.
    Failed(String),
}

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The label that the configuration asks for.
    pub wanted: String,
    /// The label that the box has: `<name>.local`.
    pub name: String,
    /// The chosen interface.
    pub interface: Option<String>,
    /// Its addresses, sorted.
    pub addresses: Vec<IpAddr>,
    /// The IPv4 address to give to people: a global one where there is one.
    pub ipv4: Option<Ipv4Addr>,
    /// The IPv6 address to give to people; never a link-local one, which no browser can use
    /// without the name of its own interface.
    pub ipv6: Option<Ipv6Addr>,
    /// How it is.
    pub status: Status,
    /// Records of others in the responder's cache.
    pub cached_records: u64,
    /// How many responders were started.
    pub daemons: u64,
}

impl State {
    pub(super) fn new(wanted: &str, name: &str) -> Self {
        Self {
            wanted: wanted.to_owned(),
            name: name.to_owned(),
            interface: None,
            addresses: Vec::new(),
            ipv4: None,
            ipv6: None,
            status: Status::Starting,
            cached_records: 0,
            daemons: 0,
        }
    }

    /// Whether the box has another name than it should.
    #[must_use]
    pub fn is_renamed(&self) -> bool {
        self.wanted != self.name
    }

    /// Why the box may not be found, in English.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        match &self.status {
            Status::Starting | Status::Resolvable => None,
            Status::NoNetwork => Some("no network: no interface with a link and an address".to_owned()),
            Status::Silent => Some(format!("{}.local is not answered: multicast does not come through", self.name)),
            Status::Conflict(address) => Some(format!("{address} answers for {}.local too", self.name)),
            Status::Failed(reason) => Some(reason.clone()),
        }
    }
}
