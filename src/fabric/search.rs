//! Catalog search: a search for items by text in all workspaces in which the caller has a role
//! (docs/fidelity.md#around).

use std::str::FromStr;

use jiff::Timestamp;

use crate::fabric::item::{Item, ItemKind};
use crate::fabric::name::Folded;
use crate::fabric::page::{Page, PageRequest};
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State};

/// Maximum number of entries on a page (documented).
pub const PAGE_SIZE_MAX: u32 = 1_000;
/// The default number of entries on a page.
pub const PAGE_SIZE: u32 = 50;
/// Number of low bits in the position of an entry that contain the position of the item. The higher bits contain the
/// position of the workspace.
const ITEM_BITS: u32 = 32;
const ITEM_MASK: u64 = (1 << ITEM_BITS) - 1;

/// A filter for the kinds of items. An item passes if at least one clause matches its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(Vec<Clause>);

/// A condition on the kind of an item: equal or not equal to `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clause {
    is_equal: bool,
    kind: ItemKind,
}

impl FromStr for Filter {
    type Err = FabricError;

    /// Parses clauses such as `Type eq 'Report' or Type ne 'Lakehouse'`. `or` is the only operator between clauses, so
    /// parentheses are ignored.
    fn from_str(text: &str) -> Result<Self, FabricError> {
        let clause = |clause: &str| {
            let mut words = clause.split_whitespace();
            let (member, relation, value) = (words.next()?, words.next()?, words.next()?);
            let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
            let is_equal = relation.eq_ignore_ascii_case("eq");
            let is_relation = is_equal || relation.eq_ignore_ascii_case("ne");
            let is_valid = member.eq_ignore_ascii_case("type") && is_relation && words.next().is_none();
            is_valid.then(|| Some(Clause { is_equal, kind: value.parse().ok()? })).flatten()
        };
        let clauses = text.split(" or ").map(|it| clause(it.trim_matches(['(', ')', ' ']))).collect::<Option<Vec<_>>>();
        clauses.map(Self).ok_or_else(|| FabricError::invalid_input(format!("The filter {text:?} is not understood.")))
    }
}

impl Filter {
    fn matches(&self, kind: ItemKind) -> bool {
        self.0.iter().any(|clause| (clause.kind == kind) == clause.is_equal)
    }
}

/// Returns a page of the items that match. An item matches if its name, its description or the name of its workspace
/// contains `text`, without regard to case, and if its kind passes the filter. Only items that are visible at `now` in
/// workspaces in which the caller has a role are searched.
pub fn find<'s>(
    state: &'s State,
    text: &str,
    filter: Option<&Filter>,
    page: PageRequest,
    caller: Principal,
    now: Timestamp,
) -> Page<(&'s Workspace, &'s Item)> {
    let wanted = Folded::new(text);
    let contains = |text: &str| wanted.is_in(text);
    let (last_workspace, last_item) = page.after.map_or((0, 0), |after| (after >> ITEM_BITS, after & ITEM_MASK));
    let workspaces = state.workspaces().after(last_workspace.checked_sub(1));
    let visible = workspaces.filter(|(_, workspace)| workspace.role_of(caller).is_some());
    let found = visible.flat_map(|(place, workspace)| {
        let after = (place == last_workspace).then_some(last_item);
        let all_match = contains(&workspace.display_name);
        let matching = workspace.items().after(after).filter(move |(_, item)| {
            item.visible_from <= now
                && filter.is_none_or(|filter| filter.matches(item.kind))
                && (all_match || contains(&item.display_name) || contains(&item.description))
        });
        matching.map(move |(position, item)| (place << ITEM_BITS | position, (workspace, item)))
    });
    page.cut(found)
}
