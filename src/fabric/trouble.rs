//! Planning of trouble: the validation of new trouble, changes and deletions (docs/CONTROL.md#trouble).

use jiff::Timestamp;

use crate::fabric::item::ItemKind;
use crate::fabric::mirroring::causes::{self, Cause};
use crate::fabric::mirroring::trouble::{End, Start, Target, Trouble, TroubleKind, later_by};
use crate::fabric::mirroring::trouble_request::{
    DetailsRequest, ErrorRequest, NewTrouble, TableRequest, TargetRequest,
};
use crate::fabric::mirroring::{MirroringError, TableName};
use crate::fabric::pattern::Pattern;
use crate::fabric::trouble_view::{Phase, Views};
use crate::fabric::{Decision, ErrorCode, FabricError, Fact, State};
use crate::ids::{SourceId, TroubleId};

/// The maximum number of troubles of a tenant that are not deleted.
pub const TROUBLES_MAX: usize = 1_000;
/// The maximum number of troubles of a tenant, deleted ones with past effects included.
const KEPT_MAX: usize = 10_000;
/// The maximum length of an error code, a name or a pattern, in characters.
const NAME_MAX: usize = 256;
/// The maximum length of an error message, in characters.
const MESSAGE_MAX: usize = 4_096;
/// The maximum number of seconds in a beginning or an end: 100 years.
const SECONDS_MAX: f64 = 100.0 * 365.0 * 86_400.0;
/// The bounds of the factor of `slow`.
const FACTORS: (f64, f64) = (1e-3, 1e6);

fn invalid(message: impl Into<String>) -> FabricError {
    FabricError::invalid_input(message)
}

fn not_found(id: &str) -> FabricError {
    FabricError::new(ErrorCode::EntityNotFound).about("Trouble", id)
}

/// Plans a trouble. Returns its id.
pub fn add(state: &State, new: NewTrouble, now: Timestamp) -> Decision<TroubleId> {
    if new.table.is_some() {
        return Err(invalid("table: the member belongs into target."));
    }
    let request = new.target.clone().ok_or_else(|| invalid("target: the member is required."))?;
    let target = target(state, request)?;
    let trouble = checked(state, new, target, now)?;
    check_room(state, 1, 0)?;
    let id = trouble.id;
    Ok((vec![Fact::TroubleAdded(trouble)], id))
}

/// Returns the facts that replace the declared trouble of a source.
pub(super) fn declare(
    state: &State,
    source: SourceId,
    new: Vec<NewTrouble>,
    now: Timestamp,
) -> Result<Vec<Fact>, FabricError> {
    let views = Views::new(state, now);
    let replaced = state.troubles().all().filter(|trouble| {
        trouble.is_declared && trouble.deleted_at.is_none() && trouble.target.source() == Some(source)
    });
    let mut facts: Vec<Fact> = replaced
        .map(|trouble| Fact::TroubleRemoved { id: trouble.id, has_begun: views.phase(trouble) != Phase::Planned })
        .collect();
    check_room(state, new.len(), facts.len())?;
    for (skip, mut new) in (0..).zip(new) {
        if new.target.is_some() {
            return Err(invalid("trouble.target: the trouble of a source has a table, and no target."));
        }
        let table = new.table.take().map(name).transpose()?;
        let mut trouble = checked(state, new, Target::Source { source, table }, now)?;
        (trouble.id, trouble.is_declared) = (state.next_trouble(skip), true);
        facts.push(Fact::TroubleAdded(trouble));
    }
    Ok(facts)
}

/// Changes the end of a trouble that has not ended.
pub fn change(state: &State, id: &str, ends: End, now: Timestamp) -> Decision<()> {
    let trouble = find(state, id)?;
    let views = Views::new(state, now);
    if views.phase(trouble) == Phase::Ended {
        return Err(invalid("The trouble has ended."));
    }
    let (from, _) = views.period(trouble);
    let changed = Trouble { ends: Some(ends), ..trouble.clone() };
    check_end(&changed, now)?;
    if from.is_some_and(|from| changed.ends_from(from) < now || changed.ends_from(from) <= from) {
        return Err(invalid("ends: the end is before the beginning or in the past."));
    }
    Ok((vec![Fact::TroubleChanged { id: trouble.id, ends: Some(ends) }], ()))
}

/// Deletes a trouble. Trouble that is active ends now.
pub fn remove(state: &State, id: &str, now: Timestamp) -> Decision<()> {
    let trouble = find(state, id)?;
    let has_begun = Views::new(state, now).phase(trouble) != Phase::Planned;
    Ok((vec![Fact::TroubleRemoved { id: trouble.id, has_begun }], ()))
}

