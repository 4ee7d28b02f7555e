//! Items: what all kinds share.

pub mod audit;
pub mod bulk;
pub mod catalog;
mod companions;
mod cosmos_db_database;
mod dacpac;
mod default_definition;
pub mod definition;
pub mod digital_twin;
pub mod environment;
pub mod kind;
mod notebook;
pub mod semantic_model;
pub mod shortcut;
pub mod sql_database;
pub mod sql_endpoint;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use self::companions::Companion;
pub use self::definition::{Definition, DefinitionRequest, Part, ReadBack};
use self::kind::Names;
pub use self::kind::{ItemKind, KindSpec, Rename};
use self::shortcut::Shortcut;
use self::sql_database::{Design, SqlDatabase};
use crate::fabric::behaviours::{
    CreateWithoutDefinition, GetDefinition, SqlDatabaseCreation, UpdateDefinition, WarehouseCreation,
};
use crate::fabric::mirroring::{self, Mirroring};
use crate::fabric::name::{ITEM_DESCRIPTION_MAX, NAME_MAX, check_description, check_name};
use crate::fabric::operation::{self, Failure, Progress, Yield};
use crate::fabric::principal::{Principal, PrincipalType};
use crate::fabric::role::Role;
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decided, ErrorCode, FabricError, Fact, State, later};
use crate::ids::{ConnectionId, FolderId, ItemId, LabelId, TagId, WorkspaceId};

/// How long the creation of a warehouse took while it was an operation.
const WAREHOUSE_TAKES: SignedDuration = SignedDuration::from_millis(9_100);
/// The member under which a variable library keeps which of its value sets is active.
pub const ACTIVE_VALUE_SET: &str = "activeValueSetName";
/// Items that one request moves at most (documented).
pub const MOVED_MAX: usize = 50;

/// An item.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// What it is.
    pub kind: ItemKind,
    /// Its name: unique among the workspace's items of its kind, case aside.
    pub display_name: String,
    /// Its description, empty when there is none.
    pub description: String,
    /// The folder that it lies in; `None`: the workspace.
    pub folder: Option<FolderId>,
    /// The label that was asked for at its creation.
    pub sensitivity_label: Option<LabelId>,
    /// When it appears in lists and answers to its id.
    pub visible_from: Timestamp,
    /// The item that it came with and goes with.
    pub parent: Option<ItemId>,
    /// The SQL endpoint that came with it.
    pub sql_endpoint: Option<ItemId>,
    /// The tags that it bears, in the order in which they were put on.
    pub tags: Vec<TagId>,
    /// Its shortcuts, in the order in which they were made.
    pub shortcuts: Vec<Shortcut>,
    /// The principal under which it acts.
    pub default_identity: Option<Principal>,
    /// What its kind was told at the creation.
    pub creation_payload: Option<Arc<Value>>,
    /// The properties that a client has set since.
    pub kind_state: Map<String, Value>,
    /// The definition as it was last given.
    pub definition: Option<Arc<Definition>>,
    /// What was done to it, when it is a mirrored database.
    pub mirroring: Option<Mirroring>,
    /// What it has as a SQL database.
    pub sql_database: Option<SqlDatabase>,
    /// Who created it; `None` for items that the service creates.
    pub creator: Option<Principal>,
}

/// What a new item shall be: the facts of a creation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewItem {
    /// Its id.
    pub id: ItemId,
    /// Its kind.
    pub kind: ItemKind,
    /// Its name.
    pub display_name: String,
    /// Its description.
    pub description: String,
    /// Its place.
    pub folder: Option<FolderId>,
    /// Its label.
    pub sensitivity_label: Option<LabelId>,
    /// Its definition.
    pub definition: Option<Arc<Definition>>,
    /// The item that it came with or belongs to.
    pub parent: Option<ItemId>,
    /// What its kind was told.
    pub creation_payload: Option<Arc<Value>>,
    /// What is settled of it as a SQL database.
    pub sql_database: Option<Design>,
    /// Who creates it; `None` for items that the service creates.
    pub creator: Option<Principal>,
}

