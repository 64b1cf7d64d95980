//! Pictures of pages, in memory: the newest of each screen.

use std::borrow::Cow;
use std::collections::HashMap;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use serde::Deserialize;
use thiserror::Error;

use super::identity::{Credentials, ScreenId};

/// Bytes of the body that brings a picture.
pub(crate) const MAX_PICTURE: usize = 768 * 1024;
/// Bytes of all pictures; the oldest go first.
const MAX_IN_ALL: usize = 16 * 1024 * 1024;
/// How a picture begins (RFC 2397).
const PREFIX: &str = "data:image/jpeg;base64,";
/// How a JPEG begins (ISO/IEC 10918-1 annex B: start of image, and a marker).
const JPEG: &[u8] = &[0xff, 0xd8, 0xff];

/// A picture of a page.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// A JPEG, by its first bytes.
    pub(crate) jpeg: Bytes,
    /// When it came.
    pub(crate) taken: Instant,
}

/// Why a picture is not taken.
#[derive(Debug, Error, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PictureError {
    /// More than [`MAX_PICTURE`] bytes (413).
    #[error("the picture has more than {MAX_PICTURE} bytes")]
    TooLarge,
    /// Not a picture (400).
    #[error("this is not a picture of a screen")]
    Malformed,
    /// Nobody has asked this screen for one, or it is not this screen (403).
    #[error("nobody has asked for this picture")]
    NotAsked,
}

/// What a screen sends.
#[derive(Debug)]
pub(super) struct Upload {
    pub(super) credentials: Credentials,
    pub(super) order: u64,
    jpeg: Bytes,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    secret: Cow<'a, str>,
    order: u64,
    #[serde(borrow)]
    picture: Cow<'a, str>,
}

/// The pictures that are held.
#[derive(Debug, Default)]
pub(super) struct Pictures(HashMap<ScreenId, Picture>);

impl Upload {
    pub(super) fn parse(body: &[u8]) -> Result<Self, PictureError> {
        if body.len() > MAX_PICTURE {
            return Err(PictureError::TooLarge);
        }
        let Wire { id, secret, order, picture } = serde_json::from_slice(body).map_err(|_| PictureError::Malformed)?;
        let credentials = Credentials::parse(Some(&id), Some(&secret)).ok_or(PictureError::Malformed)?;
        let jpeg = picture.strip_prefix(PREFIX).and_then(|text| BASE64.decode(text).ok());
        let jpeg = jpeg.filter(|jpeg| jpeg.starts_with(JPEG)).ok_or(PictureError::Malformed)?;
        Ok(Self { credentials, order, jpeg: jpeg.into() })
    }
}

impl Pictures {
    pub(super) fn put(&mut self, upload: Upload, now: Instant) {
        self.0.insert(upload.credentials.id, Picture { jpeg: upload.jpeg, taken: now });
        while self.0.values().map(|picture| picture.jpeg.len()).sum::<usize>() > MAX_IN_ALL {
            let oldest = self.0.iter().min_by_key(|(_, picture)| picture.taken).map(|(id, _)| *id);
            let Some(oldest) = oldest else { return };
            self.0.remove(&oldest);
        }
    }

    pub(super) fn get(&self, id: ScreenId) -> Option<&Picture> {
        self.0.get(&id)
    }

    /// Drops those of screens that are no more.
    pub(super) fn retain(&mut self, is_known: impl Fn(ScreenId) -> bool) {
        self.0.retain(|id, _| is_known(*id));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn body(picture: &str) -> Vec<u8> {
        let (id, secret) = ("0".repeat(16), "1".repeat(32));
        format!(r#"{{"id":"{id}","secret":"{secret}","order":7,"picture":"{picture}"}}"#).into_bytes()
    }

    fn upload(id: u32, length: usize) -> Upload {
        let id = format!("{id:016x}");
        let credentials = Credentials::parse(Some(&id), Some(&"1".repeat(32))).expect("credentials");
        Upload { credentials, order: 1, jpeg: vec![0; length].into() }
    }

    #[test]
    fn only_a_jpeg_is_a_picture() {
        let good = format!("{PREFIX}{}", BASE64.encode([0xff, 0xd8, 0xff, 0xe0, 0]));
        let upload = Upload::parse(&body(&good)).expect("a picture");
        assert_eq!((upload.order, upload.jpeg.len()), (7, 5));
        let png = format!("data:image/png;base64,{}", BASE64.encode([0xff, 0xd8, 0xff]));
        let html = format!("{PREFIX}{}", BASE64.encode("<html>"));
        for wrong in ["", "x", PREFIX, &png, &html, &format!("{PREFIX}!")] {
            assert_eq!(Upload::parse(&body(wrong)).expect_err(wrong), PictureError::Malformed);
        }
        assert_eq!(Upload::parse(b"{}").expect_err("nothing"), PictureError::Malformed);
    }

    #[test]
    fn a_body_of_the_bound_is_read_and_a_larger_one_is_not() {
        let mut whole = body(&format!("{PREFIX}{}", BASE64.encode([0xff, 0xd8, 0xff, 0xe0, 0])));
        whole.resize(MAX_PICTURE, b' ');
        assert!(Upload::parse(&whole).is_ok());
        whole.push(b' ');
        assert_eq!(Upload::parse(&whole).expect_err("too large"), PictureError::TooLarge);
    }

    #[test]
    fn all_pictures_together_are_bounded_and_the_oldest_go_first() {
        let (mut pictures, now) = (Pictures::default(), Instant::now());
        for number in 0..40 {
            pictures.put(upload(number, 512 * 1024), now + Duration::from_secs(number.into()));
        }
        assert_eq!(pictures.0.len(), 32);
        let id = |number: u32| ScreenId::parse(&format!("{number:016x}")).expect("an id");
        assert!(pictures.get(id(7)).is_none() && pictures.get(id(8)).is_some());
        pictures.put(upload(8, 1), now);
        assert_eq!(pictures.get(id(8)).expect("the newest of it").jpeg.len(), 1);
        pictures.retain(|one| one == id(9));
        assert_eq!(pictures.0.len(), 1);
    }
}
