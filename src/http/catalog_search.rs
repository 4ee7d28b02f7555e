//! `catalog/search`: full-text search over the items of all workspaces in which the caller has a role.

use crate::fabric::FabricError;
use crate::fabric::page::{self, PageRequest};
use crate::fabric::search::{self, PAGE_SIZE, PAGE_SIZE_MAX};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::wire::catalog_search::{CatalogPage, CatalogQuery};

pub(super) fn search(context: &Context<'_>) -> HandlerResult {
    let CatalogQuery { search, page_size, filter, continuation_token } = context.json()?;
    let size = page_size.unwrap_or(PAGE_SIZE);
    if !(1..=PAGE_SIZE_MAX).contains(&size) {
        return Err(FabricError::invalid_input(format!("The field PageSize must be between 1 and {PAGE_SIZE_MAX}.")));
    }
    // Continuation tokens are percent-encoded. The query parser decodes tokens in a query, but a token in a body is
    // still encoded.
    let after = continuation_token.map(|token| page::position(&token.replace("%3D", "="))).transpose()?;
    let filter = filter.as_deref().map(str::parse).transpose()?;
    let text = search.unwrap_or_default();
    context.read(|state| {
        let page = PageRequest { after, size };
        let page = search::find(state, &text, filter.as_ref(), page, context.caller, context.now);
        Ok(Answer::ok(&CatalogPage::from(page)))
    })
}
