//! How many files the process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Listeners, epoll, logs, files that are being read.
const OTHERS: u64 = 128;

/// Each connection is a descriptor, and the usual soft limit of 1024 is for programs with few.
pub(super) fn raise_limit(connections: usize) {
    let wanted = connections as u64 + OTHERS;
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= wanted) {
        return;
    }
    let allowed = maximum.map_or(wanted, |maximum| maximum.min(wanted));
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: Some(allowed), maximum }) {
        tracing::warn!(%error, "cannot raise the limit of open files");
    } else if allowed < wanted {
        tracing::warn!(
            allowed,
            wanted,
            "fewer files may be open than limits.connections needs: raise LimitNOFILE or lower limits.connections"
        );
    }
}
