//! Plain data of pickles, bare or in torch's archives, read without running them.

use std::io::BufReader;
use std::sync::Arc;

use super::value::Value;
use crate::package::archive::{Archive, ArchiveError, ArchiveLimits};
use crate::package::pickle::{self, Kind, Limits, Values};
use crate::package::source::{Source, Stream};
use crate::package::{Package, PackageError, PackageFile};

/// How many values are taken over from a pickle, which may hold the same one many times.
const VALUES: usize = 500_000;

/// How deep.
const DEPTH: usize = 60;

/// What a bare pickle holds; `None` if it cannot be read to its end.
pub(super) fn read(package: &Package, file: &PackageFile) -> Result<Option<Values>, PackageError> {
    let data = BufReader::with_capacity(1 << 16, package.read(file)?);
    Ok(pickle::read(data, &Limits::default()).ok())
}

/// What a file of torch holds, without the numbers of its tensors; `None` if it cannot be read.
pub(super) fn read_torch(
    package: &Package,
    file: &PackageFile,
) -> Result<Option<Values>, PackageError> {
    let source = package.source(file)?;
    if !Archive::is_at_the_end_of(&*source)? {
        return Ok(legacy(source));
    }
    let archive = match Archive::open(source, &ArchiveLimits::default()) {
        Ok(archive) => archive,
        Err(ArchiveError::Source(error)) => return Err(ArchiveError::Source(error).into()),
        // What is wrong with it is told by the scan of the file.
        Err(_) => return Ok(None),
    };
    let is_data = |path: &str| path.ends_with("/data.pkl") && path.matches('/').count() == 1;
    let Some(entry) = archive
        .entries()
        .iter()
        .find(|entry| is_data(entry.path.as_str()))
    else {
        return Ok(None);
    };
    let data = BufReader::with_capacity(1 << 16, archive.read(entry)?);
    Ok(pickle::read(data, &Limits::default()).ok())
}

/// Torch's older file: the fourth of its pickles is the object.
fn legacy(source: Arc<dyn Source>) -> Option<Values> {
    let mut data = BufReader::with_capacity(1 << 16, Stream::new(source));
    pickle::walk_some(&mut data, 3, &Limits::default());
    pickle::read(data, &Limits::default()).ok()
}

/// A value of a pickle as plain data; keys that are numbers as text, arrays as lists.
pub(super) fn plain(value: pickle::Value<'_>) -> Value {
    let mut left = VALUES;
    take_over(value, DEPTH, &mut left)
}

fn take_over(value: pickle::Value<'_>, depth: usize, left: &mut usize) -> Value {
    let (Some(depth), Some(rest)) = (depth.checked_sub(1), left.checked_sub(1)) else {
        return Value::Other;
    };
    *left = rest;
    if value.is_mapping() {
        let key = |key: pickle::Value<'_>| match key.as_str() {
            Some(text) => Some(text.to_owned()),
            None => key.as_i64().map(|number| number.to_string()),
        };
        let pairs = value
            .pairs()
            .filter_map(|(name, value)| Some((key(name)?, value)));
        let mut members: Vec<(String, Value)> = Vec::new();
        for (name, value) in pairs {
            members.push((name, take_over(value, depth, left)));
        }
        return Value::Map(members);
    }
    match value.kind() {
        Kind::None => Value::Null,
        Kind::Bool(value) => Value::Bool(value),
        Kind::Int(number) => Value::Int(number),
        Kind::Float(number) => Value::Float(number),
        Kind::Text(text) => Value::Text(text.to_owned()),
        Kind::List | Kind::Tuple | Kind::Set => {
            let items = value.items().map(|item| take_over(item, depth, left));
            Value::List(items.collect())
        }
        _ => numpy(value),
    }
}

/// A number or an array of numpy.
fn numpy(value: pickle::Value<'_>) -> Value {
    if let Some(whole) = value.as_i64() {
        return Value::Int(whole);
    }
    if let Some(number) = value.as_f64() {
        return Value::Float(number);
    }
    if let Some(whole) = value.integers() {
        return Value::List(whole.into_iter().map(Value::Int).collect());
    }
    if let Some(numbers) = value.numbers() {
        return Value::List(numbers.into_iter().map(Value::Float).collect());
    }
    Value::Other
}
