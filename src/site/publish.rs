//! Loads the site, makes its representations in the background, and replaces it when its
//! directory changes.

use crate::lang::Text;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use thiserror::Error;

use super::content::OnDisk;
use super::directory::{DirectoryError, Limits, Listing};
use super::hashing::Hashing;
use super::left_out::{LeftOut, SkipReason};
use super::settings::Settings;
use super::state::{Serving, State, Unavailable};
use super::{Asset, File, Site, embedded, encode, retained};

/// How often a site directory is looked at. Listing a dist costs well under a millisecond,
/// and unlike inotify it also works on USB sticks and network shares.
const POLL_INTERVAL: Duration = Duration::from_secs(1);
/// A look at a large directory takes its time, and may take one part in so many of it.
const MAX_SHARE: u32 = 20;
/// But no longer than this between two looks: one that was held up, as by a share that hung, says little of the next.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(10);

/// What the publisher has to know besides its settings.
#[derive(Debug, Clone)]
pub(crate) struct PublisherInputs {
    /// Large files that may be open at once.
    pub(crate) open: usize,
    /// Whether the box answers a URL path itself, so that no file can.
    pub(crate) is_reserved: fn(&str) -> bool,
    /// Whether it does so while an ERP is configured.
    pub(crate) is_of_erp: fn(&str) -> bool,
    /// Whether pages get the agent's tag.
    pub(crate) has_agent: bool,
    /// Where the hashed assets of the version before an update are kept; `None`: nowhere.
    pub(crate) retained: Option<PathBuf>,
}

/// The site cannot be published.
#[derive(Debug, Error)]
pub enum SiteError {
    /// The background thread could not be started.
    #[error("cannot start the site's background thread")]
    Thread(#[source] std::io::Error),
}

/// The site as it is now; reading it takes no lock.
#[derive(Default)]
pub(crate) struct Current {
    site: ArcSwap<Site>,
    state: ArcSwap<State>,
}

impl Current {
    /// The site to answer one request from.
    pub(crate) fn load(&self) -> arc_swap::Guard<Arc<Site>> {
        self.site.load()
    }

    fn show(&self, site: Site) {
        self.site.store(Arc::new(site.with_index()));
    }

    /// What is served, and what is wrong with it.
    pub(crate) fn state(&self) -> Arc<State> {
        self.state.load_full()
    }
}

/// Keeps a [`Current`] up to date from a thread of its own; dropping it ends the thread.
pub(crate) struct Publisher {
    _stop: mpsc::Sender<()>,
}

impl Publisher {
    /// Publishes the site uncompressed before it returns, then makes the representations and
    /// follows the directory in the background. `report` gets the state whenever it changes.
    ///
    /// A directory that cannot be served is a fault, not an error: a page says so until it can. The embedded display
    /// never replaces it, since its invented figures would be taken for the workshop's.
    pub(crate) fn start(
        settings: Settings,
        surroundings: PublisherInputs,
        report: impl Fn(&State) + Send + 'static,
    ) -> Result<(Self, Arc<Current>), SiteError> {
        let current = Arc::new(Current::default());
        let (stop, stopped) = mpsc::channel();
        let state = State { directory: settings.dir.clone(), ..State::default() };
        let mut worker = Worker {
            settings,
            surroundings,
            current: Arc::clone(&current),
            own: Site::default(),
            state,
            report,
            hashing: None,
            unreadable: HashSet::new(),
        };
        let listing = worker.load_first();
        thread::Builder::new()
            .name("site".into())
            .spawn(move || worker.run(listing, &stopped))
            .map_err(SiteError::Thread)?;
        Ok((Self { _stop: stop }, current))
    }
}

struct Worker<R> {
    settings: Settings,
    surroundings: PublisherInputs,
    current: Arc<Current>,
    /// The site without what it retains of the one before.
    own: Site,
    state: State,
    report: R,
    hashing: Option<Hashing>,
    /// Large files that could not be hashed.
    unreadable: HashSet<String>,
}

impl<R: Fn(&State)> Worker<R> {
    fn limits(&self) -> Limits {
        let Settings { max_files, max_size_mib, .. } = self.settings;
        Limits { files: max_files, bytes: max_size_mib.saturating_mul(1024 * 1024), open: self.surroundings.open }
    }

    /// Gives the listing of the directory that is now served, if one is.
    fn load_first(&mut self) -> Option<Listing> {
        let Some(directory) = self.settings.dir.clone() else {
            self.load_embedded();
            return None;
        };
        match self.list(&directory).and_then(|listing| self.load(&listing).map(|()| listing)) {
            Ok(listing) => Some(listing),
            Err(error) => {
                self.fail(&error);
                None
            }
        }
    }

