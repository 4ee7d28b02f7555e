//! The state of a tenant: what its facts come to, with the indexes that the rules need.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::fabric::behaviours::ReadsWhilePaused;
use crate::fabric::capacity::{self, Capacity, CapacityState};
use crate::fabric::connection::Connection;
use crate::fabric::fact::{DatedFact, Fact};
use crate::fabric::folder::Folder;
use crate::fabric::item::sql_database::{DELETED_MAX, MirroringSwitch};
use crate::fabric::item::{self, Companion, Definition, Item, ItemKind, KindChange, NewItem};
use crate::fabric::mirroring::source::{Declared, Source};
use crate::fabric::mirroring::tables::Sources;
use crate::fabric::mirroring::{SourceKey, TableName};
use crate::fabric::name::Folded;
use crate::fabric::operation::{self, NewOperation, Operation, OperationError, OperationResult, PendingResult};
use crate::fabric::ordered::Ordered;
use crate::fabric::principal::{Details, DirectoryEntry, Principal, PrincipalType};
use crate::fabric::settings::Settings;
use crate::fabric::tag::Tag;
use crate::fabric::workspace::{NewWorkspace, Workspace, WorkspaceIdentity};
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::{
    ApplicationId, CapacityId, ConnectionId, FolderId, ItemId, OperationId, PrincipalId, TagId, WorkspaceId,
};
use crate::seed::Seed;

/// How many ids of each purpose have been given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Counts {
    workspaces: u64,
    folders: u64,
    connections: u64,
    items: u64,
    operations: u64,
    identities: u64,
    tags: u64,
}

/// Everything that is so in a tenant. It changes by [`State::apply`] alone.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// What may vary.
    pub settings: Settings,
    seed: Seed,
    counts: Counts,
    capacities: Vec<Capacity>,
    directory: BTreeMap<PrincipalId, DirectoryEntry>,
    secrets: BTreeMap<PrincipalId, String>,
    tags: Ordered<TagId, Tag>,
    operations: Ordered<OperationId, Operation>,
    workspaces: Ordered<WorkspaceId, Workspace>,
    workspace_names: HashMap<Folded, WorkspaceId>,
    pub(super) connections: Ordered<ConnectionId, Connection>,
    connection_names: HashMap<Folded, ConnectionId>,
    sources: HashMap<ConnectionId, Declared>,
}

impl State {
    /// A new tenant: capacities, and nothing else.
    pub fn new(seed: Seed, settings: Settings) -> Self {
        Self {
            settings,
            seed,
            counts: Counts::default(),
            capacities: capacity::seeded(seed),
            directory: BTreeMap::new(),
            secrets: BTreeMap::new(),
            tags: Ordered::default(),
            operations: Ordered::default(),
            workspaces: Ordered::default(),
            workspace_names: HashMap::new(),
            connections: Ordered::default(),
            connection_names: HashMap::new(),
            sources: HashMap::new(),
        }
    }

    /// The capacities, in a fixed order.
    pub fn capacities(&self) -> &[Capacity] {
        &self.capacities
    }

    /// A capacity.
    pub fn capacity(&self, id: CapacityId) -> Result<&Capacity, FabricError> {
        let found = self.capacities.iter().find(|capacity| capacity.id == id);
        found.ok_or_else(|| FabricError::new(ErrorCode::CapacityNotFound).about("Capacity", id))
    }

    /// Refuses what needs a working capacity where there is none.
    pub fn check_capacity(&self, workspace: &Workspace) -> Result<(), FabricError> {
        let id = workspace.capacity.ok_or(ErrorCode::WorkspaceHasNoCapacityAssigned)?;
        match self.capacity(id)?.state {
            CapacityState::Active => Ok(()),
            CapacityState::Inactive => {
                Err(FabricError::new(ErrorCode::CapacityNotActive).message(format!("Capacity {id} is not active")))
            }
        }
    }

