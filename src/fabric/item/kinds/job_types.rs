//! The types of jobs that items of a kind can run (docs/fidelity.md#jobs).

/// A type of jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobType {
    /// The name.
    pub name: &'static str,
    /// The name in the kind's own routes, if it differs.
    pub segment: &'static str,
    /// The duration of a run at the realistic pace, in seconds.
    pub realistic: i64,
}

impl JobType {
    /// The name that stands for the first type of every kind.
    const DEFAULT: &str = "DefaultJob";

    /// Creates a type with the same name everywhere.
    const fn new(name: &'static str, realistic: i64) -> Self {
        Self { name, segment: name, realistic }
    }

    /// Returns the type with this name among the types of a kind, without regard to case.
    pub fn named(types: &'static [Self], name: &str) -> Option<&'static Self> {
        if name.eq_ignore_ascii_case(Self::DEFAULT) {
            return types.first();
        }
        let is_named = |it: &&Self| it.name.eq_ignore_ascii_case(name) || it.segment.eq_ignore_ascii_case(name);
        types.iter().find(is_named)
    }
}

pub(super) const COPY_JOB: &[JobType] = &[JobType::new("Execute", 60)];
pub(super) const DATA_BUILD_TOOL_JOB: &[JobType] = &[JobType::new("Execute", 60)];
pub(super) const DATA_PIPELINE: &[JobType] = &[JobType { name: "Pipeline", segment: "execute", realistic: 100 }];
pub(super) const DATAFLOW: &[JobType] = &[JobType::new("Execute", 60), JobType::new("ApplyChanges", 60)];
pub(super) const GRAPH_MODEL: &[JobType] = &[JobType::new("RefreshGraph", 60)];
pub(super) const LAKEHOUSE: &[JobType] =
    &[JobType::new("TableMaintenance", 200), JobType::new("RefreshMaterializedLakeViews", 60)];
pub(super) const NOTEBOOK: &[JobType] = &[JobType { name: "RunNotebook", segment: "execute", realistic: 60 }];
pub(super) const SPARK_JOB_DEFINITION: &[JobType] = &[JobType::new("sparkjob", 145)];
