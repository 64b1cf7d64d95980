//! The publisher's side of updates: keys, repository, channels.