/// What a client asks for when it creates an item.
#[derive(Debug, Clone)]
pub struct CreateItem {
    /// Its kind as the route or the body names it.
    pub kind: ItemKind,
    /// Its name.
    pub display_name: String,
    /// Its description; `None`: that of `.platform`, if any.
    pub description: Option<String>,
    /// Its place.
    pub folder: Option<FolderId>,
    /// Its label.
    pub sensitivity_label: Option<LabelId>,
    /// Its definition, unchecked.
    pub definition: Option<DefinitionRequest>,
    /// What its kind is told at the creation, unchecked.
    pub creation_payload: Option<Value>,
}

/// Creates an item, with what comes along with it: at once, or as an operation where its kind is slow.
///
/// Faults are looked for in this order: the kind, the capacity, the folder, the definition, the name, the limit; those of
/// the body were found before. What a slow kind finds in its definition's content makes the operation fail.
pub fn create(
    state: &State,
    within: &Workspace,
    new: CreateItem,
    caller: Principal,
    now: Timestamp,
) -> Decided<Progress<ItemId>> {
    check_name(&new.display_name, NAME_MAX)?;
    check_description(new.description.as_deref().unwrap_or_default(), ITEM_DESCRIPTION_MAX)?;
    let spec = new.kind.spec();
    if !spec.can_be_created {
        return Err(not_creatable(spec, caller));
    }
    check_creator(state, within, new.kind, caller)?;
    state.check_capacity(within)?;
    if let Some(folder) = new.folder {
        within.folder(folder)?;
    }
    if new.definition.is_some() && new.creation_payload.is_some() {
        return Err(ErrorCode::RequestWithDefinitionAndCreationPayloadNotSupported.into());
    }
    let mut takes = if new.definition.is_some() {
        spec.operation_times.create_with_definition
    } else {
        spec.operation_times.create
    };
    if new.kind == ItemKind::Warehouse && state.settings.behaviours.warehouse_creation == WarehouseCreation::Operation {
        takes = Some(WAREHOUSE_TAKES);
    }
    let (mut inherited, mut design) = (None, None);
    if new.kind == ItemKind::SQLDatabase {
        let (chosen, definition, time) =
            sql_database::design(state, within, new.creation_payload.as_ref(), caller, now)?;
        (inherited, takes, design) = (definition, Some(time), Some(chosen));
    }
    let definition = new.definition.map(|request| definition::check(new.kind, request, true)).transpose()?;
    let (definition, platform) = definition.map_or((None, None), |(definition, platform)| (Some(definition), platform));
    catalog::check(new.kind, new.creation_payload.as_ref(), definition.as_ref())?;
    catalog::check_scope(state, new.kind, definition.as_ref(), now)?;
    check_payload(new.kind, new.creation_payload.as_ref())?;
    let parent = companions::parent(within, new.kind, new.creation_payload.as_ref(), definition.as_ref(), now)?;
    check_characters(new.kind, &new.display_name)?;
    within.check_item_name(new.kind, &new.display_name, None, now)?;

    let timing = state.settings.timing();
    // Until a mirrored database is Initialized, and until a SQL database has its first backup.
    let ready_in = match new.kind {
        ItemKind::SQLDatabase => timing.first_backup(),
        _ => timing.initializing(),
    };
    let description = new.description.or_else(|| platform?.description).unwrap_or_default();
    check_description(&description, ITEM_DESCRIPTION_MAX)?;
    let begin = |realistic, yields| operation::begin(state, within.id, Role::Contributor, realistic, yields, now);
    if let (Some(realistic), Some(Err(fault))) =
        (takes, definition.as_ref().map(|definition| definition::check_content(new.kind, definition)))
    {
        return Ok(begin(realistic, Yield::Failure(Failure::from(&fault))).after(Vec::new()));
    }
    let id = state.next_item(0);
    let operation = takes.map(|realistic| begin(realistic, Yield::Created(id)));
    let visible_from = operation.as_ref().map_or(now, |operation| operation.ends_at);
    let mut item = NewItem {
        id,
        kind: new.kind,
        display_name: new.display_name,
        description,
        folder: new.folder,
        sensitivity_label: new.sensitivity_label,
        definition: definition.map(Arc::new).or(inherited),
        parent,
        creation_payload: new.creation_payload.map(Arc::new),
        sql_database: design,
        creator: Some(caller),
    };
    let companions = companions::companions(state, within, &mut item, visible_from);
    within.check_room(1 + companions.len())?;
    for companion in companions.iter().map(|companion| &companion.item) {
        if companion.kind != ItemKind::SQLEndpoint {
            within.check_item_name(companion.kind, &companion.display_name, None, now)?;
        }
    }
    let facts = vec![Fact::ItemCreated { workspace: within.id, item, visible_from, companions, ready_in }];
    Ok(match operation {
        Some(operation) => operation.after(facts),
        None => (facts, Progress::Done(id)),
    })
}

