//! The trial of a version: whether the machine does what it is for. It ends within a bounded time: either the version
//! is confirmed, or this was a failed boot attempt.
//!
//! The ERP and the internet are no part of it, as they are none of a program's trial.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use super::{OsError, version};
use crate::bounded_read::receive_up_to;
use crate::http::SELF_CHECK;
use crate::machine::{Paths, data};
use crate::update::os;

/// How long all has to be well at a stretch, how long it may take to become so, and how often it is looked at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// At a stretch.
    pub(crate) stretch: Duration,
    /// At most.
    pub(crate) most: Duration,
    /// Between two looks.
    pub(crate) every: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { stretch: Duration::from_secs(15), most: Duration::from_secs(240), every: Duration::from_secs(1) }
    }
}

/// Bytes of an answer that are read: its first line says all.
const MAX: u64 = 1024;

/// Waits until all has been well for long enough.
pub(crate) async fn confirm(paths: &Paths, address: SocketAddr, patience: Patience) -> Result<(), OsError> {
    let began = Instant::now();
    let mut since = None;
    loop {
        match check(paths, address).await {
            Ok(()) => {
                let since = *since.get_or_insert_with(Instant::now);
                if since.elapsed() >= patience.stretch {
                    return Ok(());
                }
            }
            Err(wrong) => {
                since = None;
                if began.elapsed() >= patience.most {
                    return Err(OsError::Unwell(wrong));
                }
            }
        }
        if began.elapsed() >= patience.most.saturating_add(patience.stretch) {
            return Err(OsError::Unwell("it was not well for long enough at a stretch".to_owned()));
        }
        sleep(patience.every).await;
    }
}

async fn check(paths: &Paths, address: SocketAddr) -> Result<(), String> {
    let running = version::running(paths).map_err(|error| crate::error_chain(&error))?;
    match os::read_report(&paths.run()) {
        Ok(Some(report)) if report.version == running => {}
        Ok(_) => return Err(format!("{} does not tell the version that runs", paths.run_os().display())),
        Err(error) => return Err(format!("{}: {error}", paths.run_os().display())),
    }
    // There was one when this version was installed: see [`OsError::NotKept`].
    if !data::is_kept(paths) {
        return Err(format!("no data partition is mounted at {}", paths.data().display()));
    }
    for path in ["/health/ready", "/"] {
        match timeout(SELF_CHECK, answer(address, path)).await {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => return Err(format!("{path} is not answered with 200")),
            Ok(Err(error)) => return Err(format!("{path}: {error}")),
            Err(_) => return Err(format!("{path} is not answered within {} s", SELF_CHECK.as_secs())),
        }
    }
    Ok(())
}

/// Whether a page is answered with 200 (RFC 9112 section 4).
async fn answer(address: SocketAddr, path: &str) -> std::io::Result<bool> {
    let mut connection = TcpStream::connect(address).await?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html, */*\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await?;
    Ok(receive_up_to(connection, MAX).await?.starts_with(b"HTTP/1.1 200 "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trial_is_decided_before_its_unit_is_stopped() {
        let Patience { stretch, most, every } = Patience::default();
        // The last look may begin just before the end, and asks for two pages.
        let look = SELF_CHECK.saturating_mul(2).saturating_add(every);
        assert!(most + stretch + look < os::MAX_TRIAL);
    }
}
