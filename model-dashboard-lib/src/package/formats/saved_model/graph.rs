//! The nodes of a graph and of its functions.

use super::operators;
use crate::package::formats::error::shown;
use crate::package::formats::protobuf::{Extent, Value, Walker};
use crate::package::formats::{Finding, Findings, FormatError};

/// What was counted.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) nodes: u64,
    pub(super) functions: u64,
}

impl Graph {
    /// `GraphDef`: nodes (1) and a library (2) of functions (1). (`core/framework/graph.proto`.)
    pub(super) fn walk(
        &mut self,
        walker: &mut Walker<'_>,
        graph: Extent,
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        walker.message(graph, |walker, number, value| match (number, value) {
            (1, Value::Bytes(node)) => self.node(walker, node, "graph", findings),
            (2, Value::Bytes(library)) => {
                walker.message(library, |walker, number, value| match (number, value) {
                    (1, Value::Bytes(function)) => self.function(walker, function, findings),
                    _ => Ok(()),
                })
            }
            _ => Ok(()),
        })
    }

    /// `FunctionDef`: a signature (1) with a name (1), nodes (3). (`core/framework/function.proto`.)
    fn function(
        &mut self,
        walker: &mut Walker<'_>,
        function: Extent,
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        self.functions += 1;
        let mut place = "function".to_owned();
        walker.message(function, |walker, number, value| {
            match (number, value) {
                (1, Value::Bytes(signature)) => {
                    walker.message(signature, |walker, number, value| {
                        if let (1, Value::Bytes(name)) = (number, value) {
                            place = format!("function {}", shown(&walker.name(name)?));
                        }
                        Ok(())
                    })?;
                }
                (3, Value::Bytes(node)) => self.node(walker, node, &place, findings)?,
                _ => {}
            }
            Ok(())
        })
    }

    /// `NodeDef`: a name (1) and an operator (2). (`core/framework/node_def.proto`.)
    fn node(
        &mut self,
        walker: &mut Walker<'_>,
        node: Extent,
        place: &str,
        findings: &mut Findings,
    ) -> Result<(), FormatError> {
        self.nodes += 1;
        let (mut name, mut operator) = (None, None);
        walker.message(node, |_, number, value| {
            match (number, value) {
                (1, Value::Bytes(text)) => name = Some(text),
                (2, Value::Bytes(text)) => operator = Some(text),
                _ => {}
            }
            Ok(())
        })?;
        let Some(operator) = operator else {
            return Ok(());
        };
        let operator = walker.name(operator)?;
        let told = match &*operator {
            "PrintV2" if prints_to_a_file(walker, node)? => Some(operators::PRINTS),
            operator => operators::told(operator),
        };
        if let Some((kind, what)) = told {
            let name = match name {
                Some(name) => walker.name(name)?,
                None => Box::default(),
            };
            findings.add(Finding {
                kind,
                place: format!("{place}: {}", shown(&name)),
                what: format!("{operator} {what}"),
            });
        }
        Ok(())
    }
}

/// Whether an attribute (5) says that a text (2) is written to a file in place of the log.
/// (`core/framework/attr_value.proto`, `core/ops/logging_ops.cc`.)
fn prints_to_a_file(walker: &mut Walker<'_>, node: Extent) -> Result<bool, FormatError> {
    let mut found = false;
    walker.message(node, |walker, number, value| {
        if let (5, Value::Bytes(attribute)) = (number, value)
            && let (key, Some(value)) = walker.pair(attribute)?
            && &*key == "output_stream"
        {
            walker.message(value, |walker, number, value| {
                if let (2, Value::Bytes(text)) = (number, value) {
                    found |= walker.name(text)?.starts_with("file:");
                }
                Ok(())
            })?;
        }
        Ok(())
    })?;
    Ok(found)
}
