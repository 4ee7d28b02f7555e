//! Scenarios: documents that declare parts of a tenant, in terms of names rather than ids (docs/CONTROL.md#scenarios).
//!
//! A scenario is applied as a whole or not at all. Its facts are those of the control commands and requests that would
//! have led to the declared state, each with its instant.

mod build;
mod document;
mod items;
mod names;
pub mod ready_made;

use std::fmt::Display;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use self::build::Draft;
use self::document::Document;
use crate::fabric::fault::FaultRule;
use crate::fabric::item::Part;
use crate::fabric::json::{Positions, VALUES_MAX, has_too_many_values};
use crate::fabric::{FabricError, Fact, State};
use crate::ids::{ConnectionId, ItemId, WorkspaceId};

/// The number of characters of a longer message that an error repeats. It can contain values of the scenario.
const MESSAGE_MAX: usize = 1_000;

/// A scenario that was parsed, but not yet checked against a tenant.
#[derive(Debug, Clone)]
pub struct Scenario {
    text: String,
    document: Document,
    /// The files of the items that have a `path`, by workspace and item.
    files: Vec<((usize, usize), Vec<Part>)>,
}

/// The ids of operations, which fault rules and limits refer to.
#[derive(Debug, Clone)]
pub struct OperationIds {
    /// The operations of Fabric's API.
    pub fabric: Vec<&'static str>,
    /// The operations of the other services.
    pub others: Vec<&'static str>,
}

impl OperationIds {
    /// Rejects a rule that matches no operation.
    ///
    /// # Errors
    ///
    /// The error names the operation.
    pub fn check(&self, rule: &FaultRule) -> Result<(), FabricError> {
        rule.check_operation(self.fabric.iter().chain(&self.others).copied())
    }
}

/// The facts of a scenario, and the ids of what it declares.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The facts with their instants, oldest first.
    pub facts: Vec<(Timestamp, Fact)>,
    /// The ids of what the scenario declares.
    pub declared: DeclaredIds,
}

/// The ids of what a scenario declares, by name and in the order of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeclaredIds {
    /// The workspaces.
    pub workspaces: Vec<(String, WorkspaceId)>,
    /// The items. Their names are `workspace/item`, or `workspace/item.Type` if a workspace of the scenario has two items of the
    /// same name.
    pub items: Vec<(String, ItemId)>,
    /// The connections.
    pub connections: Vec<(String, ConnectionId)>,
}

/// A fault in a scenario: the path of the member, and a message.
#[derive(Debug)]
struct Problem {
    path: Vec<String>,
    message: String,
}

impl Problem {
    fn new(path: &[&dyn Display], message: impl Into<String>) -> Self {
        Self { path: path.iter().map(ToString::to_string).collect(), message: message.into() }
    }

    /// Returns the problem of a value that breaks a rule.
    fn rule(path: &[&dyn Display], error: &FabricError) -> Self {
        Self::new(path, text(error))
    }

    /// Returns the problem of a value that breaks a rule and has a name.
    fn named(path: &[&dyn Display], name: &str, error: &FabricError) -> Self {
        Self::new(path, format!("{name:?}: {}", text(error)))
    }
}

type Checked<T> = Result<T, Problem>;

/// Returns the first fault of an error, or its message, without a full stop.
fn text(error: &FabricError) -> &str {
    let fault = error.more_details().iter().find_map(|detail| detail.fault.as_ref());
    let text = fault.map_or(error.text(), |(_, text)| text).trim_end_matches('.');
    text.strip_prefix("The rule is not valid: ").unwrap_or(text)
}

impl Scenario {
    /// Parses a scenario.
    ///
    /// # Errors
    ///
    /// The text is not JSON, a member is unknown or has another type, or the format is unknown. The message names the
    /// member, the line and the column.
    pub fn parse(text: &[u8]) -> Result<Self, FabricError> {
        let text = std::str::from_utf8(text).map_err(|why| invalid(&why.to_string()))?;
        let text = text.trim_start_matches('\u{feff}');
        if has_too_many_values(text.as_bytes()) {
            return Err(invalid(&format!("it has more than {VALUES_MAX} values")));
        }
        let value: Value = serde_json::from_str(text).map_err(|why| invalid(&why.to_string()))?;
        let document = read(&value, &[]).map_err(|problem| refusal(text, &problem))?;
        Ok(Self { text: text.to_owned(), document, files: Vec::new() })
    }

