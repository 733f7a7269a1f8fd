//! Nodes and weights, wherever they are in a model.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::Onnx;
use super::types::{self, Tensor};
use crate::package::formats::error::shown;
use crate::package::formats::protobuf::{Extent, Value, Walker};
use crate::package::formats::{Finding, FindingKind, Findings, FormatError};
use crate::package::path::{MAX_PATH_BYTES, PackagePath};

/// The domains of operators that ONNX Runtime has without a library of somebody else.
const DOMAINS: &[&str] = &[
    "",
    "ai.onnx",
    "ai.onnx.ml",
    "ai.onnx.preview",
    "ai.onnx.preview.training",
    "ai.onnx.training",
    "com.microsoft",
];

/// Operators of `com.microsoft` that are more than arithmetic.
const CODE: &[(&str, &str)] = &[
    ("PythonOp", "runs a Python function"),
    ("PythonOpGrad", "runs a Python function"),
    (
        "EPContext",
        "holds a program that was compiled for one kind of device",
    ),
];

/// The most operators of other domains, functions, weights and files that are kept.
const MOST: usize = 500_000;

/// What graphs and functions of a model have in common.
#[derive(Default)]
pub(super) struct Graphs {
    /// The names of the weights of the model's graph.
    pub(super) weights: HashSet<Box<str>>,
    /// Operators of other domains, and where the first one is.
    foreign: BTreeMap<(Box<str>, Box<str>), String>,
    /// Functions that the model itself defines.
    functions: HashSet<(Box<str>, Box<str>)>,
    external: BTreeSet<Box<str>>,
    nodes: u64,
    initializers: u64,
    parameters: u64,
    /// Graphs within nodes have weights that are not the model's.
    within: u32,
}

impl Graphs {
    /// `GraphProto`: nodes (1), weights (5), inputs (11), outputs (12), sparse weights (15). Gives
    /// inputs and outputs with these numbers.
    pub(super) fn graph(
        &mut self,
        walker: &mut Walker<'_>,
        graph: Extent,
        place: &str,
        findings: &mut Findings,
    ) -> Result<Vec<(u32, Tensor)>, FormatError> {
        let mut values = Vec::new();
        walker.message(graph, |walker, number, value| {
            let Value::Bytes(extent) = value else {
                return Ok(());
            };
            match number {
                1 => self.node(walker, extent, place, findings)?,
                5 => {
                    let (name, elements) =
                        self.tensor(walker, extent, (place, "initializer"), findings)?;
                    self.initializers += 1;
                    self.parameters = self.parameters.saturating_add(elements);
                    if self.within == 0 && self.weights.len() < MOST {
                        self.weights.insert(name);
                    }
                }
                11 | 12 if self.within == 0 => {
                    values.push((number, types::value(walker, extent)?));
                    bounded(values.len())?;
                }
                15 => self.sparse(walker, extent, (place, "sparse_initializer"), findings)?,
                _ => {}
            }
            Ok(())
        })?;
        Ok(values)
    }

    /// `TrainingInfoProto`: how to begin (1) and a step (2), both graphs.
    pub(super) fn training(
        &mut self,
        walker: &mut Walker<'_>,
        training: Extent,
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        self.within += 1;
        walker.message(training, |walker, number, value| {
            if let (1 | 2, Value::Bytes(graph)) = (number, value) {
                self.graph(walker, graph, "training_info", findings)?;
            }
            Ok(())
        })?;
        self.within -= 1;
        Ok(())
    }

    /// `FunctionProto`: a name (1), nodes (7), a domain (10).
    pub(super) fn function(
        &mut self,
        walker: &mut Walker<'_>,
        function: Extent,
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        let (mut name, mut domain) = (Box::default(), Box::default());
        walker.message(function, |walker, number, value| {
            match (number, value) {
                (1, Value::Bytes(text)) => name = walker.name(text)?,
                (7, Value::Bytes(node)) => self.node(walker, node, "functions", findings)?,
                (10, Value::Bytes(text)) => domain = walker.name(text)?,
                _ => {}
            }
            Ok(())
        })?;
        self.functions.insert((domain, name));
        bounded(self.functions.len())
    }

