//! The display's files, ready to be sent: in memory, but for large ones, which stay open on the disk.
//!
//! ```text
//! embedded | directory ──> File ──> Asset (identity) ──encode──> Asset (+ gzip, + br)
//!                                      └──────────── Site, swapped whole ────────────┘
//! ```
//!
//! A [`Site`] never changes; a new one replaces it in [`Current`] while requests go on
//! reading the old one.

mod agent;
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
mod path;
mod policy;
mod publish;
mod retained;
mod settings;
mod stamp;
mod state;
mod tag;
mod words;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustc_hash::FxHashMap;

use asset::Additions;
use tag::Tag;

pub(crate) use agent::Agent;
pub(crate) use asset::{Asset, IMMUTABLE, NO_STORE, Representation};
pub(crate) use content::{Content, OnDisk};
pub(crate) use hashed::is_hashed;
pub(crate) use left_out::LeftOut;
use path::FilePath;
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
    assets: FxHashMap<FilePath<'static>, Arc<Asset>>,
    /// The page that navigations get, found once: most requests are for it.
    index: Option<Arc<Asset>>,
    /// Of all files as they are in the dist, so that it is the same wherever this dist is served.
    version: Option<Arc<str>>,
    /// Why there is nothing; then there are no assets.
    unavailable: Option<Arc<Unavailable>>,
}

