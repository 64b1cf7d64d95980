//! How the box is found: multicast DNS (RFC 6762, RFC 6763) under `<name>.local`, and SSDP.
//!
//! ```text
//! keeper ─1 s─> lan (which interface)   ─5 s─> self_check ─> question (who answers for our name?)
//!        └────> responder (mdns-sd)     ├────> duplicate_id (who else has our id?)
//!                                └────> ssdp
//! ```
//!
//! All of it runs on a thread of its own; nothing that serves waits for it, and nothing in it
//! ends the box.

mod back_off;
mod browse;
mod duplicate_id;
mod keeper;
mod lan;
mod last_name;
mod names;
mod one_shot;
mod question;
mod random;
mod reach;
mod reclaim;
mod responder;
mod routes;
mod self_check;
mod settings;
mod ssdp;
mod state;
mod trouble;

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use tokio::runtime::LocalOptions;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

pub(crate) use browse::{AnnouncedBox, MAX_BOXES, boxes};
pub(crate) use one_shot::resolve;
pub(crate) use settings::Settings;
pub(crate) use state::{State, Status};
pub(crate) use trouble::Trouble;

/// The most that a stop waits for the goodbyes.
const STOP: Duration = Duration::from_secs(2);

/// Who is announced, and where it listens.
#[derive(Debug, Clone)]
pub(crate) struct Instance {
    /// Where its last name is kept.
    pub(crate) data_dir: PathBuf,
    /// The box's id, sixteen hexadecimal digits.
    pub(crate) id: String,
    /// Where HTTP is listened for, without addresses of loopback.
    pub(crate) http: Vec<SocketAddr>,
    /// Where HTTPS is listened for, without addresses of loopback.
    pub(crate) https: Vec<SocketAddr>,
}

/// A running discovery.
pub(crate) struct Discovery {
    state: watch::Receiver<State>,
    stop: CancellationToken,
}

impl Discovery {
    /// Starts its thread. `description` gets the body of `/_edge/ssdp.xml`.
    pub(crate) fn start(settings: Settings, instance: Instance, description: watch::Sender<Bytes>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let (sender, state) = watch::channel(State::new(&settings.name, &settings.name));
        let stop = CancellationToken::new();
        let token = stop.clone();
        std::thread::Builder::new().name("discovery".to_owned()).spawn(move || {
            let mut runtime = runtime;
            match runtime.enable_all().build_local(LocalOptions::default()) {
                Ok(runtime) => {
                    runtime.block_on(async {
                        keeper::Keeper::new(settings, &instance, sender, description).run(token).await;
                    });
                }
                Err(error) => tracing::error!(%error, "discovery has no runtime: the box is found by address only"),
            }
        })?;
        Ok(Self { state, stop })
    }

    /// What it knows, and every change of it.
    #[must_use]
    pub(crate) fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Says goodbye; takes two seconds at most.
    pub(crate) async fn stop(mut self) {
        self.stop.cancel();
        // The sender goes with the thread.
        let _ = timeout(STOP, async { while self.state.changed().await.is_ok() {} }).await;
    }
}
