//! The events of a tenant: a bounded log, from which streams read.
//!
//! A log records only while it is needed: from the first stream on, until an event is given up while no stream is open.
//! Streams share the recorded events. A stream that falls behind loses events instead of keeping them in memory.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use hyper::body::Bytes;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::clock::{Clock, ClockState, machine_time};
use crate::fabric::changes::ItemChange;
use crate::fabric::fault::{Counter, Fault};
use crate::fabric::settings::Settings;
use crate::fabric::trouble_view::TroubleView;
use crate::fabric::upcoming::{NextChange, Upcoming, UpcomingChange};
use crate::journal::Exchange;
use crate::memory::Share;

/// The maximum number of recorded events of a tenant.
const EVENTS_MAX: usize = 4_096;
/// The maximum size of the recorded events of a tenant, in bytes.
const SIZE_MAX: usize = 1 << 20;
/// [`SIZE_MAX`] while the memory of the emulator is tight.
const TIGHT_MAX: usize = 64 << 10;
/// The size of an event without its text, in bytes.
const OVERHEAD: usize = 64;
/// The number of upcoming changes that are kept, so that they need not be computed for each of them.
const OUTLOOK_MAX: usize = 256;

/// An event.
#[derive(Debug)]
pub(crate) enum Event<'a> {
    /// A status changed, or an item became visible.
    Change(&'a UpcomingChange),
    /// The clock was moved or set.
    Clock(ClockState, Option<NextChange>),
    /// A request was answered.
    Exchange(&'a Exchange<'a>),
    /// A fault rule was added, switched or deleted, or struck a request.
    Fault { fault: &'a Fault, counter: Counter, now: Timestamp, is_deleted: bool },
    /// An item changed.
    Item(ItemChange),
    /// The tenant was reset or restored. Its clock shows this instant.
    Reset(Timestamp),
    /// The settings changed.
    Settings(&'a Settings),
    /// A trouble was planned, changed or deleted.
    Trouble { view: &'a TroubleView, is_deleted: bool },
}

impl Event<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::Change(_) => "change",
            Self::Clock(..) => "clock",
            Self::Exchange(_) => "exchange",
            Self::Fault { .. } => "fault",
            Self::Item(_) => "item",
            Self::Reset(_) => "reset",
            Self::Settings(_) => "settings",
            Self::Trouble { .. } => "trouble",
        }
    }
}

/// Returns the data of an event as JSON without line breaks.
pub(crate) type Render = fn(&Event<'_>) -> String;

/// The log of a tenant's events.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    is_recording: AtomicBool,
    recording: Mutex<Option<Box<Recording>>>,
    news: Notify,
}

/// The position of a stream in a log: the id of the last event that it has read. `None` if events were lost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position(Option<u64>);

/// The result of reading from a log.
#[derive(Debug)]
pub(crate) enum Read {
    /// An event, as it is sent.
    Event(Bytes),
    /// There are no further events yet.
    Nothing,
    /// The tenant was deleted.
    Ended,
}

impl EventLog {
    /// Returns `true` if events are recorded.
    pub(crate) fn is_recording(&self) -> bool {
        self.is_recording.load(Ordering::Acquire)
    }

    /// Returns `true` if a stream is open.
    pub(crate) fn has_streams(&self) -> bool {
        self.lock().as_ref().is_some_and(|recording| recording.streams > 0)
    }

