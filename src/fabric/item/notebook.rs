//! Notebooks: the two forms of their definition, and how one becomes the other (docs/fidelity.md#kinds).

use serde_json::{Value, json};

use super::{Definition, Part};

/// The part of the format `fabricGitSource`.
const SOURCE: &str = "notebook-content.py";
/// The part of the format `ipynb`.
const IPYNB: &str = "notebook-content.ipynb";
/// What stands before each cell of the source form.
const CELL: &str = "# CELL ********************";
/// What stands before what is told of the cell before it.
const METADATA: &str = "# METADATA ********************";

/// The parts of a notebook in the form that is asked for; what is in that form already is left as it is.
pub(super) fn translated(definition: &Definition, format: Option<&str>) -> Vec<Part> {
    let wants_ipynb = format == Some("ipynb");
    let translate = |part: &Part| {
        let is_ipynb = part.path.to_lowercase().ends_with(".ipynb");
        let is_source = part.path.to_lowercase().starts_with("notebook-content.") && !is_ipynb;
        if wants_ipynb && is_source {
            Part { path: IPYNB.into(), payload: to_ipynb(&String::from_utf8_lossy(&part.payload)).into_bytes() }
        } else if !wants_ipynb && is_ipynb {
            Part { path: SOURCE.into(), payload: to_source(&part.payload).into_bytes() }
        } else {
            part.clone()
        }
    };
    definition.parts.iter().map(translate).collect()
}

/// The cells of a source as a notebook: compact JSON of the version 4.5.
fn to_ipynb(source: &str) -> String {
    let cells = source.split(CELL).skip(1).map(|cell| {
        let code = cell.split(METADATA).next().unwrap_or_default().trim_matches(['\r', '\n']);
        let lines: Vec<&str> = code.split_inclusive('\n').collect();
        json!({"cell_type": "code", "execution_count": null, "metadata": {}, "outputs": [], "source": lines})
    });
    json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells.collect::<Vec<Value>>()}).to_string()
}

/// The cells of a notebook as a source.
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
    fn one_form_becomes_the_other_and_back() {
        let source = "# Fabric notebook source\n\n# CELL ********************\n\nprint(1)\nprint(2)\n\n# CELL ********************\n\nx\n";
        let ipynb = to_ipynb(source);
        assert!(ipynb.contains(r#""source":["print(1)\n","print(2)"]"#), "{ipynb}");
        assert_eq!(to_source(ipynb.as_bytes()), source);
        assert_eq!(to_source(b"broken"), "# Fabric notebook source\n");
    }
}