    /// Rejects a read on the own route of a kind whose content lives on the workspace's capacity, while that is paused.
    pub fn check_readable(&self, workspace: &Workspace, kind: ItemKind) -> Result<(), FabricError> {
        let answer = self.settings.behaviours.reads_while_paused;
        if workspace.capacity.is_none() || !kind.spec().lives_on_capacity || answer == ReadsWhilePaused::Answer {
            return Ok(());
        }
        self.check_capacity(workspace).map_err(|refusal| match answer {
            ReadsWhilePaused::Fail => ErrorCode::InternalServerError.into(),
            ReadsWhilePaused::NotFound | ReadsWhilePaused::Answer => refusal.hiding(),
        })
    }

    /// Who is known in the tenant.
    pub fn directory(&self) -> &BTreeMap<PrincipalId, DirectoryEntry> {
        &self.directory
    }

    /// The app of a client id.
    pub fn app(&self, client: &str) -> Option<&DirectoryEntry> {
        self.directory.values().find(|entry| entry.app_id().is_some_and(|id| id.eq_ignore_ascii_case(client)))
    }

    /// The directory's principal for a caller: of an app that was declared with another object id since its token was issued, that
    /// one.
    pub fn known_caller(&self, caller: &DirectoryEntry) -> Principal {
        let renamed = || caller.app_id().and_then(|client| self.app(client));
        let known = if self.directory.contains_key(&caller.id) { None } else { renamed() };
        known.map_or_else(|| caller.principal(), DirectoryEntry::principal)
    }

    /// The SHA-256 of the secret or password that a principal was declared with; any will do for the others.
    pub fn secret_of(&self, principal: PrincipalId) -> Option<&str> {
        self.secrets.get(&principal).map(String::as_str)
    }

    /// Whether the principal has called before: then there is nothing to note about him.
    pub fn has_met(&self, caller: Principal) -> bool {
        let Some(known) = self.directory.get(&caller.id) else { return false };
        known.principal().kind != PrincipalType::User || self.workspaces.contains(&self.personal_workspace(caller.id))
    }

    /// Whether the directory learns something from a caller: at its first call, and when only its id and type were known.
    pub fn learns_from(&self, caller: &DirectoryEntry) -> bool {
        let is_bare = self.directory.get(&caller.id).is_some_and(DirectoryEntry::is_bare);
        !self.has_met(caller.principal()) || is_bare && !caller.is_bare()
    }

    /// The id of a user's own workspace, whether he has called yet or not.
    pub fn personal_workspace(&self, user: PrincipalId) -> WorkspaceId {
        WorkspaceId::nth(self.seed.fork(user.to_string()), 0)
    }

    /// The tags, in order of their declaration.
    pub fn tags(&self) -> &Ordered<TagId, Tag> {
        &self.tags
    }

    /// A tag.
    pub fn tag(&self, id: TagId) -> Option<&Tag> {
        self.tags.get(&id)
    }

    /// The long-running operations, in order of their beginning.
    pub fn operations(&self) -> &Ordered<OperationId, Operation> {
        &self.operations
    }

    /// The workspaces, in order of creation.
    pub fn workspaces(&self) -> &Ordered<WorkspaceId, Workspace> {
        &self.workspaces
    }

    /// A workspace.
    pub fn workspace(&self, id: WorkspaceId) -> Result<&Workspace, FabricError> {
        self.workspaces.get(&id).ok_or_else(|| FabricError::new(ErrorCode::WorkspaceNotFound).about("Workspace", id))
    }

    /// Who has this name.
    pub fn workspace_named(&self, name: &Folded) -> Option<WorkspaceId> {
        self.workspace_names.get(name).copied()
    }

    /// The connections, in order of creation.
    pub fn connections(&self) -> &Ordered<ConnectionId, Connection> {
        &self.connections
    }

