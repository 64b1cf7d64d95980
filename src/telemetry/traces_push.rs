//! The traces of what the box asks of others.

use tokio_util::sync::CancellationToken;

use super::push::{Push, PushEvent, Taken};
use super::resource::Resource;
use super::span_buffer::SpanBuffer;
use crate::health::Health;

impl Push {
    /// Pushes the spans that are recorded, until `stop`.
    pub(crate) async fn traces(
        self,
        resource: Resource,
        spans: SpanBuffer,
        health: Health,
        observe: impl Fn(PushEvent) + 'static,
        stop: CancellationToken,
    ) {
        let source = move |_| {
            let (request, dropped) = spans.take(&resource);
            Taken { request, dropped }
        };
        self.run(Box::new(source), health, Box::new(observe), stop).await;
    }
}
