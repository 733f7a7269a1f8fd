//! Types and shapes of values.

use std::fmt;

use crate::package::formats::FormatError;
use crate::package::formats::protobuf::{Extent, Value, Walker};

/// The most dimensions that are kept.
const MOST_DIMENSIONS: usize = 64;

/// Something that a model takes or gives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tensor {
    /// Its name.
    pub name: Box<str>,
    /// Its type, as `tensor(float)` or `seq(tensor(int64))`; empty where nothing is said.
    pub kind: Box<str>,
    /// Its dimensions, where they are said.
    pub shape: Option<Vec<Dimension>>,
}

/// The size of a tensor in one direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// Always this one.
    Size(u64),
    /// Any; the same where the name is the same.
    Named(Box<str>),
    /// Any.
    Any,
}

impl fmt::Display for Dimension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(size) => size.fmt(f),
            Self::Named(name) => f.write_str(name),
            Self::Any => f.write_str("?"),
        }
    }
}

/// `ValueInfoProto`: a name (1) and a type (2).
pub(super) fn value(walker: &mut Walker<'_>, extent: Extent) -> Result<Tensor, FormatError> {
    let mut tensor = Tensor::default();
    walker.message(extent, |walker, number, value| {
        match (number, value) {
            (1, Value::Bytes(name)) => tensor.name = walker.name(name)?,
            (2, Value::Bytes(kind)) => {
                let kind = self::kind(walker, kind)?;
                (tensor.kind, tensor.shape) = (kind.0.into(), kind.1);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(tensor)
}

type Kind = (String, Option<Vec<Dimension>>);

/// `TypeProto`: a tensor (1), a sequence (4), a map (5), a sparse tensor (8), what may be missing
/// (9). Names are those of ONNX' operators (`docs/Operators.md`).
fn kind(walker: &mut Walker<'_>, extent: Extent) -> Result<Kind, FormatError> {
    let mut kind = (String::new(), None);
    walker.message(extent, |walker, number, value| {
        let Value::Bytes(extent) = value else {
            return Ok(());
        };
        kind = match number {
            1 => tensor(walker, extent, "tensor")?,
            8 => tensor(walker, extent, "sparse_tensor")?,
            4 => (format!("seq({})", element(walker, extent, 1)?), None),
            5 => {
                let key = scalar(walker, extent)?;
                (format!("map({key},{})", element(walker, extent, 2)?), None)
            }
            9 => (format!("optional({})", element(walker, extent, 1)?), None),
            _ => return Ok(()),
        };
        Ok(())
    })?;
    Ok(kind)
}

/// The type within a type.
fn element(walker: &mut Walker<'_>, extent: Extent, field: u32) -> Result<String, FormatError> {
    let mut kind = String::new();
    walker.message(extent, |walker, number, value| {
        if let Value::Bytes(inner) = value
            && number == field
        {
            kind = self::kind(walker, inner)?.0;
        }
        Ok(())
    })?;
    Ok(kind)
}

/// A type by its number, in field 1.
fn scalar(walker: &mut Walker<'_>, extent: Extent) -> Result<String, FormatError> {
    let mut kind = 0;
    walker.message(extent, |_, number, value| {
        if let (1, Value::Number(number)) = (number, value) {
            kind = number;
        }
        Ok(())
    })?;
    Ok(type_name(kind))
}

/// A type of elements (1) and a shape (2), which has dimensions (1): a size (1) or a name (2).
fn tensor(walker: &mut Walker<'_>, extent: Extent, kind: &str) -> Result<Kind, FormatError> {
    let (mut element, mut shape) = (0, None);
    walker.message(extent, |walker, number, value| {
        match (number, value) {
            (1, Value::Number(number)) => element = number,
            (2, Value::Bytes(extent)) => {
                let dimensions = shape.get_or_insert_with(Vec::new);
                walker.message(extent, |walker, number, value| {
                    if let (1, Value::Bytes(extent)) = (number, value) {
                        if dimensions.len() == MOST_DIMENSIONS {
                            return Err(FormatError::malformed("a shape has too many dimensions"));
                        }
                        dimensions.push(dimension(walker, extent)?);
                    }
                    Ok(())
                })?;
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok((format!("{kind}({})", type_name(element)), shape))
}

fn dimension(walker: &mut Walker<'_>, extent: Extent) -> Result<Dimension, FormatError> {
    let mut dimension = Dimension::Any;
    walker.message(extent, |walker, number, value| {
        match (number, value) {
            // Some writers say -1 for any.
            (1, Value::Number(size)) if size <= i64::MAX as u64 => {
                dimension = Dimension::Size(size);
            }
            (2, Value::Bytes(name)) if name.len() > 0 => {
                dimension = Dimension::Named(walker.name(name)?);
            }
            _ => {}
        }
        Ok(())
    })?;
    Ok(dimension)
}

/// `TensorProto.DataType`.
fn type_name(number: u64) -> String {
    const NAMES: &[&str] = &[
        "undefined",
        "float",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "double",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
        "float8e4m3fn",
        "float8e4m3fnuz",
        "float8e5m2",
        "float8e5m2fnuz",
        "uint4",
        "int4",
        "float4e2m1",
        "float8e8m0",
        "uint2",
        "int2",
    ];
    let known = usize::try_from(number).ok().and_then(|it| NAMES.get(it));
    known.map_or_else(|| format!("type {number}"), |it| (*it).to_owned())
}
