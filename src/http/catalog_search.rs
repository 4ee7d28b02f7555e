//! `catalog/search`: items by a text, in all workspaces that the caller sees.

use serde::{Deserialize, Serialize};

use crate::fabric::item::ItemKind;
use crate::fabric::name::Folded;
use crate::fabric::page::{self, PageRequest};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::Outcome;
use crate::http::answer::Answer;
use crate::http::context::Context;
use crate::ids::{ItemId, WorkspaceId};

/// Entries of a page at most (documented), and unless said.
const PAGE_SIZE_MAX: u32 = 1_000;
const PAGE_SIZE: u32 = 50;
/// Bits of an item's position: more items than that no workspace has had.
const ITEM_BITS: u32 = 32;
const ITEM_MASK: u64 = (1 << ITEM_BITS) - 1;

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase")]
struct CatalogQuery {
    search: Option<String>,
    page_size: Option<u32>,
    filter: Option<String>,
    continuation_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CatalogPage<'a> {
    value: Vec<CatalogEntry<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    continuation_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CatalogEntry<'a> {
    id: ItemId,
    r#type: ItemKind,
    catalog_entry_type: &'static str,
    display_name: &'a str,
    description: &'a str,
    hierarchy: Hierarchy<'a>,
}

#[derive(Serialize)]
struct Hierarchy<'a> {
    workspace: CatalogWorkspace<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CatalogWorkspace<'a> {
    id: WorkspaceId,
    display_name: &'a str,
}

/// A clause of a filter: an item's type is a kind, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clause {
    is_equal: bool,
    kind: ItemKind,
}

/// The clauses of a filter, of which any is to hold: `Type eq 'Report' or Type ne 'Lakehouse'`. There is nothing but `or`
/// to join them with, so that brackets change nothing.
fn clauses(filter: &str) -> Result<Vec<Clause>, FabricError> {
    let clause = |clause: &str| {
        let mut words = clause.split_whitespace();
        let (member, relation, value) = (words.next()?, words.next()?, words.next()?);
        let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
        let is_equal = relation.eq_ignore_ascii_case("eq");
        let is_relation = is_equal || relation.eq_ignore_ascii_case("ne");
        let fits = member.eq_ignore_ascii_case("type") && is_relation && words.next().is_none();
        fits.then(|| Some(Clause { is_equal, kind: value.parse().ok()? })).flatten()
    };
    let clauses: Option<Vec<Clause>> =
        filter.split(" or ").map(|it| clause(it.trim_matches(['(', ')', ' ']))).collect();
    clauses.ok_or_else(|| FabricError::invalid_input(format!("The filter {filter:?} is not understood.")))
}

pub(super) fn search(context: &Context<'_>) -> Outcome {
    let CatalogQuery { search, page_size, filter, continuation_token } = context.json()?;
    let size = page_size.unwrap_or(PAGE_SIZE);
    if !(1..=PAGE_SIZE_MAX).contains(&size) {
        return Err(FabricError::invalid_input(format!("The field PageSize must be between 1 and {PAGE_SIZE_MAX}.")));
    }
    let after = continuation_token.map(|token| page::position(&token.replace("%3D", "="))).transpose();
    let after = after.map_err(|_| FabricError::new(ErrorCode::InvalidContinuationToken))?;
    let clauses = filter.as_deref().map(clauses).transpose()?;
    let wanted = Folded::new(search.as_deref().unwrap_or_default());
    context.read(|state| {
        // A position in the answer is that of a workspace and, in its low bits, that of an item.
        let (last_workspace, last_item) = after.map_or((0, 0), |after| (after >> ITEM_BITS, after & ITEM_MASK));
        let seen = state.workspaces().after(last_workspace.checked_sub(1));
        let seen = seen.filter(|(_, workspace)| workspace.role_of(context.caller).is_some());
        let items = seen.flat_map(|(place, workspace)| {
            let last = (place == last_workspace).then_some(last_item);
            let items = workspace.items().after(last);
            items.map(move |(position, item)| (place << ITEM_BITS | position, (workspace, item)))
        });
        let fits = |kind: ItemKind| {
            clauses.as_ref().is_none_or(|any| any.iter().any(|clause| (clause.kind == kind) == clause.is_equal))
        };
        let found = items.filter(|(_, (workspace, item))| {
            let texts = [&item.display_name, &item.description, &workspace.display_name];
            item.visible_from <= context.now
                && fits(item.kind)
                && texts.iter().any(|text| Folded::new(text).contains(&wanted))
        });
        let page = PageRequest { after, size };
        let page = page.cut(found);
        let continuation_token = page.next.map(page::token);
        let value = page.map(|(workspace, item)| CatalogEntry {
            id: item.id,
            r#type: item.kind,
            catalog_entry_type: "FabricItem",
            display_name: &item.display_name,
            description: &item.description,
            hierarchy: Hierarchy {
                workspace: CatalogWorkspace { id: workspace.id, display_name: &workspace.display_name },
            },
        });
        Ok(Answer::ok(&CatalogPage { value: value.elements, continuation_token }))
    })
}
