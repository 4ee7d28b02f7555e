//! The items of a scenario: their definitions, their creation, and the start of their mirroring.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::build::Draft;
use super::document::{NewItem, NewMirroring};
use super::{Checked, Problem, item_path, text};
use crate::fabric::item::definition::{self, Finding, PartRequest};
use crate::fabric::item::{self, CreateItem, DefinitionRequest, ItemKind, Part, mirrored_database};
use crate::fabric::{FabricError, Fact};
use crate::ids::{ItemId, SourceId, WorkspaceId};

/// An item that is ready to be created.
#[derive(Debug)]
pub(super) struct PreparedItem<'a> {
    /// The indexes of the workspace and of the item.
    place: (usize, usize),
    new: &'a NewItem,
    kind: ItemKind,
    definition: Option<DefinitionRequest>,
    /// The instant of its creation. Its mirroring is started at the same instant.
    pub(super) at: Timestamp,
    /// The instant at which its mirroring is running; `None` if it is not started.
    running_since: Option<Timestamp>,
}

impl<'a> Draft<'a> {
    /// Checks the definitions of all items. Returns the items in the order of their creation.
    pub(super) fn prepare_items(&self) -> Checked<Vec<PreparedItem<'a>>> {
        let mut prepared = Vec::new();
        for (at, within) in self.document.workspaces.iter().enumerate() {
            for (index, new) in within.items.iter().enumerate() {
                prepared.push(self.prepare_item((at, index), new)?);
            }
        }
        prepared.sort_by_key(|item| item.at);
        Ok(prepared)
    }

    fn prepare_item(&self, place: (usize, usize), new: &'a NewItem) -> Checked<PreparedItem<'a>> {
        let kind: ItemKind = new.r#type.parse().map_err(|_| {
            Problem::new(&item_path(&place, &"type"), format!("no type of item has the name {:?}", new.r#type))
        })?;
        let request = self.definition(place, new, kind)?;
        let mut source = None;
        if let Some(request) = &request {
            let checked = definition::check(kind, request.clone(), true);
            let checked = checked.and_then(|(checked, _)| definition::check_content(kind, &checked).map(|()| checked));
            let checked = checked.map_err(|error| definition_problem(place, new, &error))?;
            source = checked.mirroring.and_then(|config| config.source);
        }
        let mut item = PreparedItem { place, new, kind, definition: request, at: self.now, running_since: None };
        if let Some(NewMirroring { running_since: since }) = new.mirroring {
            let path: [&dyn Display; 6] = [&"workspaces", &place.0, &"items", &place.1, &"mirroring", &"runningSince"];
            if kind != ItemKind::MirroredDatabase {
                return Err(Problem::new(&path[..5], format!("the mirroring of a {} cannot be started", new.r#type)));
            }
            if since < self.earliest {
                let earliest = self.earliest;
                return Err(Problem::new(&path, format!("{since} is before the last fact of the tenant, {earliest}")));
            }
            if since > self.now {
                return Err(Problem::new(&path, format!("{since} is after the present of the tenant, {}", self.now)));
            }
            let takes = source.map_or(SignedDuration::ZERO, |source| self.state.settings.timing().starting(source));
            item.at = since.checked_sub(takes).unwrap_or(self.earliest).max(self.earliest);
            item.running_since = Some(since);
        }
        Ok(item)
    }

    /// Returns the definition of an item, with ids in place of the names of connections.
    fn definition(&self, place: (usize, usize), new: &NewItem, kind: ItemKind) -> Checked<Option<DefinitionRequest>> {
        let parts = match (&new.definition, &new.path) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => {
                return Err(Problem::new(&item_path(&place, &"path"), "an item has a definition or a path, not both"));
            }
            (Some(parts), None) => {
                let part = |(name, value): (&String, &Value)| self.inline_part(place, kind, name, value);
                parts.iter().map(part).collect::<Checked<Vec<_>>>()?
            }
            (None, Some(_)) => {
                let files = self.scenario.files.iter().find(|(of, _)| *of == place);
                let files = files.map_or(&[] as &[Part], |(_, parts)| parts);
                files.iter().map(|part| self.file(place, kind, part)).collect::<Checked<Vec<_>>>()?
            }
        };
        let parts = parts.into_iter().map(|(path, payload)| PartRequest {
            path,
            payload: STANDARD.encode(payload),
            payload_type: "InlineBase64".into(),
        });
        Ok(Some(DefinitionRequest { format: None, parts: parts.collect() }))
    }

    fn inline_part(
        &self,
        place: (usize, usize),
        kind: ItemKind,
        name: &str,
        value: &Value,
    ) -> Checked<(String, Vec<u8>)> {
        let mut path: Vec<String> = item_path(&place, &"definition").iter().map(ToString::to_string).collect();
        path.push(name.to_owned());
        let payload = match value {
            Value::String(text) => {
                self.with_ids(kind, text.as_bytes()).map_err(|why| Problem { path, message: why })?
            }
            value => {
                let mut value = value.clone();
                self.resolve(kind, &mut value, &mut path).map_err(|why| Problem { path, message: why })?;
                format!("{value:#}").into_bytes()
            }
        };
        Ok((name.to_owned(), payload))
    }

    fn file(&self, place: (usize, usize), kind: ItemKind, part: &Part) -> Checked<(String, Vec<u8>)> {
        let problem = |why: String| Problem::new(&item_path(&place, &"path"), format!("{}: {why}", part.path));
        Ok((part.path.clone(), self.with_ids(kind, &part.payload).map_err(problem)?))
    }

    /// Returns a text with ids in place of the names of connections. A text without names is returned as it is.
    fn with_ids(&self, kind: ItemKind, text: &[u8]) -> Result<Vec<u8>, String> {
        let Ok(value) = serde_json::from_slice::<Value>(text) else { return Ok(text.to_vec()) };
        let mut resolved = value.clone();
        self.resolve(kind, &mut resolved, &mut Vec::new())?;
        Ok(if resolved == value { text.to_vec() } else { format!("{resolved:#}").into_bytes() })
    }

    /// Replaces the names of connections in the definition of a mirrored item by ids. If a name is unknown, `path` is
    /// that of the member.
    fn resolve(&self, kind: ItemKind, value: &mut Value, path: &mut Vec<String>) -> Result<(), String> {
        if !kind.spec().name.starts_with("Mirrored") {
            return Ok(());
        }
        let children: Vec<(String, &mut Value)> = match value {
            Value::Object(members) => members.iter_mut().map(|(name, value)| (name.clone(), value)).collect(),
            Value::Array(elements) => {
                elements.iter_mut().enumerate().map(|(index, value)| (index.to_string(), value)).collect()
            }
            _ => return Ok(()),
        };
        for (step, child) in children {
            let is_connection = matches!(step.as_str(), "connection" | "connectionId");
            path.push(step);
            match child {
                Value::String(name) if is_connection => {
                    let found = self.names.connection(&self.state, name, &[]);
                    *name = found.map_err(|problem| problem.message)?.to_string();
                }
                child => self.resolve(kind, child, path)?,
            }
            path.pop();
        }
        Ok(())
    }

    /// Creates an item, which is ready at once, declares its source, and starts its mirroring.
    pub(super) fn create_item(&mut self, item: PreparedItem<'_>) -> Checked<()> {
        let PreparedItem { place, new, kind, definition, at, running_since } = item;
        let refused = |error: FabricError| Problem::named(&item_path(&place, &"name"), &new.name, &error);
        let Some(&(workspace, creator)) = self.workspaces.get(place.0) else { return Ok(()) };
        let folder = match &new.folder {
            None => None,
            Some(folder) => Some(*self.folders.get(&(place.0, folder.clone())).ok_or_else(|| {
                Problem::new(&item_path(&place, &"folder"), format!("the workspace has no folder {folder:?}"))
            })?),
        };
        let create = CreateItem {
            kind,
            display_name: new.name.clone(),
            description: new.description.clone(),
            folder,
            sensitivity_label: None,
            definition: definition.map(|request| definition::check(kind, request, true)),
            creation_payload: new.creation_payload.clone(),
        };
        let within = self.state.workspace(workspace).map_err(refused)?;
        let (facts, _) = item::create(&self.state, within, create, creator, at).map_err(refused)?;
        let facts: Vec<Fact> = facts.into_iter().filter_map(|fact| ready(fact, at)).collect();
        let id = facts.iter().find_map(|fact| match fact {
            Fact::ItemCreated { item, .. } => Some(item.id),
            _ => None,
        });
        let Some(id) = id else {
            return Err(Problem::new(&item_path(&place, &"name"), format!("{:?} cannot be created", new.name)));
        };
        self.apply(at, facts);
        self.name_item(place.0, new, kind, id, at)?;
        match running_since {
            Some(since) => self.start(place, workspace, id, at, since),
            None => Ok(()),
        }
    }

    /// Records the name of an item, and declares the source that goes by it.
    fn name_item(&mut self, within: usize, new: &NewItem, kind: ItemKind, id: ItemId, at: Timestamp) -> Checked<()> {
        let Some(workspace) = self.document.workspaces.get(within) else { return Ok(()) };
        let name = format!("{}/{}", workspace.name, new.name);
        let with_type = format!("{name}.{}", kind.spec().name);
        let is_alone = workspace.items.iter().filter(|other| other.name.eq_ignore_ascii_case(&new.name)).count() == 1;
        self.declare_source_of(&with_type, SourceId::from(id), at)?;
        if is_alone {
            self.declare_source_of(&name, SourceId::from(id), at)?;
        }
        self.declared.items.push((if is_alone { name } else { with_type }, id));
        Ok(())
    }

    /// Starts the mirroring of a new item, so that it is running at the instant `since`.
    fn start(
        &mut self,
        place: (usize, usize),
        workspace: WorkspaceId,
        id: ItemId,
        at: Timestamp,
        since: Timestamp,
    ) -> Checked<()> {
        let path = item_path(&place, &"mirroring");
        let within = self.state.workspace(workspace).map_err(|error| Problem::rule(&path, &error))?;
        let started = within.item(id, at).and_then(|item| mirrored_database::start(&self.state, within, item, at));
        let (mut facts, ()) = started.map_err(|error| Problem::rule(&path, &error))?;
        for fact in &mut facts {
            if let Fact::MirroringStarted { takes, error, .. } = fact {
                *takes = since.duration_since(at);
                if let Some(error) = error {
                    let message = error.message.trim_end_matches('.');
                    return Err(Problem::new(&path, format!("the start would fail: {}: {message}", error.code)));
                }
            }
        }
        self.apply(at, facts);
        Ok(())
    }
}

/// Returns a fact of a creation so that the item is ready at once: without a long-running operation.
fn ready(fact: Fact, at: Timestamp) -> Option<Fact> {
    match fact {
        Fact::OperationStarted(_) => None,
        Fact::ItemCreated { workspace, item, mut companions, .. } => {
            companions.iter_mut().for_each(|companion| companion.visible_from = at);
            let ready_in = SignedDuration::ZERO;
            Some(Fact::ItemCreated { workspace, item, visible_from: at, companions, ready_in })
        }
        fact => Some(fact),
    }
}

/// Returns the problem of a definition, with the place of the faulty member if the definition is in the document.
fn definition_problem(place: (usize, usize), new: &NewItem, error: &FabricError) -> Problem {
    let finding = Finding::of(error).into_iter().next();
    let Some(parts) = &new.definition else {
        return Problem::new(&item_path(&place, &"path"), text(error));
    };
    let mut path: Vec<String> = item_path(&place, &"definition").iter().map(ToString::to_string).collect();
    let mut message = text(error).to_owned();
    if let Some(Finding { path: part, message: what, .. }) = finding
        && let Some(value) = parts.get(&part)
    {
        path.push(part);
        if !value.is_string() {
            message = what;
        }
    }
    Problem { path, message: message.trim_end_matches('.').to_owned() }
}
