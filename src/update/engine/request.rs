//! A queued command, and those who wait for the reply.

use tokio::sync::oneshot;

use crate::lang::Text;
use crate::update::command::{Command, Reply};

/// Where the reply goes, or the reason why there is none.
pub(super) type ReplySender = oneshot::Sender<Result<Reply, Text>>;

/// A command that has come in.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) command: Command,
    /// Nobody, where a stick asks.
    pub(super) senders: Vec<ReplySender>,
}

/// Sends a reply to all who wait for it. They may have gone.
pub(super) fn send(senders: Vec<ReplySender>, reply: &Result<Reply, Text>) {
    for sender in senders {
        let _ = sender.send(reply.clone());
    }
}
