//! What can be called in a graph.

use std::collections::BTreeMap;

use super::few;
use crate::package::formats::FormatError;
use crate::package::formats::protobuf::{Extent, Value, Walker};

/// What a signature takes and gives, by names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Signature {
    /// What is put in.
    pub inputs: BTreeMap<Box<str>, TensorSpec>,
    /// What comes out.
    pub outputs: BTreeMap<Box<str>, TensorSpec>,
    /// The kind of call, as `tensorflow/serving/predict`.
    pub method_name: Box<str>,
}

/// A tensor of a signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TensorSpec {
    /// The type of its elements, as `float32`.
    pub dtype: Box<str>,
    /// Its sizes, where their number is known; `None` for a size that may be any.
    pub shape: Option<Vec<Option<u64>>>,
}

/// What TensorFlow calls when it loads, which is no entry for others
/// (`python/saved_model/constants.py`).
pub(super) fn is_internal(name: &str) -> bool {
    matches!(name, "__saved_model_init_op" | "__saved_model_train_op")
}

/// `SignatureDef`: inputs (1), outputs (2), the kind of call (3).
pub(super) fn read(walker: &mut Walker<'_>, extent: Extent) -> Result<Signature, FormatError> {
    let mut found = Signature::default();
    walker.message(extent, |walker, number, value| {
        let Value::Bytes(extent) = value else {
            return Ok(());
        };
        let list = match number {
            1 => &mut found.inputs,
            2 => &mut found.outputs,
            3 => {
                found.method_name = walker.name(extent)?;
                return Ok(());
            }
            _ => return Ok(()),
        };
        if let (name, Some(tensor)) = walker.pair(extent)? {
            list.insert(name, tensor_info(walker, tensor)?);
            few(list.len())?;
        }
        Ok(())
    })?;
    Ok(found)
}

/// `TensorInfo`: a type (2) and a shape (3).
fn tensor_info(walker: &mut Walker<'_>, extent: Extent) -> Result<TensorSpec, FormatError> {
    let (mut dtype, mut shape) = (0, None);
    walker.message(extent, |walker, number, value| {
        match (number, value) {
            (2, Value::Number(number)) => dtype = number,
            (3, Value::Bytes(extent)) => shape = self::shape(walker, extent)?,
            _ => {}
        }
        Ok(())
    })?;
    Ok(TensorSpec {
        dtype: type_name(dtype).into(),
        shape,
    })
}

/// `TensorShapeProto`: dimensions (2), of each its size (1) or -1; or that it has no shape (3).
fn shape(walker: &mut Walker<'_>, extent: Extent) -> Result<Option<Vec<Option<u64>>>, FormatError> {
    let (mut sizes, mut known) = (Vec::new(), true);
    walker.message(extent, |walker, number, value| {
        match (number, value) {
            (2, Value::Bytes(dimension)) => {
                let mut size = 0;
                walker.message(dimension, |_, number, value| {
                    if let (1, Value::Number(number)) = (number, value) {
                        size = number;
                    }
                    Ok(())
                })?;
                sizes.push((size <= i64::MAX as u64).then_some(size));
                few(sizes.len())?;
            }
            (3, Value::Number(unknown)) => known = unknown == 0,
            _ => {}
        }
        Ok(())
    })?;
    Ok(known.then_some(sizes))
}

/// A type by its number (`core/framework/types.proto`), as Python calls it.
fn type_name(number: u64) -> String {
    const NAMES: &[&str] = &[
        "",
        "float32",
        "float64",
        "int32",
        "uint8",
        "int16",
        "int8",
        "string",
        "complex64",
        "int64",
        "bool",
        "qint8",
        "quint8",
        "qint32",
        "bfloat16",
        "qint16",
        "quint16",
        "uint16",
        "complex128",
        "float16",
        "resource",
        "variant",
        "uint32",
        "uint64",
        "float8_e5m2",
        "float8_e4m3fn",
        "float8_e4m3fnuz",
        "float8_e4m3b11fnuz",
        "float8_e5m2fnuz",
        "int4",
        "uint4",
    ];
    let known = usize::try_from(number).ok().and_then(|it| NAMES.get(it));
    known.map_or_else(|| format!("type {number}"), |it| (*it).to_owned())
}
