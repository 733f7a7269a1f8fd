//! Content coding (RFC 9110 §12.5.3): which one the client takes, and compression of an answer.

use std::io::{self, Write};

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, HeaderMap};

/// Smaller bodies are sent as they are: a coding would not save a packet.
pub(crate) const MIN_COMPRESSED: usize = 1400;

/// A content coding that the server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Coding {
    /// As it is.
    Identity,
    /// RFC 1952.
    Gzip,
    /// RFC 7932.
    Brotli,
}

impl Coding {
    /// The name in `Content-Encoding`; none for identity.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            Coding::Identity => None,
            Coding::Gzip => Some("gzip"),
            Coding::Brotli => Some("br"),
        }
    }

    /// What sets the entity tag of this coding apart (RFC 9110 §8.8.3.3).
    pub(crate) fn tag_suffix(self) -> &'static str {
        match self {
            Coding::Identity => "",
            Coding::Gzip => "-gz",
            Coding::Brotli => "-br",
        }
    }

    /// The coding that the client likes best; br before gzip before identity where it does not
    /// care.
    pub(crate) fn negotiate(headers: &HeaderMap) -> Coding {
        let mut best = (Coding::Identity, 0);
        for value in headers.get_all(ACCEPT_ENCODING) {
            for item in value.to_str().unwrap_or_default().split(',') {
                let mut parts = item.split(';');
                let coding = match parts.next().unwrap_or_default().trim() {
                    name if name.eq_ignore_ascii_case("br") => Coding::Brotli,
                    name if name.eq_ignore_ascii_case("gzip") => Coding::Gzip,
                    _ => continue,
                };
                let quality = parts
                    .find_map(|p| p.trim().strip_prefix("q=")?.parse::<f32>().ok())
                    .unwrap_or(1.0);
                // Thousandths, the resolution of the header; the last digit breaks ties.
                let likes = (quality.clamp(0.0, 1.0) * 1000.0) as u32 * 10;
                if likes > 0 && likes + coding as u32 > best.1 {
                    best = (coding, likes + coding as u32);
                }
            }
        }
        best.0
    }

    /// A body in this coding, made on a thread that may block.
    ///
    /// # Errors
    /// Only if the program is out of order.
    pub(crate) async fn encoded(self, body: Bytes) -> io::Result<Bytes> {
        if self == Coding::Identity {
            return Ok(body);
        }
        let encoded = tokio::task::spawn_blocking(move || self.encode([body], Vec::new())).await;
        encoded.map_err(io::Error::other).flatten().map(Bytes::from)
    }

    /// Writes the parts to `out` in this coding. Takes about 10 ms a megabyte: on a blocking
    /// thread for more than some kilobytes.
    ///
    /// # Errors
    /// Those of `out`.
    pub(crate) fn encode<W: Write>(
        self,
        parts: impl IntoIterator<Item = Bytes>,
        out: W,
    ) -> io::Result<W> {
        let write = |out: &mut dyn Write| parts.into_iter().try_for_each(|p| out.write_all(&p));
        match self {
            Coding::Identity => {
                let mut out = out;
                write(&mut out)?;
                Ok(out)
            }
            Coding::Gzip => {
                let mut encoder = flate2::write::GzEncoder::new(out, flate2::Compression::new(5));
                write(&mut encoder)?;
                encoder.finish()
            }
            Coding::Brotli => {
                let mut encoder = brotli::CompressorWriter::new(out, 64 << 10, 4, 20);
                write(&mut encoder)?;
                encoder.flush()?;
                Ok(encoder.into_inner())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::io::Read as _;

    fn negotiated(accept: &str) -> Coding {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, accept.parse().unwrap());
        Coding::negotiate(&headers)
    }

    #[test]
    fn the_client_decides() {
        assert_eq!(negotiated("gzip, deflate, br"), Coding::Brotli);
        assert_eq!(negotiated("gzip;q=1.0, br;q=0.5"), Coding::Gzip);
        assert_eq!(negotiated("br;q=0, gzip"), Coding::Gzip);
        assert_eq!(negotiated("zstd"), Coding::Identity);
        assert_eq!(Coding::negotiate(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn both_codings_come_back() {
        let parts = [Bytes::from_static(b"[1,"), Bytes::from(vec![b'2'; 5000])];
        let whole = parts.concat();
        let mut read = Vec::new();
        let gzip = Coding::Gzip.encode(parts.clone(), Vec::new()).unwrap();
        flate2::read::GzDecoder::new(&gzip[..])
            .read_to_end(&mut read)
            .unwrap();
        assert_eq!(read, whole);
        read.clear();
        let br = Coding::Brotli.encode(parts, Vec::new()).unwrap();
        brotli::Decompressor::new(&br[..], 4096)
            .read_to_end(&mut read)
            .unwrap();
        assert_eq!(read, whole);
        assert!(br.len() < 200 && gzip.len() < 200);
    }
}
