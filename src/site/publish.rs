//! Loads the site, makes its representations in the background, and replaces it when its
//! directory changes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use thiserror::Error;

use super::directory::Listing;
use super::{Asset, Site, embedded, encode, retained};

/// How often a site directory is looked at. Listing a dist costs well under a millisecond,
/// and unlike inotify it also works on USB sticks and network shares.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Which site is served, and how.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Serve this directory instead of the embedded dist.
    pub directory: Option<PathBuf>,
    /// The Content-Security-Policy of the site's pages; without one, or with an empty one, none is sent.
    pub content_security_policy: Option<String>,
    /// Where the hashed assets of the version before an update are kept; `None`: nowhere.
    pub retained: Option<PathBuf>,
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
pub struct Current(ArcSwap<Site>);

impl Current {
    /// The site to answer one request from.
    pub fn load(&self) -> arc_swap::Guard<Arc<Site>> {
        self.0.load()
    }
}

/// Keeps a [`Current`] up to date from a thread of its own; dropping it ends the thread.
pub struct Publisher {
    _stop: mpsc::Sender<()>,
}

impl Publisher {
    /// Publishes the site uncompressed before it returns, then makes the representations and
    /// follows the directory in the background. `report` is told of every fault in words, and
    /// `None` when all is well again.
    ///
    /// A directory that cannot be served is a fault, not an error: the embedded display is
    /// shown meanwhile.
    pub fn start(
        settings: Settings,
        report: impl Fn(Option<String>) + Send + 'static,
    ) -> Result<(Self, Arc<Current>), SiteError> {
        let current = Arc::new(Current::default());
        let (stop, stopped) = mpsc::channel();
        let mut worker = Worker { settings, current: Arc::clone(&current), own: Site::default(), report };
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
    current: Arc<Current>,
    /// The site without what it retains of the one before.
    own: Site,
    report: R,
}

impl<R: Fn(Option<String>)> Worker<R> {
    /// Gives the listing of the directory that is now served, if one is.
    fn load_first(&mut self) -> Option<Listing> {
        if let Some(directory) = self.settings.directory.clone() {
            match Listing::of(&directory).and_then(|listing| Ok((listing.read()?, listing))) {
                Ok((files, listing)) => {
                    self.publish(Site::new(files, self.policy()));
                    return Some(listing);
                }
                Err(error) => self.fault(&error, "cannot serve the site directory, showing the embedded display"),
            }
        }
        self.publish(Site::new(embedded::files(), self.policy()));
        None
    }

    fn policy(&self) -> Option<&str> {
        self.settings.content_security_policy.as_deref()
    }

    fn run(mut self, mut served: Option<Listing>, stopped: &mpsc::Receiver<()>) {
        if self.settings.directory.is_none() {
            self.keep_previous_version();
        }
        self.encode();
        let Some(directory) = self.settings.directory.clone() else { return };

        let mut settling = None;
        while stopped.recv_timeout(LOOK_EVERY) == Err(RecvTimeoutError::Timeout) {
            match Listing::of(&directory) {
                Ok(listing) if served.as_ref() == Some(&listing) => settling = None,
                // Two equal looks in a row: the build that writes it is done.
                Ok(listing) if settling.as_ref() == Some(&listing) => {
                    settling = None;
                    match listing.read() {
                        Ok(files) => {
                            self.publish(Site::new(files, self.policy()));
                            served = Some(listing);
                            tracing::info!(directory = %directory.display(), files = self.own.len(), "the site has changed and is served anew");
                            (self.report)(None);
                            self.encode();
                        }
                        Err(error) => self.fault(&error, "cannot read the changed site, serving the one before"),
                    }
                }
                Ok(listing) => settling = Some(listing),
                Err(error) => {
                    // Said once for each state, not once a second.
                    if settling.take().is_some() || served.take().is_some() {
                        self.fault(&error, "cannot read the changed site, serving the one before");
                    }
                }
            }
        }
    }

    /// Makes `site` the one that is served, with the hashed assets of the one before.
    fn publish(&mut self, site: Site) {
        let before = std::mem::replace(&mut self.own, site);
        self.own.reuse(&before);
        let mut shown = self.own.clone();
        shown.retain(&before);
        self.current.0.store(Arc::new(shown));
    }

    fn keep_previous_version(&self) {
        let Some(directory) = &self.settings.retained else { return };
        match retained::exchange(directory, &self.own) {
            Ok(files) if files.is_empty() => {}
            Ok(files) => {
                let mut shown = Site::clone(&self.current.load());
                shown.retain(&Site::new(files, self.policy()));
                self.current.0.store(Arc::new(shown));
            }
            Err(error) => self.fault(&error, "cannot keep the files of the version before"),
        }
    }

    /// gzip of everything first, since every TV takes it; Brotli takes a hundred times longer.
    fn encode(&mut self) {
        self.encode_with(
            |asset| asset.gzip.is_none(),
            |asset| {
                if let Some(body) = encode::gzip(&asset.identity.body) {
                    asset.add_gzip(body);
                }
            },
        );
        self.encode_with(
            |asset| asset.brotli.is_none(),
            |asset| {
                if let Some(body) = encode::brotli(&asset.identity.body) {
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
        self.current.0.store(Arc::new(shown));
    }

    fn fault(&self, error: &dyn std::error::Error, what: &str) {
        let words = crate::error_chain(error);
        tracing::error!(error = %words, "{what}");
        (self.report)(Some(format!("{what}: {words}")));
    }
}
