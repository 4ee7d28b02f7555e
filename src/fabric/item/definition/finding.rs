//! Findings: the faults of a definition with their places.

use super::{DefinitionRequest, check, check_content, check_files, decode};
use crate::fabric::FabricError;
use crate::fabric::item::ItemKind;

/// A fault of a definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The path of the part; empty if the fault concerns the whole definition.
    pub path: String,
    /// The line and the column in the part, counted from 1, if they are known.
    pub position: Option<(usize, usize)>,
    /// The fault.
    pub message: String,
}

impl Finding {
    /// Returns the faults that an error lists, or its message if it lists none.
    pub fn of(error: &FabricError) -> Vec<Self> {
        let details = error.more_details().iter().filter_map(|detail| detail.fault.as_ref());
        let faults: Vec<Self> = details.map(|(_, fault)| Self::parse(fault)).collect();
        if !faults.is_empty() {
            return faults;
        }
        vec![Self { path: String::new(), position: None, message: error.text().to_owned() }]
    }

    /// Parses a fault, such as `mirroring.json, line 3, column 7: fault` or `mirroring.json: fault`.
    fn parse(fault: &str) -> Self {
        let at = fault.split_once(", line ").and_then(|(path, rest)| {
            let (line, rest) = rest.split_once(", column ")?;
            let (column, message) = rest.split_once(": ")?;
            let position = Some((line.parse().ok()?, column.parse().ok()?));
            Some(Self { path: path.into(), position, message: message.into() })
        });
        at.unwrap_or_else(|| {
            let (path, message) = match fault.split_once(": ") {
                Some((part, what)) if !part.contains(' ') => (part, what),
                Some(_) | None => ("", fault),
            };
            Self { path: path.into(), position: None, message: message.into() }
        })
    }
}

/// Returns the faults of a definition that a client sends, with the rules of [`check_files`]. A definition of a kind
/// without definitions is a fault.
pub fn findings(kind: ItemKind, request: DefinitionRequest) -> Vec<Finding> {
    let result = if kind.spec().definition.is_none() || request.format.is_some() {
        check(kind, request, true).and_then(|(definition, _)| check_content(kind, &definition))
    } else {
        decode(request.parts).and_then(|parts| check_files(kind, parts))
    };
    result.err().map(|error| Finding::of(&error)).unwrap_or_default()
}
