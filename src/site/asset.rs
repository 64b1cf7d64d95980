//! One file, in every form in which it can be sent.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::content::{Content, OnDisk, digest_of, shortened};
use super::tag::Tag;
use super::{File, hashed, media};

/// A file with its representations (RFC 9110 section 8).
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    /// The bytes as they are.
    pub(crate) identity: Representation,
    /// Coded with gzip, once made, where that is smaller.
    pub(crate) gzip: Option<Representation>,
    /// Coded with Brotli, once made, where that is smaller.
    pub(crate) brotli: Option<Representation>,
    /// When the file last changed, in whole seconds.
    pub(crate) last_modified: SystemTime,
    lifetime: Lifetime,
    digest: String,
    fields: HeaderMap,
}

/// One representation, with its answers' header fields made beforehand: a request costs a
/// clone and no formatting.
#[derive(Debug, Clone)]
pub(crate) struct Representation {
    /// The body.
    pub(crate) body: Content,
    /// The strong entity tag, quotes included; empty as long as the content's digest is not known.
    pub(crate) etag: String,
    /// The fields of a `200 OK`.
    pub(crate) ok: HeaderMap,
    /// The fields of a `304 Not Modified` (RFC 9110 section 15.4.5).
    pub(crate) not_modified: HeaderMap,
}

/// What the box adds to the pages of a site.
pub(super) struct Additions<'a> {
    /// Their Content-Security-Policy; an empty one sends none.
    pub(super) policy: Option<&'a str>,
    /// The agent's tag, and when it last changed.
    pub(super) tag: Option<(Tag, SystemTime)>,
}

/// For how long a client may use a copy without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lifetime {
    /// The name changes with the content.
    Immutable,
    /// A page: never stored, since TVs revalidate badly and then show an old page.
    NoStore,
    /// Everything else: stored, but asked about each time.
    Revalidate,
}

/// The Cache-Control of what never changes under its name.
pub(crate) const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// The Cache-Control of what no cache may answer with.
pub(crate) const NO_STORE: &str = "no-store";

impl Lifetime {
    fn cache_control(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Immutable => IMMUTABLE,
            Self::NoStore => NO_STORE,
            Self::Revalidate => "no-cache",
        })
    }
}

const NOSNIFF: HeaderName = header::X_CONTENT_TYPE_OPTIONS;

impl Asset {
    /// `digest` is that of the file's content.
    pub(super) fn new(mut file: File, mut digest: String, additions: &Additions<'_>) -> Self {
        let media = media::of(&file.path, file.content.in_memory().map(|bytes| &**bytes));
        let is_page = media.starts_with("text/html");
        if let Some((tag, changed)) = &additions.tag
            && is_page
            && let Some(tagged) = file.content.in_memory().and_then(|html| tag.insert(html))
        {
            digest = digest_of(&tagged);
            file.content = Content::Memory(Bytes::from(tagged));
            file.modified = file.modified.max(*changed);
        }
        let lifetime = if is_page {
            Lifetime::NoStore
        } else if hashed::is_hashed(&file.path) {
            Lifetime::Immutable
        } else {
            Lifetime::Revalidate
        };

        let mut fields = HeaderMap::new();
        insert(&mut fields, header::CONTENT_TYPE, &media);
        fields.insert(header::CACHE_CONTROL, lifetime.cache_control());
        fields.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        if media::is_of_the_web(&media) {
            fields.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
        }
        insert(&mut fields, header::LAST_MODIFIED, &httpdate::fmt_http_date(file.modified));
        // What is not in memory is sent as it is.
        if media::is_compressible(&media) && file.content.in_memory().is_some() {
            fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        // A scripted SVG is a document too, when it is opened by itself.
        if let Some(policy) = additions.policy
            && !policy.is_empty()
            && (is_page || media.starts_with("image/svg"))
        {
            insert(&mut fields, header::CONTENT_SECURITY_POLICY, policy);
        }

        let is_known = file.content.in_memory().is_some();
        let identity = Representation::new(&fields, file.content, is_known.then_some(&*digest), None);
        Self { identity, gzip: None, brotli: None, last_modified: file.modified, lifetime, digest, fields }
    }

    /// Whether the content can never change under this name.
    #[must_use]
    pub(crate) fn is_immutable(&self) -> bool {
        self.lifetime == Lifetime::Immutable
    }

    /// Whether this is a file that a coding can make smaller.
    pub(super) fn is_compressible(&self) -> bool {
        self.fields.contains_key(header::VARY)
    }

    /// The file, when it is on the disk and its digest is not known.
    pub(super) fn unhashed(&self) -> Option<&Arc<OnDisk>> {
        match &self.identity.body {
            Content::Disk(file) if self.identity.etag.is_empty() => Some(file),
            _ => None,
        }
    }

    /// The same with the digest of its content.
    pub(super) fn hashed(&self, digest: String) -> Self {
        let digest = shortened(digest);
        let identity = Representation::new(&self.fields, self.identity.body.clone(), Some(&digest), None);
        Self { identity, digest, ..self.clone() }
    }

    /// Whether both are the same file with the same content.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (&self.identity.body, &other.identity.body) {
            (Content::Disk(one), Content::Disk(other)) => one.is_same(other),
            _ => (&self.digest, self.last_modified) == (&other.digest, other.last_modified),
        }
    }

    /// What multipart answers are separated by: no content holds its own digest, nor that of its metadata.
    #[must_use]
    pub(crate) fn boundary(&self) -> &str {
        &self.digest
    }

    /// Identifies the content.
    pub(super) fn digest(&self) -> &str {
        &self.digest
    }

    pub(super) fn add_gzip(&mut self, body: Vec<u8>) {
        self.gzip = self.smaller(body, "gzip", "gz");
    }

    pub(super) fn add_brotli(&mut self, body: Vec<u8>) {
        self.brotli = self.smaller(body, "br", "br");
    }

    fn smaller(&self, body: Vec<u8>, coding: &'static str, suffix: &str) -> Option<Representation> {
        let tag = format!("{}-{suffix}", self.digest);
        (body.len() < self.identity.body.length()).then(|| {
            let body = Content::Memory(Bytes::from(body.into_boxed_slice()));
            Representation::new(&self.fields, body, Some(&tag), Some(coding))
        })
    }
}

