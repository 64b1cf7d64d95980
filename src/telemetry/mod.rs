//! Who is told how the box is, since nobody can ask one behind a NAT.

mod endpoint;
mod heartbeat;
mod resource;
mod retry;
mod settings;

pub(crate) use self::endpoint::Endpoint;
pub(crate) use self::heartbeat::{Delivery, Heartbeat};
pub(crate) use self::resource::Resource;
pub(crate) use self::settings::Settings;