    /// Returns a notification of new events, which must be enabled before the log is read.
    pub(crate) fn news(&self) -> tokio::sync::futures::Notified<'_> {
        self.news.notified()
    }

    /// Adds a stream, which resumes after the event `last`, or else begins now. `begin` is called with the recording if
    /// it begins with this stream.
    pub(crate) fn open(
        &self,
        render: Render,
        share: impl FnOnce() -> Share,
        last: Option<&str>,
        begin: impl FnOnce(&mut Recording),
    ) -> Position {
        let mut guard = self.lock();
        let recording = guard.get_or_insert_with(|| Box::new(Recording::new(render, share())));
        if !self.is_recording.swap(true, Ordering::AcqRel) {
            recording.renew();
            begin(recording);
        }
        recording.streams += 1;
        recording.position(last)
    }

    /// Removes a stream.
    pub(crate) fn close(&self) {
        if let Some(recording) = self.lock().as_mut() {
            recording.streams -= 1;
        }
    }

    /// Calls `record` if events are recorded, and notifies the streams.
    pub(crate) fn record(&self, record: impl FnOnce(&mut Recording)) {
        if !self.is_recording() {
            return;
        }
        let mut guard = self.lock();
        let Some(recording) = guard.as_mut().filter(|_| self.is_recording()) else { return };
        let before = recording.last;
        record(recording);
        if recording.is_abandoned {
            self.is_recording.store(false, Ordering::Release);
            recording.clear();
        }
        let has_news = recording.last != before;
        drop(guard);
        if has_news {
            self.news.notify_waiters();
        }
    }

    /// Ends all streams.
    pub(crate) fn end(&self) {
        if let Some(recording) = self.lock().as_mut() {
            recording.has_ended = true;
            recording.clear();
        }
        self.is_recording.store(false, Ordering::Release);
        self.news.notify_waiters();
    }

    /// Makes the streams look for their tenant again.
    pub(crate) fn wake(&self) {
        self.news.notify_waiters();
    }

    /// Reads the event after a position. If events were lost, it is the event `resync`.
    pub(crate) fn read(&self, position: &mut Position) -> Read {
        let guard = self.lock();
        let Some(recording) = guard.as_ref().filter(|recording| !recording.has_ended) else { return Read::Ended };
        recording.read(position)
    }

    /// Gives up most of the recorded events.
    pub(crate) fn shrink(&self) {
        self.record(|recording| recording.shrink_to(TIGHT_MAX));
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Recording>>> {
        self.recording.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The recorded events, and what is needed to announce the changes that time brings.
#[derive(Debug)]
pub(crate) struct Recording {
    render: Render,
    /// The last events, as they are sent. Their ids are consecutive.
    events: VecDeque<Bytes>,
    /// The id of the last event.
    last: u64,
    size: usize,
    share: Share,
    streams: usize,
    /// `true` if an event was given up while no stream was open.
    is_abandoned: bool,
    has_ended: bool,
    /// The instant up to which changes were announced.
    horizon: Timestamp,
    /// The next changes after the horizon; `None` if facts have changed since they were computed.
    outlook: Option<Outlook>,
    /// The number of changes of the clock that were announced.
    clock_changes: u64,
}

/// Upcoming changes, the earliest first.
#[derive(Debug)]
struct Outlook {
    changes: VecDeque<UpcomingChange>,
    /// `true` if there are no further changes.
    is_whole: bool,
}

impl Outlook {
    fn after(upcoming: Upcoming<'_>, at: Timestamp) -> Self {
        let mut changes: VecDeque<UpcomingChange> = VecDeque::new();
        for change in upcoming.after(at) {
            if changes.len() >= OUTLOOK_MAX && changes.back().is_some_and(|last| last.at < change.at) {
                return Self { changes, is_whole: false };
            }
            changes.push_back(change);
        }
        Self { changes, is_whole: true }
    }
}

impl Recording {
    fn new(render: Render, share: Share) -> Self {
        Self {
            render,
            events: VecDeque::new(),
            last: 0,
            size: 0,
            share,
            streams: 0,
            is_abandoned: false,
            has_ended: false,
            horizon: Timestamp::MIN,
            outlook: None,
            clock_changes: 0,
        }
    }

    /// Begins anew, with ids that no event had before: neither in this log, nor in one of an earlier program.
    fn renew(&mut self) {
        let now = u64::try_from(machine_time().as_microsecond()).unwrap_or_default();
        self.last = now.max(self.last + 1);
        self.is_abandoned = false;
    }

    fn clear(&mut self) {
        (self.events, self.size, self.outlook) = (VecDeque::new(), 0, None);
        self.share.resize(0);
    }

    /// Begins to announce the changes after the instant that the clock shows.
    pub(crate) fn begin(&mut self, clock: &Clock) {
        let (state, changes) = clock.state_and_changes();
        (self.horizon, self.clock_changes, self.outlook) = (state.now, changes, None);
    }

    /// Records that the content of the tenant was replaced.
    pub(crate) fn restart(&mut self, clock: &Clock) {
        self.begin(clock);
        self.push(&Event::Reset(self.horizon));
    }

    /// Announces the changes that time has brought about since the last announcement, up to the instant `until` or the
    /// present, and then the changes of the clock.
    pub(crate) fn catch_up(&mut self, upcoming: Upcoming<'_>, clock: &Clock, until: Option<Timestamp>) {
        let (shown, changes) = clock.state_and_changes();
        self.announce(upcoming, until.unwrap_or(shown.now));
        if changes != self.clock_changes {
            self.clock_changes = changes;
            self.push(&Event::Clock(shown, upcoming.next_change(shown.now)));
        }
    }

    fn announce(&mut self, upcoming: Upcoming<'_>, until: Timestamp) {
        if until <= self.horizon {
            return;
        }
        while let Some(change) = self.next_change(upcoming).filter(|change| change.at <= until) {
            let change = change.clone();
            self.horizon = change.at;
            self.push(&Event::Change(&change));
            self.outlook.as_mut().map(|outlook| outlook.changes.pop_front());
        }
        self.horizon = until;
    }

    /// Returns the next change after the horizon that time brings about.
    pub(crate) fn next_change(&mut self, upcoming: Upcoming<'_>) -> Option<&UpcomingChange> {
        let is_known = self.outlook.as_ref().is_some_and(|outlook| outlook.is_whole || !outlook.changes.is_empty());
        if !is_known {
            self.outlook = Some(Outlook::after(upcoming, self.horizon));
        }
        self.outlook.as_ref().and_then(|outlook| outlook.changes.front())
    }

    /// Returns the instant up to which changes were announced.
    pub(crate) fn horizon(&self) -> Timestamp {
        self.horizon
    }

    /// Notes that facts have changed the upcoming changes.
    pub(crate) fn forget_outlook(&mut self) {
        self.outlook = None;
    }

    /// Records an event.
    pub(crate) fn push(&mut self, event: &Event<'_>) {
        self.last += 1;
        let bytes = frame(self.last, event.name(), &(self.render)(event));
        self.size += bytes.len() + OVERHEAD;
        self.events.push_back(bytes);
        self.shrink_to(if self.share.memory().is_tight() { TIGHT_MAX } else { SIZE_MAX });
    }

    fn shrink_to(&mut self, most: usize) {
        while self.size > most || self.events.len() > EVENTS_MAX || !self.share.resize(self.size) {
            let Some(oldest) = self.events.pop_front() else { break };
            self.size -= oldest.len() + OVERHEAD;
            self.is_abandoned |= self.streams == 0;
        }
    }

    /// Returns the number of events that were recorded before the first one that is kept.
    fn before_first(&self) -> u64 {
        self.last - self.events.len() as u64
    }

    /// Returns the position of a stream that resumes after an event. An unknown id is a loss of events.
    fn position(&self, last: Option<&str>) -> Position {
        let known = self.before_first()..=self.last;
        match last {
            None | Some("") => Position(Some(self.last)),
            Some(last) => Position(last.parse().ok().filter(|last| known.contains(last))),
        }
    }

    fn read(&self, position: &mut Position) -> Read {
        let next = position.0.and_then(|last| last.checked_sub(self.before_first()));
        let Some(next) = next.and_then(|next| usize::try_from(next).ok()) else {
            *position = Position(Some(self.last));
            return Read::Event(frame(self.last, "resync", "{}"));
        };
        match self.events.get(next) {
            Some(event) => {
                position.0 = position.0.map(|last| last + 1);
                Read::Event(event.clone())
            }
            None => Read::Nothing,
        }
    }
}

/// Returns an event in the format of server-sent events. `data` has no line breaks.
fn frame(id: u64, name: &str, data: &str) -> Bytes {
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n").into()
}
