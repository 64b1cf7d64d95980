//! Administration from a browser: behind the box's PIN, over HTTPS or from the box itself.
//!
//! ```text
//! request ─> from whom? ─> same origin? ─> session ─> token ─> section ─command─> composition root
//!            (caller)      (request)       (sessions)          (pages)
//!                                             └ login: throttle ─> pin ─> hash
//! ```
//!
//! Plain forms without script. The composition root holds the other end of the commands and carries them out.

mod admin_request;
mod audit;
mod digits;
mod erp;
mod hash;
mod pages;
mod pin;
mod request;
mod respond;
mod screens;
mod secure;
mod sessions;
mod throttle;
mod updates;
mod words;

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, Response};
use tokio::sync::{Semaphore, mpsc, oneshot};

pub(crate) use self::erp::{ErpAccount, ErpCheck, ErpCommand, ErpOrigin, ErpSection, ErpSource, ErpStep, ErpVerdict};
pub(crate) use self::pin::PinError;
pub(crate) use self::secure::{Fingerprint, Secure};
pub(crate) use self::updates::{Updates, UpdatesSource};

use self::admin_request::AdminRequest;
use self::erp::Drafts;
use self::pin::Pin;
use self::sessions::Sessions;
use self::throttle::{RetryAfter, Throttle};
use crate::lang::{Lang, Text};
use crate::screens::{ChangeError, Screens};
use crate::update::command::Command;

/// Bytes of a form: a token and three PINs, or an address and an account.
pub(crate) const MAX_BODY: usize = 8 * 1024;

/// Commands that may be queued; a later one is answered that the box is busy.
const MAX_COMMANDS: usize = 4;

/// Whose attempts those of the machine's own ports count as: nobody's on the network, and not those of a browser on the
/// box either, so that a stick with wrong PINs locks out nobody but sticks.
const OWN_PORTS: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 255, 255, 254));

/// Who asks, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller {
    /// The peer's address.
    pub(crate) ip: IpAddr,
    /// Whether nobody between can read along.
    pub(crate) is_https: bool,
}

impl Caller {
    fn is_private(self) -> bool {
        self.is_https || self.ip.to_canonical().is_loopback()
    }
}

/// A command from the administration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AdminCommand {
    /// To drain and to start again.
    Restart,
    /// To forget everything but the configuration, and to start again.
    FactoryReset,
    /// To collect what support needs.
    SupportBundle,
    /// Something about the updates.
    Update(Command),
    /// Something about the ERP's account.
    Erp(ErpCommand),
}

/// The outcome.
#[derive(Debug)]
pub(crate) enum AdminOutcome {
    /// It is under way.
    Begun,
    /// A file for the person.
    File {
        /// Its name: visible ASCII without quotes.
        name: String,
        /// Its media type.
        media: &'static str,
        /// What is in it.
        bytes: Bytes,
    },
    /// It is done, or goes on by itself: the section says how far it is.
    Done,
    /// How the check of an ERP's account went.
    ErpChecked(ErpCheck),
    /// There is nothing to do, and why, as a part of a sentence.
    Nothing(Text),
    /// Why it cannot be done, and what to do, in sentences.
    Refused(Text),
    /// Why it cannot be done, in English, as the log has it.
    Failed(String),
}

/// A queued command.
#[derive(Debug)]
pub(crate) struct PendingCommand {
    /// The options.
    pub(crate) command: AdminCommand,
    /// Where the outcome goes.
    pub(crate) outcome: oneshot::Sender<AdminOutcome>,
}

/// What the pages need to know.
#[derive(Clone)]
pub(crate) struct Settings {
    /// Where those on other machines may go.
    pub(crate) secure: Secure,
    /// The language of the pages where neither the address nor the browser asks for one.
    pub(crate) language: Lang,
    /// What the support bundle contains: a line for each thing.
    pub(crate) bundle_contents: Vec<Text>,
    /// The state of the updates.
    pub(crate) updates: UpdatesSource,
    /// The ERP's account and its link.
    pub(crate) erp: ErpSource,
    /// The screens.
    pub(crate) screens: Screens,
}

/// The administration.
pub(crate) struct Admin {
    pin: Arc<Pin>,
    sessions: Mutex<Sessions>,
    throttle: Mutex<Throttle>,
    /// Serialises hashing: each hash takes memory and a thread.
    hashing: Semaphore,
    /// One check of an ERP's account at a time: each is a login there.
    checking: Semaphore,
    drafts: Mutex<Drafts>,
    commands: mpsc::Sender<PendingCommand>,
    settings: Settings,
    report: Box<dyn Fn(Option<String>) + Send + Sync>,
}