/// The error for a kind that no client can create. Apps get `PrincipalTypeNotSupported` (seen).
fn not_creatable(spec: &KindSpec, caller: Principal) -> FabricError {
    if caller.kind == PrincipalType::ServicePrincipal && spec.kind != ItemKind::SQLEndpoint {
        return FabricError::new(ErrorCode::PrincipalTypeNotSupported);
    }
    let message = format!("Requested item type '{}' is unsupported.", spec.name);
    FabricError::new(ErrorCode::UnsupportedItemType).message(message)
}

/// Refuses a name with a character that the kind's names must not have.
fn check_characters(kind: ItemKind, name: &str) -> Result<(), FabricError> {
    let fits = match kind.spec().names {
        Names::Any => true,
        Names::Word => name.chars().all(|c| c.is_alphanumeric() || c == '_'),
        Names::Without(forbidden) => !name.contains(|c| forbidden.contains(c)),
    };
    if fits {
        return Ok(());
    }
    let complaint = format!("DisplayName is Invalid for ArtifactType. DisplayName: <pi>{name}</pi>");
    Err(FabricError::invalid_input(complaint))
}

/// Rejects a creation payload whose id is not a GUID.
fn check_payload(kind: ItemKind, payload: Option<&Value>) -> Result<(), FabricError> {
    let member = match kind {
        ItemKind::WarehouseSnapshot => "parentWarehouseId",
        _ => return Ok(()),
    };
    match payload.and_then(|payload| payload.get(member)) {
        Some(id) if id.as_str().is_none_or(|id| id.parse::<ItemId>().is_err()) => {
            Err(FabricError::invalid_input(format!("The field {member} is not a GUID.")))
        }
        Some(_) | None => Ok(()),
    }
}

/// The creation of a SQL database takes more than the description says where that is asked for.
fn check_creator(state: &State, within: &Workspace, kind: ItemKind, caller: Principal) -> Result<(), FabricError> {
    match state.settings.behaviours.sql_database_creation {
        SqlDatabaseCreation::Member if kind == ItemKind::SQLDatabase => within.check_role(caller, Role::Member),
        SqlDatabaseCreation::Member | SqlDatabaseCreation::Contributor => Ok(()),
    }
}

/// Renames or describes an item; what is `None` stays as it is. What came with it is renamed along.
pub fn update(state: &State, within: &Workspace, item: &Item, change: Update, now: Timestamp) -> Decided<ItemId> {
    let Update { display_name, description, mut kind_state } = change;
    let display_name = match item.kind.spec().rename {
        Rename::Taken => display_name,
        Rename::Ignored => None,
        // A client may repeat the name together with a new description.
        Rename::Refused(code) if display_name.as_ref().is_some_and(|name| *name != item.display_name) => {
            return Err(code.into());
        }
        Rename::Refused(_) => display_name,
    };
    if display_name.is_none() && description.is_none() && kind_state.is_empty() {
        return Err(ErrorCode::InvalidRequest.into());
    }
    let display_name = display_name.unwrap_or_else(|| item.display_name.clone());
    let description = description.unwrap_or_else(|| item.description.clone());
    check_name(&display_name, NAME_MAX)?;
    check_description(&description, ITEM_DESCRIPTION_MAX)?;
    state.check_capacity(within)?;
    check_own(item)?;
    if display_name != item.display_name {
        check_characters(item.kind, &display_name)?;
        within.check_item_name(item.kind, &display_name, Some(item.id), now)?;
    }
    if !kind_state.is_empty() {
        kind_state.extend(catalog::remembered(item, now));
    }
    Ok((vec![Fact::ItemUpdated { workspace: within.id, id: item.id, display_name, description, kind_state }], item.id))
}

