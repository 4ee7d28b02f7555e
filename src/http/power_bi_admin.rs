//! Power BI's groups and capacities, as administrators see them.

use crate::fabric::FabricError;
use crate::fabric::workspace::{Workspace, WorkspaceType};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::groups::{MEMBERS, member};
use crate::http::odata::{Filter, OdataList, Slice};
use crate::http::wire::groups::{AdminGroupBody, CapacityBody};

/// The maximum of `$top` (documented).
const TOP_MAX: usize = 5_000;
/// The related entities that `$expand` can name (documented). Only users are shown.
const EXPANDABLE: [&str; 6] = ["users", "reports", "dashboards", "datasets", "dataflows", "workbooks"];

/// Lists the workspaces of the tenant, personal ones too. The state of each is `Active`.
pub(super) fn list_groups(context: &Context<'_>) -> HandlerResult {
    let slice = Slice::required(context, TOP_MAX)?;
    let names: Vec<&str> = MEMBERS.iter().copied().chain(["state"]).collect();
    let filter = context.query("$filter").map(|text| Filter::parse(&text, &names)).transpose()?;
    let expanded = expanded(context)?;
    let has_users = expanded.iter().any(|name| name == "users");
    context.read(|state| {
        let accepts = |it: &&Workspace| filter.as_ref().is_none_or(|filter| filter.accepts(|name| value(it, name)));
        let groups = slice.cut(state.workspaces().values().filter(accepts));
        let groups = groups.map(|workspace| AdminGroupBody::new(state, workspace, has_users)).collect();
        let answer = Answer::ok(&OdataList::new(context, "groups", groups));
        Ok(answer.inert("$expand", expanded.len() > usize::from(has_users)))
    })
}

/// Returns the names in `$expand`.
fn expanded(context: &Context<'_>) -> Result<Vec<String>, FabricError> {
    let names = context.query_all("$expand");
    let names: Vec<String> = names.into_iter().map(|name| name.trim().to_ascii_lowercase()).collect();
    match names.iter().find(|name| !EXPANDABLE.contains(&name.as_str())) {
        Some(name) => Err(FabricError::invalid_input(format!("The value {name:?} of $expand is not supported."))),
        None => Ok(names),
    }
}

/// Returns the value of a member that filters can name.
fn value(workspace: &Workspace, name: &str) -> String {
    match (name, workspace.kind) {
        ("state", _) => "Active".to_owned(),
        ("type", WorkspaceType::Personal) => "PersonalGroup".to_owned(),
        _ => member(workspace, name),
    }
}

/// Lists all capacities of the tenant.
pub(super) fn list_capacities(context: &Context<'_>) -> HandlerResult {
    context.read(|state| {
        let all = state.capacities().iter().map(CapacityBody::from).collect();
        Ok(Answer::ok(&OdataList::new(context, "capacities", all)))
    })
}
