//! Notebooks: the two formats of their definition, and the conversion between them (docs/fidelity.md#kinds).

use serde_json::{Value, json};

use super::hooks::KindHooks;
use crate::fabric::item::{Definition, Item, Part};

/// The required part in the format `fabricGitSource`.
const SOURCE: &str = "notebook-content.py";
/// The required part in the format `ipynb`.
const IPYNB: &str = "notebook-content.ipynb";
/// The line that begins a cell in the format `fabricGitSource`.
const CELL: &str = "# CELL ********************";
/// The line between the code of a cell and the metadata of the cell.
const METADATA: &str = "# METADATA ********************";
/// The content of a notebook that was created without a definition: one empty cell, in the format `fabricGitSource`.
const EMPTY: &str = "# Fabric notebook source\n\n# CELL ********************\n\n\n";

pub(super) const HOOKS: KindHooks = KindHooks { default_definition, convert: Some(convert), ..KindHooks::DEFAULT };

fn default_definition(_: &Item, format: Option<&str>) -> Vec<Part> {
    if format == Some("ipynb") {
        return vec![Part::compact(IPYNB, &json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": []}))];
    }
    vec![Part::text(SOURCE, EMPTY)]
}

/// Converts the parts of a notebook to a format. Leaves parts unchanged that already have the format.
fn convert(definition: &Definition, format: Option<&str>) -> Vec<Part> {
    let wants_ipynb = format == Some("ipynb");
    let convert = |part: &Part| {
        let is_ipynb = part.path.to_lowercase().ends_with(".ipynb");
        let is_source = part.path.to_lowercase().starts_with("notebook-content.") && !is_ipynb;
        if wants_ipynb && is_source {
            Part { path: IPYNB.into(), payload: to_ipynb(&String::from_utf8_lossy(&part.payload)).into_bytes().into() }
        } else if !wants_ipynb && is_ipynb {
            Part { path: SOURCE.into(), payload: to_source(&part.payload).into_bytes().into() }
        } else {
            part.clone()
        }
    };
    definition.parts.iter().map(convert).collect()
}

/// Converts the format `fabricGitSource` to the format `ipynb`: compact JSON of nbformat 4.5.
fn to_ipynb(source: &str) -> String {
    let cells = source.split(CELL).skip(1).map(|cell| {
        let code = cell.split(METADATA).next().unwrap_or_default().trim_matches(['\r', '\n']);
        let lines: Vec<&str> = code.split_inclusive('\n').collect();
        json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": lines})
    });
    json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells.collect::<Vec<Value>>()}).to_string()
}

/// Converts the format `ipynb` to the format `fabricGitSource`.
fn to_source(ipynb: &[u8]) -> String {
    let notebook: Value = serde_json::from_slice(ipynb).unwrap_or_default();
    let mut source = String::from("# Fabric notebook source\n");
    for cell in notebook["cells"].as_array().into_iter().flatten() {
        let code: String = match &cell["source"] {
            Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
            other => other.as_str().unwrap_or_default().to_owned(),
        };
        source += &format!("\n{CELL}\n\n{code}\n");
    }
    source
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notebook_conversion_round_trips() {
        let source = "# Fabric notebook source\n\n# CELL ********************\n\nprint(1)\nprint(2)\n\n# CELL ********************\n\nx\n";
        let ipynb = to_ipynb(source);
        assert!(ipynb.contains(r#""source":["print(1)\n","print(2)"]"#), "{ipynb}");
        assert_eq!(to_source(ipynb.as_bytes()), source);
        assert_eq!(to_source(b"broken"), "# Fabric notebook source\n");
    }
}
