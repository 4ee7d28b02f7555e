//! Environments: what is staged in them, and what they publish. Nothing is installed (docs/fidelity.md#environments).

pub mod libraries;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use self::libraries::Libraries;
use super::hooks::KindHooks;
use super::state::{KindChange, KindState};
use crate::fabric::item::{Item, Part};
use crate::fabric::spark::compute::{ComputeUpdate, SparkCompute};
use crate::fabric::workspace::Workspace;
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State, later};
use crate::ids::VersionId;
use crate::seed::Seed;

const SPARK_COMPUTE: &str = "enable_native_execution_engine: false\r\ndriver_cores: 8\r\ndriver_memory: 56g\r\nexecutor_cores: 8\r\n\
     executor_memory: 56g\r\ndynamic_executor_allocation:\r\n  enabled: true\r\n  min_executors: 1\r\n  max_executors: 9\r\n\
     runtime_version: 1.3\r\n";
/// The duration of a publishing of changed libraries (guessed: documentation speaks of minutes). All other publishings
/// complete at once (seen).
const INSTALLATION_TIME: SignedDuration = SignedDuration::from_mins(3);

pub(super) const HOOKS: KindHooks = KindHooks { default_definition, state: new_state, ..KindHooks::DEFAULT };

fn new_state() -> KindState {
    KindState::Environment { publishing: None, contents: Box::default() }
}

fn default_definition(_: &Item, _: Option<&str>) -> Vec<Part> {
    vec![Part::text("Setting/Sparkcompute.yml", SPARK_COMPUTE)]
}

/// The content of an environment: its compute and its libraries.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The compute.
    pub compute: SparkCompute,
    /// The libraries.
    pub libraries: Libraries,
}

/// The contents of an environment, each at most once: content moves when it is published.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contents {
    /// The content that the last publishing replaced, or the default content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published: Option<Content>,
    /// The content that the last publishing installs; `None` if it changes nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    installed: Option<Content>,
    /// The staged content; `None` if nothing was staged after the last publishing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    staged: Option<Content>,
}

impl Contents {
    /// Returns `true` if no client has staged content.
    pub(super) fn is_new(&self) -> bool {
        *self == Self::default()
    }

    /// Records staged content.
    pub(super) fn stage(&mut self, content: Content) {
        self.staged = Some(content);
    }

    /// Records that a publishing begins. The one before has ended.
    pub(super) fn publish(&mut self) {
        if let Some(installed) = self.installed.take() {
            self.published = Some(installed);
        }
        self.installed = self.staged.take();
    }

    /// Records that the publishing is cancelled: its content is staged again, unless other content is.
    pub(super) fn cancel(&mut self) {
        let installed = self.installed.take();
        self.staged = self.staged.take().or(installed);
    }
}

/// A publishing of an environment. The creation of an environment counts as its first publishing (seen).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Publishing {
    /// The number of publishings before this publishing.
    number: u64,
    /// The instant of the publishing.
    pub at: Timestamp,
    /// The duration of the publishing.
    #[serde(default, skip_serializing_if = "SignedDuration::is_zero")]
    takes: SignedDuration,
    /// The instant of its cancellation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cancelled_at: Option<Timestamp>,
}

/// The state of a publishing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum PublishState {
    /// It is in progress.
    Running,
    /// It is complete.
    Success,
    /// It was cancelled.
    Cancelled,
}

impl Publishing {
    /// Returns the first publishing of an environment that was created at `at`.
    pub(super) fn initial(at: Timestamp) -> Self {
        Self { number: 0, at, takes: SignedDuration::ZERO, cancelled_at: None }
    }

    /// Returns the publishing that follows `previous`, and is complete after `takes`.
    pub(super) fn after(previous: Self, at: Timestamp, takes: SignedDuration) -> Self {
        Self { number: previous.number + 1, at, takes, cancelled_at: None }
    }

    /// Records the cancellation.
    pub(super) fn cancel(&mut self, at: Timestamp) {
        self.cancelled_at = Some(at);
    }

    /// Returns the version that the publishing created. Every publishing creates a new version.
    pub fn version(self, item: &Item) -> VersionId {
        VersionId::nth(Seed::new(0).fork(item.id.to_string()), self.number)
    }

