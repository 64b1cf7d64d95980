//! The compressed representations, made once.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;

/// RFC 1952, at the highest level: it is done once and sent for weeks. No name and no time in
/// the header, so that equal input gives equal output.
pub(super) fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 3), Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).ok()
}

/// RFC 7932, at the highest quality, with a window no larger than the input needs: the
/// encoder's memory grows with it.
pub(super) fn brotli(bytes: &[u8]) -> Option<Vec<u8>> {
    let window = usize::BITS - bytes.len().leading_zeros();
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 11,
        lgwin: i32::try_from(window.clamp(10, 22)).ok()?,
        size_hint: bytes.len(),
        ..Default::default()
    };
    let mut coded = Vec::with_capacity(bytes.len() / 3);
    brotli::BrotliCompress(&mut &*bytes, &mut coded, &parameters).ok()?;
    Some(coded)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn both_codings_give_the_bytes_back() {
        let text = "let workshop = 'taller'; ".repeat(2000);
        for bytes in [text.as_bytes(), b"x", b""] {
            let mut plain = Vec::new();
            let coded = gzip(bytes).expect("coded");
            flate2::read::GzDecoder::new(coded.as_slice()).read_to_end(&mut plain).expect("decoded");
            assert_eq!(plain, bytes);

            let mut plain = Vec::new();
            let coded = brotli(bytes).expect("coded");
            brotli::BrotliDecompress(&mut coded.as_slice(), &mut plain).expect("decoded");
            assert_eq!(plain, bytes);
        }
        assert!(brotli(text.as_bytes()).expect("coded").len() < text.len() / 50);
    }
}
