//! The search in the catalog: items by a text, in all workspaces that the caller sees (docs/fidelity.md#around).

use std::str::FromStr;

use jiff::Timestamp;

use crate::fabric::item::{Item, ItemKind};
use crate::fabric::name::Folded;
use crate::fabric::page::{Page, PageRequest};
use crate::fabric::principal::Principal;
use crate::fabric::workspace::Workspace;
use crate::fabric::{FabricError, State};

/// Entries of a page at most (documented).
pub const PAGE_SIZE_MAX: u32 = 1_000;
/// Entries of a page unless said.
pub const PAGE_SIZE: u32 = 50;
/// Bits of an item's position within that of an entry, whose high bits are the workspace's.
const ITEM_BITS: u32 = 32;
const ITEM_MASK: u64 = (1 << ITEM_BITS) - 1;

/// Which kinds are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter(Vec<Clause>);

/// An item's kind is this one, or is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clause {
    is_equal: bool,
    kind: ItemKind,
}

impl FromStr for Filter {
    type Err = FabricError;

    /// Clauses of which any is to hold: `Type eq 'Report' or Type ne 'Lakehouse'`. There is nothing but `or` to join them
    /// with, so that brackets change nothing.
    fn from_str(text: &str) -> Result<Self, FabricError> {
        let clause = |clause: &str| {
            let mut words = clause.split_whitespace();
            let (member, relation, value) = (words.next()?, words.next()?, words.next()?);
            let value = value.strip_prefix('\'')?.strip_suffix('\'')?;
            let is_equal = relation.eq_ignore_ascii_case("eq");
            let is_relation = is_equal || relation.eq_ignore_ascii_case("ne");
            let fits = member.eq_ignore_ascii_case("type") && is_relation && words.next().is_none();
            fits.then(|| Some(Clause { is_equal, kind: value.parse().ok()? })).flatten()
        };
        let clauses = text.split(" or ").map(|it| clause(it.trim_matches(['(', ')', ' ']))).collect::<Option<Vec<_>>>();
        clauses.map(Self).ok_or_else(|| FabricError::invalid_input(format!("The filter {text:?} is not understood.")))
    }
}

impl Filter {
    fn passes(&self, kind: ItemKind) -> bool {
        self.0.iter().any(|clause| (clause.kind == kind) == clause.is_equal)
    }
}

/// A page of the items whose name, description or workspace's name has a text in it, case aside.
pub fn find<'s>(
    state: &'s State,
    text: &str,
    filter: Option<&Filter>,
    page: PageRequest,
    caller: Principal,
    now: Timestamp,
) -> Page<(&'s Workspace, &'s Item)> {
    let wanted = Folded::new(text);
    let has_it = |text: &str| Folded::new(text).contains(&wanted);
    let (last_workspace, last_item) = page.after.map_or((0, 0), |after| (after >> ITEM_BITS, after & ITEM_MASK));
    let workspaces = state.workspaces().after(last_workspace.checked_sub(1));
    let seen = workspaces.filter(|(_, workspace)| workspace.role_of(caller).is_some());
    let found = seen.flat_map(|(place, workspace)| {
        let after = (place == last_workspace).then_some(last_item);
        let all_fit = has_it(&workspace.display_name);
        let fitting = workspace.items().after(after).filter(move |(_, item)| {
            item.visible_from <= now
                && filter.is_none_or(|filter| filter.passes(item.kind))
                && (all_fit || has_it(&item.display_name) || has_it(&item.description))
        });
        fitting.map(move |(position, item)| (place << ITEM_BITS | position, (workspace, item)))
    });
    page.cut(found)
}
