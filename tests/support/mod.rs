//! The real box as a child process, and clients that talk to it over sockets.

mod edge;
mod http;
mod temporary;

pub(crate) use edge::{Edge, Setup};
pub(crate) use http::{Client, Reply};
pub(crate) use temporary::dist;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up; far beyond what a loaded machine needs,
/// and never part of what a test asserts.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < give_up, "{what}: not within {PATIENCE:?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// Runs a program that must succeed, and gives its standard output.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = std::process::Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program} cannot be started (tests/run installs it): {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?} failed: {}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}