    /// A connection that the caller may see.
    pub fn connection(&self, id: ConnectionId, caller: &Principal) -> Result<&Connection, FabricError> {
        let found = self.connections.get(&id).filter(|connection| connection.role_of(caller.id).is_some());
        found.ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("Connection", id))
    }

    /// A connection, whoever made it.
    pub fn connection_at_all(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id)
    }

    /// Who has this name.
    pub fn connection_named(&self, name: &Folded) -> Option<ConnectionId> {
        self.connection_names.get(name).copied()
    }

    /// What was declared of a connection's source.
    pub fn declared(&self, connection: ConnectionId) -> Option<&Declared> {
        self.sources.get(&connection)
    }

    /// An item and its workspace, wherever it is.
    pub fn find_item(&self, id: ItemId) -> Option<(&Workspace, &Item)> {
        self.workspaces.values().find_map(|workspace| workspace.items.get(&id).map(|item| (workspace, item)))
    }

    /// The id of the next workspace.
    pub fn next_workspace(&self) -> WorkspaceId {
        WorkspaceId::nth(self.seed, self.counts.workspaces + 1)
    }

    /// The id of the next folder.
    pub fn next_folder(&self) -> FolderId {
        FolderId::nth(self.seed, self.counts.folders + 1)
    }

    /// The id of the next connection.
    pub fn next_connection(&self) -> ConnectionId {
        ConnectionId::nth(self.seed, self.counts.connections + 1)
    }

    /// The id of the next item but `skip`.
    pub fn next_item(&self, skip: u64) -> ItemId {
        ItemId::nth(self.seed, self.counts.items + 1 + skip)
    }

    /// The id of the next long-running operation.
    pub fn next_operation(&self) -> OperationId {
        OperationId::nth(self.seed, self.counts.operations + 1)
    }

    /// The next identity of a workspace.
    pub fn next_identity(&self) -> WorkspaceIdentity {
        let count = self.counts.identities + 1;
        WorkspaceIdentity {
            application_id: ApplicationId::nth(self.seed, count),
            service_principal_id: PrincipalId::nth(self.seed, count),
        }
    }

    /// The id of the next tag but `skip`.
    pub fn next_tag(&self, skip: u64) -> TagId {
        TagId::nth(self.seed, self.counts.tags + 1 + skip)
    }

    /// Takes a fact in. It was decided on this very state, so it fits.
    pub fn apply(&mut self, dated: &DatedFact) {
        let at = dated.at;
        match dated.fact.clone() {
            Fact::SettingsChanged(settings) => self.settings = settings,
            Fact::SourceDeclared { connection, declaration } => {
                self.sources.entry(connection).or_default().declare(at, declaration)
            }

            Fact::CapacityChanged { id, state } => self.change_capacity(id, state, at),
            Fact::PrincipalRegistered { entry, personal } => {
                if let Some(id) = personal {
                    self.workspaces.insert(id, Workspace::personal(id, entry.principal(), at));
                }
                self.directory.insert(entry.id, entry);
            }
            Fact::SecretsDeclared(secrets) => self.secrets.extend(secrets.iter().cloned()),
            Fact::PrincipalsDeclared(entries) => self.declare_principals(entries),
            Fact::TagsDeclared { tags, drawn } => {
                self.counts.tags += drawn;
                for tag in tags {
                    match self.tags.get_mut(&tag.id) {
                        Some(known) => *known = tag,
                        None => self.tags.insert(tag.id, tag),
                    }
                }
            }

            Fact::WorkspaceCreated { id, display_name, description, capacity, creator } => {
                self.counts.workspaces += 1;
                self.workspace_names.insert(Folded::new(&display_name), id);
                let new = NewWorkspace { display_name, description, capacity };
                self.workspaces.insert(id, Workspace::new(id, new, creator, at));
            }
            Fact::WorkspaceAssigned { id, capacity, completed_at } => self.within(id, |workspace| {
                workspace.capacity = capacity;
                workspace.assigned_at = completed_at;
            }),
            Fact::IdentityProvisioned { workspace, identity, from } => {
                self.counts.identities += 1;
                self.within(workspace, |workspace| workspace.identify(Some((identity, from))));
            }
            Fact::IdentityDeprovisioned { workspace } => self.within(workspace, |workspace| workspace.identify(None)),
            Fact::RoleAssigned { workspace, assignment } => {
                self.within(workspace, |workspace| workspace.roles.insert(assignment.principal.id, assignment));
            }
            Fact::RoleChanged { workspace, assignment } => self.within(workspace, |workspace| {
                if let Some(before) = workspace.roles.get_mut(&assignment.principal.id) {
                    *before = assignment;
                }
            }),
            Fact::RoleRemoved { workspace, id } => self.within(workspace, |workspace| {
                workspace.roles.remove(&id);
            }),
            Fact::WorkspaceUpdated { id, display_name, description } => {
                self.update_workspace(id, display_name, description)
            }
            Fact::WorkspaceDeleted { id } => {
                self.operations.retain(|operation| operation.workspace != id);
                if let Some(workspace) = self.workspaces.remove(&id) {
                    self.workspace_names.remove(&Folded::new(&workspace.display_name));
                }
            }

            Fact::FolderCreated { workspace, id, display_name, parent } => {
                self.counts.folders += 1;
                self.within(workspace, |workspace| workspace.folders.insert(id, Folder { id, display_name, parent }));
            }
            Fact::FolderRenamed { workspace, id, display_name } => {
                self.folder(workspace, id, |folder| folder.display_name = display_name);
            }
            Fact::FolderMoved { workspace, id, parent } => self.folder(workspace, id, |folder| folder.parent = parent),
            Fact::FolderDeleted { workspace, id } => {
                self.within(workspace, |workspace| drop(workspace.folders.remove(&id)));
            }

            Fact::ConnectionCreated(connection) => {
                self.counts.connections += 1;
                self.connection_names.insert(Folded::new(&connection.display_name), connection.id);
                self.connections.insert(connection.id, connection);
            }
            Fact::ConnectionUpdated(connection) => self.update_connection(connection),
            Fact::ConnectionDeleted { id } => {
                if let Some(connection) = self.connections.remove(&id) {
                    self.connection_names.remove(&Folded::new(&connection.display_name));
                }
            }

            Fact::ItemCreated { workspace, item, visible_from, companions, ready_in } => {
                self.counts.items += 1 + companions.len() as u64;
                self.within(workspace, |workspace| workspace.create_item(item, visible_from, companions, ready_in));
            }
            Fact::ShortcutsChanged { workspace, id, shortcuts } => {
                self.item(workspace, id, |item| item.shortcuts = shortcuts);
            }
            Fact::IdentityAssociated { workspace, id, identity } => {
                self.item(workspace, id, |item| item.default_identity = Some(identity));
            }
            Fact::WorkspaceTagged { id, tags } => self.within(id, |workspace| workspace.tags = tags),
            Fact::KindStateChanged { workspace, id, changes } => self.change_kind_state(workspace, id, changes),
            Fact::ItemsMoved { workspace, ids, folder } => {
                self.within(workspace, |workspace| ids.iter().for_each(|id| workspace.move_item(*id, folder)));
            }
            Fact::ItemTagged { workspace, id, tags } => self.item(workspace, id, |item| item.tags = tags),
            Fact::ItemUpdated { workspace, id, display_name, description, changes } => {
                self.within(workspace, |workspace| workspace.update_item(id, display_name, description));
                self.change_kind_state(workspace, id, changes);
            }
            Fact::ItemDeleted { workspace, id, reserved_until } => {
                self.within(workspace, |workspace| workspace.delete_item(id, reserved_until, at));
            }
            Fact::DefinitionUpdated { workspace, id, definition } => {
                let followed = self.followed(workspace, id, at);
                self.item(workspace, id, |item| {
                    if let (Some(mirroring), Some(config)) =
                        (&mut item.mirroring, item::mirroring_config(Some(&*definition)))
                    {
                        mirroring.redefined(at, config, followed);
                    }
                    item.definition = Some(definition);
                    item.kind_state.redefined();
                });
            }
            Fact::OperationStarted(new) => self.start_operation(new, at),

            Fact::MirroringStarted { workspace, id, takes, tables, error } => {
                self.item(workspace, id, |item| match (&mut item.mirroring, &mut item.sql_database) {
                    (Some(mirroring), _) => mirroring.started(at, takes, tables, error),
                    (None, database) => {
                        database.iter_mut().for_each(|database| database.switched(at, MirroringSwitch::On, takes));
                    }
                });
            }
            Fact::MirroringStopped { workspace, id, takes } => {
                self.item(workspace, id, |item| match (&mut item.mirroring, &mut item.sql_database) {
                    (Some(mirroring), _) => mirroring.stopped(at, takes),
                    (None, database) => {
                        database.iter_mut().for_each(|database| database.switched(at, MirroringSwitch::Off, takes));
                    }
                });
            }
        }
    }

    /// Adds principals to the directory, or replaces them. An app takes the place of one with its client id that is not declared
    /// itself.
    fn declare_principals(&mut self, entries: Vec<DirectoryEntry>) {
        let declared: BTreeSet<PrincipalId> = entries.iter().map(|entry| entry.id).collect();
        let others = self.directory.values().filter(|entry| !declared.contains(&entry.id));
        let apps: HashMap<String, PrincipalId> =
            others.filter_map(|entry| Some((entry.app_id()?.to_ascii_lowercase(), entry.id))).collect();
        let replacement = |entry: &DirectoryEntry| {
            let before = apps.get(&entry.app_id()?.to_ascii_lowercase())?;
            Some((*before, entry.principal()))
        };
        let replaced: BTreeMap<PrincipalId, Principal> = entries.iter().filter_map(replacement).collect();
        if !replaced.is_empty() {
            self.replace_principals(&replaced);
        }
        self.directory.extend(entries.into_iter().map(|entry| (entry.id, entry)));
    }

    /// Puts principals in the place of others, wherever those are named.
    fn replace_principals(&mut self, replaced: &BTreeMap<PrincipalId, Principal>) {
        for (before, after) in replaced {
            self.directory.remove(before);
            if let Some(secret) = self.secrets.remove(before) {
                self.secrets.entry(after.id).or_insert(secret);
            }
        }
        let replace = |principal: &mut Principal| {
            if let Some(after) = replaced.get(&principal.id) {
                *principal = *after;
            }
        };
        for entry in self.directory.values_mut() {
            if let Details::ServicePrincipalProfile { parent: Some(parent) } = &mut entry.details {
                replace(parent);
            }
        }
        self.connections.values_mut().for_each(|connection| connection.replace_principals(replaced));
        for workspace in self.workspaces.values_mut() {
            workspace.replace_principals(replaced);
            for item in workspace.items.values_mut() {
                item.creator.iter_mut().chain(&mut item.default_identity).for_each(replace);
            }
        }
    }

    /// The tables of a mirrored database at an instant, and since when each has been followed.
    fn followed(&self, workspace: WorkspaceId, id: ItemId, now: Timestamp) -> BTreeMap<TableName, Timestamp> {
        let item = self.workspaces.get(&workspace).and_then(|workspace| workspace.items.get(&id));
        let tables = item.and_then(|item| item.mirroring.as_ref()).map(|mirroring| mirroring.tables_at(self, now));
        tables.into_iter().flatten().map(|table| (table.name, table.since)).collect()
    }

    fn update_workspace(&mut self, id: WorkspaceId, display_name: String, description: String) {
        if let Some(workspace) = self.workspaces.get_mut(&id) {
            self.workspace_names.remove(&Folded::new(&workspace.display_name));
            self.workspace_names.insert(Folded::new(&display_name), id);
            (workspace.display_name, workspace.description) = (display_name, description);
        }
    }

    fn update_connection(&mut self, connection: Connection) {
        if let Some(before) = self.connections.get_mut(&connection.id) {
            self.connection_names.remove(&Folded::new(&before.display_name));
            self.connection_names.insert(Folded::new(&connection.display_name), connection.id);
            *before = connection;
        }
    }

    fn within(&mut self, id: WorkspaceId, change: impl FnOnce(&mut Workspace)) {
        if let Some(workspace) = self.workspaces.get_mut(&id) {
            change(workspace);
        }
    }

    fn item(&mut self, workspace: WorkspaceId, id: ItemId, change: impl FnOnce(&mut Item)) {
        self.within(workspace, |workspace| {
            if let Some(item) = workspace.items.get_mut(&id) {
                change(item);
            }
        });
    }

    fn change_kind_state(&mut self, workspace: WorkspaceId, id: ItemId, changes: Vec<KindChange>) {
        self.item(workspace, id, |item| changes.into_iter().for_each(|change| item.kind_state.apply(change)));
    }

    fn folder(&mut self, workspace: WorkspaceId, id: FolderId, change: impl FnOnce(&mut Folder)) {
        self.within(workspace, |workspace| {
            if let Some(folder) = workspace.folders.get_mut(&id) {
                change(folder);
            }
        });
    }

    /// What copies on a capacity that is paused does so no more, and what is being made or read there fails.
    fn change_capacity(&mut self, id: CapacityId, to: CapacityState, at: Timestamp) {
        if let Some(capacity) = self.capacities.iter_mut().find(|capacity| capacity.id == id) {
            capacity.state = to;
        }
        if to == CapacityState::Active {
            return;
        }
        let there: Vec<WorkspaceId> =
            self.workspaces.values().filter(|it| it.capacity == Some(id)).map(|workspace| workspace.id).collect();
        for workspace in there {
            self.pause_mirrors(workspace, at);
            self.fail_operations(workspace, at);
        }
    }

    fn pause_mirrors(&mut self, workspace: WorkspaceId, at: Timestamp) {
        let Some(within) = self.workspaces.get(&workspace) else { return };
        let mirrors = within.items.values().filter_map(|item| Some((item.id, item.mirroring.as_ref()?)));
        let paused: Vec<_> = mirrors.map(|(id, mirroring)| (id, mirroring.resume_points_at(self, at))).collect();
        for (id, resume_points) in paused {
            self.item(workspace, id, |item| {
                if let Some(mirroring) = &mut item.mirroring {
                    mirroring.paused(at, resume_points);
                }
            });
        }
    }

    /// A change holds from its request on: the operation of one succeeds all the same.
    fn fail_operations(&mut self, workspace: WorkspaceId, at: Timestamp) {
        let mut unmade = Vec::new();
        let here = |operation: &&mut Operation| operation.workspace == workspace && at < operation.ends_at;
        for operation in self.operations.values_mut().filter(here) {
            match &operation.result {
                OperationResult::Created(item) => unmade.push(item.id),
                OperationResult::Definition(..) => {}
                OperationResult::Item(_)
                | OperationResult::Identity(_)
                | OperationResult::Imported(_)
                | OperationResult::Nothing
                | OperationResult::Failed(_) => continue,
            }
            operation.ends_at = at;
            operation.result = OperationResult::Failed(OperationError::from(&ErrorCode::CapacityNotActive.into()));
        }
        self.within(workspace, |workspace| unmade.iter().for_each(|id| workspace.delete_item(*id, at, at)));
    }

    fn definition(&self, workspace: WorkspaceId, id: ItemId) -> Option<Arc<Definition>> {
        self.workspaces.get(&workspace)?.items.get(&id)?.definition.clone()
    }

    fn start_operation(&mut self, new: NewOperation, at: Timestamp) {
        let NewOperation { id, workspace, role, ends_at, retry_after, result } = new;
        let item = |id: ItemId| {
            let item = self.workspaces.get(&workspace).and_then(|workspace| workspace.items.get(&id));
            item.map(|item| Box::new(item.outline()))
        };
        let result = match result {
            PendingResult::Created(id) => item(id).map(OperationResult::Created),
            PendingResult::Item(id) => item(id).map(OperationResult::Item),
            PendingResult::Definition(id, format) => item(id).map(|mut outline| {
                outline.definition = self.definition(workspace, id);
                OperationResult::Definition(outline, format)
            }),
            PendingResult::Identity(identity) => Some(OperationResult::Identity(identity)),
            PendingResult::Imported(items) => Some(OperationResult::Imported(items)),
            PendingResult::Nothing => Some(OperationResult::Nothing),
            PendingResult::Failed(failure) => Some(OperationResult::Failed(failure)),
        };
        self.counts.operations += 1;
        let Some(result) = result else { return };
        let operation = Operation { id, workspace, role, created_at: at, ends_at, retry_after, result };
        self.operations.insert(id, operation);
        operation::make_room(&mut self.operations, at);
    }
}

