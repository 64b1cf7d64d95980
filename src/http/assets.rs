//! A file of the site as an answer, found as nginx's `try_files $uri $uri/ /index.html` finds it: negotiation, preconditions and ranges, in the order of
//! RFC 9110.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};

use super::body::{Body, Piece};
use super::conditional::{self, Outcome, Validators};
use super::disk_reads::{DiskReads, FilePart};
use super::fields::Fields;
use super::navigation::is_navigation;
use super::negotiate::{Coding, Preference};
use super::no_site;
use super::range::{self, ByteRange, Requested};
use super::respond::{Refusal, empty, moved};
use crate::site::{Agent, Asset, Content, IMMUTABLE, NO_STORE, OnDisk, Representation, Site, is_hashed};

/// Answers a GET or HEAD for a decoded path.
pub(super) fn answer(
    parts: &Parts,
    fields: &Fields<'_>,
    site: &Site,
    disk: &DiskReads,
    path: &str,
) -> Result<Response<Body>, Refusal> {
    if let Some(asset) = site.get(path) {
        return send(parts, fields, asset, disk);
    }
    if site.is_directory_with_page(path) {
        return moved(&format!("{path}/"), parts.uri.query());
    }
    if let Some(why) = site.why_unavailable() {
        return no_site::answer(parts, path, why);
    }
    // A file of another version: no route has such a name.
    if is_hashed(path) || !is_navigation(&parts.headers) {
        return Err(Refusal::NotFound);
    }
    send(parts, fields, site.index().ok_or(Refusal::NotFound)?, disk)
}

/// The agent's script: for ever where the request names the very one, as the pages' tag does.
pub(super) fn agent(
    parts: &Parts,
    fields: &Fields<'_>,
    agent: &Agent,
    disk: &DiskReads,
) -> Result<Response<Body>, Refusal> {
    let mut response = send(parts, fields, &agent.script, disk)?;
    let lifetime = if Agent::is_asked_for(parts.uri.query()) { IMMUTABLE } else { NO_STORE };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(lifetime));
    Ok(response)
}

pub(super) fn send(
    parts: &Parts,
    fields: &Fields<'_>,
    asset: &Asset,
    disk: &DiskReads,
) -> Result<Response<Body>, Refusal> {
    let preference = match fields.accept_encoding.only() {
        Some(value) => Preference::of_value(value),
        None => Preference::of(&parts.headers),
    };

    let requested = requested_range(parts, fields, asset, preference);
    let selected = if requested.is_some() { &asset.identity } else { select(asset, preference)? };
    match conditional::outcome(&parts.headers, fields, validators(asset, selected)) {
        Outcome::Failed => Err(Refusal::Precondition),
        Outcome::NotModified => Ok(empty(StatusCode::NOT_MODIFIED, selected.not_modified.clone())),
        Outcome::Proceed => match requested {
            Some(requested) => partial(asset, requested, disk),
            None => Ok(whole(&parts.method, selected, disk)),
        },
    }
}

fn select(asset: &Asset, preference: Preference) -> Result<&Representation, Refusal> {
    let coding = preference.choose(asset.gzip.is_some(), asset.brotli.is_some()).ok_or(Refusal::NotAcceptable)?;
    Ok(match coding {
        Coding::Identity => Some(&asset.identity),
        Coding::Gzip => asset.gzip.as_ref(),
        Coding::Brotli => asset.brotli.as_ref(),
    }
    .unwrap_or(&asset.identity))
}

/// The range that is to be honoured: of a GET (RFC 9110 section 14.2), on the bytes as they
/// are, and of the representation that the client knows (If-Range).
fn requested_range(parts: &Parts, fields: &Fields<'_>, asset: &Asset, preference: Preference) -> Option<Requested> {
    let value = fields.range.first?;
    if parts.method != Method::GET
        || !preference.allows_identity()
        || !conditional::range_applies(&parts.headers, validators(asset, &asset.identity))
    {
        return None;
    }
    match range::parse(value.to_str().ok()?, asset.identity.body.length()) {
        Requested::Whole => None,
        other => Some(other),
    }
}

fn validators<'a>(asset: &Asset, representation: &'a Representation) -> Validators<'a> {
    Validators { etag: &representation.etag, last_modified: asset.last_modified }
}

fn whole(method: &Method, selected: &Representation, disk: &DiskReads) -> Response<Body> {
    let body = match &selected.body {
        _ if *method == Method::HEAD => Body::EMPTY,
        Content::Memory(bytes) => Body::whole(bytes.clone()),
        Content::Disk(file) => on_disk(file, 0, file.length(), disk),
    };
    let mut response = Response::new(body);
    *response.headers_mut() = selected.ok.clone();
    response
}

fn partial(asset: &Asset, requested: Requested, disk: &DiskReads) -> Result<Response<Body>, Refusal> {
    let length = asset.identity.body.length();
    let mut headers = asset.identity.ok.clone();
    let body = match requested {
        Requested::Parts(parts) => match *parts.as_slice() {
            [part] => {
                headers.insert(header::CONTENT_RANGE, content_range(part, length)?);
                headers.insert(header::CONTENT_LENGTH, HeaderValue::from(part.length()));
                match &asset.identity.body {
                    Content::Memory(bytes) => Body::whole(slice(bytes, part)),
                    Content::Disk(file) => on_disk(file, part.first, part.last + 1, disk),
                }
            }
            ref parts => multipart(asset, parts, &mut headers, disk)?,
        },
        Requested::Unsatisfiable | Requested::Whole => return Err(Refusal::Range(length)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::PARTIAL_CONTENT;
    *response.headers_mut() = headers;
    Ok(response)
}

/// `multipart/byteranges` (RFC 9110 section 14.6).
fn multipart(asset: &Asset, parts: &[ByteRange], headers: &mut HeaderMap, disk: &DiskReads) -> Result<Body, Refusal> {
    let boundary = asset.boundary();
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let length = asset.identity.body.length();

    let mut pieces = VecDeque::with_capacity(parts.len() * 2 + 1);
    for part in parts {
        let ByteRange { first, last } = part;
        pieces.push_back(Piece::Bytes(Bytes::from(format!(
            "\r\n--{boundary}\r\nContent-Type: {media}\r\nContent-Range: bytes {first}-{last}/{length}\r\n\r\n"
        ))));
        pieces.push_back(match &asset.identity.body {
            Content::Memory(bytes) => Piece::Bytes(slice(bytes, *part)),
            Content::Disk(file) => Piece::File(FilePart::new(Arc::clone(file), *first, last + 1, disk.clone())),
        });
    }
    pieces.push_back(Piece::Bytes(Bytes::from(format!("\r\n--{boundary}--\r\n"))));

    let total: usize = pieces.iter().map(Piece::length).sum();
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(total));
    headers.insert(header::CONTENT_TYPE, field(&format!("multipart/byteranges; boundary={boundary}"))?);
    Ok(Body::pieces(pieces))
}

fn slice(bytes: &Bytes, part: ByteRange) -> Bytes {
    // `range::parse` keeps parts inside the length that it was given.
    bytes.slice(part.first..=part.last)
}

fn on_disk(file: &Arc<OnDisk>, first: usize, end: usize, disk: &DiskReads) -> Body {
    let part = FilePart::new(Arc::clone(file), first, end, disk.clone());
    Body::pieces(VecDeque::from([Piece::File(part)]))
}

fn content_range(part: ByteRange, length: usize) -> Result<HeaderValue, Refusal> {
    field(&format!("bytes {}-{}/{length}", part.first, part.last))
}

fn field(text: &str) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(text).map_err(|_| Refusal::Internal)
}
