//! TensorFlow's SavedModel: graphs in Protocol Buffers, each with its signatures.
//! (TensorFlow, `core/protobuf/saved_model.proto`, `core/protobuf/meta_graph.proto`; the fields'
//! numbers are named here where they are used.)

mod graph;
mod operators;
mod signature;

use std::collections::BTreeMap;

use self::graph::Graph;
pub use self::signature::{Signature, TensorSpec};
use super::keras;
use super::protobuf::{Extent, Value, Walker};
use super::{Findings, FormatError};
use crate::package::source::Source;

/// The most graphs, tags, signatures and assets.
const MOST: usize = 1_000;

/// What a SavedModel says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedModel {
    /// Its graphs: mostly one, for serving.
    pub graphs: Vec<MetaGraph>,
}

/// A graph of a SavedModel, with what is told of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetaGraph {
    /// What it is for: `serve`, `train`, `gpu`.
    pub tags: Vec<Box<str>>,
    /// The TensorFlow that wrote it.
    pub tensorflow_version: Box<str>,
    /// Whether attributes that have their usual values were left out, so that older versions can
    /// read it.
    pub stripped_default_attrs: bool,
    /// What can be called, by name. What TensorFlow calls by itself when it loads is not listed.
    pub signatures: BTreeMap<Box<str>, Signature>,
    /// Files under `assets/` that it needs.
    pub assets: Vec<Box<str>>,
    /// How many nodes its graph and functions have.
    pub nodes: u64,
    /// How many functions it has.
    pub functions: u64,
}

/// Whether a file is one: a message with a schema of version 1 and graphs, whose fields are messages.
/// Those of ONNX that it has not tell the two apart.
pub(super) fn is_one(source: &dyn Source) -> Result<bool, FormatError> {
    let mut walker = Walker::new(source);
    let (mut schema, mut graphs) = (0, 0_u64);
    let walked = walker.message(walker.whole(), |walker, number, value| {
        match (number, value) {
            (1, Value::Number(version)) => schema = version,
            (27.., _) => {}
            (2, Value::Bytes(graph)) => {
                graphs += 1;
                walker.message(graph, |_, number, value| match (number, value) {
                    (1..=7, Value::Bytes(_)) | (8.., _) => Ok(()),
                    _ => Err(FormatError::malformed("no field of a graph")),
                })?;
            }
            _ => return Err(FormatError::malformed("no field of a model")),
        }
        Ok(())
    });
    match walked {
        Ok(()) => Ok(schema == 1 && graphs > 0),
        Err(FormatError::Malformed(_) | FormatError::Truncated) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads all but the values of constants.
pub(super) fn read(
    source: &dyn Source,
    findings: &mut Findings,
) -> Result<SavedModel, FormatError> {
    let mut walker = Walker::new(source);
    let mut found = SavedModel::default();
    let mut schema = 0;
    walker.message(walker.whole(), |walker, number, value| {
        match (number, value) {
            (1, Value::Number(version)) => schema = version,
            (2, Value::Bytes(graph)) => {
                found.graphs.push(meta_graph(walker, graph, findings)?);
                few(found.graphs.len())?;
            }
            _ => {}
        }
        Ok(())
    })?;
    if schema != 1 {
        let what = format!("its schema is version {schema}");
        return Err(FormatError::Unsupported(what));
    }
    if found.graphs.is_empty() {
        return Err(FormatError::malformed("it has no graph"));
    }
    Ok(found)
}

fn few(count: usize) -> Result<(), FormatError> {
    if count > MOST {
        return Err(FormatError::TooLarge("it lists more"));
    }
    Ok(())
}

/// `MetaGraphDef`: about it (1), its graph (2), signatures (5), assets (6), its objects (7).
fn meta_graph(
    walker: &mut Walker<'_>,
    extent: Extent,
    findings: &mut Findings,
) -> Result<MetaGraph, FormatError> {
    let mut found = MetaGraph::default();
    let mut graph = Graph::default();
    walker.message(extent, |walker, number, value| {
        let Value::Bytes(extent) = value else {
            return Ok(());
        };
        match number {
            1 => about(walker, extent, &mut found)?,
            2 => graph.walk(walker, extent, findings)?,
            5 => {
                if let (name, Some(signature)) = walker.pair(extent)?
                    && !signature::is_internal(&name)
                {
                    let signature = signature::read(walker, signature)?;
                    found.signatures.insert(name, signature);
                    few(found.signatures.len())?;
                }
            }
            6 => {
                found.assets.push(asset(walker, extent)?);
                few(found.assets.len())?;
            }
            7 => objects(walker, extent, findings)?,
            _ => {}
        }
        Ok(())
    })?;
    (found.nodes, found.functions) = (graph.nodes, graph.functions);
    Ok(found)
}

/// `MetaInfoDef`: tags (4), TensorFlow's version (5), whether defaults were left out (7).
fn about(
    walker: &mut Walker<'_>,
    extent: Extent,
    found: &mut MetaGraph,
) -> Result<(), FormatError> {
    walker.message(extent, |walker, number, value| {
        match (number, value) {
            (4, Value::Bytes(tag)) => {
                found.tags.push(walker.name(tag)?);
                few(found.tags.len())?;
            }
            (5, Value::Bytes(version)) => found.tensorflow_version = walker.name(version)?,
            (7, Value::Number(stripped)) => found.stripped_default_attrs = stripped != 0,
            _ => {}
        }
        Ok(())
    })
}

/// `AssetFileDef`: the tensor that is its path (1), its name (2).
fn asset(walker: &mut Walker<'_>, extent: Extent) -> Result<Box<str>, FormatError> {
    let mut name = Box::default();
    walker.message(extent, |walker, number, value| {
        if let (2, Value::Bytes(text)) = (number, value) {
            name = walker.name(text)?;
        }
        Ok(())
    })?;
    Ok(name)
}

/// `SavedObjectGraph`: objects (1), of which those of users (4) have metadata (3): before TensorFlow
/// 2.5 it is Keras' configuration of a layer. (`core/protobuf/saved_object_graph.proto`.)
fn objects(
    walker: &mut Walker<'_>,
    extent: Extent,
    findings: &mut Findings,
) -> Result<(), FormatError> {
    walker.message(extent, |walker, number, value| {
        let (1, Value::Bytes(object)) = (number, value) else {
            return Ok(());
        };
        walker.message(object, |walker, number, value| {
            let (4, Value::Bytes(user)) = (number, value) else {
                return Ok(());
            };
            walker.message(user, |walker, number, value| match (number, value) {
                (3, Value::Bytes(text)) => keras::legacy_layer(walker, text, findings),
                _ => Ok(()),
            })
        })
    })
}
