//! SSDP (`UPnP` Device Architecture 1.1 section 1), for clients that look for devices instead of
//! names, such as the network folder of Windows. IPv4 only, as most of those clients.

mod budget;
mod device;
mod search;
mod socket;
mod task;

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::lan::Lan;
use super::reach::Reach;
use device::Device;

/// From a failure to the next attempt.
const RETRY: Duration = Duration::from_secs(5);
/// For the goodbye: a few datagrams.
const GOODBYE_TIMEOUT: Duration = Duration::from_millis(500);

/// Keeps one device announced: the box as it is at the moment.
pub(super) struct Ssdp {
    uuid: String,
    /// Gets the body of `/_edge/ssdp.xml`.
    description: watch::Sender<Bytes>,
    running: Option<Running>,
    fault: Option<String>,
    not_before: Instant,
}

struct Running {
    device: Device,
    lan: Lan,
    stop: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Ssdp {
    pub(super) fn new(uuid: String, description: watch::Sender<Bytes>) -> Self {
        Self { uuid, description, running: None, fault: None, not_before: Instant::now() }
    }

    /// Why it is not announced, if it should be.
    pub(super) fn fault(&self) -> Option<String> {
        self.fault.clone()
    }

    /// Announces the box as it is now, if it is served over HTTP at an IPv4 address.
    pub(super) async fn keep(&mut self, lan: &Lan, name: &str, http: &Reach) {
        if self.running.as_ref().is_some_and(|running| running.task.is_finished())
            && let Some(running) = self.running.take()
        {
            let error = match running.task.await {
                Ok(Ok(())) => "it has ended".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            tracing::warn!(error, "SSDP failed, retrying");
            self.fault = Some(error);
            self.not_before = Instant::now() + RETRY;
        }
        let place = place(lan, http);
        let is_same = |running: &Running| {
            running.lan == *lan
                && running.device.name == name
                && Some((running.device.ip, running.device.port)) == place
        };
        if self.running.as_ref().is_some_and(is_same) {
            return;
        }
        self.stop().await;
        let Some((ip, port)) = place else {
            self.fault = None;
            return;
        };
        if Instant::now() < self.not_before {
            return;
        }
        let device = Device::new(&self.uuid, name, ip, port);
        match socket::open(lan.index, ip) {
            Ok(socket) => {
                self.fault = None;
                self.description.send_replace(device.description());
                let stop = CancellationToken::new();
                let task = task::run(socket, device.clone(), lan.clone(), stop.clone());
                let task = tokio::task::spawn_local(task);
                self.running = Some(Running { device, lan: lan.clone(), stop, task });
            }
            Err(error) => {
                if self.fault.is_none() {
                    tracing::warn!(%error, "SSDP cannot start, retrying");
                }
                self.fault = Some(error.to_string());
                self.not_before = Instant::now() + RETRY;
            }
        }
    }

    /// Sends goodbyes.
    pub(super) async fn stop(&mut self) {
        if let Some(Running { stop, mut task, .. }) = self.running.take() {
            stop.cancel();
            if timeout(GOODBYE_TIMEOUT, &mut task).await.is_err() {
                task.abort();
            }
        }
        self.description.send_replace(Bytes::new());
    }
}

/// Where browsers get to the box.
fn place(lan: &Lan, http: &Reach) -> Option<(Ipv4Addr, u16)> {
    lan.ips().find_map(|ip| match ip {
        IpAddr::V4(four) => Some((four, http.port(ip)?)),
        IpAddr::V6(_) => None,
    })
}