impl Sources for State {
    fn source<'a>(&'a self, key: &'a SourceKey) -> Source<'a> {
        Source::new(self.seed, key, key.connection.and_then(|id| self.sources.get(&id)))
    }
}

/// How items change when facts are applied: what came along with an item goes along with it.
impl Workspace {
    fn create_item(
        &mut self,
        new: NewItem,
        visible_from: Timestamp,
        companions: Vec<Companion>,
        ready_in: SignedDuration,
    ) {
        self.insert_item(Item::new(new, visible_from, ready_in));
        for Companion { item, visible_from } in companions {
            self.insert_item(Item::new(item, visible_from, SignedDuration::ZERO));
        }
    }

    /// A SQL endpoint is known to its parent, and does not take a name: its parent has it.
    fn insert_item(&mut self, item: Item) {
        if item.kind == ItemKind::SQLEndpoint {
            if let Some(parent) = item.parent.and_then(|id| self.items.get_mut(&id)) {
                parent.sql_endpoint = Some(item.id);
            }
        } else {
            self.names.insert((item.kind, Folded::new(&item.display_name)), item.id);
        }
        self.items.insert(item.id, item);
    }

    /// What belongs to an item, at any remove: it moves and goes with it.
    fn belongings(&self, id: ItemId) -> Vec<ItemId> {
        let mut found = vec![id];
        let mut next = 0;
        while let Some(parent) = found.get(next).copied() {
            found.extend(self.items.values().filter(|item| item.parent == Some(parent)).map(|item| item.id));
            next += 1;
        }
        found.split_off(1)
    }