    /// Returns the instant to which the scenario sets the clock, and its other settings, as the type of the caller.
    ///
    /// # Errors
    ///
    /// The member `clock` is not valid.
    pub fn clock<T: DeserializeOwned>(&self) -> Result<Option<T>, FabricError> {
        let clock = self.document.clock.clone().map(Value::from);
        clock.map(|clock| read(&clock, &[&"clock"]).map_err(|problem| refusal(&self.text, &problem))).transpose()
    }

    /// Returns the error for a value of the member `clock` that breaks a rule.
    pub fn clock_refusal(&self, member: &str, why: &str) -> FabricError {
        refusal(&self.text, &Problem::new(&[&"clock", &member], why))
    }

    /// Reads the files of the items that have a `path`. `read` returns the files in a folder as parts.
    ///
    /// # Errors
    ///
    /// A folder cannot be read. The error contains the message of `read`.
    pub fn read_files(&mut self, mut read: impl FnMut(&str) -> Result<Vec<Part>, String>) -> Result<(), FabricError> {
        let mut files = Vec::new();
        for (place, path) in self.paths() {
            let unread = |why: String| refusal(&self.text, &Problem::new(&item_path(&place, &"path"), why));
            files.push((place, read(path).map_err(unread)?));
        }
        self.files = files;
        Ok(())
    }

    /// Rejects a scenario that reads files. Only those that are given at the start can do so.
    ///
    /// # Errors
    ///
    /// An item has a `path`.
    pub fn check_without_files(&self) -> Result<(), FabricError> {
        match self.paths().next() {
            Some((place, path)) => {
                let why = format!(
                    "{path:?}: only a scenario file that is given with --scenario can read a folder; put the definition \
                     into the document"
                );
                Err(refusal(&self.text, &Problem::new(&item_path(&place, &"path"), why)))
            }
            None => Ok(()),
        }
    }

    /// Returns the places of the items that have a `path`, with the paths.
    fn paths(&self) -> impl Iterator<Item = ((usize, usize), &str)> {
        self.document.workspaces.iter().enumerate().flat_map(|(at, within)| {
            let items = within.items.iter().enumerate();
            items.filter_map(move |(index, item)| Some(((at, index), item.path.as_deref()?)))
        })
    }

    /// Returns the facts that the scenario adds to a tenant at `now`. `last` is the instant of the tenant's last fact.
    ///
    /// # Errors
    ///
    /// A name is unknown or taken, or a value breaks a rule. The message names it, its line and its column.
    pub fn decide(
        &self,
        state: &State,
        now: Timestamp,
        last: Option<Timestamp>,
        operations: &OperationIds,
    ) -> Result<Plan, FabricError> {
        let draft = Draft::new(self, state, now, last.unwrap_or(Timestamp::UNIX_EPOCH));
        draft.build(operations).map_err(|problem| refusal(&self.text, &problem))
    }
}

/// Returns the path of a member of an item.
fn item_path<'a>((within, item): &'a (usize, usize), member: &'a dyn Display) -> [&'a dyn Display; 5] {
    [&"workspaces", within, &"items", item, member]
}

/// Reads a value. A problem has the path of the member, which begins with `prefix`.
fn read<T: DeserializeOwned>(value: &Value, prefix: &[&dyn Display]) -> Checked<T> {
    serde_path_to_error::deserialize(value).map_err(|why| {
        let mut problem = Problem::new(prefix, why.inner().to_string());
        problem.path.extend(why.path().iter().filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        }));
        problem
    })
}

fn refusal(text: &str, Problem { path, message }: &Problem) -> FabricError {
    // A message can begin with the path of a member within the value.
    let within = message.split([' ', ':']).next().unwrap_or_default();
    let whole: Vec<String> = path.iter().cloned().chain(within.split('.').map(str::to_owned)).collect();
    let (line, column) = Positions::new(text).locate(&whole);
    let member = path.iter().fold(String::new(), |shown, step| match step.parse::<usize>() {
        Ok(index) => format!("{shown}[{index}]"),
        Err(_) if shown.is_empty() => step.clone(),
        Err(_) => format!("{shown}.{step}"),
    });
    let member = if member.is_empty() { member } else { format!("{member}: ") };
    let is_long = message.chars().count() > MESSAGE_MAX;
    let more = if is_long { " and so on" } else { "" };
    let shown: String = message.chars().take(MESSAGE_MAX).collect();
    invalid(&format!("{member}{shown}{more} at line {line} column {column}"))
}

fn invalid(why: &str) -> FabricError {
    FabricError::invalid_input(format!("The scenario is not valid: {why}."))
}
