//! Who is told how the box is, since nobody can ask one behind a NAT.

mod endpoint;
mod exposition;
mod headers;
mod heartbeat;
mod metrics_push;
mod otlp;
mod protobuf;
mod resource;
mod retry;
mod settings;

pub(crate) use self::endpoint::{Delivery, Endpoint};
pub(crate) use self::headers::read_headers;
pub(crate) use self::heartbeat::Heartbeat;
pub(crate) use self::metrics_push::MetricsPush;
pub(crate) use self::resource::Resource;
pub(crate) use self::settings::Settings;
