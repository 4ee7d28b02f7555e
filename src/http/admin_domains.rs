//! Domains and tags, as administrators manage them.

use crate::fabric::domain::{self, Domain, role};
use crate::fabric::principal::LEARNED;
use crate::fabric::{FabricError, State, tag};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::long_running_operations;
use crate::http::wire;
use crate::http::wire::domains::{
    AssignWorkspaces, ChangeRoles, CreateDomain, CreateTags, CreateTagsResponse, DomainBody, DomainRoleBody,
    DomainWorkspace, DomainsResponse, SyncRoles, TagRequest, UpdateDomain, principals,
};
use crate::http::wire::tags::TagBody;
use crate::ids::{DomainId, TagId};

/// Returns `true` unless the request asks for the version without preview, as the service did (seen).
fn is_preview(context: &Context<'_>) -> Result<bool, FabricError> {
    Ok(context.flag("preview")?.unwrap_or(true))
}

pub(super) fn list(context: &Context<'_>) -> HandlerResult {
    let is_preview = is_preview(context)?;
    let with_items = context.flag("nonEmptyOnly")? == Some(true);
    let with_workspaces = context.flag("withAssignedWorkspacesOnly")? == Some(true);
    context.read(|state| {
        let passes = |domain: &&Domain| {
            let mut workspaces = state.workspaces().values().filter(|workspace| workspace.domain == Some(domain.id));
            match (with_items, with_workspaces) {
                (true, _) => workspaces.any(|workspace| !workspace.items().is_empty()),
                (false, true) => workspaces.next().is_some(),
                (false, false) => true,
            }
        };
        let domains = state.domains().values().filter(passes);
        let domains = domains.map(|domain| DomainBody::for_administrators(domain, is_preview)).collect();
        Ok(Answer::ok(&DomainsResponse { domains }))
    })
}

pub(super) fn create(context: &Context<'_>) -> HandlerResult {
    let is_preview = is_preview(context)?;
    let new = context.json::<CreateDomain>()?.new_domain()?;
    context.commit_then(
        |state, _| domain::create(state, new),
        |state, id| {
            let location = context.url(&format!("/v1/admin/domains/{id}"));
            let body = DomainBody::for_administrators(state.domain(id)?, is_preview);
            Ok(Answer::created(&body).at(location).exposing("RequestId,Location"))
        },
    )?
}

pub(super) fn get(context: &Context<'_>) -> HandlerResult {
    let (id, is_preview) = (context.id("domainId")?, is_preview(context)?);
    context.read(|state| Ok(Answer::ok(&DomainBody::for_administrators(state.domain(id)?, is_preview))))
}

pub(super) fn update(context: &Context<'_>) -> HandlerResult {
    let (id, is_preview) = (context.id("domainId")?, is_preview(context)?);
    let change = context.json::<UpdateDomain>()?.change()?;
    let has_label = change.default_label.is_some();
    context.commit_then(
        |state, _| domain::update(state, id, change),
        |state, ()| {
            let body = DomainBody::for_administrators(state.domain(id)?, is_preview);
            Ok(Answer::ok(&body).inert("defaultLabelId", has_label))
        },
    )?
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    context.commit(|state, _| domain::delete(state, id))?;
    Ok(Answer::empty())
}

pub(super) fn list_workspaces(context: &Context<'_>) -> HandlerResult {
    let id: DomainId = context.id("domainId")?;
    context.read(|state| {
        state.domain(id)?;
        let page = context.page(state)?;
        let assigned = state.workspaces().after(page.after).filter(|(_, workspace)| workspace.domain == Some(id));
        Ok(Answer::ok(&context.list(page.cut(assigned).map(DomainWorkspace::from))))
    })
}

pub(super) fn assign(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    let body: AssignWorkspaces = context.json()?;
    let workspaces = wire::required_ids(body.workspaces_ids, "WorkspacesIds")?;
    context.commit(|state, _| domain::assign(state, id, &workspaces))?;
    Ok(Answer::empty())
}

pub(super) fn assign_by_capacities(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    let body: AssignWorkspaces = context.json()?;
    let capacities = wire::required_ids(body.capacities_ids, "CapacitiesIds")?;
    long_running_operations::run(context, |state, now| domain::assign_by_capacities(state, id, &capacities, now))
}

pub(super) fn assign_by_principals(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    let body: AssignWorkspaces = context.json()?;
    let admins = principals(&wire::required(body.principals, "Principals")?)?;
    long_running_operations::run(context, |state, now| domain::assign_by_principals(state, id, &admins, now))
}

pub(super) fn unassign(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    let body: AssignWorkspaces = context.json()?;
    let workspaces = wire::required_ids(body.workspaces_ids, "WorkspacesIds")?;
    context.commit(|state, _| domain::unassign(state, id, &workspaces))?;
    Ok(Answer::empty())
}

pub(super) fn unassign_all(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    context.commit(|state, _| domain::unassign_all(state, id))?;
    Ok(Answer::empty())
}

pub(super) fn list_roles(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    context.read(|state| {
        let domain = state.domain(id)?;
        let page = context.page(state)?;
        let page = page.cut(domain.role_assignments(page.after));
        Ok(Answer::ok(&context.list(page.map(|assignment| DomainRoleBody::new(state, assignment)))))
    })
}

pub(super) fn assign_roles(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    let (role, principals) = context.json::<ChangeRoles>()?.parsed()?;
    let is_learned = context.commit(|state, _| role::assign(state, id, role, &principals))?;
    Ok(Answer::empty().note(is_learned.then_some(LEARNED)))
}

pub(super) fn unassign_roles(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    let (role, principals) = context.json::<ChangeRoles>()?.parsed()?;
    context.commit(|state, _| role::unassign(state, id, role, &principals))?;
    Ok(Answer::empty())
}

pub(super) fn sync_roles(context: &Context<'_>) -> HandlerResult {
    let id = context.id("domainId")?;
    let body: SyncRoles = context.json()?;
    let role = wire::domains::role(body.role, "Role")?;
    context.commit(|state, _| role::sync_to_subdomains(state, id, role))?;
    Ok(Answer::empty())
}

pub(super) fn create_tags(context: &Context<'_>) -> HandlerResult {
    let body: CreateTags = context.json()?;
    let domain = body.scope.map_or(Ok(None), |scope| scope.domain())?;
    let requests = wire::required(body.create_tags_request, "CreateTagsRequest")?;
    let name = |TagRequest { display_name }| wire::required(display_name, "DisplayName");
    let names = requests.into_iter().map(name).collect::<Result<Vec<String>, FabricError>>()?;
    context.commit_then(
        |state, _| tag::create(state, names, domain),
        |state: &State, created: Vec<TagId>| {
            let tags = created.iter().filter_map(|id| state.tag(*id)).map(TagBody::from).collect();
            Ok(Answer::created(&CreateTagsResponse { tags }))
        },
    )?
}

pub(super) fn rename_tag(context: &Context<'_>) -> HandlerResult {
    let id: TagId = context.id("tagId")?;
    let TagRequest { display_name } = context.json()?;
    let name = wire::required(display_name, "DisplayName")?;
    context.commit_then(
        |state, _| tag::rename(state, id, name),
        |state, ()| Ok(Answer::ok(&TagBody::from(tag::existing(state, id)?))),
    )?
}

pub(super) fn delete_tag(context: &Context<'_>) -> HandlerResult {
    let id = context.id("tagId")?;
    context.commit(|state, _| tag::delete(state, id))?;
    Ok(Answer::empty())
}