/// What a client asks for when it updates an item.
#[derive(Debug, Clone, Default)]
pub struct Update {
    /// The new name.
    pub display_name: Option<String>,
    /// The new description.
    pub description: Option<String>,
    /// Properties to set.
    pub kind_state: Map<String, Value>,
}

/// The properties that a client may set of a kind, of those that it names: the others are ignored.
pub fn settable(kind: ItemKind, named: Map<String, Value>) -> Result<Map<String, Value>, FabricError> {
    let known = |members: &[&str]| named.into_iter().filter(|(name, _)| members.contains(&name.as_str())).collect();
    match kind {
        ItemKind::MirroredAzureDatabricksCatalog => catalog::check_settable_all(known(&catalog::SETTABLE)),
        ItemKind::VariableLibrary => {
            let known: Map<String, Value> = known(&[ACTIVE_VALUE_SET]);
            let is_name = |value: &Value| value.as_str().is_some_and(|text| text.chars().count() <= NAME_MAX);
            if known.values().all(is_name) {
                return Ok(known);
            }
            Err(FabricError::invalid_input(format!(
                "The field {ACTIVE_VALUE_SET} must be a text of at most {NAME_MAX} characters."
            )))
        }
        _ => Ok(Map::new()),
    }
}

/// Whether a mirrored database can be created on its own route without a definition.
pub fn accepts_shells(state: &State) -> bool {
    state.settings.behaviours.create_without_definition == CreateWithoutDefinition::Accept
}

/// Rejects a `sensitivityLabelApplyStrategy` that the description does not have.
pub fn check_label_strategy(strategy: &str) -> Result<(), FabricError> {
    const STRATEGIES: [&str; 2] = ["ApplyOrFail", "Ignore"];
    if STRATEGIES.iter().any(|known| known.eq_ignore_ascii_case(strategy)) {
        return Ok(());
    }
    let known = STRATEGIES.join(" or ");
    let complaint = format!("The value {strategy:?} of SensitivityLabelApplyStrategy is not {known}.");
    Err(FabricError::invalid_input(complaint))
}

/// The connections of an item: those that its definition names, or that it was bound to.
pub fn connections(item: &Item) -> Vec<ConnectionId> {
    let plan = item.mirroring.as_ref().map(Mirroring::plan);
    let named = plan.into_iter().flat_map(|plan| plan.connection.iter().chain(&plan.other_connections)).copied();
    let bound = semantic_model::bindings(item).into_iter().map(|binding| binding.connection);
    let mut connections = Vec::new();
    for connection in named.chain(bound) {
        if !connections.contains(&connection) {
            connections.push(connection);
        }
    }
    connections
}