    fn load_embedded(&mut self) {
        let (files, reserved): (Vec<_>, Vec<_>) =
            embedded::files().into_iter().partition(|file| !(self.surroundings.is_reserved)(&file.path));
        let left_out = LeftOut::new(reserved.into_iter().map(|file| (file.path, SkipReason::Reserved)).collect());
        self.publish(files);
        self.now_serves(Serving::Embedded, left_out);
    }

    fn list(&self, directory: &Path) -> Result<Listing, DirectoryError> {
        Listing::of(directory, self.limits(), self.surroundings.is_reserved)
    }

    /// Reads and publishes what a listing names.
    fn load(&mut self, listing: &Listing) -> Result<(), DirectoryError> {
        let loaded = listing.read(self.limits())?;
        self.publish(loaded.files);
        self.now_serves(Serving::Directory, loaded.left_out);
        Ok(())
    }

    fn policy(&self) -> Option<&str> {
        self.settings.content_security_policy.as_deref()
    }

    fn run(mut self, mut served: Option<Listing>, stopped: &mpsc::Receiver<()>) {
        if self.settings.dir.is_none() {
            self.keep_previous_version();
        }
        self.encode();
        let Some(directory) = self.settings.dir.clone() else { return };

        let mut settling = None;
        let mut pause = POLL_INTERVAL;
        while self.waits(pause, stopped) {
            let began = Instant::now();
            let found = self.list(&directory);
            pause = poll_interval(began.elapsed());
            match found {
                Ok(listing) if served.as_ref() == Some(&listing) => {
                    settling = None;
                    self.recovered();
                }
                // Two equal looks in a row: the build that writes it is done.
                Ok(listing) if settling.as_ref() == Some(&listing) => {
                    settling = None;
                    match self.load(&listing) {
                        Ok(()) => {
                            served = Some(listing);
                            tracing::info!(directory = %directory.display(), files = self.own.len(), "the site has changed and was reloaded");
                            self.encode();
                        }
                        Err(error) => self.fail(&error),
                    }
                }
                Ok(listing) => settling = Some(listing),
                Err(error) => {
                    settling = None;
                    self.fail(&error);
                }
            }
        }
    }

