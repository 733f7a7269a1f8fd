//! Plain data of pickles, bare or in torch's archives, read without running them.

use std::collections::HashMap;
use std::io::BufReader;
use std::sync::Arc;

use super::value::Value;
use crate::package::archive::{Archive, ArchiveError, ArchiveLimits};
use crate::package::pickle::{self, Kind, Limits, Values};
use crate::package::source::{Source, Stream};
use crate::package::{Package, PackageError, PackageFile};

/// How many bytes of values are taken over from a pickle, which may hold the same one many times.
const BYTES: usize = 64 << 20;

/// What each value takes, beside its text.
const EACH: usize = 64;

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
    let mut left = BYTES;
    take_over(value, DEPTH, &mut left)
}

fn take_over(value: pickle::Value<'_>, depth: usize, left: &mut usize) -> Value {
    let size = EACH + value.as_str().map_or(0, str::len);
    let (Some(depth), Some(rest)) = (depth.checked_sub(1), left.checked_sub(size)) else {
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
        let mut places: HashMap<String, usize> = HashMap::new();
        for (name, value) in pairs {
            let Some(rest) = left.checked_sub(name.len()) else {
                return Value::Other;
            };
            *left = rest;
            let value = take_over(value, depth, left);
            // The last of a name counts, in the place of the first, as in Python.
            match places.get(&name) {
                Some(place) => members[*place].1 = value,
                None => {
                    places.insert(name.clone(), members.len());
                    members.push((name, value));
                }
            }
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
        _ => {
            let value = numpy(value);
            match left.checked_sub(EACH * value.items().len()) {
                Some(rest) => *left = rest,
                None => return Value::Other,
            }
            value
        }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn texts(value: &Value) -> usize {
        let mut bytes = 0;
        value.visit_texts(&mut |_, text, _| bytes += text.len());
        bytes
    }

    #[test]
    fn what_is_there_many_times_takes_no_more_than_there_is_room_for() {
        let text = "x".repeat(60_000);
        let many = format!("(lp0\n0S'{text}'\np1\n0g0\n(") + &"g1\n".repeat(20_000) + "e.";
        let values = pickle::read(many.as_bytes(), &Limits::default()).unwrap();
        let found = plain(values.root());
        assert_eq!(found.items().len(), 20_000);
        assert!((BYTES / 2..=BYTES).contains(&texts(&found)));
    }

    #[test]
    fn of_a_key_that_is_there_twice_the_last_value_counts() {
        let twice = b"(dS'a'\nI1\nsS'b'\nI2\nsS'a'\nI3\ns.";
        let values = pickle::read(&twice[..], &Limits::default()).unwrap();
        let found = plain(values.root());
        assert_eq!(found.get("a").and_then(Value::as_u64), Some(3));
        assert_eq!(found.members().len(), 2);
    }
}
