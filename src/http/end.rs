//! The end of a connection.

use std::io;

use crate::metrics::CloseReason;

/// How a connection ended.
pub(super) enum End {
    Closed(hyper::Result<()>),
    /// A write of events.
    Failed(io::Error),
    Overdue(CloseReason),
    NoHandshake(io::Error),
}
