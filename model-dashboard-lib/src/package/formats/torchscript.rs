//! TorchScript: a zip with a program in a language of its own, its constants and its weights.
//! (PyTorch, `torch/csrc/jit/docs/serialization.md`.)

use std::collections::BTreeMap;

use memchr::memmem;

use super::error::shown;
use super::{Finding, FindingKind, Findings, FormatError, entry_bytes};
use crate::package::archive::Archive;
use crate::package::path::PackagePath;

/// The longest extra file whose text is kept, and the most texts together.
const LONGEST_EXTRA: u64 = 1 << 20;
const KEPT: u64 = 8 << 20;
/// The most sources, in bytes.
const MOST_CODE: u64 = 32 << 20;

/// What a TorchScript file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TorchScript {
    /// The version of the format.
    pub version: Option<Box<str>>,
    /// Files that were put beside the model (`_extra_files`): their paths below `extra/`, and their
    /// texts, where they are texts of at most 1 MiB.
    pub extra: BTreeMap<Box<str>, Option<Box<str>>>,
    /// The sources of the program.
    pub code: Vec<PackagePath>,
}

/// The folder of the archive in which everything is, with its slash; `None` if it is no such file.
pub(super) fn folder(archive: &Archive) -> Option<&str> {
    let paths = || archive.entries().iter().map(|entry| entry.path.as_str());
    let folder = paths().find_map(|path| path.strip_suffix("constants.pkl"))?;
    let is_code = |path: &str| {
        path.strip_prefix(folder)
            .is_some_and(|it| it.starts_with("code/"))
    };
    let is_top = folder.matches('/').count() <= 1;
    (is_top && paths().any(is_code)).then_some(folder)
}

/// Reads extra files, and looks for what its program does beyond arithmetic.
pub(super) fn read(
    archive: &Archive,
    folder: &str,
    findings: &mut Findings,
) -> Result<TorchScript, FormatError> {
    let mut found = TorchScript::default();
    let (mut kept, mut code) = (0, 0);
    for entry in archive.entries() {
        let Some(path) = entry.path.as_str().strip_prefix(folder) else {
            continue;
        };
        if path == "version" && entry.size < 100 {
            let text = entry_bytes(archive, entry)?;
            found.version = Some(String::from_utf8_lossy(&text).trim().into());
        } else if let Some(name) = path.strip_prefix("extra/") {
            let mut text = None;
            if entry.size <= LONGEST_EXTRA && kept + entry.size <= KEPT {
                kept += entry.size;
                let bytes = entry_bytes(archive, entry)?;
                text = String::from_utf8(bytes).ok().map(String::into_boxed_str);
            }
            found.extra.insert(name.into(), text);
        } else if path.starts_with("code/") && path.ends_with(".py") {
            code += entry.size;
            if code > MOST_CODE {
                return Err(FormatError::TooLarge("its program is longer"));
            }
            look(&entry_bytes(archive, entry)?, path, findings);
            found.code.push(entry.path.clone());
        }
    }
    Ok(found)
}

/// The language has neither imports nor files; these are its operators that touch something. Those
/// of libraries are called as `ops.NAMESPACE.NAME`.
fn look(code: &[u8], path: &str, findings: &mut Findings) {
    let mut add = |kind, what: String| {
        findings.add(Finding {
            kind,
            place: shown(path),
            what,
        });
    };
    for (call, what) in [
        (
            &b"torch.from_file("[..],
            "from_file maps a file of the machine",
        ),
        (b"torch.save(", "save writes a file"),
    ] {
        if memmem::find(code, call).is_some() {
            add(FindingKind::Outside, what.to_owned());
        }
    }
    for (prefix, what) in [
        (&b"ops."[..], "operators"),
        (b"__torch__.torch.classes.", "classes"),
    ] {
        for at in memmem::find_iter(code, prefix) {
            let before = at.checked_sub(1).and_then(|at| code.get(at));
            if before.is_some_and(|byte| is_name(*byte) || *byte == b'.') {
                continue;
            }
            let rest = code.get(at + prefix.len()..).unwrap_or_default();
            let end = rest.iter().position(|byte| !is_name(*byte));
            let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            if !OWN.contains(&name) {
                let name = shown(&String::from_utf8_lossy(name));
                add(
                    FindingKind::Needs,
                    format!("it needs a library with the {what} {name}"),
                );
            }
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// PyTorch's own namespaces.
const OWN: &[&[u8]] = &[
    b"_caffe2",
    b"aten",
    b"inductor",
    b"mkldnn",
    b"prepacked",
    b"prim",
    b"profiler",
    b"quantized",
    b"quantization",
    b"sparse",
    b"xnnpack",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_that_touch_something_are_told() {
        let kinds = |code: &str| -> Vec<FindingKind> {
            let mut findings = Findings::default();
            look(code.as_bytes(), "code/m.py", &mut findings);
            findings.finish().iter().map(|it| it.kind).collect()
        };
        for code in [
            "_0 = torch.conv3d(input, weight)",
            "_1 = ops.prim.NumToTensor(x), ops.quantized.linear(y)",
            "_2 = self.ops.other, drops.other",
        ] {
            assert_eq!(kinds(code), [], "{code}");
        }
        let from_file = "_0 = torch.from_file(\"/etc/passwd\", False, 10)";
        assert_eq!(kinds(from_file), [FindingKind::Outside]);
        assert_eq!(kinds("_0 = ops.evil.run(x)"), [FindingKind::Needs]);
        let class = "x : __torch__.torch.classes.own.Class";
        assert_eq!(kinds(class), [FindingKind::Needs]);
    }
}
