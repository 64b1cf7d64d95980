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

/// What could not be sent, alone, for those who cut its power.
#[doc(hidden)]
pub mod pure {
    use std::path::Path;
    use std::time::Instant;

    use super::backlog::{Backlog, Oldest};
    use super::request::Compressed;
    use crate::durable::DurableError;

    fn open(data_dir: &Path) -> Backlog {
        Backlog::open(data_dir, "traces", Instant::now())
    }

    /// Keeps this text as a request.
    pub fn keep(data_dir: &Path, text: &str) -> Result<(), DurableError> {
        let request = Compressed { items: 1, body: text.to_owned().into() };
        open(data_dir).put(&request, Instant::now()).map(drop)
    }

    /// The oldest was sent.
    pub fn remove_oldest(data_dir: &Path) -> Result<(), DurableError> {
        open(data_dir).remove_oldest(Instant::now())
    }

    /// All requests, oldest first, as a start finds them, and how many are damaged. They are gone then.
    #[must_use]
    pub fn kept(data_dir: &Path) -> (Vec<String>, u64) {
        let (mut backlog, mut texts, mut lost) = (open(data_dir), Vec::new(), 0);
        loop {
            let Oldest { request, damaged } = backlog.oldest(Instant::now());
            lost += damaged;
            let Some(request) = request else { return (texts, lost) };
            texts.push(String::from_utf8_lossy(&request.body).into_owned());
            if backlog.remove_oldest(Instant::now()).is_err() {
                return (texts, lost);
            }
        }
    }
}
