//! The updates at work: asks the bucket now and then, decides, stages, and has the box go over.
//!
//! ```text
//! time, person, USB stick ─> check ─> decide ─> stage ─> begin the trial ─> switch (the composition root's)
//!                            repository  policy   download, delta, slots
//! ```
//!
//! One task; what it is at is watched, what is wanted of it comes in by orders. A check or a download that a person's
//! order overtakes is dropped: whatever it has written is gone on from, or written anew. An order to check, and the same
//! order once more, join the check that is under way instead.

mod check;
mod failure;
mod host;
mod ledger;
mod os;
mod own;
mod past;
mod retry;
mod running;
mod stick;
mod task;
mod tidy;
mod work;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use semver::Version;
use tokio::sync::{mpsc, oneshot, watch};

pub use self::host::Host;

use self::task::Task;
use super::command::{Command, Reply, Report};
use super::paths::UpdatePaths;
use super::state::State;
use super::transport::Transport;
use super::words;
use crate::lang::Text;
use crate::outbound::TrafficReading;
use crate::window::Window;

/// Orders that may wait: people's.
const MAX_ORDERS: usize = 4;

/// What the updates are made from and for.
pub struct Settings {
    /// The box's data directory.
    pub data_dir: PathBuf,
    /// The box's id.
    pub box_id: String,
    /// The channel.
    pub channel: String,
    /// The trusted root to start from.
    pub root: Vec<u8>,
    /// The bucket.
    pub bucket: Transport,
    /// The USB image that the box runs; `None` on any other.
    pub machine: Option<Machine>,
    /// The target triple of this program.
    pub platform: &'static str,
    /// Where a USB stick appears.
    pub usb: Option<PathBuf>,
    /// The mean time between two checks.
    pub every: Duration,
    /// When the version may change.
    pub window: Window,
    /// KiB a second that are downloaded at most; `None` is without a limit.
    pub rate: Option<NonZeroU32>,
    /// Who started this process.
    pub host: Host,
}

/// The USB image, as far as the box sees it for itself.
pub struct Machine {
    /// Where root tells what there is.
    pub(crate) directory: PathBuf,
    /// The version that runs (os-release(5)), for as long as root does not tell it.
    pub(crate) version: Option<Version>,
    /// What it is made for ([`crate::update::manifest::os_platform`]).
    pub(crate) platform: String,
}

/// The composition root's side of a switch.
pub struct Switch {
    /// Whether the box would come back: the configuration may have been edited.
    pub is_ready: Box<dyn Fn() -> Result<(), String>>,
    /// Goes over to what the slot table says; the process ends soon.
    pub go: Box<dyn Fn()>,
}

/// Who waits for an answer, or for the reason why there is none; nobody, when a stick asks or it was time.
type Askers = Vec<oneshot::Sender<Result<Reply, Text>>>;

/// An order on its way.
struct Asked {
    command: Command,
    askers: Askers,
}

/// The running updates.
#[derive(Clone)]
pub struct Updates {
    orders: mpsc::Sender<Asked>,
    state: watch::Receiver<State>,
    history: watch::Receiver<past::Entries>,
    bucket: Transport,
}

impl Updates {
    /// Starts them; to be called inside a `LocalRuntime`. They begin when `trial` is over, which is at once where the
    /// running binary is not on trial.
    pub fn start(settings: Settings, switch: Switch, trial: impl Future<Output = ()> + 'static) -> Self {
        let (orders, asked) = mpsc::channel(MAX_ORDERS);
        let paths = UpdatePaths::of(&settings.data_dir);
        let bucket = settings.bucket.clone();
        let (task, state, history) = Task::new(settings, paths, switch);
        tokio::task::spawn_local(task.run(asked, trial));
        Self { orders, state, history, bucket }
    }

    /// What they are at.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// What they are at, and what there was: from memory.
    #[must_use]
    pub(crate) fn report(&self) -> Report {
        Report { state: self.state.borrow().clone(), history: self.history.borrow().to_vec() }
    }

    /// What was sent to the bucket and received from it.
    #[must_use]
    pub(crate) fn traffic(&self) -> TrafficReading {
        self.bucket.traffic().read()
    }

    /// Carries out what a person wants, or gives the reason why it cannot be done: sentences.
    pub(crate) async fn order(&self, command: Command) -> Result<Reply, Text> {
        let (answer, answered) = oneshot::channel();
        self.orders.try_send(Asked { command, askers: vec![answer] }).map_err(|_| words::busy())?;
        answered.await.map_err(|_| words::busy())?
    }
}
