//! The figures of `/metrics` for those who cannot scrape the box.

use std::fmt;
use std::time::{Instant, SystemTime};

use tokio_util::sync::CancellationToken;

use super::exposition::families;
use super::otlp::{self, Period};
use super::push::{Push, PushEvent, Taken};
use super::resource::Resource;
use crate::health::Health;

impl Push {
    /// Pushes the figures until `stop`. Always the newest: sums count from the start of the process, so that a push which was not
    /// taken is made up for by the next one.
    pub(crate) async fn metrics(
        self,
        resource: Resource,
        exposition: impl Fn() -> Result<String, fmt::Error> + 'static,
        health: Health,
        observe: impl Fn(PushEvent) + 'static,
        stop: CancellationToken,
    ) {
        let (began, mut start) = (Instant::now(), None::<SystemTime>);
        let source = move |end: SystemTime| {
            // Kept when the clock is set: another start would mean sums that begin anew.
            let start = *start.get_or_insert(end.checked_sub(began.elapsed()).unwrap_or(end));
            match exposition() {
                Ok(text) => {
                    let period = Period { start: start.min(end), end };
                    Taken { request: Some(otlp::request(&resource, &families(&text), period)), dropped: 0 }
                }
                Err(error) => {
                    tracing::error!(%error, "the figures cannot be written");
                    Taken::default()
                }
            }
        };
        self.run(Box::new(source), health, Box::new(observe), stop).await;
    }
}
