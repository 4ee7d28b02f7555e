//! The facts of a scenario. Each step is decided against a copy of the state to which the earlier facts were applied.

use std::collections::HashMap;
use std::fmt::Display;

use jiff::Timestamp;
use serde_json::Value;

use super::document::{Document, NewCapacity, NewConnection, NewPrincipal, NewWorkspace, Object};
use super::names::{Names, item};
use super::{Checked, DeclaredIds, OperationIds, Plan, Problem, Scenario, read};
use crate::fabric::access;
use crate::fabric::assignments::{DeclaredPrincipal, DeclaredRole};
use crate::fabric::capacity::{CapacityDeclaration, CapacityState, default_region};
use crate::fabric::connection::declaration::{ConnectionDeclaration, DeclaredCredentials, DeclaredDetails};
use crate::fabric::control::ControlCommand;
use crate::fabric::fault::FaultRule;
use crate::fabric::mirroring::declaration::SourceDeclaration;
use crate::fabric::mirroring::trouble_request::NewTrouble;
use crate::fabric::name::Folded;
use crate::fabric::principal::{Details, DirectoryEntry, Principal, PrincipalType};
use crate::fabric::role::Role;
use crate::fabric::{DatedFact, FabricError, Fact, State, folder, role, trouble, workspace};
use crate::ids::{CapacityId, ConnectionId, FolderId, PrincipalId, SourceId, WorkspaceId};

