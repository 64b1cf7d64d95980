//! How many files the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Listeners, epoll, logs, files that are being read.
const OTHERS: u64 = 128;

/// Each connection is a descriptor, and the usual soft limit of 1024 is for programs with few. Gives how many of up to
/// `files` of a site may stay open besides; a site that replaces another needs as many again.
pub(super) fn raise_limit(connections: usize, files: usize) -> usize {
    let needed = connections as u64 + OTHERS;
    let wanted = needed + 2 * files as u64;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let mut allowed = current.unwrap_or(wanted);
    if allowed < wanted {
        let most = maximum.map_or(wanted, |maximum| maximum.min(wanted));
        match setrlimit(Resource::Nofile, Rlimit { current: Some(most), maximum }) {
            Ok(()) => allowed = most,
            Err(error) => tracing::warn!(%error, "cannot raise the limit of open files"),
        }
    }
    if allowed < needed {
        tracing::warn!(
            allowed,
            wanted = needed,
            "the limit of open files is too low for limits.connections: raise LimitNOFILE or lower limits.connections"
        );
    }
    usize::try_from(allowed.saturating_sub(needed) / 2).map_or(files, |spare| spare.min(files))
}
