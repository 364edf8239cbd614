//! One signal that stops every listener on every thread, whichever runtime it runs on.

use tokio::sync::watch;

/// Asks the servers to stop; dropping it asks too, so that no server outlives its owner.
#[derive(Debug)]
pub struct Trigger(watch::Sender<bool>);

/// What a server waits on.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<bool>);

impl Shutdown {
    /// A trigger and the signal that it gives.
    pub fn pair() -> (Trigger, Shutdown) {
        let (sender, receiver) = watch::channel(false);
        (Trigger(sender), Shutdown(receiver))
    }

    /// Returns once the stop has been asked for.
    pub async fn asked(&self) {
        // An error means that the trigger is gone, which asks as well.
        let _ = self.0.clone().wait_for(|asked| *asked).await;
    }
}

impl Trigger {
    /// Asks every server to stop accepting and to drain.
    pub fn fire(&self) {
        self.0.send_replace(true);
    }
}
