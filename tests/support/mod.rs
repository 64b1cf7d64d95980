//! The real box as a child process, and clients that talk to it over sockets.

#[allow(dead_code, reason = "not every test has screens")]
pub(crate) mod agent;
#[allow(dead_code, reason = "not every test has an administration")]
pub(crate) mod browser;
mod control;
#[allow(dead_code, reason = "not every test lets a disk be read only")]
mod disk;
mod edge;
#[allow(dead_code, reason = "not every test has an ERP")]
pub(crate) mod erp;
#[allow(dead_code, reason = "not every test has a stream of events")]
mod event_stream;
mod hostile_repository;
mod http;
#[allow(dead_code, reason = "not every test has an emulated machine on its network")]
pub(crate) mod lab;
mod nginx;
mod pty;
#[allow(dead_code, reason = "not every test leaves moments to chance")]
mod random;
#[allow(dead_code, reason = "only what is published goes to a store")]
pub(crate) mod s3;
#[allow(dead_code, reason = "not every test is told how a box is")]
pub(crate) mod sink;
mod small_repository;
mod supervisor;
mod temporary;

pub(crate) use control::Control;
pub(crate) use disk::Disk;
#[allow(unused_imports, reason = "not every test has a clock of its own")]
pub(crate) use edge::with_clock;
pub(crate) use edge::{Edge, Setup};
#[allow(unused_imports, reason = "not every test has an ERP")]
pub(crate) use erp::Erp;
#[allow(unused_imports, reason = "not every test has a stream of events")]
pub(crate) use event_stream::EventStream;
pub(crate) use hostile_repository::{HostileRepository, Request};
pub(crate) use http::{Client, Reply};
pub(crate) use nginx::Nginx;
#[allow(unused_imports, reason = "not every test has a server of its own")]
pub(crate) use nginx::host;
pub(crate) use pty::Pty;
#[allow(unused_imports, reason = "not every test leaves moments to chance")]
pub(crate) use random::Random;
pub(crate) use small_repository::{SmallRepository, manifest};
pub(crate) use supervisor::Supervisor;
pub(crate) use temporary::dist;

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up; far beyond what a loaded machine needs,
/// and never part of what a test asserts.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A client of the box's that trusts this authority too.
pub(crate) fn outbound(ca: Option<Vec<u8>>) -> workshop_edge::outbound::Outbound {
    use workshop_edge::outbound::{Outbound, Settings};
    Outbound::new(Settings { ca, ..Settings::default() }).expect("a client")
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < give_up, "{what}: not within {PATIENCE:?}");
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

/// A connection with the smallest receive buffer, on which a request was sent and nothing is read.
pub(crate) fn deaf_client(address: std::net::SocketAddr, request: &[u8]) -> socket2::Socket {
    let socket =
        socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(1).expect("a small buffer");
    socket.connect(&address.into()).expect("a connection");
    socket.send(request).expect("sent");
    socket
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

/// What a scanner reads from a picture with one QR code; `None` when it finds none.
pub(crate) fn scan(picture: &std::path::Path) -> Option<String> {
    let output = std::process::Command::new("zbarimg")
        .args(["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable"])
        .arg(picture)
        .output()
        .unwrap_or_else(|error| panic!("zbarimg cannot be started (tests/run installs it): {error}"));
    let text = String::from_utf8(output.stdout).expect("text");
    output.status.success().then(|| text.trim_end().to_owned())
}
