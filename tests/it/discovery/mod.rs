//! The box on networks of its own, found by clients that are not ours: avahi, nss-mdns,
//! python-zeroconf, GSSDP, and one that speaks the protocols with nothing but sockets.

mod addresses;
pub(crate) mod avahi;
mod edge;
mod farewell;
mod fleet;
mod flood;
mod found;
mod names;
mod network;
mod peer;
mod ssdp;
mod unicast;
