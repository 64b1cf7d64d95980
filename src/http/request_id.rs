//! What ties the log lines of one request together.

use std::fmt;
use std::sync::LazyLock;

/// Told apart from those of other runs: a random start, the connection, and the request on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RequestId {
    pub(super) connection: u64,
    pub(super) request: u64,
}

static RUN: LazyLock<u32> = LazyLock::new(|| getrandom::u32().unwrap_or_else(|_| std::process::id()));

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}-{:x}-{:x}", *RUN, self.connection, self.request)
    }
}
