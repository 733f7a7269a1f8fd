//! ONNX: a graph in Protocol Buffers. (ONNX, `onnx/onnx.proto`; its fields' numbers are named here
//! where they are used.)

mod graph;
mod types;

use std::collections::{BTreeMap, BTreeSet, HashSet};

use self::graph::Graphs;
pub use self::types::{Dimension, Tensor};
use super::protobuf::{Extent, Value, Walker};
use super::{Findings, FormatError};
use crate::package::source::Source;

/// The most inputs, outputs, sets of operators and entries of metadata.
const MOST: usize = 10_000;
/// The longest value of `metadata_props` that is kept, and the longest text about the model.
const LONGEST_VALUE: u64 = 1 << 20;

/// What an ONNX file says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Onnx {
    /// The version of the format.
    pub ir_version: u64,
    /// The program that wrote it.
    pub producer_name: Box<str>,
    /// That program's version.
    pub producer_version: Box<str>,
    /// Who the model comes from, as a domain in reverse.
    pub domain: Box<str>,
    /// The model's version.
    pub model_version: u64,
    /// What the model is, in Markdown.
    pub description: Box<str>,
    /// The sets of operators by their domains, empty for ONNX' own, with the highest version.
    pub opsets: BTreeMap<Box<str>, u64>,
    /// What is put in. Weights are not listed.
    pub inputs: Vec<Tensor>,
    /// What comes out.
    pub outputs: Vec<Tensor>,
    /// `metadata_props`; a value of more than 1 MiB is left out.
    pub metadata: BTreeMap<Box<str>, Box<str>>,
    /// How many nodes there are, those of functions and of graphs within nodes counted.
    pub nodes: u64,
    /// How many weights there are.
    pub initializers: u64,
    /// How many numbers they hold together.
    pub parameters: u64,
    /// Files beside it that hold weights, by their paths from its folder. They stay within it.
    pub external_data: BTreeSet<Box<str>>,
}

/// Whether a file is one: a message with a version and a graph. Fields of other numbers or types may
/// be there: readers pass over them.
pub(super) fn is_one(source: &dyn Source) -> Result<bool, FormatError> {
    let mut walker = Walker::new(source);
    let (mut version, mut graph) = (false, false);
    let walked = walker.message(walker.whole(), |walker, number, value| {
        match (number, value) {
            (1, Value::Number(1..=0xffff)) => version = true,
            (7, Value::Bytes(extent)) => {
                graph = true;
                walker.message(extent, |_, _, _| Ok(()))?;
            }
            _ => {}
        }
        Ok(())
    });
    match walked {
        Ok(()) => Ok(version && graph),
        Err(FormatError::Malformed(_) | FormatError::Truncated) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads all but the numbers of weights.
pub(super) fn read(source: &dyn Source, findings: &mut Findings) -> Result<Onnx, FormatError> {
    let mut walker = Walker::new(source);
    let mut found = Onnx::default();
    let mut graphs = Graphs::default();
    let (mut inputs, mut has_graph) = (Vec::new(), false);
    walker.message(walker.whole(), |walker, number, value| {
        match (number, value) {
            (1, Value::Number(version)) => found.ir_version = version,
            (2, Value::Bytes(text)) => found.producer_name = walker.name(text)?,
            (3, Value::Bytes(text)) => found.producer_version = walker.name(text)?,
            (4, Value::Bytes(text)) => found.domain = walker.name(text)?,
            (5, Value::Number(version)) => found.model_version = version,
            (6, Value::Bytes(text)) if text.len() <= LONGEST_VALUE => {
                found.description = String::from_utf8_lossy(&walker.bytes(text)?).into();
            }
            (7, Value::Bytes(graph)) => {
                has_graph = true;
                for (number, value) in graphs.graph(walker, graph, "graph", findings)? {
                    let list = if number == 11 {
                        &mut inputs
                    } else {
                        &mut found.outputs
                    };
                    list.push(value);
                    few(list.len())?;
                }
            }
            (8, Value::Bytes(opset)) => {
                let (domain, version) = self::opset(walker, opset)?;
                let highest = found.opsets.entry(domain).or_default();
                *highest = version.max(*highest);
                few(found.opsets.len())?;
            }
            (14, Value::Bytes(pair)) => {
                if let (key, Some(value)) = walker.pair(pair)?
                    && value.len() <= LONGEST_VALUE
                {
                    let value = String::from_utf8_lossy(&walker.bytes(value)?).into();
                    found.metadata.insert(key, value);
                    few(found.metadata.len())?;
                }
            }
            (20, Value::Bytes(training)) => graphs.training(walker, training, findings)?,
            (25, Value::Bytes(function)) => graphs.function(walker, function, findings)?,
            _ => {}
        }
        Ok(())
    })?;
    if found.ir_version == 0 || !has_graph {
        return Err(FormatError::malformed("it has no version or no graph"));
    }
    // Before version 4 weights had to be listed as inputs, too.
    let weights: &HashSet<Box<str>> = &graphs.weights;
    inputs.retain(|input: &Tensor| !weights.contains(&input.name));
    found.inputs = inputs;
    graphs.finish(&mut found, findings);
    Ok(found)
}

fn few(count: usize) -> Result<(), FormatError> {
    if count > MOST {
        return Err(FormatError::TooLarge("it lists more"));
    }
    Ok(())
}

/// `OperatorSetIdProto`: a domain (1) and a version (2).
fn opset(walker: &mut Walker<'_>, extent: Extent) -> Result<(Box<str>, u64), FormatError> {
    let (mut domain, mut version) = (Box::default(), 0);
    walker.message(extent, |walker, number, value| {
        match (number, value) {
            (1, Value::Bytes(text)) => domain = walker.name(text)?,
            (2, Value::Number(number)) => version = number,
            _ => {}
        }
        Ok(())
    })?;
    Ok((domain, version))
}