/// Deletes an item, with what came along with it. Its name stays reserved for as long as the pace says.
pub fn delete(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decided<()> {
    check_own(item)?;
    let reserved_until = later(now, state.settings.timing().name_reserved());
    Ok((vec![Fact::ItemDeleted { workspace: within.id, id: item.id, reserved_until }], ()))
}

/// Lets an item act as a principal.
pub fn associate_identity(state: &State, within: &Workspace, item: &Item, identity: Principal) -> Decided<ItemId> {
    state.check_capacity(within)?;
    Ok((vec![Fact::IdentityAssociated { workspace: within.id, id: item.id, identity }], item.id))
}

/// Moves items, with what came along with them, into a folder or into the workspace: all of them, or none.
pub fn relocate(
    within: &Workspace,
    ids: Vec<ItemId>,
    folder: Option<FolderId>,
    now: Timestamp,
) -> Decided<Vec<ItemId>> {
    if ids.is_empty() || ids.len() > MOVED_MAX {
        return Err(FabricError::invalid_input(format!("From 1 to {MOVED_MAX} items are moved by a request.")));
    }
    if let Some(folder) = folder {
        within.folder(folder)?;
    }
    for id in &ids {
        let item = within.item(*id, now)?;
        if item.parent.is_some_and(|parent| !ids.contains(&parent)) {
            return Err(FabricError::new(ErrorCode::CannotMoveChildOnly).about("Item", id));
        }
    }
    Ok((vec![Fact::ItemsMoved { workspace: within.id, ids: ids.clone(), folder }], ids))
}

/// Replaces an item's definition; with `metadata`, name and description as `.platform` has them too.
///
/// It holds from the request on, also where that is answered with an operation.
pub fn update_definition(
    state: &State,
    within: &Workspace,
    item: &Item,
    request: DefinitionRequest,
    metadata: bool,
    now: Timestamp,
) -> Decided<Progress<()>> {
    state.check_capacity(within)?;
    check_definable(item)?;
    let (definition, platform) = definition::check(item.kind, request, metadata)?;
    catalog::check_change(item, &definition)?;
    catalog::check_scope(state, item.kind, Some(&definition), now)?;
    if let (Some(mirroring), Some(plan)) = (&item.mirroring, &definition.mirroring) {
        mirroring.may_become(plan, now)?;
    }
    let always = state.settings.behaviours.update_definition == UpdateDefinition::Operation;
    let takes = item.kind.spec().operation_times.update_definition.or(always.then_some(SignedDuration::ZERO));
    let begin = |realistic, yields| operation::begin(state, within.id, Role::Contributor, realistic, yields, now);
    if let (Some(realistic), Err(fault)) = (takes, definition::check_content(item.kind, &definition)) {
        return Ok(begin(realistic, Yield::Failure(Failure::from(&fault))).after(Vec::new()));
    }
    let mut facts =
        vec![Fact::DefinitionUpdated { workspace: within.id, id: item.id, definition: Arc::new(definition) }];
    let kind_state = catalog::remembered(item, now);
    if !kind_state.is_empty() {
        facts.push(Fact::ItemExtended { workspace: within.id, id: item.id, kind_state });
    }
    if let Some(platform) = platform {
        let description = Some(platform.description.unwrap_or_default());
        let display_name = Some(platform.display_name).filter(|name| *name != item.display_name);
        facts.extend(update(state, within, item, Update { display_name, description, kind_state: Map::new() }, now)?.0);
    }
    Ok(match takes {
        Some(realistic) => begin(realistic, Yield::Item(item.id)).after(facts),
        None => (facts, Progress::Done(())),
    })
}

/// An item's definition, in a format that its kind has.
pub fn get_definition(
    state: &State,
    within: &Workspace,
    item: &Item,
    format: Option<&str>,
    now: Timestamp,
) -> Decided<Progress<ReadBack>> {
    state.check_capacity(within)?;
    check_definable(item)?;
    let format = definition::check_format(item.kind, format)?;
    definition::check_given(item, format)?;
    let always = state.settings.behaviours.get_definition == GetDefinition::Operation;
    let takes = item.kind.spec().operation_times.get_definition.or(always.then_some(SignedDuration::ZERO));
    Ok(match takes {
        Some(realistic) => {
            let yields = Yield::Definition(item.id, format.map(str::to_owned));
            operation::begin(state, within.id, Role::Contributor, realistic, yields, now).after(Vec::new())
        }
        None => (Vec::new(), Progress::Done(definition::read_back(item, format))),
    })
}

impl Item {
    /// A new item, visible from `visible_from` on and ready to be used `ready_in` later.
    pub(super) fn new(new: NewItem, visible_from: Timestamp, ready_in: SignedDuration) -> Self {
        let NewItem { id, kind, display_name, description, folder, sensitivity_label, definition, .. } = new;
        let NewItem { parent, creation_payload, sql_database, creator, .. } = new;
        let unwritten = (new.kind == ItemKind::MirroredDatabase).then_some(mirroring::Plan::unwritten());
        let plan = plan(definition.as_deref()).or(unwritten);
        let mirroring = plan.map(|plan| Mirroring::created(visible_from, ready_in, plan));
        let sql_database = sql_database.map(|design| SqlDatabase::created(design, visible_from, ready_in));
        Self {
            id,
            kind,
            display_name,
            description,
            folder,
            sensitivity_label,
            visible_from,
            parent,
            sql_endpoint: None,
            tags: Vec::new(),
            shortcuts: Vec::new(),
            default_identity: None,
            creation_payload,
            kind_state: Map::new(),
            definition,
            mirroring,
            sql_database,
            creator,
        }
    }

    /// The item as a list shows it, without its definition and without what was done to it.
    pub(super) fn outline(&self) -> Self {
        let (tags, display_name, description) =
            (self.tags.clone(), self.display_name.clone(), self.description.clone());
        let sql_database = self.sql_database.as_ref().map(SqlDatabase::outline);
        let creation_payload = self.creation_payload.clone();
        let (kind_state, shortcuts, definition, mirroring) = (Map::new(), Vec::new(), None, None);
        Self {
            tags,
            display_name,
            description,
            creation_payload,
            kind_state,
            shortcuts,
            definition,
            mirroring,
            sql_database,
            ..*self
        }
    }

    /// What was done to it; refused where its kind does not replicate.
    pub fn mirroring(&self) -> Result<&Mirroring, FabricError> {
        self.mirroring
            .as_ref()
            .ok_or_else(|| FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", self.id))
    }
}

/// Refuses what is asked of an item that only lives with its parent.
fn check_own(item: &Item) -> Result<(), FabricError> {
    if item.kind == ItemKind::SQLEndpoint {
        Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id))
    } else {
        Ok(())
    }
}