impl Admin {
    /// Reads or makes the PIN in `directory`. `report` is called with a failure to keep it, and again once it is over.
    /// The receiver gets the commands.
    #[must_use]
    pub(crate) fn start(
        directory: &Path,
        settings: Settings,
        report: impl Fn(Option<String>) + Send + Sync + 'static,
    ) -> (Self, mpsc::Receiver<PendingCommand>) {
        let (pin, fault) = Pin::load(directory);
        let (commands, asked) = mpsc::channel(MAX_COMMANDS);
        let admin = Self {
            pin: Arc::new(pin),
            sessions: Mutex::default(),
            throttle: Mutex::new(Throttle::new(Instant::now())),
            hashing: Semaphore::new(1),
            checking: Semaphore::new(1),
            drafts: Mutex::default(),
            commands,
            settings,
            report: Box::new(report),
        };
        if let Some(fault) = fault {
            admin.report_pin_error(&fault);
        }
        (admin, asked)
    }

    /// The PIN in clear; `None` where a person has chosen it.
    #[must_use]
    pub(crate) fn pin(&self) -> Option<String> {
        self.pin.clear()
    }

    /// Makes the hash of a PIN that has none yet, so that the first who logs in need not wait for it.
    pub(crate) async fn ensure_hash(&self) {
        let pin = Arc::clone(&self.pin);
        if let Ok(Err(fault)) = self.hashed(move || pin.ensure_hash()).await {
            self.report_pin_error(&fault);
        }
    }

    /// Whether this, which somebody has brought to one of the machine's own ports, is the PIN.
    ///
    /// # Errors
    /// How long to wait before the next attempt, after too many.
    pub(crate) async fn is_pin(&self, attempt: &str) -> Result<bool, Duration> {
        let caller = Caller { ip: OWN_PORTS, is_https: false };
        self.check(attempt, caller, Instant::now()).await.map_err(|RetryAfter(wait)| wait)
    }

    /// Makes a new PIN for people who have forgotten theirs, and gives it. Everybody has to log in again.
    pub(crate) async fn new_pin(&self) -> Result<String, PinError> {
        let pin = Arc::clone(&self.pin);
        let made = self.hashed(move || pin.renew()).await.map_err(PinError::Make)?;
        let (new, fault) = made?;
        self.end_sessions();
        match fault {
            Some(fault) => self.report_pin_error(&fault),
            None => (self.report)(None),
        }
        Ok(new)
    }

    /// Answers what is asked below `/_edge/admin`. The body is whole, and no longer than [`MAX_BODY`].
    pub(crate) async fn answer(&self, request: Request<Bytes>, caller: Caller) -> Response<Bytes> {
        self.answer_at(request, caller, Instant::now()).await
    }

    async fn answer_at(&self, request: Request<Bytes>, caller: Caller, now: Instant) -> Response<Bytes> {
        let (parts, body) = request.into_parts();
        let request = AdminRequest::new(self, &parts, caller, now);
        match parts.method {
            Method::GET | Method::HEAD => request.get(),
            Method::POST => request.post(&body).await,
            _ => request.wrong_method(),
        }
    }

    /// Hashes on another thread, one after another, since each takes time and memory. Those who wait are as few
    /// as the throttle lets in.
    async fn hashed<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, String> {
        let _permit = self.hashing.acquire().await.map_err(|error| error.to_string())?;
        tokio::task::spawn_blocking(work).await.map_err(|error| error.to_string())
    }

    /// Whether somebody knows the PIN, if they may try at all.
    async fn check(&self, attempt: &str, caller: Caller, now: Instant) -> Result<bool, RetryAfter> {
        self.throttle().attempt(caller.ip, now)?;
        let (pin, attempt) = (Arc::clone(&self.pin), attempt.to_owned());
        let is_right = self.hashed(move || pin.is(&attempt)).await.unwrap_or(false);
        if is_right {
            self.throttle().succeeded(caller.ip);
        }
        Ok(is_right)
    }

    async fn send(&self, command: AdminCommand) -> AdminOutcome {
        let (outcome, answer) = oneshot::channel();
        match self.commands.try_send(PendingCommand { command, outcome }) {
            Ok(()) => answer.await.unwrap_or_else(|_| AdminOutcome::Failed("the box is stopping".into())),
            Err(_) => AdminOutcome::Failed("too many commands are waiting".into()),
        }
    }

    /// Changes something of the screens on another thread, since it waits for the disk.
    async fn change_screens(
        &self,
        change: impl FnOnce(&Screens) -> Result<(), ChangeError> + Send + 'static,
    ) -> Result<Result<(), ChangeError>, String> {
        let screens = self.settings.screens.clone();
        tokio::task::spawn_blocking(move || change(&screens)).await.map_err(|error| error.to_string())
    }

    fn report_pin_error(&self, fault: &PinError) {
        let fault = crate::error_chain(fault);
        tracing::warn!(error = %fault, "the PIN is valid until the next start only");
        (self.report)(Some(fault));
    }

    fn sessions(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn drafts(&self) -> MutexGuard<'_, Drafts> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends every session, and what one of them has begun.
    fn end_sessions(&self) {
        self.sessions().end_all();
        self.drafts().clear();
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
