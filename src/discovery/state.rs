//! What the rest of the box learns of discovery.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::trouble::Trouble;

/// Whether the box is found by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nobody has asked yet.
    Starting,
    /// No interface has a link and an address.
    NoNetwork,
    /// The name leads here, as the network itself says.
    Resolvable,
    /// Nobody answers for the name, not even this box.
    Silent,
    /// Another host answers for the name too.
    Conflict(IpAddr),
    /// The responder or a socket does not work, and why.
    Failed(String),
}

/// Everything at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// The label that the configuration asks for.
    pub(crate) wanted: String,
    /// The label that the box has: `<name>.local`.
    pub(crate) name: String,
    /// The chosen interface.
    pub(crate) interface: Option<String>,
    /// Its addresses at which the box is served, the best first.
    pub(crate) addresses: Vec<IpAddr>,
    /// The IPv4 address to give to people; never a link-local one, which TVs cannot open.
    pub(crate) ipv4: Option<Ipv4Addr>,
    /// The IPv6 address to give to people; never a link-local one, which no browser can use
    /// without the name of its own interface.
    pub(crate) ipv6: Option<Ipv6Addr>,
    /// Why there is no address to give to people.
    pub(crate) trouble: Option<Trouble>,
    /// Whether it is found by name.
    pub(crate) status: Status,
    /// Why it is not found by SSDP, if it should be.
    pub(crate) ssdp: Option<String>,
    /// Where another box with the same id is.
    pub(crate) duplicate_id: Option<IpAddr>,
    /// Records of others in the responder's cache.
    pub(crate) cached_records: u64,
    /// How many responders were started.
    pub(crate) responders: u64,
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
            trouble: None,
            status: Status::Starting,
            ssdp: None,
            duplicate_id: None,
            cached_records: 0,
            responders: 0,
        }
    }

    /// Whether the box has another name than it should.
    #[must_use]
    pub(crate) fn is_renamed(&self) -> bool {
        self.wanted != self.name
    }

    /// Why the box may not be found as people expect, in English.
    #[must_use]
    pub(crate) fn fault(&self) -> Option<String> {
        let Self { wanted, name, ssdp, .. } = self;
        match &self.status {
            Status::NoNetwork => return Some("no network: no interface has a link and an address".to_owned()),
            Status::Silent => return Some(format!("{name}.local is not answered: multicast does not come through")),
            Status::Conflict(address) => return Some(format!("{address} answers for {name}.local too")),
            Status::Failed(reason) => return Some(reason.clone()),
            Status::Starting | Status::Resolvable => {}
        }
        let renamed = self.is_renamed().then(|| format!("{wanted}.local belongs to another; this box is {name}.local"));
        let ssdp = ssdp.as_ref().map(|reason| format!("not found by SSDP: {reason}"));
        renamed.into_iter().chain(ssdp).reduce(|one, other| format!("{one}; {other}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_said_in_words() {
        let mut state = State::new("taller", "taller");
        assert_eq!(state.fault(), None);
        state.status = Status::Resolvable;
        assert_eq!(state.fault(), None);
        state.name = "taller-2".into();
        assert_eq!(state.fault().as_deref(), Some("taller.local belongs to another; this box is taller-2.local"));
        state.ssdp = Some("no port".into());
        assert!(state.fault().is_some_and(|words| words.ends_with("taller-2.local; not found by SSDP: no port")));
        state.status = Status::Conflict(Ipv4Addr::LOCALHOST.into());
        assert_eq!(state.fault().as_deref(), Some("127.0.0.1 answers for taller-2.local too"));
    }
}