    fn move_item(&mut self, id: ItemId, folder: Option<FolderId>) {
        let belongings = self.belongings(id);
        for id in std::iter::once(id).chain(belongings) {
            if let Some(item) = self.items.get_mut(&id) {
                item.folder = folder;
            }
        }
    }

    fn update_item(&mut self, id: ItemId, display_name: String, description: String) {
        let Some(item) = self.items.get_mut(&id) else { return };
        let (kind, sql_endpoint) = (item.kind, item.sql_endpoint);
        let before = std::mem::replace(&mut item.display_name, display_name.clone());
        item.description = description;
        self.names.remove(&(kind, Folded::new(&before)));
        self.names.insert((kind, Folded::new(&display_name)), id);
        if let Some(endpoint) = sql_endpoint.and_then(|id| self.items.get_mut(&id)) {
            endpoint.display_name = display_name;
        }
    }

    fn delete_item(&mut self, id: ItemId, reserved_until: Timestamp, at: Timestamp) {
        for id in self.belongings(id).into_iter().chain([id]) {
            if let Some(item) = self.items.remove(&id).filter(|item| item.kind != ItemKind::SQLEndpoint) {
                self.forget_item(&item, reserved_until, at);
            }
        }
    }

    /// A name is reserved for a while, and a SQL database can be restored.
    fn forget_item(&mut self, item: &Item, reserved_until: Timestamp, at: Timestamp) {
        if let Some(database) = item.sql_database.as_ref().filter(|_| item.visible_from <= at) {
            self.deleted_databases.insert(item.id, database.deleted(item, at));
            let oldest = self.deleted_databases.values().next().map(|deleted| deleted.id);
            if let Some(oldest) = oldest.filter(|_| self.deleted_databases.len() > DELETED_MAX) {
                self.deleted_databases.remove(&oldest);
            }
        }
        let key = (item.kind, Folded::new(&item.display_name));
        self.names.remove(&key);
        self.reserve(key, reserved_until, at);
    }

    /// How many items of a kind there are, visible or not.
    pub fn count(&self, kind: ItemKind) -> usize {
        self.items.values().filter(|item| item.kind == kind).count()
    }
}