impl Site {
    /// The pages get the policy, and the agent's tag where `has_agent` says so.
    fn new(files: Vec<File>, policy: Option<&str>, has_agent: bool) -> Self {
        let digests: Vec<_> = files.iter().map(|file| file.content.digest()).collect();
        let version = version(&files, &digests);
        let tag = has_agent.then(|| {
            // A page with the tag is another when any file is, or the agent.
            let newest = files.iter().map(|file| file.modified).max();
            (Tag::new(agent::version(), &version), newest.unwrap_or(UNIX_EPOCH).max(embedded::build_time()))
        });
        let additions = Additions { policy, tag };
        let asset = |(file, digest): (File, String)| {
            let path = file.path.clone();
            (path.into(), Arc::new(Asset::new(file, digest, &additions)))
        };
        let assets = files.into_iter().zip(digests).map(asset).collect();
        Self { assets, version: Some(version.into()), ..Self::default() }.with_index()
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

    /// What tells this dist from others, where there is one.
    pub(crate) fn version(&self) -> Option<&Arc<str>> {
        self.version.as_ref()
    }

    /// The asset at a decoded URL path; a path that ends in `/` means its `index.html`.
    #[must_use]
    pub(crate) fn get<'a>(&'a self, path: &'a str) -> Option<&'a Asset> {
        if path == "/" {
            return self.index();
        }
        let path = if path.ends_with('/') { Cow::Owned(format!("{path}index.html")) } else { Cow::Borrowed(path) };
        self.assets.get(&FilePath(path)).map(Arc::as_ref)
    }

    /// Whether a decoded URL path without a slash at its end names a directory that has an `index.html`.
    #[must_use]
    pub(crate) fn is_directory_with_page(&self, path: &str) -> bool {
        !path.ends_with('/') && self.assets.contains_key(format!("{path}/index.html").as_str())
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
        self.assets.keys().map(|path| &**path)
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

/// Of a large file the length counts alone: its bytes would be known too late.
fn version(files: &[File], digests: &[String]) -> String {
    let parts: Vec<_> = files
        .iter()
        .zip(digests)
        .map(|(file, digest)| match &file.content {
            Content::Memory(_) => digest.clone(),
            Content::Disk(file) => file.length().to_string(),
        })
        .collect();
    content::digest_of_set(files.iter().zip(&parts).map(|(file, part)| (file.path.as_str(), part.as_str())).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;

    const PAGE: &str = "<!doctype html><html><head><title>t</title></head></html>";

    fn file(path: &str, body: &str, day: u64) -> File {
        let modified = UNIX_EPOCH + Duration::from_secs(day * 86_400);
        File { path: path.into(), content: Content::Memory(Bytes::from(body.to_owned())), modified }
    }

    fn files() -> Vec<File> {
        vec![file("/index.html", PAGE, 1), file("/a.js", "script", 2), file("/docs/index.html", PAGE, 3)]
    }

    fn body(site: &Site, path: &str) -> String {
        let bytes = site.get(path).and_then(|asset| asset.identity.body.in_memory()).expect("in memory");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[test]
    fn documents_carry_the_tag_and_nothing_else_does() {
        let mut with_others = files();
        with_others.extend([
            file("/part.html", "<p>Text", 1),
            file("/a.svg", "<html><head>", 1),
            file("/a.xhtml", "<html><head>", 1),
            file("/a.txt", PAGE, 1),
        ]);
        let site = Site::new(with_others, None, true);
        let tag = format!(
            "<head><script src=\"/_edge/agent.js?v={}\" data-site=\"{}\"></script><title>",
            agent::version(),
            site.version().expect("a version")
        );
        for path in ["/", "/docs/"] {
            assert_eq!(body(&site, path), PAGE.replace("<head><title>", &tag));
        }
        for (path, same) in
            [("/part.html", "<p>Text"), ("/a.svg", "<html><head>"), ("/a.xhtml", "<html><head>"), ("/a.txt", PAGE)]
        {
            assert_eq!(body(&site, path), same, "{path}");
        }
        let plain = Site::new(files(), None, false);
        assert_eq!(body(&plain, "/"), PAGE);
    }

    #[test]
    fn the_validators_are_those_of_the_bytes_with_the_tag() {
        let (plain, tagged) = (Site::new(files(), None, false), Site::new(files(), None, true));
        let (plain, page) = (plain.index().expect("a page"), tagged.index().expect("a page"));
        let sent = body(&tagged, "/");
        assert_ne!(page.identity.etag, plain.identity.etag);
        assert_eq!(page.identity.etag, format!("\"{}\"", content::digest_of(sent.as_bytes())));
        assert_eq!(page.identity.body.length(), sent.len());
        assert_eq!(page.boundary(), content::digest_of(sent.as_bytes()));
        // It is another document as soon as any file is another, or the agent.
        assert_eq!(plain.last_modified, UNIX_EPOCH + Duration::from_secs(86_400));
        assert_eq!(page.last_modified, embedded::build_time());
        let mut newer = files();
        newer.push(file("/b.js", "script", 99_999));
        let newer = Site::new(newer, None, true);
        assert_eq!(newer.index().expect("a page").last_modified, UNIX_EPOCH + Duration::from_secs(99_999 * 86_400));
        assert_eq!(newer.get("/a.js").expect("a script").last_modified, UNIX_EPOCH + Duration::from_secs(2 * 86_400));
    }

    #[test]
    fn the_version_is_that_of_the_dist_wherever_it_is_served() {
        let version = |files| Site::new(files, None, true).version().expect("a version").to_string();
        let ours = version(files());
        assert_eq!(ours.len(), 16);
        assert_eq!(Site::new(files(), Some("default-src *"), false).version().map(|version| &**version), Some(&*ours));
        let mut others = files();
        others.reverse();
        for file in &mut others {
            file.modified = UNIX_EPOCH;
        }
        assert_eq!(version(others), ours);
        for other in [file("/index.html", "<p>", 1), file("/docs/index.html", "<p>", 1), file("/a.js", "other", 1)] {
            let mut changed = files();
            changed.retain(|file| file.path != other.path);
            changed.push(other);
            assert_ne!(version(changed), ours);
        }
        assert_ne!(version(files().into_iter().skip(1).collect()), ours);
        let mut renamed = files();
        renamed[1].path = "/b.js".into();
        assert_ne!(version(renamed), ours);

        // A copy of a film is another file on the disk.
        let film = |length| {
            let copy = tempfile::tempfile().expect("a file");
            copy.set_len(length).expect("longer");
            let content = Content::Disk(Arc::new(OnDisk::new("/film.mp4".into(), copy).expect("a file")));
            Site::new(vec![File { path: "/film.mp4".into(), content, modified: UNIX_EPOCH }], None, true)
        };
        let [one, copy, longer] = [7, 7, 8].map(film);
        assert_eq!(one.version(), copy.version());
        assert_ne!(one.version(), longer.version());
        assert_eq!(Site::default().version(), None);
    }

    #[test]
    fn representations_are_made_again_where_bytes_are_others() {
        let before = Site::new(files(), None, true);
        let is_reused = |mut site: Site, path: &str| {
            site.reuse(&before);
            Arc::ptr_eq(&site.assets[path], &before.assets[path])
        };
        for path in ["/index.html", "/a.js"] {
            assert!(is_reused(Site::new(files(), None, true), path), "{path}");
        }
        let mut changed = files();
        changed[2].content = Content::Memory(Bytes::from_static(b"<p>"));
        assert!(is_reused(Site::new(changed, None, true), "/a.js"));
        let mut changed = files();
        changed[2].content = Content::Memory(Bytes::from_static(b"<p>"));
        assert!(!is_reused(Site::new(changed, None, true), "/index.html"));
        assert!(!is_reused(Site::new(files(), None, false), "/index.html"));
    }
}