    /// Waits, and hashes large files meanwhile; `false` when it is all over.
    fn waits(&mut self, pause: Duration, stopped: &mpsc::Receiver<()>) -> bool {
        let until = Instant::now() + pause;
        loop {
            let has_more = self.hash_some();
            let left = until.saturating_duration_since(Instant::now());
            let wait = if has_more { Duration::ZERO } else { left };
            match stopped.recv_timeout(wait) {
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return true,
                Err(RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// A step of the digest of a large file, if there is one without; gives whether there is more to do.
    fn hash_some(&mut self) -> bool {
        let Some(mut hashing) = self.hashing.take().or_else(|| self.unhashed().map(Hashing::new)) else { return false };
        match hashing.step() {
            Ok(None) => self.hashing = Some(hashing),
            Ok(Some(digest)) => self.has_hashed(hashing.file(), digest),
            Err(error) => {
                // One that has changed is found by the next poll, and loaded again.
                let path = hashing.file().path();
                tracing::warn!(path, %error, "a large file cannot be read: it has no entity tag");
                self.unreadable.insert(path.to_owned());
            }
        }
        true
    }

    fn unhashed(&self) -> Option<Arc<OnDisk>> {
        let mut files = self.own.assets.values().filter_map(|asset| asset.unhashed());
        files.find(|file| !self.unreadable.contains(file.path())).cloned()
    }

    fn has_hashed(&mut self, file: &Arc<OnDisk>, digest: String) {
        let Some(asset) = self.own.assets.get_mut(file.path()) else { return };
        if !asset.unhashed().is_some_and(|unhashed| Arc::ptr_eq(unhashed, file)) {
            return;
        }
        *asset = Arc::new(asset.hashed(digest));
        let mut shown = Site::clone(&self.current.load());
        shown.assets.insert(file.path().to_owned().into(), Arc::clone(asset));
        self.current.show(shown);
    }

    /// Serves these files, with the hashed assets of the site before.
    fn publish(&mut self, files: Vec<File>) {
        let site = Site::new(files, self.policy(), self.surroundings.has_agent);
        let before = std::mem::replace(&mut self.own, site);
        self.own.reuse(&before);
        self.unreadable.clear();
        // A digest under way goes on, if its file is still the one.
        self.hashing = self.hashing.take().filter(|hashing| {
            let asset = self.own.assets.get(hashing.file().path());
            asset.and_then(|asset| asset.unhashed()).is_some_and(|file| Arc::ptr_eq(file, hashing.file()))
        });
        let mut shown = self.own.clone();
        shown.retain(&before);
        self.current.show(shown);
    }

    fn now_serves(&mut self, serving: Serving, left_out: LeftOut) {
        if left_out != self.state.left_out {
            for (path, reason) in left_out.named() {
                tracing::warn!(path, reason = reason.words().en, "a file of the site is not served");
            }
            if left_out.total() > left_out.named().len() {
                tracing::warn!(total = left_out.total(), "more files of the site are not served");
            }
        }
        let of_erp = self.own.paths().filter(|path| (self.surroundings.is_of_erp)(path));
        let hidden_by_erp = LeftOut::new(of_erp.map(|path| (path.to_owned(), SkipReason::OfErp)).collect());
        let (files, bytes, version) = (self.own.len(), self.own.bytes(), self.own.version().cloned());
        self.set(State { serving, files, bytes, version, left_out, hidden_by_erp, fault: None, ..self.state.clone() });
    }

    /// The directory cannot be served: what it last held is, or else a page that says why not.
    fn fail(&mut self, error: &DirectoryError) {
        let unavailable = Unavailable::new(error);
        let words = unavailable.what.and(&unavailable.remedy);
        // Said once for each state, not once a second.
        if self.state.fault.as_ref() == Some(&words) {
            return;
        }
        let error = crate::error_chain(error);
        let serving = match self.state.serving {
            Serving::Directory | Serving::LastGood => {
                tracing::error!(error, "cannot serve the changed site, serving the one before");
                Serving::LastGood
            }
            Serving::Embedded | Serving::Nothing => {
                tracing::error!(error, "cannot serve the site directory: the displays show a page that says so");
                self.current.show(Site::unavailable(unavailable));
                Serving::Nothing
            }
        };
        self.set(State { serving, fault: Some(words), ..self.state.clone() });
    }

    /// The directory is again what is served.
    fn recovered(&mut self) {
        if self.state.serving == Serving::LastGood {
            self.set(State { serving: Serving::Directory, fault: None, ..self.state.clone() });
        }
    }

    fn set(&mut self, state: State) {
        if state != **self.current.state.load() {
            (self.report)(&state);
            self.current.state.store(Arc::new(state.clone()));
        }
        self.state = state;
    }

    fn keep_previous_version(&mut self) {
        let Some(directory) = &self.surroundings.retained else { return };
        match retained::exchange(directory, &self.own) {
            Ok(files) if files.is_empty() => {}
            Ok(files) => {
                let mut shown = Site::clone(&self.current.load());
                shown.retain(&Site::new(files, self.policy(), false));
                self.current.show(shown);
            }
            Err(error) => {
                let error = crate::error_chain(&error);
                tracing::error!(error, "cannot keep the files of the version before");
                let fault = Text::new(
                    format!("No se pueden guardar los archivos de la versión anterior: {error}"),
                    format!("Cannot keep the files of the version before: {error}"),
                );
                self.set(State { fault: Some(fault), ..self.state.clone() });
            }
        }
    }

    /// gzip of everything first, since every TV takes it; Brotli takes a hundred times longer.
    fn encode(&mut self) {
        self.encode_with(
            |asset| asset.gzip.is_none(),
            |asset| {
                if let Some(body) = asset.identity.body.in_memory().and_then(|bytes| encode::gzip(bytes)) {
                    asset.add_gzip(body);
                }
            },
        );
        self.encode_with(
            |asset| asset.brotli.is_none(),
            |asset| {
                if let Some(body) = asset.identity.body.in_memory().and_then(|bytes| encode::brotli(bytes)) {
                    asset.add_brotli(body);
                }
            },
        );
    }

    fn encode_with(&mut self, wanted: impl Fn(&Asset) -> bool, add: impl Fn(&mut Asset)) {
        let mut shown = Site::clone(&self.current.load());
        for (path, asset) in &mut shown.assets {
            if asset.is_compressible() && wanted(asset) {
                add(Arc::make_mut(asset));
                if let Some(own) = self.own.assets.get_mut(path) {
                    *own = Arc::clone(asset);
                }
            }
        }
        self.current.show(shown);
    }
}

/// The pause after a look that took so long.
fn poll_interval(look: Duration) -> Duration {
    (look * MAX_SHARE).clamp(POLL_INTERVAL, MAX_POLL_INTERVAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_that_was_held_up_puts_the_next_off_for_a_bounded_time() {
        let after = |milliseconds| poll_interval(Duration::from_millis(milliseconds)).as_millis();
        assert_eq!([0, 50, 200, 500, 4_000].map(after), [1_000, 1_000, 4_000, 10_000, 10_000]);
    }
}