/// Returns the trouble with this id. Text that is no id is that of no trouble.
pub fn find<'a>(state: &'a State, id: &str) -> Result<&'a Trouble, FabricError> {
    let known = id.parse::<TroubleId>().ok().and_then(|id| state.troubles().all.get(&id));
    known.filter(|trouble| trouble.deleted_at.is_none()).ok_or_else(|| not_found(id))
}

/// Rejects `more` new troubles if the tenant would have too many, after `fewer` of its troubles are deleted.
fn check_room(state: &State, more: usize, fewer: usize) -> Result<(), FabricError> {
    let kept = state.troubles().all.len();
    let present = state.troubles().all().filter(|trouble| trouble.deleted_at.is_none()).count();
    if present + more - fewer <= TROUBLES_MAX && kept + more <= KEPT_MAX {
        return Ok(());
    }
    Err(invalid(format!(
        "A tenant has at most {TROUBLES_MAX} troubles, and remembers the past effects of at most {KEPT_MAX}."
    )))
}

/// Returns the target that a request names. Rejects ids of items and sources that do not exist.
fn target(state: &State, request: TargetRequest) -> Result<Target, FabricError> {
    let table = request.table.map(name).transpose()?;
    match (request.item, request.source, request.connection_details) {
        (Some(item), None, None) => {
            state.find_item(item).ok_or_else(|| FabricError::no_item(item))?;
            Ok(Target::Item { item, table })
        }
        (None, Some(source), None) => {
            state.check_source(source)?;
            Ok(Target::Source { source, table })
        }
        (None, None, Some(DetailsRequest { r#type: kind, path })) if table.is_none() => {
            check_text("target.connectionDetails.type", kind.as_deref().unwrap_or_default(), NAME_MAX)?;
            check_text("target.connectionDetails.path", path.as_deref().unwrap_or_default(), MESSAGE_MAX)?;
            Ok(Target::ConnectionDetails { kind, path })
        }
        _ => Err(invalid(
            "target: one of item, source and connectionDetails was expected; table goes with the first two.",
        )),
    }
}

fn name(table: TableRequest) -> Result<TableName, FabricError> {
    check_text("table.schemaName", &table.schema_name, NAME_MAX)?;
    check_text("table.tableName", &table.table_name, NAME_MAX)?;
    Ok(TableName { schema: table.schema_name.into(), table: table.table_name.into() })
}

fn check_text(member: &str, text: &str, max: usize) -> Result<(), FabricError> {
    let length = text.chars().count();
    if length <= max {
        Ok(())
    } else {
        Err(invalid(format!("{member} has {length} characters: expected at most {max}.")))
    }
}

/// Returns the trouble that a request describes.
fn checked(state: &State, new: NewTrouble, target: Target, now: Timestamp) -> Result<Trouble, FabricError> {
    let cause = match &new.cause {
        None => None,
        Some(name) => Some(causes::named(name).ok_or_else(|| {
            let known: Vec<&str> = causes::CAUSES.iter().map(|cause| cause.name).collect();
            invalid(format!("cause is {name:?}: one of {} was expected.", known.join(", ")))
        })?),
    };
    let kind = new.kind.or(cause.map(|cause| cause.kind));
    let kind = kind.ok_or_else(|| invalid("kind: a kind or a cause is required."))?;
    check_target(state, kind, &target)?;
    let ends = new.ends.or(cause.filter(|cause| cause.ends_with_restart).map(|_| End::Restart));
    let earlier_events = match &target {
        Target::Item { item, .. } => {
            let log = state.find_item(*item).and_then(|(_, item)| item.mirroring.as_ref());
            log.map_or(0, |log| log.events_at(now))
        }
        Target::Source { .. } | Target::ConnectionDetails { .. } => 0,
    };
    let mut trouble = Trouble {
        id: state.next_trouble(0),
        planned_at: now,
        earlier_events,
        target,
        kind,
        cause: new.cause,
        starts: new.starts,
        ends,
        error: None,
        factor: new.factor,
        figures_go_on: cause.is_some_and(|cause| cause.figures_go_on),
        is_declared: false,
        deleted_at: None,
    };
    check_start(&trouble, now)?;
    check_end(&trouble, now)?;
    check_factor(kind, new.factor)?;
    trouble.error = error(&trouble, new.error, cause)?;
    Ok(trouble)
}

/// Rejects a kind that the target cannot have.
fn check_target(state: &State, kind: TroubleKind, target: &Target) -> Result<(), FabricError> {
    let fits = match (kind, target) {
        (TroubleKind::CatalogFails, Target::Item { item, table: None }) => {
            state.find_item(*item).is_some_and(|(_, item)| item.kind == ItemKind::MirroredCatalog)
        }
        (TroubleKind::JobFails, Target::Item { item, table: None }) => {
            state.find_item(*item).is_some_and(|(_, item)| !item.kind.spec().jobs.is_empty())
        }
        (TroubleKind::ConnectionTestFails, Target::Source { source, table: None }) => {
            state.find_connection((*source).into()).is_some()
        }
        (TroubleKind::ConnectionTestFails, Target::ConnectionDetails { .. }) => true,
        (TroubleKind::CatalogFails | TroubleKind::JobFails | TroubleKind::ConnectionTestFails, _) => false,
        (TroubleKind::Unreachable, Target::Source { table: None, .. }) => true,
        (TroubleKind::Unreachable, _) => false,
        (kind, Target::Source { .. }) => kind.is_of_tables(),
        (kind, Target::Item { item, table }) => {
            let is_mirrored = state.find_item(*item).is_some_and(|(_, item)| item.mirroring.is_some());
            is_mirrored && kind.is_of_tables() == table.is_some()
        }
        (_, Target::ConnectionDetails { .. }) => false,
    };
    if fits { Ok(()) } else { Err(invalid("kind: the target cannot have trouble of this kind.")) }
}

fn check_start(trouble: &Trouble, now: Timestamp) -> Result<(), FabricError> {
    let kind = trouble.kind;
    match trouble.starts {
        None => Ok(()),
        Some(Start::At(at)) if at < now => Err(invalid("starts.at is in the past.")),
        Some(Start::At(_)) => Ok(()),
        Some(Start::After(_) | Start::Share(_)) if kind.ignores_starts() => {
            Err(invalid("starts: trouble of this kind begins at an instant."))
        }
        Some(Start::After(seconds)) => check_seconds("starts.after", seconds),
        Some(Start::Share(share)) => {
            let is_of_table = matches!(kind, TroubleKind::TableFails | TroubleKind::TableError);
            if !is_of_table || trouble.target.table().is_none() {
                return Err(invalid("starts.share: only tableFails and tableError of a table can begin with a share."));
            }
            if (0.0..=1.0).contains(&share) { Ok(()) } else { Err(invalid("starts.share: expected 0 to 1.")) }
        }
    }
}

fn check_end(trouble: &Trouble, now: Timestamp) -> Result<(), FabricError> {
    let Some(ends) = trouble.ends else { return Ok(()) };
    if trouble.kind == TroubleKind::Reseed {
        return Err(invalid("ends: a reseed ends by itself."));
    }
    match ends {
        End::At(at) if at < now => Err(invalid("ends.at is in the past.")),
        End::At(at) if trouble.begins().is_some_and(|from| at <= from) => {
            Err(invalid("ends.at is not after the beginning."))
        }
        End::At(_) => Ok(()),
        End::After(seconds) if seconds > 0.0 => check_seconds("ends.after", seconds),
        End::After(_) => Err(invalid("ends.after: more than 0 was expected.")),
        End::Restart if trouble.kind.ignores_starts() => {
            Err(invalid("ends: trouble of this kind does not end with a restart."))
        }
        End::Restart => Ok(()),
    }
}

fn check_seconds(member: &str, seconds: f64) -> Result<(), FabricError> {
    if (0.0..=SECONDS_MAX).contains(&seconds) {
        return Ok(());
    }
    Err(invalid(format!("{member} is {seconds}: 0 to {SECONDS_MAX} was expected.")))
}

fn check_factor(kind: TroubleKind, factor: Option<f64>) -> Result<(), FabricError> {
    let (min, max) = FACTORS;
    match (kind, factor) {
        (TroubleKind::Slow, Some(factor)) if (min..=max).contains(&factor) => Ok(()),
        (TroubleKind::Slow, _) => Err(invalid(format!("factor: {min} to {max} was expected."))),
        (_, Some(_)) => Err(invalid("factor: only slow has a factor.")),
        (_, None) => Ok(()),
    }
}

/// Returns the error that a trouble shows: the given one, that of the cause, or that of the kind.
fn error(
    trouble: &Trouble,
    given: Option<ErrorRequest>,
    cause: Option<&Cause>,
) -> Result<Option<MirroringError>, FabricError> {
    if let Some(ErrorRequest { error_code: code, message }) = given {
        check_text("error.errorCode", &code, NAME_MAX)?;
        check_text("error.message", &message, MESSAGE_MAX)?;
        if trouble.kind == TroubleKind::ConnectionTestFails && !TEST_CODES.iter().any(|known| known.as_str() == code) {
            let known = TEST_CODES.map(ErrorCode::as_str).join(" or ");
            return Err(invalid(format!("error.errorCode is {code:?}: {known} was expected.")));
        }
        return Ok(Some(MirroringError { code, message }));
    }
    let of_cause = cause.map(|cause| (cause.code, cause.message)).filter(|(code, _)| !code.is_empty());
    let of_kind = match trouble.kind {
        TroubleKind::StartFails => Some(("StartFailed", "The mirroring could not be started.")),
        TroubleKind::DatabaseError => Some(("ReplicationFailed", "The replication of the database has failed.")),
        TroubleKind::CatalogFails => Some(("SourceCatalogUnavailable", "The source catalog cannot be reached.")),
        TroubleKind::JobFails => Some(("JobInstanceStatusFailed", "Job instance failed without detail error")),
        TroubleKind::TableFails => Some(("TableReplicationFailed", "The table cannot be replicated.")),
        TroubleKind::TableError => Some(("TableReplicationError", "The replication of the table has stopped.")),
        TroubleKind::Unreachable => Some(("SourceNotReachable", "The source cannot be reached.")),
        TroubleKind::ConnectionTestFails => {
            Some((ErrorCode::IncorrectCredentials.as_str(), ErrorCode::IncorrectCredentials.message()))
        }
        _ => None,
    };
    let error = of_cause.or(of_kind).map(|(code, message)| MirroringError {
        code: code.into(),
        message: message.replace("{continues}", &continues(trouble)),
    });
    Ok(error)
}

/// Returns the instant at which a throttled replication continues: the end of the trouble, or a day after its beginning.
fn continues(trouble: &Trouble) -> String {
    const DAY: f64 = 86_400.0;
    let from = trouble.begins().unwrap_or(trouble.planned_at);
    let end = trouble.ends_from(from);
    let end = if end == Timestamp::MAX { later_by(from, DAY) } else { end };
    end.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

/// The error codes of a failed test of a connection.
const TEST_CODES: [ErrorCode; 2] =
    [ErrorCode::IncorrectCredentials, ErrorCode::DmGwPipelineGatewayDataSourceAccessError];

/// Rejects credentials that a trouble makes fail. `id` is the connection, or `None` for a new connection with these
/// details.
pub(super) fn check_connection_test(
    state: &State,
    id: Option<SourceId>,
    (kind, path): (&str, &str),
    now: Timestamp,
) -> Result<(), FabricError> {
    let fits = |pattern: Option<&str>, text: &str| pattern.is_none_or(|pattern| Pattern::new(pattern).matches(text));
    let concerns = |trouble: &&Trouble| match &trouble.target {
        Target::Source { source, .. } => Some(*source) == id,
        Target::ConnectionDetails { kind: kinds, path: paths } => {
            id.is_none() && fits(kinds.as_deref(), kind) && fits(paths.as_deref(), path)
        }
        Target::Item { .. } => false,
    };
    let mut failing = state.troubles().all().filter(|trouble| trouble.kind == TroubleKind::ConnectionTestFails);
    let Some(trouble) = failing.find(|trouble| concerns(trouble) && trouble.is_active_at(now)) else { return Ok(()) };
    let error = trouble.error.as_ref();
    let code = TEST_CODES.into_iter().find(|code| error.is_some_and(|error| error.code == code.as_str()));
    let code = code.unwrap_or(ErrorCode::IncorrectCredentials);
    let message = error.map_or_else(|| code.message().to_owned(), |error| error.message.clone());
    let rejection = FabricError::new(code).message(message);
    if code != ErrorCode::DmGwPipelineGatewayDataSourceAccessError {
        return Err(rejection);
    }
    // The details of the recorded answer.
    Err(rejection
        .detail(ErrorCode::DmUnderlyingErrorCode, "-2146232060")
        .detail(ErrorCode::DmUnderlyingErrorMessage, "Login failed for user 'user'.")
        .detail(ErrorCode::DmUnderlyingHResult, "-2146232060")
        .detail(ErrorCode::DmUnderlyingNativeErrorCode, "18456"))
}
