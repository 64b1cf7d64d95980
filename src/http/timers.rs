//! The timers, and the threads that may block, of what takes its time.
//!
//! They belong to a runtime of their own: one that has timers looks for the next of them, and at the clock, before and
//! after each of its waits, and a worker waits once for every request.

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio_util::context::TokioContext;

/// Threads for what blocks: reads of large files, and a PIN's hash.
const MAX_BLOCKING: usize = 8;

/// Kept until the last of these is dropped.
#[derive(Debug, Clone)]
pub(super) struct Timers {
    handle: Handle,
    _end: Arc<oneshot::Sender<()>>,
}

impl Timers {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_time().max_blocking_threads(MAX_BLOCKING).build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        thread::Builder::new().name("http-timers".into()).spawn(move || {
            // Nobody sends: it is over when the other side is gone.
            let _ = runtime.block_on(ended);
            // A read of a disk that does not answer is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, _end: Arc::new(end) })
    }

    /// The same future, with these timers.
    pub(super) fn lend<F: Future>(&self, future: F) -> TokioContext<F> {
        TokioContext::new(future, self.handle.clone())
    }
}