    /// `NodeProto`: an operator (4), attributes (5), the operator's domain (7).
    fn node(
        &mut self,
        walker: &mut Walker<'_>,
        node: Extent,
        place: &str,
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        self.nodes += 1;
        let (mut operator, mut domain) = (Box::default(), Box::default());
        walker.message(node, |walker, number, value| {
            match (number, value) {
                (4, Value::Bytes(text)) => operator = walker.name(text)?,
                (5, Value::Bytes(attribute)) => {
                    self.attribute(walker, attribute, place, findings)?;
                }
                (7, Value::Bytes(text)) => domain = walker.name(text)?,
                _ => {}
            }
            Ok(())
        })?;
        if !DOMAINS.contains(&&*domain) {
            self.foreign
                .entry((domain, operator))
                .or_insert_with(|| place.to_owned());
            bounded(self.foreign.len())?;
        } else if let Some((operator, what)) = CODE.iter().find(|it| *it.0 == *operator)
            && &*domain == "com.microsoft"
        {
            findings.add(Finding {
                kind: FindingKind::Code,
                place: format!("{place}: {operator}"),
                what: format!("an operator that {what}"),
            });
        }
        Ok(())
    }

    /// `AttributeProto`: tensors (5, 10), graphs (6, 11), sparse tensors (22, 23).
    fn attribute(
        &mut self,
        walker: &mut Walker<'_>,
        attribute: Extent,
        place: &str,
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        walker.message(attribute, |walker, number, value| {
            let Value::Bytes(extent) = value else {
                return Ok(());
            };
            match number {
                5 | 10 => drop(self.tensor(walker, extent, (place, "node"), findings)?),
                6 | 11 => {
                    self.within += 1;
                    self.graph(walker, extent, place, findings)?;
                    self.within -= 1;
                }
                22 | 23 => self.sparse(walker, extent, (place, "node"), findings)?,
                _ => {}
            }
            Ok(())
        })
    }

    /// `SparseTensorProto`: values (1) and where they are (2).
    fn sparse(
        &mut self,
        walker: &mut Walker<'_>,
        tensor: Extent,
        place: (&str, &str),
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        walker.message(tensor, |walker, number, value| {
            if let (1 | 2, Value::Bytes(extent)) = (number, value) {
                self.tensor(walker, extent, place, findings)?;
            }
            Ok(())
        })
    }

    /// `TensorProto`: sizes (1), a name (8), where its numbers are, if they are elsewhere (13). Gives
    /// the name and how many elements it has.
    fn tensor(
        &mut self,
        walker: &mut Walker<'_>,
        tensor: Extent,
        place: (&str, &str),
        findings: &mut Findings,
    ) -> Result<(Box<str>, u64), FormatError> {
        let (mut name, mut elements) = (Box::default(), 1_u64);
        // Each is looked at: which of two counts is up to the reader.
        let mut locations: Vec<(Box<str>, bool)> = Vec::new();
        walker.message(tensor, |walker, number, value| {
            match (number, value) {
                (1, sizes) => {
                    walker.numbers(sizes, |size| elements = elements.saturating_mul(size))?;
                }
                (8, Value::Bytes(text)) => name = walker.name(text)?,
                (13, Value::Bytes(pair)) => {
                    if let (key, Some(value)) = walker.pair(pair)?
                        && &*key == "location"
                    {
                        let whole = value.len() <= MAX_PATH_BYTES as u64;
                        locations.push((walker.name(value)?, whole));
                        bounded(locations.len())?;
                    }
                }
                _ => {}
            }
            Ok(())
        })?;
        for (location, whole) in locations {
            // "./weights.bin" is as good as "weights.bin".
            let path = location.strip_prefix("./").unwrap_or(&location);
            if let Ok(path) = PackagePath::parse(path)
                && whole
            {
                if self.external.len() < MOST {
                    self.external.insert(path.as_str().into());
                }
            } else {
                findings.add(Finding {
                    kind: FindingKind::Outside,
                    place: format!("{}.{}.{}.external_data", place.0, place.1, shown(&name)),
                    what: format!(
                        "its numbers are in a file outside the package: {}",
                        shown(&location)
                    ),
                });
            }
        }
        Ok((name, elements))
    }

    pub(super) fn finish(self, found: &mut Onnx, findings: &mut Findings) {
        found.nodes = self.nodes;
        found.initializers = self.initializers;
        found.parameters = self.parameters;
        found.external_data = self.external;
        for ((domain, operator), place) in self.foreign {
            if self.functions.contains(&(domain.clone(), operator.clone())) {
                continue;
            }
            findings.add(Finding {
                kind: FindingKind::Needs,
                place,
                what: format!(
                    "it needs a library with the operator {} of {}",
                    shown(&operator),
                    shown(&domain)
                ),
            });
        }
    }
}

fn bounded(count: usize) -> Result<(), FormatError> {
    if count > MOST {
        return Err(FormatError::TooLarge("it lists more"));
    }
    Ok(())
}
