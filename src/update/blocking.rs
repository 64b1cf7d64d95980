//! Work that blocks, beside the runtime. A decoder that panics on damaged input ends here, as an error.

use tokio::task::{JoinError, spawn_blocking};

pub(super) async fn blocking<T, E>(work: impl FnOnce() -> Result<T, E> + Send + 'static) -> Result<T, E>
where
    T: Send + 'static,
    E: From<JoinError> + Send + 'static,
{
    spawn_blocking(work).await.unwrap_or_else(|stopped| Err(stopped.into()))
}
