//! Workspaces, as administrators see them: list, get, their users, temporary access, networking policies.

use crate::fabric::encryption::EncryptionStatus;
use crate::fabric::name::Folded;
use crate::fabric::networking::Protection;
use crate::fabric::role;
use crate::fabric::workspace::{Workspace, WorkspaceType};
use crate::fabric::{Decision, ErrorCode, FabricError, State};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::admin::{AccessDetails, AdminWorkspace, NamedList, WorkspaceAccess};
use crate::ids::{CapacityId, WorkspaceId};

/// The types of workspaces that a filter can name. No workspace of the emulator is an `AdminWorkspace`.
const TYPES: &[(&str, Option<WorkspaceType>)] = &[
    ("personal", Some(WorkspaceType::Personal)),
    ("workspace", Some(WorkspaceType::Workspace)),
    ("adminworkspace", None),
];

/// The states of workspaces that a filter can name, each with whether the emulator has such workspaces.
const STATES: &[(&str, bool)] = &[("active", true), ("deleted", false)];

/// The statuses of the encryption that a filter can name. No encryption of the emulator has failed.
const ENCRYPTION_STATUSES: &[(&str, Option<EncryptionStatus>)] = &[
    ("disabled", Some(EncryptionStatus::Disabled)),
    ("active", Some(EncryptionStatus::Active)),
    ("enableInProgress", Some(EncryptionStatus::EnableInProgress)),
    ("disableInProgress", Some(EncryptionStatus::DisableInProgress)),
    ("failed", None),
];

/// The filters of a list of workspaces, and its further members.
struct Filters {
    kind: Option<Option<WorkspaceType>>,
    has_state: bool,
    capacity: Option<CapacityId>,
    name: Option<Folded>,
    encryption: Option<Option<EncryptionStatus>>,
    includes_encryption: bool,
}

impl Filters {
    fn read(context: &Context<'_>) -> Result<Self, FabricError> {
        let included = context.query_all("include");
        if let Some(name) = included.iter().find(|name| !name.eq_ignore_ascii_case("encryption")) {
            return Err(invalid("include", name));
        }
        let includes_encryption = !included.is_empty();
        Ok(Self {
            kind: named(context, "type", TYPES)?,
            has_state: named(context, "state", STATES)?.unwrap_or(true),
            capacity: context.query_id("capacityId")?,
            name: context.query("name").as_deref().map(Folded::new),
            encryption: named(context, "encryptionStatus", ENCRYPTION_STATUSES)?.filter(|_| includes_encryption),
            includes_encryption,
        })
    }

    fn accept(&self, context: &Context<'_>, workspace: &Workspace) -> bool {
        let has_status = |status| Some(workspace.encryption_status(context.now)) == status;
        self.has_state
            && self.kind.is_none_or(|kind| kind == Some(workspace.kind))
            && self.capacity.is_none_or(|capacity| workspace.capacity == Some(capacity))
            && self.name.as_ref().is_none_or(|name| Folded::new(&workspace.display_name) == *name)
            && self.encryption.is_none_or(has_status)
    }
}

/// Returns the value that a query parameter names, without regard to case.
fn named<T: Copy>(context: &Context<'_>, parameter: &str, known: &[(&str, T)]) -> Result<Option<T>, FabricError> {
    let Some(name) = context.query(parameter) else { return Ok(None) };
    let found = known.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, value)| *value);
    found.map(Some).ok_or_else(|| invalid(parameter, &name))
}

fn invalid(parameter: &str, value: &str) -> FabricError {
    let message = format!("The value {value:?} of {parameter} is not known.");
    FabricError::new(ErrorCode::BadRequest).detail(ErrorCode::InvalidParameter, message)
}

/// Returns the workspace that the path names.
pub(super) fn workspace<'s>(context: &Context<'_>, state: &'s State) -> Result<&'s Workspace, FabricError> {
    let id: WorkspaceId = context.id("workspaceId")?;
    state.workspaces().get(&id).ok_or_else(|| FabricError::new(ErrorCode::EntityNotFound).about("Workspace", id))
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let filters = Filters::read(context)?;
    context.read(|state| {
        let page = context.page(state)?;
        let found = state.workspaces().after(page.after).filter(|(_, workspace)| filters.accept(context, workspace));
        let page = page.cut(found).map(|workspace| {
            let body = AdminWorkspace::new(state, workspace);
            if filters.includes_encryption { body.with_encryption(workspace, context.now) } else { body }
        });
        let continuation = context.continuation(&page);
        Ok(Answer::ok(&NamedList { name: "workspaces", elements: page.elements, continuation }))
    })
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    context.read(|state| Ok(Answer::ok(&AdminWorkspace::new(state, workspace(context, state)?))))
}

pub(super) fn users(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let workspace = workspace(context, state)?;
        let assignments = workspace.role_assignments().values();
        let access_details = assignments.map(|it| WorkspaceAccess::new(state, workspace, it)).collect();
        Ok(Answer::ok(&AccessDetails { access_details }))
    })
}

pub(super) fn grant_access(context: &Context<'_>) -> HandlerResult {
    change_access(context, |state, workspace| role::grant_temporary_access(state, workspace, context.caller))
}

pub(super) fn remove_access(context: &Context<'_>) -> HandlerResult {
    change_access(context, |state, workspace| role::remove_temporary_access(state, workspace, context.caller))
}

fn change_access(context: &Context<'_>, decide: impl FnOnce(&State, &Workspace) -> Decision<()>) -> HandlerResult {
    context.commit(|state, _| decide(state, workspace(context, state)?))?;
    Ok(Answer::empty())
}

/// Returns the networking policies of all workspaces that deny inbound or outbound access.
pub(super) fn list_policies(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let page = context.page(state)?;
        let all = state.workspaces().after(page.after);
        let protected = all.filter_map(|(position, workspace)| Some((position, Protection::of(workspace)?)));
        Ok(Answer::ok(&context.list(page.cut(protected))))
    })
}
