//! Who is told how the box is, since nobody can ask one behind a NAT.

mod backlog;
mod backlog_task;
mod endpoint;
mod exposition;
mod headers;
mod heartbeat;
mod held;
mod metrics_push;
mod otlp;
mod partial_success;
mod protobuf;
mod push;
mod request;
mod resource;
mod retry;
mod settings;
mod signal;
mod span;
mod span_buffer;
mod traces_push;

pub(crate) use self::backlog::forget;
pub(crate) use self::endpoint::{Delivery, Endpoint};
pub(crate) use self::headers::read_headers;
pub(crate) use self::heartbeat::Heartbeat;
pub(crate) use self::push::{Push, PushEvent};
pub(crate) use self::resource::Resource;
pub(crate) use self::settings::Settings;
pub(crate) use self::signal::Signal;
pub(crate) use self::span::ClientSpan;
pub(crate) use self::span_buffer::SpanBuffer;
