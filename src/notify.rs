//! Signals for tasks that wait: something in a tenant changed, or the server is closing.

use tokio::sync::watch;

/// The version of a tenant. It grows with every commit, clock change and reset.
///
/// A task subscribes first, looks at the tenant, and then waits for the next version: no change is missed between the two.
#[derive(Debug, Clone, Default)]
pub struct Version(watch::Sender<u64>);

impl Version {
    /// Announces a change.
    pub(crate) fn bump(&self) {
        self.0.send_modify(|version| *version += 1);
    }

    /// A receiver that has seen the present version.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}

/// The closing of the server that received a request.
#[derive(Debug, Clone, Default)]
pub struct Closing(Option<watch::Receiver<bool>>);

impl Closing {
    /// The closing of a server, which sends `true` on the channel.
    pub(crate) fn new(closing: watch::Receiver<bool>) -> Self {
        Self(Some(closing))
    }

    /// Completes when the server closes. Without a server it never does.
    pub async fn closed(&self) {
        match &self.0 {
            // An error means that the server is gone already.
            Some(closing) => drop(closing.clone().wait_for(|closing| *closing).await),
            None => std::future::pending().await,
        }
    }
}

/// The server's end of [`Closing`].
#[derive(Debug)]
pub(crate) struct Closer(watch::Sender<bool>);

impl Closer {
    pub(crate) fn new() -> (Self, Closing) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Closing::new(receiver))
    }

    /// Tells every holder of the [`Closing`] that the server closes, and completes when the last of them is gone.
    pub(crate) async fn close(self) {
        let _ = self.0.send(true);
        self.0.closed().await;
    }
}
