//! What root does with a running box from its command line: HTTP/1.1 over a Unix socket in the data directory.

mod client;

pub use client::{Client, ClientError, Reply};

/// The socket's name in the data directory.
pub const SOCKET: &str = "control.sock";
