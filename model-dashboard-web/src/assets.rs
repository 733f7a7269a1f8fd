//! Style, script and font of the dashboard, embedded in the binary.
//!
//! Each file is served under a name that carries the start of its SHA-256, so browsers may keep
//! it for a year ([`CACHE_CONTROL`]) and a new version is fetched at once. Texts are compressed
//! when the first browser asks for an encoding and kept from then on.

use std::io::Write as _;
use std::sync::{LazyLock, OnceLock};

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use sha2::{Digest as _, Sha256};

/// What an answer with an asset says about caching: the name changes with the content.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The folder below the base path that assets are served from.
pub const FOLDER: &str = "/assets/";

/// An embedded file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asset {
    /// The style sheet.
    Css,
    /// The dashboard's own script.
    Script,
    /// The vendored htmx.
    Htmx,
    /// The script of the pages of uploads.
    Upload,
    /// The vendored client of tus, which sends them.
    Tus,
    /// Inter, variable weight, Latin subset.
    Font,
    /// The icon of the browser tab.
    Favicon,
}

/// The body of an answer: bytes and how they are encoded.
#[derive(Debug, Clone)]
pub struct Encoded {
    /// The bytes to send.
    pub body: Bytes,
    /// The value of `Content-Encoding`; `None` when the bytes are sent as they are.
    pub encoding: Option<&'static str>,
}

/// A file as it is served.
#[derive(Debug)]
pub struct Served {
    asset: Asset,
    name: String,
    plain: Bytes,
    gzip: OnceLock<Bytes>,
    brotli: OnceLock<Bytes>,
}

static FILES: LazyLock<[Served; 7]> = LazyLock::new(|| {
    let font = Served::new(
        Asset::Font,
        embedded(include_bytes!("../assets/inter-latin.woff2")),
    );
    // The style sheet names its font relative to itself, which holds under any base path.
    let css = include_str!("../assets/app.css").replace("inter-latin.woff2", font.name.as_str());
    [
        Served::new(Asset::Css, css.into()),
        Served::new(Asset::Script, embedded(include_bytes!("../assets/app.js"))),
        Served::new(
            Asset::Htmx,
            embedded(include_bytes!("../assets/htmx.min.js")),
        ),
        Served::new(
            Asset::Upload,
            embedded(include_bytes!("../assets/upload.js")),
        ),
        Served::new(Asset::Tus, embedded(include_bytes!("../assets/tus.min.js"))),
        font,
        Served::new(
            Asset::Favicon,
            embedded(include_bytes!("../assets/favicon.svg")),
        ),
    ]
});

/// The address of an asset below `base` (empty, or like `/dashboard` without a closing slash).
#[must_use]
pub fn asset_url(base: &str, asset: Asset) -> String {
    let name = FILES
        .iter()
        .find(|file| file.asset == asset)
        .map_or("", |file| file.name.as_str());
    format!("{base}{FOLDER}{name}")
}

/// The file served under a hashed name, the part of the path after [`FOLDER`].
#[must_use]
pub fn find(name: &str) -> Option<&'static Served> {
    FILES.iter().find(|file| file.name == name)
}

impl Asset {
    fn stem_and_extension(self) -> (&'static str, &'static str) {
        match self {
            Self::Css => ("app", "css"),
            Self::Script => ("app", "js"),
            Self::Htmx => ("htmx", "js"),
            Self::Upload => ("upload", "js"),
            Self::Tus => ("tus", "js"),
            Self::Font => ("inter", "woff2"),
            Self::Favicon => ("favicon", "svg"),
        }
    }
}

impl Served {
    fn new(asset: Asset, plain: Bytes) -> Self {
        let digest = hex::encode(Sha256::digest(&plain));
        let (stem, extension) = asset.stem_and_extension();
        Self {
            asset,
            name: format!(
                "{stem}.{}.{extension}",
                digest.get(..12).unwrap_or_default()
            ),
            plain,
            gzip: OnceLock::new(),
            brotli: OnceLock::new(),
        }
    }