/// The facts of a scenario so far, and the state that they lead to.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) document: &'a Document,
    pub(super) state: State,
    /// The instant at which the scenario is applied.
    pub(super) now: Timestamp,
    /// The earliest instant of a fact.
    pub(super) earliest: Timestamp,
    facts: Vec<(Timestamp, Fact)>,
    pub(super) names: Names,
    pub(super) declared: DeclaredIds,
    /// The workspaces, with their creators, in the order of the document.
    pub(super) workspaces: Vec<(WorkspaceId, Principal)>,
    /// The folders, by workspace and path.
    pub(super) folders: HashMap<(usize, String), FolderId>,
    /// The sources of open mirrors that are not declared yet, by the names of the open mirrors.
    mirrors: HashMap<Folded, usize>,
    /// The declared sources.
    sources: Vec<(usize, SourceId)>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(scenario: &'a Scenario, state: &State, now: Timestamp, earliest: Timestamp) -> Self {
        Self {
            scenario,
            document: &scenario.document,
            state: state.clone(),
            now,
            earliest,
            facts: Vec::new(),
            names: Names::default(),
            declared: DeclaredIds::default(),
            workspaces: Vec::new(),
            folders: HashMap::new(),
            mirrors: HashMap::new(),
            sources: Vec::new(),
        }
    }

    /// Decides all steps. What items rest on precedes the first item; trouble, faults and pauses come last.
    pub(super) fn build(mut self, operations: &OperationIds) -> Checked<Plan> {
        let changes_settings = self.change_settings(operations)?;
        self.name_connections()?;
        let items = self.prepare_items()?;
        let begins_at = items.first().map_or(self.now, |item| item.at.min(self.now));
        if changes_settings {
            self.apply(begins_at, vec![Fact::SettingsChanged(self.state.settings.clone())]);
        }
        self.declare_principals(begins_at)?;
        self.declare_capacities(begins_at)?;
        self.declare_connections(begins_at)?;
        self.declare_sources(begins_at)?;
        self.create_workspaces(begins_at)?;
        items.into_iter().try_for_each(|item| self.create_item(item))?;
        self.declare_remaining_sources()?;
        self.plan_trouble()?;
        self.add_faults(operations)?;
        self.pause_capacities()?;
        Ok(Plan { facts: self.facts, declared: self.declared })
    }

    /// Applies facts to the state, and keeps them.
    pub(super) fn apply(&mut self, at: Timestamp, facts: Vec<Fact>) {
        for fact in facts {
            let dated = DatedFact { number: 0, at, fact };
            self.state.apply(&dated);
            self.facts.push((at, dated.fact));
        }
    }

    fn command(&mut self, at: Timestamp, command: ControlCommand) -> Result<(), FabricError> {
        let (facts, ()) = command.decide(&self.state, at)?;
        self.apply(at, facts);
        Ok(())
    }

    /// Sets the settings that hold for all later steps. Returns `true` if they change.
    fn change_settings(&mut self, operations: &OperationIds) -> Checked<bool> {
        let Some(change) = self.document.settings.clone() else { return Ok(false) };
        let refused = |error| Problem::rule(&[&"settings"], &error);
        change.check_operations(|id| operations.fabric.contains(&id)).map_err(refused)?;
        self.state.settings = self.state.settings.clone().changed(change).map_err(refused)?;
        Ok(true)
    }

    fn declare_principals(&mut self, at: Timestamp) -> Checked<()> {
        self.names.note_directory(&self.state);
        let mut entries = Vec::new();
        for (index, new) in self.document.principals.iter().enumerate() {
            let path: [&dyn Display; 3] = [&"principals", &index, &"name"];
            let entry = directory_entry(&self.state, new);
            if self.names.has_principal(&new.name) && new.id.is_none()
                || self.names.principals.insert(new.name.clone(), entry.id).is_some()
            {
                return Err(Problem::new(&path, format!("the name {:?} is taken", new.name)));
            }
            entries.push(entry);
        }
        if entries.is_empty() {
            return Ok(());
        }
        let command = ControlCommand::DeclarePrincipals { entries, secrets: Vec::new() };
        self.command(at, command).map_err(|error| Problem::rule(&[&"principals"], &error))?;
        self.names.note_directory(&self.state);
        Ok(())
    }

    fn declare_capacities(&mut self, at: Timestamp) -> Checked<()> {
        for (index, new) in self.document.capacities.iter().enumerate() {
            let NewCapacity { name, id, sku, region, hidden_from, state: _ } = new;
            let is_known = self.state.capacities().iter().any(|capacity| capacity.display_name == name.as_str());
            let seed = self.state.seed().fork("scenario").fork(name);
            let id = id.unwrap_or_else(|| CapacityId::nth(seed, 1));
            if is_known && new.id.is_none() || self.names.capacities.insert(name.clone(), id).is_some() {
                return Err(Problem::new(&[&"capacities", &index, &"name"], format!("the name {name:?} is taken")));
            }
            let hidden = hidden_from.iter().enumerate().map(|(at, name)| {
                let path: [&dyn Display; 4] = [&"capacities", &index, &"hiddenFrom", &at];
                self.names.principal(&self.state, name, &path).map(|principal| principal.id)
            });
            let capacity = CapacityDeclaration {
                display_name: name.clone(),
                sku: sku.clone(),
                region: region.clone().unwrap_or_else(default_region),
                // A pause comes last, so that items can be created on the capacity.
                state: CapacityState::Active,
                hidden_from: hidden.collect::<Checked<_>>()?,
            };
            let declared = self.command(at, ControlCommand::DeclareCapacity { id, capacity });
            declared.map_err(|error| Problem::named(&[&"capacities", &index], name, &error))?;
        }
        Ok(())
    }

    fn pause_capacities(&mut self) -> Checked<()> {
        for (index, new) in self.document.capacities.iter().enumerate() {
            let id = self.names.capacities.get(&new.name).copied();
            let (Some(id), Some(state @ CapacityState::Inactive)) = (id, new.state) else { continue };
            let paused = self.command(self.now, ControlCommand::ChangeCapacity { id, state });
            paused.map_err(|error| Problem::named(&[&"capacities", &index], &new.name, &error))?;
        }
        Ok(())
    }

    /// Chooses the ids of the connections, to which definitions refer.
    fn name_connections(&mut self) -> Checked<()> {
        for (index, new) in self.document.connections.iter().enumerate() {
            let seed = self.state.seed().fork("scenario").fork(&new.name);
            let mut ids = (1..).map(|count| ConnectionId::nth(seed, count));
            let id = ids.find(|id| self.state.find_connection(*id).is_none());
            let id = id.unwrap_or_else(|| ConnectionId::nth(seed, 0));
            if self.names.connections.insert(Folded::new(&new.name), id).is_some() {
                let path: [&dyn Display; 3] = [&"connections", &index, &"name"];
                return Err(Problem::new(&path, format!("the name {:?} is taken", new.name)));
            }
            self.declared.connections.push((new.name.clone(), id));
        }
        Ok(())
    }

    fn declare_connections(&mut self, at: Timestamp) -> Checked<()> {
        let ids: Vec<ConnectionId> = self.declared.connections.iter().map(|(_, id)| *id).collect();
        for ((index, new), id) in self.document.connections.iter().enumerate().zip(ids) {
            let connection = self.connection(index, new)?;
            let declared = self.command(at, ControlCommand::DeclareConnection { id, connection });
            declared.map_err(|error| Problem::named(&[&"connections", &index], &new.name, &error))?;
        }
        Ok(())
    }

    fn connection(&self, index: usize, new: &NewConnection) -> Checked<ConnectionDeclaration> {
        let roles = new.roles.as_ref().map(|roles| {
            let role = |(at, assignment): (usize, &super::document::Assignment<_>)| {
                let path: [&dyn Display; 5] = [&"connections", &index, &"roles", &at, &"principal"];
                let Principal { id, kind } = self.names.principal(&self.state, &assignment.principal, &path)?;
                Ok(DeclaredRole { principal: DeclaredPrincipal { id, r#type: kind }, role: assignment.role })
            };
            roles.iter().enumerate().map(role).collect::<Checked<Vec<_>>>()
        });
        Ok(ConnectionDeclaration {
            display_name: new.name.clone(),
            connectivity_type: new.connectivity_type.clone(),
            privacy_level: new.privacy_level.clone(),
            connection_details: DeclaredDetails { r#type: new.r#type.clone(), path: new.path.clone() },
            credential_details: DeclaredCredentials {
                credential_type: new.credential_type.clone(),
                single_sign_on_type: new.single_sign_on_type.clone(),
                connection_encryption: new.connection_encryption.clone(),
                skip_test_connection: new.skip_test_connection,
            },
            gateway_id: new.gateway_id.clone(),
            roles: roles.transpose()?,
        })
    }

    /// Declares the sources of connections. Those of open mirrors follow when the items exist.
    fn declare_sources(&mut self, at: Timestamp) -> Checked<()> {
        for (index, source) in self.document.sources.iter().enumerate() {
            let name = |member: &str| source.get(member).and_then(Value::as_str);
            match (name("connection"), name("item")) {
                (Some(connection), None) => {
                    let path: [&dyn Display; 3] = [&"sources", &index, &"connection"];
                    let id = self.names.connection(&self.state, connection, &path)?;
                    self.declare_source(index, id.into(), at)?;
                }
                (None, Some(item)) => drop(self.mirrors.insert(Folded::new(item), index)),
                _ => return Err(Problem::new(&[&"sources", &index], "one of connection and item was expected")),
            }
        }
        Ok(())
    }

    /// Declares the source of a new open mirror.
    pub(super) fn declare_source_of(&mut self, name: &str, id: SourceId, at: Timestamp) -> Checked<()> {
        match self.mirrors.remove(&Folded::new(name)) {
            Some(index) => self.declare_source(index, id, at),
            None => Ok(()),
        }
    }

    /// Declares the sources of open mirrors that the tenant had before.
    fn declare_remaining_sources(&mut self) -> Checked<()> {
        let mut remaining: Vec<usize> = self.mirrors.drain().map(|(_, index)| index).collect();
        remaining.sort_unstable();
        for index in remaining {
            let path: [&dyn Display; 3] = [&"sources", &index, &"item"];
            let name = self.document.sources.get(index).and_then(|source| source.get("item")?.as_str());
            let id = item(&self.state, name.unwrap_or_default(), &path)?;
            self.declare_source(index, id.into(), self.now)?;
        }
        Ok(())
    }

    fn declare_source(&mut self, index: usize, id: SourceId, at: Timestamp) -> Checked<()> {
        let mut source = self.source(index)?;
        // The trouble is planned last, at the instant of the scenario.
        source.trouble.clear();
        let declared = self.command(at, ControlCommand::DeclareSource { id, source });
        declared.map_err(|error| Problem::rule(&[&"sources", &index], &error))?;
        self.sources.push((index, id));
        Ok(())
    }

    fn source(&self, index: usize) -> Checked<SourceDeclaration> {
        let mut source = self.document.sources.get(index).cloned().unwrap_or_default();
        source.shift_remove("connection");
        source.shift_remove("item");
        if let Some(Value::String(name)) = source.get_mut("identity").and_then(|it| it.get_mut("principalId")) {
            let path: [&dyn Display; 4] = [&"sources", &index, &"identity", &"principalId"];
            *name = self.names.principal(&self.state, name, &path)?.id.to_string();
        }
        read(&source.into(), &[&"sources", &index])
    }

    fn create_workspaces(&mut self, at: Timestamp) -> Checked<()> {
        for (index, new) in self.document.workspaces.iter().enumerate() {
            let admin = new.roles.iter().position(|assignment| Role::named(&assignment.role) == Some(Role::Admin));
            let creator = match admin.and_then(|admin| new.roles.get(admin)) {
                Some(assignment) => {
                    let path: [&dyn Display; 5] = [&"workspaces", &index, &"roles", &admin.unwrap_or(0), &"principal"];
                    self.names.principal(&self.state, &assignment.principal, &path)?
                }
                None => access::default_user().principal(),
            };
            let id = self.create_workspace(index, new, creator, at)?;
            self.workspaces.push((id, creator));
            self.declared.workspaces.push((new.name.clone(), id));
            self.assign_roles(index, new, admin, at)?;
            self.create_folders(index, new, at)?;
        }
        Ok(())
    }

    fn create_workspace(
        &mut self,
        index: usize,
        new: &NewWorkspace,
        creator: Principal,
        at: Timestamp,
    ) -> Checked<WorkspaceId> {
        let path: [&dyn Display; 3] = [&"workspaces", &index, &"capacity"];
        let capacity = new.capacity.as_deref().map(|name| self.names.capacity(&self.state, name, &path)).transpose()?;
        let new = workspace::NewWorkspace {
            display_name: new.name.clone(),
            description: new.description.clone().unwrap_or_default(),
            capacity,
            domain: None,
        };
        let name = new.display_name.clone();
        let created = workspace::create(&self.state, new, creator);
        let (facts, id) = created.map_err(|error| Problem::named(&[&"workspaces", &index, &"name"], &name, &error))?;
        self.apply(at, facts);
        Ok(id)
    }

    /// Assigns the roles of a workspace, except that of its creator, which is the assignment `admin`.
    fn assign_roles(&mut self, index: usize, new: &NewWorkspace, admin: Option<usize>, at: Timestamp) -> Checked<()> {
        let Some(&(workspace, creator)) = self.workspaces.get(index) else { return Ok(()) };
        for (place, assignment) in new.roles.iter().enumerate().filter(|(place, _)| Some(*place) != admin) {
            let path = |member| -> [&dyn Display; 5] { [&"workspaces", &index, &"roles", &place, member] };
            let role = Role::named(&assignment.role).ok_or_else(|| {
                let known = Role::ALL.map(Role::as_str).join(", ");
                Problem::new(&path(&"role"), format!("{:?}: one of {known} was expected", assignment.role))
            })?;
            let principal = self.names.principal(&self.state, &assignment.principal, &path(&"principal"))?;
            let within = self.state.workspace(workspace);
            let added = within.and_then(|within| role::add(&self.state, within, principal, role, creator));
            let refused = |error| Problem::named(&path(&"principal"), &assignment.principal, &error);
            let (facts, _) = added.map_err(refused)?;
            self.apply(at, facts);
        }
        Ok(())
    }

    /// Creates the folders of a workspace, with those that contain them.
    fn create_folders(&mut self, index: usize, new: &NewWorkspace, at: Timestamp) -> Checked<()> {
        let Some(&(workspace, _)) = self.workspaces.get(index) else { return Ok(()) };
        for (place, path) in new.folders.iter().enumerate() {
            let mut parent = None;
            let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
            for end in ends {
                let key = (index, path[..end].to_owned());
                if let Some(known) = self.folders.get(&key) {
                    parent = Some(*known);
                    continue;
                }
                let name = path[..end].rsplit('/').next().unwrap_or_default();
                let within = self.state.workspace(workspace);
                let created = within.and_then(|within| folder::create(&self.state, within, name.to_owned(), parent));
                let member: [&dyn Display; 4] = [&"workspaces", &index, &"folders", &place];
                let (facts, id) = created.map_err(|error| Problem::named(&member, path, &error))?;
                self.apply(at, facts);
                self.folders.insert(key, id);
                parent = Some(id);
            }
        }
        Ok(())
    }

    /// Plans the trouble of the sources, and that of the scenario.
    fn plan_trouble(&mut self) -> Checked<()> {
        for (index, id) in std::mem::take(&mut self.sources) {
            let new = self.source(index)?.trouble;
            if new.is_empty() {
                continue;
            }
            let planned = trouble::declare(&self.state, id, new, self.now);
            let facts = planned.map_err(|error| Problem::rule(&[&"sources", &index, &"trouble"], &error))?;
            self.apply(self.now, facts);
        }
        for (index, planned) in self.document.trouble.iter().enumerate() {
            let path: [&dyn Display; 2] = [&"trouble", &index];
            let mut planned = planned.clone();
            self.resolve_target(&mut planned, index)?;
            let new: NewTrouble = read(&planned.into(), &path)?;
            let planned = self.command(self.now, ControlCommand::PlanTrouble(Box::new(new)));
            planned.map_err(|error| Problem::rule(&path, &error))?;
        }
        Ok(())
    }

    /// Replaces the names in the target of a trouble by ids.
    fn resolve_target(&self, planned: &mut Object, index: usize) -> Checked<()> {
        let Some(Value::Object(target)) = planned.get_mut("target") else { return Ok(()) };
        for member in ["item", "source"] {
            let path: [&dyn Display; 4] = [&"trouble", &index, &"target", &member];
            let Some(Value::String(name)) = target.get_mut(member) else { continue };
            *name = match member {
                "item" => item(&self.state, name, &path)?.to_string(),
                _ => self.names.source(&self.state, name, &path)?.to_string(),
            };
        }
        Ok(())
    }

    fn add_faults(&mut self, operations: &OperationIds) -> Checked<()> {
        for (index, rule) in self.document.faults.iter().enumerate() {
            let path: [&dyn Display; 2] = [&"faults", &index];
            let mut rule = rule.clone();
            self.names.resolve_match(&self.state, &mut rule, &path)?;
            let parsed = FaultRule::parse(rule).and_then(|rule| operations.check(&rule).map(|()| rule));
            let added = parsed.and_then(|rule| self.command(self.now, ControlCommand::AddFault(Box::new(rule))));
            added.map_err(|error| Problem::rule(&path, &error))?;
        }
        Ok(())
    }
}

/// Returns the entry of a principal. Without an id, the id is derived from the name.
fn directory_entry(state: &State, new: &NewPrincipal) -> DirectoryEntry {
    let id = new.id.unwrap_or_else(|| PrincipalId::nth(state.seed().fork("scenario").fork(&new.name), 1));
    let details = match new.r#type {
        PrincipalType::User => Details::User { user_principal_name: new.user_principal_name.clone() },
        PrincipalType::ServicePrincipal => Details::ServicePrincipal { aad_app_id: new.app_id.clone() },
        PrincipalType::Group => Details::Group { group_type: None },
        PrincipalType::ServicePrincipalProfile => Details::ServicePrincipalProfile { parent: None },
        PrincipalType::EntireTenant => Details::EntireTenant,
    };
    DirectoryEntry { id, display_name: Some(new.name.clone()), details, fabric_admin: None }
}
