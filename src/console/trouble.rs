//! Why no TV can open the box at an address, and what to do.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// Why no TV can open the box at an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum NetworkTrouble {
    /// No interface has a link.
    NoLink,
    /// There is a link, but nobody has given an address.
    NoAddress,
    /// The box has given itself an address, because nobody else did.
    SelfAssigned { address: Ipv4Addr },
    /// The box listens at none of its addresses.
    NotServed,
    /// A value that a newer version has written.
    #[serde(other)]
    Other,
}
