//! What root does with a running box from its command line: HTTP/1.1 over a Unix socket in the data directory.
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /status.json` | how the box is |
//! | `GET /pin` | `{"pin":"13572468"}`, or `{"pin":null}` where a person has chosen it |
//! | `POST /pin/check` | `{"is_right":true}`: whether the body, 64 bytes at most, is the PIN; few may be tried |
//! | `POST /pin/new` | `{"pin":"13572468"}`, a new one |
//! | `POST /support-bundle` | a tar.gz; the body is what the journal has, which the box itself may not read |
//! | `GET /update.json` | the state of the updates, and their history |
//! | `POST /update` | does what the body asks of them, JSON both ways |
//! | `POST /restart` | `{}`, and the box restarts |
//! | `POST /factory-reset` | `{}`, and the box forgets everything but its configuration, and restarts |
//!
//! A client of `POST /update` that accepts `application/x-ndjson` gets lines instead, since a slow bucket may take
//! minutes:
//! `{"progress":…}` with the state of the updates whenever that has changed, an empty line every few seconds so that
//! silence means that the box hangs, and at last `{"status":…,"answer":…}`.
//!
//! What cannot be done is answered by a status of 4xx or 5xx and `{"error":"…"}`, with `error_es` where it is for a
//! person as it is.

mod client;
mod deadlines;
mod progress;
mod server;

use bytes::Bytes;
use http::{Method, StatusCode};

use crate::lang::Text;

pub(crate) use self::client::{Client, ClientError, Reply};
pub(crate) use self::deadlines::follower_patience;
pub(crate) use self::server::{MAX_BODY, Server};

/// The socket's name in the data directory.
pub(crate) const SOCKET: &str = "control.sock";

/// The media type of an answer with progress.
const LINES: &str = "application/x-ndjson";

/// A command to the running box, by its method and path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ControlCommand {
    /// How it is.
    Status,
    /// Its PIN, where it knows it.
    Pin,
    /// Whether the body is the PIN.
    CheckPin,
    /// A new PIN.
    NewPin,
    /// What support needs.
    SupportBundle,
    /// The state of the updates.
    UpdateReport,
    /// Something about the updates, which the body says.
    Update,
    /// To drain and start again.
    Restart,
    /// To forget everything but the configuration, and start again.
    FactoryReset,
}

impl ControlCommand {
    const ALL: [Self; 9] = [
        Self::Status,
        Self::Pin,
        Self::CheckPin,
        Self::NewPin,
        Self::SupportBundle,
        Self::UpdateReport,
        Self::Update,
        Self::Restart,
        Self::FactoryReset,
    ];

    fn method(self) -> Method {
        match self {
            Self::Status | Self::Pin | Self::UpdateReport => Method::GET,
            _ => Method::POST,
        }
    }

    fn path(self) -> &'static str {
        match self {
            Self::Status => "/status.json",
            Self::Pin => "/pin",
            Self::CheckPin => "/pin/check",
            Self::NewPin => "/pin/new",
            Self::SupportBundle => "/support-bundle",
            Self::UpdateReport => "/update.json",
            Self::Update => "/update",
            Self::Restart => "/restart",
            Self::FactoryReset => "/factory-reset",
        }
    }

    /// The command of a request, or else the status of its refusal.
    fn of(method: &Method, path: &str) -> Result<Self, StatusCode> {
        let command = Self::ALL.into_iter().find(|command| command.path() == path).ok_or(StatusCode::NOT_FOUND)?;
        if *method == command.method() { Ok(command) } else { Err(StatusCode::METHOD_NOT_ALLOWED) }
    }
}

/// What the box says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    status: StatusCode,
    media: &'static str,
    body: Bytes,
}

impl Answer {
    /// A value.
    #[must_use]
    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self::bytes("application/json", value.to_string().into())
    }

    /// Bytes of a media type.
    #[must_use]
    pub(crate) fn bytes(media: &'static str, body: Bytes) -> Self {
        Self { status: StatusCode::OK, media, body }
    }

    /// It cannot be done, and why.
    #[must_use]
    pub(crate) fn failed(error: &str) -> Self {
        Self::refused(StatusCode::SERVICE_UNAVAILABLE, error)
    }

    /// As [`Answer::failed`], in both languages: `error` and `error_es`.
    #[must_use]
    pub(crate) fn failed_in_words(text: &Text) -> Self {
        let body = serde_json::json!({ "error": text.en, "error_es": text.es });
        Self { status: StatusCode::SERVICE_UNAVAILABLE, ..Self::json(&body) }
    }

    fn refused(status: StatusCode, error: &str) -> Self {
        Self { status, ..Self::json(&serde_json::json!({ "error": error })) }
    }
}

/// Carries the commands out.
pub(crate) trait CommandHandler: 'static {
    /// Carries one out. The body is what came with it, nothing as a rule.
    fn handle(&self, command: ControlCommand, body: Bytes) -> impl Future<Output = Answer>;

    /// What is being done for it, as JSON without line feeds; `None` where a command has no progress.
    fn progress(&self, command: ControlCommand) -> Option<Bytes> {
        let _ = command;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_posted() {
        assert_eq!(ControlCommand::of(&Method::GET, "/status.json"), Ok(ControlCommand::Status));
        assert_eq!(ControlCommand::of(&Method::POST, "/pin/new"), Ok(ControlCommand::NewPin));
        assert_eq!(ControlCommand::of(&Method::POST, "/pin/check"), Ok(ControlCommand::CheckPin));
        for (method, path, status) in [
            (Method::GET, "/restart", 405),
            (Method::GET, "/factory-reset", 405),
            (Method::GET, "/pin/new", 405),
            (Method::GET, "/pin/check", 405),
            (Method::GET, "/update", 405),
            (Method::POST, "/pin", 405),
            (Method::GET, "/", 404),
        ] {
            assert_eq!(
                ControlCommand::of(&method, path).map_err(|status| status.as_u16()),
                Err(status),
                "{method} {path}"
            );
        }
    }
}