fn check_definable(item: &Item) -> Result<(), FabricError> {
    if item.kind.spec().definition.is_none() {
        return Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id));
    }
    Ok(())
}

/// Where a mirrored database's tables lie once its endpoint is there: `properties.oneLakeTablesPath`.
pub fn one_lake_tables_path(workspace: &Workspace, item: &Item) -> String {
    format!("https://onelake.dfs.fabric.microsoft.com/{}/{}/Tables", workspace.id, item.id)
}

/// The host of a SQL endpoint: two ids in base 32, as long as the service's (docs/fidelity.md#sql-endpoints).
pub fn sql_endpoint_host(workspace: WorkspaceId, endpoint: ItemId) -> String {
    format!("{}-{}.datawarehouse.fabric.microsoft.com", base32(workspace.as_u128()), base32(endpoint.as_u128()))
}

/// The host of an eventhouse: 18 digits of its id in base 36, as long as the service's.
pub fn query_host(eventhouse: ItemId) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = eventhouse.as_u128();
    let digits = std::iter::repeat_with(|| {
        let digit = char::from(DIGITS[(rest % 36) as usize]);
        rest /= 36;
        digit
    });
    format!("trd-{}.z5.kusto.fabric.microsoft.com", digits.take(18).collect::<String>())
}

/// A text that an item's kind was told at the creation, by its JSON pointer; empty where there is none.
pub fn text_of<'a>(item: &'a Item, pointer: &str) -> &'a str {
    item.creation_payload.as_ref().and_then(|payload| payload.pointer(pointer)?.as_str()).unwrap_or_default()
}

/// The 26 digits of 128 bits.
fn base32(bits: u128) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    (0..26).rev().map(|n| char::from(DIGITS[((bits >> (5 * n)) & 31) as usize])).collect()
}

/// The plan of a definition, where its kind replicates.
pub(super) fn plan(definition: Option<&Definition>) -> Option<mirroring::Plan> {
    definition.and_then(|definition| definition.mirroring.clone())
}
