//! Listeners: readers of the events of a tenant, which need not exist yet.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use dashmap::mapref::entry::Entry;
use hyper::body::Bytes;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::OwnedSemaphorePermit;

use super::Emulator;
use crate::clock;
use crate::events::{EventLog, Position, Read, Render};
use crate::fabric::{ErrorCode, FabricError};
use crate::ids::TenantId;
use crate::memory::Share;
use crate::notify::Closing;
use crate::tenant::Tenant;

/// The maximum number of listeners of an emulator.
pub(crate) const LISTENERS_MAX: usize = 256;
/// The interval of the comments that keep the connection of a listener without events open.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The comment that keeps a connection open.
const COMMENT: &[u8] = b":\n\n";

/// A reader of the events of a tenant.
#[derive(Debug)]
pub(crate) struct Listener {
    emulator: Arc<Emulator>,
    tenant: TenantId,
    log: Arc<EventLog>,
    position: Position,
    _place: OwnedSemaphorePermit,
}

impl Emulator {
    /// Returns a listener of the events of a tenant. It resumes after the event `last`, or else begins now. A tenant that
    /// does not exist is not created: the listener then waits for it.
    ///
    /// # Errors
    ///
    /// There are [`LISTENERS_MAX`] listeners.
    pub(crate) fn listen(
        self: &Arc<Self>,
        tenant: TenantId,
        last: Option<&str>,
        render: Render,
    ) -> Result<Listener, FabricError> {
        let too_many = |_| {
            FabricError::new(ErrorCode::RequestBlocked)
                .retry_after(SignedDuration::from_secs(1))
                .note(format!("there are {LISTENERS_MAX} streams of events, which is the maximum"))
        };
        let place = Arc::clone(&self.listeners).try_acquire_owned().map_err(too_many)?;
        let share = || Share::new(&self.memory);
        // A tenant that another request creates at this moment finds the log of the listener.
        let (log, position) = match self.tenants.entry(tenant) {
            Entry::Occupied(known) => {
                let position = known.get().open_events(render, share, last);
                (Arc::clone(known.get().events()), position)
            }
            Entry::Vacant(_) => {
                let log = self.awaited.entry(tenant).or_default();
                let position = log.open(render, share, last, |_| ());
                (Arc::clone(&log), position)
            }
        };
        Ok(Listener { emulator: Arc::clone(self), tenant, log, position, _place: place })
    }

    /// Gives a tenant that is about to be used the log of those who wait for it. `has_content` is `true` if the tenant is
    /// not new.
    pub(super) fn with_listeners(&self, mut tenant: Tenant, has_content: bool) -> Arc<Tenant> {
        if let Some((_, log)) = self.awaited.remove(&tenant.id()) {
            tenant.adopt_events(log, has_content);
        }
        Arc::new(tenant)
    }

    /// Keeps the log of a tenant that is removed, if it has listeners: they wait until the tenant is used again.
    pub(super) fn keep_listeners(&self, tenant: &Tenant) {
        if tenant.events().has_streams() {
            self.awaited.insert(tenant.id(), Arc::clone(tenant.events()));
        }
    }
}

impl Listener {
    /// Waits for the next event, or for the time at which a comment must be sent, and returns what is sent. Returns `None`
    /// if the tenant was deleted or the server closes.
    pub(crate) async fn next(&mut self, closing: &Closing) -> Option<Bytes> {
        let mut is_silent = pin!(clock::sleep(HEARTBEAT));
        let mut closed = pin!(closing.closed());
        loop {
            // The subscriptions come before the look: a change after the look then ends the wait below at once.
            let mut news = pin!(self.log.news());
            news.as_mut().enable();
            let tenant = self.emulator.tenants.get(&self.tenant).map(|tenant| Arc::clone(&tenant));
            let mut version = tenant.as_ref().map(|tenant| tenant.subscribe());
            let due = tenant.as_ref().and_then(|tenant| tenant.announce());
            match self.log.read(&mut self.position) {
                Read::Event(event) => return Some(event),
                Read::Ended => return None,
                Read::Nothing => {}
            }
            let changed = async {
                match &mut version {
                    Some(version) => drop(version.changed().await),
                    None => std::future::pending().await,
                }
            };
            let is_due = async {
                match &tenant {
                    Some(tenant) => tenant.clock().pass_until(due.unwrap_or(Timestamp::MAX)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = news => {}
                () = changed => {}
                () = is_due => {}
                () = &mut is_silent => return Some(Bytes::from_static(COMMENT)),
                () = &mut closed => return None,
            }
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.log.close();
        // Nobody may be waiting for the tenant any more.
        self.emulator.awaited.remove_if(&self.tenant, |_, log| !log.has_streams());
    }
}
