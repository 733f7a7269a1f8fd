//! What a file may be called that came without a name.

/// How files begin, and their extension. A pickle of the first protocols begins with a letter: that
/// of a call, a mark, or of an empty list, dictionary or tuple.
const BEGINNINGS: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"\x1f\x8b", "gz"),
    (b"BZh", "bz2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zst"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!\x1a\x07", "rar"),
    (b"\x89HDF\r\n\x1a\n", "h5"),
    (b"GGUF", "gguf"),
    (b"\x93NUMPY", "npy"),
    (b"(", "pkl"),
    (b"]", "pkl"),
    (b"}", "pkl"),
    (b")", "pkl"),
];

/// Where an archive of tar says that it is one.
const TAR: (usize, &[u8]) = (257, b"ustar");

/// The extension of a file that begins so, without its dot; `None` for what could be anything.
///
/// Loaders, and the [`scan`](super::scan) of what they would run, go by extensions where bytes leave
/// it open: a pickle of protocol 0 looks like any text.
#[must_use]
pub fn extension_of(beginning: &[u8]) -> Option<&'static str> {
    if let [0x80, 0..=5, ..] = beginning {
        return Some("pkl");
    }
    if is_global(beginning) {
        return Some("pkl");
    }
    if let Some(extension) = framework_of(beginning) {
        return Some(extension);
    }
    let found = BEGINNINGS
        .iter()
        .find(|(bytes, _)| beginning.starts_with(bytes));
    if let Some((_, extension)) = found {
        return Some(extension);
    }
    if beginning
        .get(TAR.0..)
        .is_some_and(|rest| rest.starts_with(TAR.1))
    {
        return Some("tar");
    }
    let header = beginning.split_at_checked(8)?;
    let length = u64::from_le_bytes(header.0.try_into().ok()?);
    let is_safetensors = header.1.starts_with(b"{") && (2..100 << 20).contains(&length);
    is_safetensors.then_some("safetensors")
}

/// The extension of a framework whose files are archives of zip, by the first file in it. PyTorch pads
/// the headers of files with a field called `FB` (`caffe2/serialize/inline_container.cc`); Keras 3 writes
/// `metadata.json` first, stored (`saving_lib.py`).
fn framework_of(beginning: &[u8]) -> Option<&'static str> {
    let header = beginning.strip_prefix(b"PK\x03\x04")?;
    let length = |at: usize| {
        let bytes = header.get(at..at + 2)?;
        Some(usize::from(u16::from_le_bytes(bytes.try_into().ok()?)))
    };
    let (name_length, extra_length) = (length(22)?, length(24)?);
    let (name, rest) = header.get(26..)?.split_at_checked(name_length)?;
    if rest.starts_with(b"FB") && extra_length >= 4 {
        return Some("pt");
    }
    let content = rest.get(extra_length..)?;
    let is_keras = name == b"metadata.json" && content.starts_with(b"{\"keras_version\"");
    is_keras.then_some("keras")
}

/// Whether it begins with the call of a name, as `cos\nsystem\n` does.
fn is_global(beginning: &[u8]) -> bool {
    let Some(rest) = beginning.strip_prefix(b"c") else {
        return false;
    };
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"._".contains(byte);
    let mut lines = rest.splitn(3, |byte| *byte == b'\n');
    let names = [lines.next(), lines.next()];
    let are_names = names
        .iter()
        .flatten()
        .all(|name| !name.is_empty() && name.iter().all(is_of_name));
    are_names && lines.next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! genuine {
        ($name:literal) => {
            &include_bytes!(concat!("../../tests/packages/genuine/", $name))[..]
        };
    }

    #[test]
    fn files_are_called_by_how_they_begin() {
        for (bytes, extension) in [
            (&b"PK\x03\x04\x14\0"[..], Some("zip")),
            (b"\x80\x02}q\0.", Some("pkl")),
            (b"cos\nsystem\n(S'id'\ntR.", Some("pkl")),
            (b"(lp0\n.", Some("pkl")),
            (b"\x10\0\0\0\0\0\0\0{\"a\":1}", Some("safetensors")),
            (b"colour by colour, of course", None),
            (b"c\n\n", None),
            (b"{\"json\":true}", None),
            (b"", None),
        ] {
            assert_eq!(extension_of(bytes), extension, "{bytes:?}");
        }
        for (bytes, extension) in [
            (genuine!("script.pt"), "pt"),
            (genuine!("weights.pt"), "pt"),
            (genuine!("plain.keras"), "keras"),
            (genuine!("monai_spleen.zip"), "zip"),
            (genuine!("nnunet_v2_two_folds.zip"), "zip"),
        ] {
            assert_eq!(extension_of(bytes), Some(extension));
            // The rule holds for as much of it as is there, and for no less.
            assert_eq!(extension_of(&bytes[..20]), Some("zip"));
        }
        let mut tar = vec![b'a'; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(extension_of(&tar), Some("tar"));
    }
}
