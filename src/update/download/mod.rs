//! Targets come in pieces, over days and power cuts if need be, and are what they should be when they are whole.
//!
//! Every byte on disk is read again before the download goes on, so that what a power cut left of it counts for what
//! it is. A target's name is its digest, so going on with another object of the same name can only be damage: then it
//! starts over, once.

mod pace;
mod part;

use std::fs;
use std::io;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::BytesMut;
use thiserror::Error;
use tokio::task::JoinError;

use self::pace::Pace;
use self::part::Part;
use super::blocking::blocking;
use super::repository::Target;
use super::space::{self, NoSpace};
use super::transport::{Transport, TransportError};
use crate::durable::{self, DurableError, Lock};

/// Bytes that are gathered before they are written.
const BATCH: usize = 256 * 1024;

/// How far a download is, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Those that are here, from an earlier attempt too.
    pub done: u64,
    /// All.
    pub total: u64,
}

/// Why a target could not be had.
#[derive(Debug, Error)]
pub enum DownloadError {
    /// The network, or the server.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The server's object is not the target.
    #[error("{path} is not what the signed metadata says, ask whoever runs the repository: {why}")]
    NotTheTarget {
        /// As the repository names it.
        path: String,
        /// In what.
        why: String,
    },
    /// The server's answer ended early, as if it were whole.
    #[error("{path} ended after {length} bytes of {total}")]
    Short {
        /// As the repository names it.
        path: String,
        /// Bytes that are here.
        length: u64,
        /// Bytes that it has.
        total: u64,
    },
    /// The digest is no digest, so it makes no file name.
    #[error("{0:?} is not a SHA-256 in hexadecimal digits")]
    Digest(String),
    /// The disk is full, or nearly so.
    #[error(transparent)]
    Space(#[from] NoSpace),
    /// A file.
    #[error("cannot keep a download")]
    Disk(#[from] DurableError),
    /// The directory.
    #[error("cannot look for old downloads in {}", path.display())]
    List {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The program ends, or has a fault.
    #[error("the download was stopped")]
    Stopped(#[from] JoinError),
}

impl DownloadError {
    /// Whether it is the repository's fault, so that it is the same when it is tried again.
    #[must_use]
    pub(crate) fn is_of_the_repository(&self) -> bool {
        match self {
            Self::Transport(error) => matches!(error, TransportError::Missing { .. } | TransportError::Name { .. }),
            Self::NotTheTarget { .. } | Self::Digest(_) => true,
            _ => false,
        }
    }
}

/// The downloads' directory.
#[derive(Debug, Clone)]
pub struct Downloads {
    directory: PathBuf,
    rate: Option<NonZeroU32>,
}

impl Downloads {
    /// Downloads into a directory, at most this many KiB/s.
    #[must_use]
    pub fn new(directory: PathBuf, rate: Option<NonZeroU32>) -> Self {
        Self { directory, rate }
    }

    /// Fetches what is missing of a target, and gives where it is then, whole and verified. It may be given up at any
    /// time, and goes on from there the next time.
    pub async fn fetch(
        &self,
        transport: &Transport,
        target: &Target,
        lock: &Arc<Lock>,
        progress: &dyn Fn(Progress),
    ) -> Result<PathBuf, DownloadError> {
        if target.sha256.len() != 64 || !target.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(DownloadError::Digest(target.sha256.clone()));
        }
        let fetched = self.fetch_as_it_is(transport, target, lock, progress).await;
        fetched.map_err(|error| {
            let DownloadError::Disk(disk) = &error else { return error };
            if disk.is_full() { space::ran_out(&self.directory, target.length).into() } else { error }
        })
    }

    async fn fetch_as_it_is(
        &self,
        transport: &Transport,
        target: &Target,
        lock: &Arc<Lock>,
        progress: &dyn Fn(Progress),
    ) -> Result<PathBuf, DownloadError> {
        loop {
            let mut part = {
                let (directory, target, lock) = (self.directory.clone(), target.clone(), Arc::clone(lock));
                blocking(move || Part::open(&directory, &target, &lock)).await?
            };
            let is_resumed = part.is_resumed();
            if part.length() < target.length {
                part = match self.stream(transport, target, part, progress).await {
                    Err(error @ DownloadError::NotTheTarget { .. }) if is_resumed => {
                        let error = crate::error_chain(&error);
                        tracing::warn!(error, "a partial download cannot be resumed, starting over");
                        let (directory, target) = (self.directory.clone(), target.clone());
                        blocking(move || part::discard(&directory, &target)).await?;
                        continue;
                    }
                    streamed => streamed?,
                };
            }
            let is_resumed = part.is_resumed();
            match blocking(move || part.verified()).await? {
                Some(path) => return Ok(path),
                None if is_resumed => {
                    tracing::warn!(target = target.path, "a partial download is damaged, starting over");
                }
                None => return Err(not_the_target(target, "its digest differs".to_owned())),
            }
        }
    }

    /// Fetches to the end.
    async fn stream(
        &self,
        transport: &Transport,
        target: &Target,
        mut part: Part,
        progress: &dyn Fn(Progress),
    ) -> Result<Part, DownloadError> {
        space::check(&self.directory, target.length.saturating_sub(part.length()))?;
        let mut body = transport.target(&target.path, part.length(), part.validator()).await?;
        if let Some(length) = body.length
            && length != target.length
        {
            return Err(not_the_target(target, format!("it has {length} bytes, not {}", target.length)));
        }
        if body.start != part.length() {
            if body.start != 0 {
                return Err(not_the_target(target, format!("byte {} came, not {}", body.start, part.length())));
            }
            part = blocking(move || part.restart()).await?;
        }
        let validator = body.validator.clone();
        part = blocking(move || part.with_validator(validator)).await?;

        let mut pace = Pace::new(self.rate);
        let mut batch = BytesMut::new();
        let began = part.length();
        let mut done = began;
        progress(Progress { done, total: target.length });
        let end = loop {
            let piece = match body.next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break Ok(()),
                Err(error) => break Err(DownloadError::from(error)),
            };
            let bytes = piece.len() as u64;
            done = done.saturating_add(bytes);
            if done > target.length {
                break Err(not_the_target(target, format!("it has more than {} bytes", target.length)));
            }
            batch.extend_from_slice(&piece);
            if batch.len() >= BATCH {
                let batch = batch.split().freeze();
                part = blocking(move || part.append(&batch)).await?;
            }
            progress(Progress { done, total: target.length });
            pace.took(bytes).await;
        };
        // What came before an error came, and is not fetched again.
        let mut part = blocking(move || part.append(&batch)?.sync()).await?;
        if part.is_resumed() && done == began {
            // A resumed download without progress may never make any: the next one starts over.
            part = blocking(move || part.restart()).await?;
        }
        end?;
        match part.length() {
            length if length < target.length => {
                Err(DownloadError::Short { path: target.path.clone(), length, total: target.length })
            }
            _ => Ok(part),
        }
    }

    /// Bytes that have come over the network for a target, in all attempts since it was last kept. It blocks.
    #[must_use]
    pub(crate) fn received(&self, target: &Target) -> u64 {
        part::received(&self.directory, target)
    }

    /// Removes every file of other targets than these, so that what is never finished does not stay. It blocks.
    pub(crate) fn keep_only(&self, targets: &[&Target]) -> Result<(), DownloadError> {
        let list = |source| DownloadError::List { path: self.directory.clone(), source };
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(list)?,
        };
        for entry in entries {
            let path = entry.map_err(list)?.path();
            let digest = path.file_stem().map(Path::new);
            if !targets.iter().any(|target| digest == Some(Path::new(&target.sha256))) {
                durable::remove(&path)?;
            }
        }
        Ok(())
    }
}

fn not_the_target(target: &Target, why: String) -> DownloadError {
    DownloadError::NotTheTarget { path: target.path.clone(), why }
}

#[cfg(test)]
mod tests;
