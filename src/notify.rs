//! Notifications for waiting tasks: a tenant has changed, or the server is closing.

use tokio::sync::watch;

/// The version number of a tenant. It increases with every commit that records facts, every clock change and every
/// reset.
///
/// A task must subscribe, then read the tenant, and then wait for the next version. In another order, the task can miss
/// a change.
#[derive(Debug, Clone, Default)]
pub struct Version(watch::Sender<u64>);

impl Version {
    /// Increments the version, which notifies all subscribers.
    pub(crate) fn bump(&self) {
        self.0.send_modify(|version| *version += 1);
    }

    /// Returns a receiver that is notified of later versions.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

/// A notification that the server of a request is closing.
#[derive(Debug, Clone, Default)]
pub struct Closing(Option<watch::Receiver<bool>>);

impl Closing {
    /// Creates the notification from a channel. The server sends `true` when it closes.
    pub(crate) fn new(closing: watch::Receiver<bool>) -> Self {
        Self(Some(closing))
    }

    /// Completes when the server closes. Never completes for a request that no server received.
    pub async fn closed(&self) {
        match &self.0 {
            // An error means that the server has already ended.
            Some(closing) => drop(closing.clone().wait_for(|closing| *closing).await),
            None => std::future::pending().await,
        }
    }
}

/// The sender of [`Closing`], which belongs to the server.
#[derive(Debug)]
pub(crate) struct Closer(watch::Sender<bool>);

impl Closer {
    pub(crate) fn new() -> (Self, Closing) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Closing::new(receiver))
    }

    /// Notifies all [`Closing`] receivers that the server is closing. Completes when all receivers have been dropped.
    pub(crate) async fn close(self) {
        let _ = self.0.send(true);
        self.0.closed().await;
    }
}
