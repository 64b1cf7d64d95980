//! The display's files, ready to be sent: in memory, but for large ones, which stay open on the disk.
//!
//! ```text
//! embedded | directory ──> File ──> Asset (identity) ──encode──> Asset (+ gzip, + br)
//!                                      └──────────── Site, swapped whole ────────────┘
//! ```
//!
//! A [`Site`] never changes; a new one replaces it in [`Current`] while requests go on
//! reading the old one.

mod asset;
mod charset;
mod content;
mod directory;
mod embedded;
mod encode;
mod hashed;
mod hashing;
mod left_out;
mod markup;
mod media;
mod policy;
mod publish;
mod retained;
mod settings;
mod stamp;
mod state;
mod words;

use std::sync::Arc;
use std::time::SystemTime;

use rustc_hash::FxHashMap;

pub(crate) use asset::{Asset, Representation};
pub(crate) use content::{Content, OnDisk};
pub(crate) use hashed::is_hashed;
pub(crate) use left_out::LeftOut;
pub(crate) use policy::allows_agent;
pub(crate) use publish::{Current, Publisher, PublisherInputs, SiteError};
pub(crate) use settings::Settings;
pub(crate) use state::{Serving, State, Unavailable};

/// One file of a dist, as its source gives it.
pub(crate) struct File {
    /// Absolute URL path, decoded: `/assets/index-Ab12Cd34.js`.
    path: String,
    content: Content,
    /// Whole seconds, so that it survives an HTTP date.
    modified: SystemTime,
}

/// A dist, indexed by URL path.
#[derive(Clone, Default)]
pub(crate) struct Site {
    assets: FxHashMap<String, Arc<Asset>>,
    /// The page that navigations get, found once: most requests are for it.
    index: Option<Arc<Asset>>,
    /// Why there is nothing; then there are no assets.
    unavailable: Option<Arc<Unavailable>>,
}

impl Site {
    fn new(files: Vec<File>, content_security_policy: Option<&str>) -> Self {
        let assets = files
            .into_iter()
            .map(|file| {
                let path = file.path.clone();
                (path, Arc::new(Asset::new(file, content_security_policy)))
            })
            .collect();
        Self { assets, ..Self::default() }.with_index()
    }

    /// Finds the page again, after a file was replaced.
    fn with_index(mut self) -> Self {
        self.index = self.assets.get("/index.html").cloned();
        self
    }

    /// A directory of which nothing can be shown.
    fn unavailable(why: Unavailable) -> Self {
        Self { unavailable: Some(Arc::new(why)), ..Self::default() }
    }

    /// Why there is nothing to show, when that is so.
    #[must_use]
    pub(crate) fn why_unavailable(&self) -> Option<&Unavailable> {
        self.unavailable.as_deref()
    }

    /// The asset at a decoded URL path; a path that ends in `/` means its `index.html`.
    #[must_use]
    pub(crate) fn get(&self, path: &str) -> Option<&Asset> {
        if path == "/" {
            return self.index();
        }
        let asset =
            if path.ends_with('/') { self.assets.get(&format!("{path}index.html")) } else { self.assets.get(path) };
        asset.map(Arc::as_ref)
    }

    /// Whether a decoded URL path without a slash at its end names a directory that has an `index.html`.
    #[must_use]
    pub(crate) fn is_directory_with_page(&self, path: &str) -> bool {
        !path.ends_with('/') && self.assets.contains_key(&format!("{path}/index.html"))
    }

    /// The page that navigations get.
    #[must_use]
    pub(crate) fn index(&self) -> Option<&Asset> {
        self.index.as_deref()
    }

    /// How many files there are.
    fn len(&self) -> usize {
        self.assets.len()
    }

    /// Their bytes.
    fn bytes(&self) -> u64 {
        self.assets.values().map(|asset| asset.identity.body.length() as u64).sum()
    }

    /// Every file's decoded URL path.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &str> {
        self.assets.keys().map(String::as_str)
    }

    /// Takes over the representations of files that an older dist holds unchanged.
    fn reuse(&mut self, older: &Site) {
        for (path, asset) in &mut self.assets {
            if let Some(known) = older.assets.get(path)
                && known.is_same(asset)
            {
                *asset = Arc::clone(known);
            }
        }
    }

    /// Adds those hashed assets of an older dist whose names this one does not have, so that
    /// a TV that still shows the older page finds its files.
    fn retain(&mut self, older: &Site) {
        for (path, asset) in &older.assets {
            // A large file that somebody has removed would still take up its room on the disk.
            if asset.is_immutable() && asset.identity.body.in_memory().is_some() && !self.assets.contains_key(path) {
                self.assets.insert(path.clone(), Arc::clone(asset));
            }
        }
    }
}
