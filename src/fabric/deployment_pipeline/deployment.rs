//! Deployments: the operations of a deployment pipeline, with their steps.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fabric::item::ItemKind;
use crate::fabric::operation::OperationError;
use crate::fabric::principal::Principal;
use crate::ids::{DeploymentId, DeploymentStageId, ItemId};

/// A deployment of items from one stage to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The id of the deployment.
    pub id: DeploymentId,
    /// The stage that the items come from.
    pub source: DeploymentStageId,
    /// The stage that the items are copied to.
    pub target: DeploymentStageId,
    /// The principal that started the deployment.
    pub performed_by: Principal,
    /// The note; empty if there is none.
    pub note: String,
    /// The instant of the start.
    pub started_at: Timestamp,
    /// The instant of the end, in the past or in the future.
    pub ends_at: Timestamp,
    /// The steps, one for each item.
    pub steps: Arc<Vec<Step>>,
    /// The reason why the deployment fails; `None` if it succeeds. A deployment that fails changes nothing.
    pub failure: Option<Failure>,
}

/// A step of a deployment: the copy of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The kind of the item.
    pub kind: ItemKind,
    /// The item that is copied.
    pub source: ItemId,
    /// The name of the item that is copied.
    pub source_name: String,
    /// The item that is overwritten, with its name before the deployment; `None` for a new item.
    pub overwritten: Option<(ItemId, String)>,
    /// The difference between the two items before the deployment.
    pub difference: Difference,
    /// The item that is created; `None` if an item is overwritten, or if the deployment fails.
    pub created: Option<ItemId>,
}

/// The reason why a deployment fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// The number of the step that fails, starting from zero.
    pub step: usize,
    /// The error.
    pub error: OperationError,
}

/// The difference between an item and its pair in the target stage, before a deployment. The names of the variants are
/// the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Difference {
    /// There is no pair.
    New,
    /// The items differ.
    Different,
    /// The items are identical.
    NoDifference,
}

/// The status of a deployment or of a step. The names of the variants are the values on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum DeploymentStatus {
    /// Not started.
    NotStarted,
    /// In progress.
    Running,
    /// Ended without an error.
    Succeeded,
    /// Ended with an error.
    Failed,
}

impl Deployment {
    /// Returns the status of the deployment at `now`.
    pub fn status_at(&self, now: Timestamp) -> DeploymentStatus {
        match self.failure {
            _ if now < self.ends_at => DeploymentStatus::Running,
            Some(_) => DeploymentStatus::Failed,
            None => DeploymentStatus::Succeeded,
        }
    }

    /// Returns the status of a step at `now`. The steps of a deployment run one after another and take equal times. In a
    /// deployment that fails, only the failing step runs.
    pub fn step_status_at(&self, step: usize, now: Timestamp) -> DeploymentStatus {
        match (&self.failure, self.status_at(now)) {
            (Some(failure), _) if failure.step != step => DeploymentStatus::NotStarted,
            (None, DeploymentStatus::Running) => match self.completed_at(now) {
                completed if step < completed => DeploymentStatus::Succeeded,
                completed if step == completed => DeploymentStatus::Running,
                _ => DeploymentStatus::NotStarted,
            },
            (_, status) => status,
        }
    }

    /// Returns the number of steps that are complete at `now`, while the deployment is in progress.
    fn completed_at(&self, now: Timestamp) -> usize {
        let takes = self.ends_at.duration_since(self.started_at).as_secs_f64();
        let elapsed = now.duration_since(self.started_at).as_secs_f64();
        (elapsed / takes * self.steps.len() as f64) as usize
    }

    /// Returns the instant at which the status of the deployment last changed.
    pub fn updated_at(&self, now: Timestamp) -> Timestamp {
        if now < self.ends_at { self.started_at } else { self.ends_at }
    }

    /// Returns the number of steps with this difference.
    pub fn count(&self, difference: Difference) -> usize {
        self.steps.iter().filter(|step| step.difference == difference).count()
    }

    /// Returns each item that is copied, with the item that is created or overwritten; nothing if the deployment fails.
    pub(super) fn effects(&self) -> impl Iterator<Item = (ItemId, ItemId)> {
        let steps = self.failure.is_none().then(|| self.steps.iter());
        let target = |step: &Step| step.created.or(step.overwritten.as_ref().map(|(id, _)| *id));
        steps.into_iter().flatten().filter_map(move |step| Some((step.source, target(step)?)))
    }

    /// Makes the deployment fail with an error that is not about one of its items.
    pub(in crate::fabric) fn fail(&mut self, error: OperationError) {
        self.failure = Some(Failure { step: 0, error });
    }
}