impl Representation {
    fn new(fields: &HeaderMap, body: Content, tag: Option<&str>, coding: Option<&'static str>) -> Self {
        let etag = tag.map_or_else(String::new, |tag| format!("\"{tag}\""));
        let mut ok = fields.clone();
        if tag.is_some() {
            insert(&mut ok, header::ETAG, &etag);
        }
        ok.insert(header::CONTENT_LENGTH, HeaderValue::from(body.length()));
        if let Some(coding) = coding {
            ok.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        let not_modified = [header::CACHE_CONTROL, header::ETAG, header::VARY]
            .into_iter()
            .filter_map(|name| ok.get(&name).cloned().map(|value| (name, value)))
            .collect();
        Self { body, etag, ok, not_modified }
    }
}

/// Inserts a value that is known to be visible ASCII; anything else would be a fault of the
/// caller, and leaving the field out is the safe answer to it.
fn insert(fields: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        fields.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn asset(path: &str, body: &'static str, policy: Option<&str>) -> Asset {
        let content = Content::Memory(Bytes::from_static(body.as_bytes()));
        let digest = content.digest();
        let file = File { path: path.into(), content, modified: UNIX_EPOCH };
        Asset::new(file, digest, &Additions { policy, tag: None })
    }

    fn field(asset: &Asset, name: HeaderName) -> Option<&str> {
        asset.identity.ok.get(name).and_then(|value| value.to_str().ok())
    }

    #[test]
    fn each_kind_of_file_has_its_lifetime() {
        let cache = |path| field(&asset(path, "x", None), header::CACHE_CONTROL).map(str::to_owned);
        assert_eq!(cache("/index.html").as_deref(), Some("no-store"));
        assert_eq!(cache("/assets/index-BhL3x9Qa.js").as_deref(), Some("public, max-age=31536000, immutable"));
        assert_eq!(cache("/favicon.ico").as_deref(), Some("no-cache"));
    }

    #[test]
    fn only_a_configured_policy_is_sent_and_only_with_documents() {
        let policy = |path, policy| {
            field(&asset(path, "<script>x</script>", policy), header::CONTENT_SECURITY_POLICY).map(str::to_owned)
        };
        assert_eq!(policy("/a.html", None), None);
        assert_eq!(policy("/a.html", Some("")), None);
        assert_eq!(policy("/a.html", Some("default-src *")).as_deref(), Some("default-src *"));
        assert_eq!(policy("/a.svg", Some("default-src *")).as_deref(), Some("default-src *"));
        assert_eq!(policy("/a.js", Some("default-src *")), None);
    }

    #[test]
    fn a_type_that_is_not_known_may_be_looked_into() {
        let sniffing = |path| field(&asset(path, "x", None), NOSNIFF).map(str::to_owned);
        for path in ["/a.js", "/a.html", "/a.svg", "/a.json", "/a.woff2", "/a.wasm", "/a.mp4"] {
            assert_eq!(sniffing(path).as_deref(), Some("nosniff"), "{path}");
        }
        for path in ["/script", "/a.es6", "/a.txt", "/a.js.download"] {
            assert_eq!(sniffing(path), None, "{path}");
        }
    }

    #[test]
    fn every_representation_has_its_own_tag_and_a_larger_one_is_dropped() {
        let mut asset = asset("/a.js", "some script", None);
        asset.add_gzip(b"small".to_vec());
        asset.add_brotli(b"much longer than the script".to_vec());
        let gzip = asset.gzip.expect("smaller");
        assert_ne!(gzip.etag, asset.identity.etag);
        assert_eq!(gzip.ok.get(header::CONTENT_ENCODING), Some(&HeaderValue::from_static("gzip")));
        assert_eq!(gzip.ok.get(header::CONTENT_LENGTH), Some(&HeaderValue::from_static("5")));
        assert!(gzip.not_modified.get(header::CONTENT_LENGTH).is_none());
        assert!(asset.brotli.is_none());
    }
}