    /// The value of `Content-Type`.
    #[must_use]
    pub fn content_type(&self) -> &'static str {
        match self.asset {
            Asset::Css => "text/css; charset=utf-8",
            Asset::Script | Asset::Htmx | Asset::Upload | Asset::Tus => {
                "text/javascript; charset=utf-8"
            }
            Asset::Font => "font/woff2",
            Asset::Favicon => "image/svg+xml",
        }
    }

    /// The body in the best encoding that the request's `Accept-Encoding` allows: brotli, gzip,
    /// or none. The first call for an encoding compresses (some milliseconds), later ones share
    /// the result. The answer needs `Vary: Accept-Encoding`.
    #[must_use]
    pub fn encoded(&self, accept_encoding: Option<&str>) -> Encoded {
        let accepted = accept_encoding.unwrap_or_default();
        // The font is compressed already.
        if self.asset == Asset::Font {
            return Encoded {
                body: self.plain.clone(),
                encoding: None,
            };
        }
        if accepts(accepted, "br") {
            let body = self.brotli.get_or_init(|| brotli(&self.plain)).clone();
            return Encoded {
                body,
                encoding: Some("br"),
            };
        }
        if accepts(accepted, "gzip") {
            let body = self.gzip.get_or_init(|| gzip(&self.plain)).clone();
            return Encoded {
                body,
                encoding: Some("gzip"),
            };
        }
        Encoded {
            body: self.plain.clone(),
            encoding: None,
        }
    }
}

fn embedded(bytes: &'static [u8]) -> Bytes {
    Bytes::from_static(bytes)
}

/// Whether a list like `gzip, br;q=0.5` names the coding without refusing it (RFC 9110, 12.5.3).
fn accepts(accept_encoding: &str, coding: &str) -> bool {
    accept_encoding.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !parts.any(|parameter| {
                parameter
                    .strip_prefix("q=")
                    .is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0))
            })
    })
}

fn gzip(plain: &Bytes) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    match encoder.write_all(plain).and_then(|()| encoder.finish()) {
        Ok(compressed) => compressed.into(),
        // Writing to a vector cannot fail; a wrong guess here would only cost the answer.
        Err(_) => Bytes::new(),
    }
}

fn brotli(plain: &Bytes) -> Bytes {
    // Level 9 is within 5 % of the densest and takes milliseconds instead of a tenth of a second.
    let parameters = brotli::enc::BrotliEncoderParams {
        quality: 9,
        ..Default::default()
    };
    let mut compressed = Vec::new();
    match brotli::BrotliCompress(&mut plain.as_ref(), &mut compressed, &parameters) {
        Ok(_) => compressed.into(),
        Err(_) => Bytes::new(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Read as _;

    use super::*;

    /// How many bytes a text has on the wire.
    pub(crate) fn gzipped(plain: &[u8]) -> usize {
        gzip(&Bytes::copy_from_slice(plain)).len()
    }

    const ALL: [Asset; 7] = [
        Asset::Css,
        Asset::Script,
        Asset::Htmx,
        Asset::Upload,
        Asset::Tus,
        Asset::Font,
        Asset::Favicon,
    ];

    fn served(asset: Asset) -> &'static Served {
        find(asset_url("", asset).strip_prefix(FOLDER).unwrap()).unwrap()
    }

    #[test]
    fn every_asset_is_found_under_its_address_and_under_no_other_name() {
        for asset in ALL {
            assert_eq!(served(asset).asset, asset);
        }
        assert!(asset_url("/dashboard", Asset::Css).starts_with("/dashboard/assets/app."));
        assert!(find("app.css").is_none());
        assert!(find("../Cargo.toml").is_none());
    }

    #[test]
    fn the_style_sheet_names_the_font_as_it_is_served() {
        let css = String::from_utf8(served(Asset::Css).plain.to_vec()).unwrap();
        let font = asset_url("", Asset::Font);
        assert!(css.contains(&format!("url(\"{}\")", font.strip_prefix(FOLDER).unwrap())));
    }

    #[test]
    fn every_encoding_gives_the_same_text_back() {
        for asset in ALL {
            let file = served(asset);
            let plain = file.encoded(None);
            assert_eq!(plain.encoding, None);
            let gzip = file.encoded(Some("gzip, deflate"));
            let brotli = file.encoded(Some("gzip, deflate, br"));
            if asset == Asset::Font {
                assert_eq!((gzip.encoding, brotli.encoding), (None, None));
                continue;
            }
            assert_eq!((gzip.encoding, brotli.encoding), (Some("gzip"), Some("br")));
            let mut text = Vec::new();
            flate2::read::GzDecoder::new(gzip.body.as_ref())
                .read_to_end(&mut text)
                .unwrap();
            assert_eq!(text, plain.body);
            let mut text = Vec::new();
            brotli::BrotliDecompress(&mut brotli.body.as_ref(), &mut text).unwrap();
            assert_eq!(text, plain.body);
        }
    }

    #[test]
    fn an_encoding_that_is_refused_is_not_used() {
        assert!(accepts("gzip;q=0.8, BR", "br"));
        assert!(!accepts("gzip;q=0, identity", "gzip"));
        assert!(!accepts("gzip; q=0.0", "gzip"));
        assert!(!accepts("", "gzip"));
    }
}