    /// Returns the state at `now`.
    pub fn state_at(self, now: Timestamp) -> PublishState {
        match self.cancelled_at {
            Some(_) => PublishState::Cancelled,
            None if now < later(self.at, self.takes) => PublishState::Running,
            None => PublishState::Success,
        }
    }

    /// Returns the instant of the end; `None` while the publishing is in progress at `now`.
    pub fn ended_at(self, now: Timestamp) -> Option<Timestamp> {
        match self.state_at(now) {
            PublishState::Running => None,
            PublishState::Cancelled => self.cancelled_at,
            PublishState::Success => Some(later(self.at, self.takes)),
        }
    }
}

/// Publishes an environment. While a publishing is in progress, nothing happens: the response shows its progress
/// (guessed).
pub fn publish(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decision<()> {
    state.check_capacity(within)?;
    contents(item)?;
    let last = published(item);
    if last.state_at(now) == PublishState::Running {
        return Ok((Vec::new(), ()));
    }
    let installs = staged(item)?.libraries != published_at(item, now)?.libraries;
    let takes = if installs { state.settings.timing().operation(INSTALLATION_TIME) } else { SignedDuration::ZERO };
    let publishing = Publishing::after(last, now, takes);
    Ok(change(within, item, KindChange::EnvironmentPublished { publishing }))
}

/// Cancels a publishing. Rejects an environment that is not being published (the code is guessed).
pub fn cancel_publishing(state: &State, within: &Workspace, item: &Item, now: Timestamp) -> Decision<()> {
    state.check_capacity(within)?;
    contents(item)?;
    if published(item).state_at(now) != PublishState::Running {
        return Err(FabricError::new(ErrorCode::OperationNotAllowedInCurrentStatus)
            .message("The environment is not being published.")
            .about("Item", item.id));
    }
    Ok(change(within, item, KindChange::PublishingCancelled { at: now }))
}

/// Updates the staged compute.
pub fn update_compute(state: &State, within: &Workspace, item: &Item, update: ComputeUpdate) -> Decision<()> {
    stage(within, item, |content| content.compute.update(state, within, update))
}

/// Changes the staged libraries.
pub fn change_libraries(
    within: &Workspace,
    item: &Item,
    change: impl FnOnce(&mut Libraries) -> Result<(), FabricError>,
) -> Decision<()> {
    stage(within, item, |content| change(&mut content.libraries))
}

fn stage(
    within: &Workspace,
    item: &Item,
    change_content: impl FnOnce(&mut Content) -> Result<(), FabricError>,
) -> Decision<()> {
    let mut content = staged(item)?;
    change_content(&mut content)?;
    Ok(change(within, item, KindChange::EnvironmentStaged { content: Box::new(content) }))
}

fn change(within: &Workspace, item: &Item, change: KindChange) -> (Vec<Fact>, ()) {
    (vec![Fact::KindStateChanged { workspace: within.id, id: item.id, changes: vec![change] }], ())
}

/// Returns the last publishing of an environment.
pub fn published(item: &Item) -> Publishing {
    match item.kind_state {
        KindState::Environment { publishing: Some(publishing), .. } => publishing,
        _ => Publishing::initial(item.visible_from),
    }
}

/// Returns the staged content.
pub fn staged(item: &Item) -> Result<Content, FabricError> {
    let Contents { published, installed, staged } = contents(item)?;
    Ok(staged.as_ref().or(installed.as_ref()).or(published.as_ref()).cloned().unwrap_or_default())
}

/// Returns the published content at `now`.
pub fn published_at(item: &Item, now: Timestamp) -> Result<Content, FabricError> {
    let Contents { published: before, installed, .. } = contents(item)?;
    let is_complete = published(item).state_at(now) == PublishState::Success;
    let installed = installed.as_ref().filter(|_| is_complete);
    Ok(installed.or(before.as_ref()).cloned().unwrap_or_default())
}

fn contents(item: &Item) -> Result<&Contents, FabricError> {
    match &item.kind_state {
        KindState::Environment { contents, .. } => Ok(contents),
        _ => Err(FabricError::new(ErrorCode::OperationNotSupportedForItem).about("Item", item.id)),
    }
}
