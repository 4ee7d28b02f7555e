//! Environments: their staged and published compute and libraries. Their publishing begins in `items.rs`.

use jiff::Timestamp;

use crate::fabric::item::Item;
use crate::fabric::item::environment::libraries::{ENVIRONMENT_YML, Libraries};
use crate::fabric::item::environment::{self, Content};
use crate::fabric::spark::compute::{ComputeUpdate, PropertiesUpdate};
use crate::fabric::{ErrorCode, FabricError};
use crate::http::answer::Answer;
use crate::http::context::{Context, HandlerResult};
use crate::http::multipart;
use crate::http::wire::environments::{ComputeBody, LibrariesBody, LibrariesPage, RemoveLibraryBody};
use crate::http::wire::{self, properties};

/// Returns `true` if a request asks for the beta version of the operation, which is the default (documented).
fn is_beta(context: &Context<'_>) -> Result<bool, FabricError> {
    let beta = context.flag("beta")?;
    Ok(beta.or(context.flag("preview")?).unwrap_or(true))
}

fn staged(item: &Item, _: Timestamp) -> Result<Content, FabricError> {
    environment::staged(item)
}

type Look = fn(&Item, Timestamp) -> Result<Content, FabricError>;

pub(super) fn staged_compute(context: &Context<'_>) -> HandlerResult {
    compute(context, staged)
}

pub(super) fn published_compute(context: &Context<'_>) -> HandlerResult {
    compute(context, environment::published_at)
}

fn compute(context: &Context<'_>, look: Look) -> HandlerResult {
    let is_beta = is_beta(context)?;
    context.read(|state| {
        let (workspace, item) = context.item(state, context.now)?;
        let compute = look(item, context.now)?.compute;
        Ok(Answer::indented(&ComputeBody::new(state, workspace, &compute, is_beta)))
    })
}

/// Updates the staged compute. The beta version and the release version have different forms of Spark properties.
pub(super) fn update_compute(context: &Context<'_>) -> HandlerResult {
    let is_beta = is_beta(context)?;
    let update: ComputeUpdate = context.json()?;
    if matches!((&update.spark_properties, is_beta), (Some(PropertiesUpdate::Map(_)), false)) {
        return Err(FabricError::invalid_input("The field SparkProperties is not a list."));
    }
    let support = update.custom_live_pool_support.is_some();
    let live_pool = update.custom_live_pool_settings.is_some();
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        environment::update_compute(state, workspace, item, update)
    })?;
    let answer = staged_compute(context)?;
    Ok(answer.inert("customLivePoolSupport", support).inert("customLivePoolSettings", live_pool))
}

pub(super) fn staged_libraries(context: &Context<'_>) -> HandlerResult {
    libraries(context, staged)
}

pub(super) fn published_libraries(context: &Context<'_>) -> HandlerResult {
    libraries(context, environment::published_at)
}

/// Lists libraries. The beta version rejects an environment without libraries (told).
fn libraries(context: &Context<'_>, look: Look) -> HandlerResult {
    let is_beta = is_beta(context)?;
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let libraries = look(item, context.now)?.libraries;
        if is_beta {
            libraries.check_any()?;
            return Ok(Answer::indented(&LibrariesBody::from(&libraries)));
        }
        let page = context.page(state)?;
        let page = page.cut(LibrariesPage::elements(&libraries, page.after));
        let continuation = context.continuation(&page);
        Ok(Answer::indented(&LibrariesPage::new(page, continuation)))
    })
}

fn change(context: &Context<'_>, change: impl FnOnce(&mut Libraries) -> Result<(), FabricError>) -> HandlerResult {
    context.commit(|state, now| {
        let (workspace, item) = context.item(state, now)?;
        environment::change_libraries(workspace, item, change)
    })?;
    Ok(Answer::empty())
}

/// Uploads a library as a part of the body, which names it.
pub(super) fn upload(context: &Context<'_>) -> HandlerResult {
    let file = multipart::file(&context.parts.headers, context.body)?;
    let name = file.name.ok_or(ErrorCode::UnsupportedMediaType)?;
    change(context, |libraries| libraries.upload(name, file.content))
}

/// Uploads a library that the path names.
pub(super) fn upload_named(context: &Context<'_>) -> HandlerResult {
    let file = multipart::file(&context.parts.headers, context.body)?;
    change(context, |libraries| libraries.upload(&context.text("libraryName"), file.content))
}

pub(super) fn delete(context: &Context<'_>) -> HandlerResult {
    let name = wire::required(context.query("libraryToDelete"), "LibraryToDelete")?;
    change(context, |libraries| libraries.delete(&name))
}

pub(super) fn delete_named(context: &Context<'_>) -> HandlerResult {
    change(context, |libraries| libraries.delete(&context.text("libraryName")))
}

pub(super) fn import_external(context: &Context<'_>) -> HandlerResult {
    let file = multipart::file(&context.parts.headers, context.body)?;
    change(context, |libraries| libraries.import(file.content))
}

pub(super) fn remove_external(context: &Context<'_>) -> HandlerResult {
    let body: RemoveLibraryBody = context.json()?;
    let (name, version) = (wire::required(body.name, "Name")?, wire::required(body.version, "Version")?);
    change(context, |libraries| libraries.remove_external(&name, &version))
}

pub(super) fn export_staged(context: &Context<'_>) -> HandlerResult {
    export(context, staged)
}

pub(super) fn export_published(context: &Context<'_>) -> HandlerResult {
    export(context, environment::published_at)
}

/// Returns the file `environment.yml`. Without such a file, the code is that of an environment without libraries
/// (guessed).
fn export(context: &Context<'_>, look: Look) -> HandlerResult {
    context.read(|state| {
        let (_, item) = context.item(state, context.now)?;
        let libraries = look(item, context.now)?.libraries;
        let missing = || {
            let message = format!("The environment has no {ENVIRONMENT_YML}.");
            FabricError::new(ErrorCode::EnvironmentLibrariesNotFound).message(message)
        };
        Ok(Answer::file(libraries.environment_yml().ok_or_else(missing)?.as_bytes().to_vec()))
    })
}

pub(super) fn cancel_publishing(context: &Context<'_>) -> HandlerResult {
    context.commit_then(
        |state, now| {
            let (workspace, item) = context.item(state, now)?;
            environment::cancel_publishing(state, workspace, item, now)
        },
        |state, ()| Ok(Answer::ok(&properties::publish_details(context.item(state, context.now)?.1, context.now))),
    )?
}
