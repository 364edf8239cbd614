//! What Claviger does by itself while it runs: keeps usage, rewrites old digests, states where the audit log stands, and
//! forgets what need not be remembered.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use domain::clock::Timestamp;
use tracing::Instrument as _;

use crate::App;
use crate::error::Result;

/// How long the last roll-up may take: who stops a server waits for it.
const LAST_ROLL_UP: Duration = Duration::from_secs(10);
/// How often old digests are written.
const OFTEN: Duration = Duration::from_secs(1);
/// How often it is looked for nodes that are gone.
const NOW_AND_THEN: Duration = Duration::from_secs(30);
/// How often the secrets file is looked at.
const SECRETS: Duration = Duration::from_secs(10);
/// How often the rest is seen to.
const SELDOM: Duration = Duration::from_secs(3600);
/// How long an `Idempotency-Key` is remembered.
const ANSWERS: Duration = Duration::from_secs(86_400);
/// How long what was used of a quota is remembered after its period.
const QUOTAS: Duration = Duration::from_secs(35 * 86_400);
/// How long messages to webhooks are kept with what became of them.
const MESSAGES: Duration = Duration::from_secs(30 * 86_400);
/// How many changes are kept for caches that lag behind.
const CHANGES: i64 = 100_000;

impl App {
    /// Works until `stop` is ready, then writes what is left and returns.
    pub async fn work(self: Arc<Self>, stop: impl Future<Output = ()> + Send) {
        let mut often = tokio::time::interval(OFTEN);
        let mut now_and_then = tokio::time::interval(NOW_AND_THEN);
        let mut seldom = tokio::time::interval(SELDOM);
        let mut secrets = tokio::time::interval(SECRETS);
        secrets.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        now_and_then.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        often.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        {
            // Beside the rest, which does not wait for them; gone before the last is written, with whatever they hold.
            let (retention, usage, tops) = (self.keep_retention(), self.keep_usage(), self.keep_tops());
            let (idle, watching) = (self.keep_idle(), self.keep_watching());
            let (telling, delivering) = (self.keep_telling(), self.keep_delivering());
            tokio::pin!(stop, retention, usage, tops, idle, watching, telling, delivering);
            loop {
                tokio::select! {
                    () = &mut stop => break,
                    never = &mut retention => match never {},
                    never = &mut usage => match never {},
                    never = &mut tops => match never {},
                    never = &mut idle => match never {},
                    never = &mut watching => match never {},
                    never = &mut telling => match never {},
                    never = &mut delivering => match never {},
                    _ = often.tick() => {
                        self.report("changes", self.follow().await);
                        self.report("digests", self.rewrite_digests().await);
                        self.report("erasing", self.go_on_erasing().await.map(drop));
                        self.report("limits", self.engine.tidy_limits().await.map_err(Into::into));
                    }
                    _ = secrets.tick() => self.report("secrets", self.reload_secrets().await),
                    _ = now_and_then.tick() => self.report("nodes", self.see_to_nodes().await),
                    _ = seldom.tick() => self.report("housekeeping", self.tidy().await),
                }
            }
        }
        self.report("usage", self.flush().await);
        self.report("checkpoints", self.write_checkpoints().await);
    }

    /// Applies changes that nobody waited for: committed although their caller went away, or lost the database at the
    /// commit and was told that it is open whether they were made.
    async fn follow(&self) -> Result<()> {
        self.engine.catch_up().await?;
        Ok(())
    }

    pub(crate) fn report(&self, what: &str, result: Result<()>) {
        if let Err(error) = result {
            let cause = std::error::Error::source(&error)
                .map(ToString::to_string)
                .unwrap_or_default();
            tracing::warn!(%error, cause, "{what}: the database failed; it is tried again");
        }
    }

    /// Writes digests that were found under an old pepper, gives back what is held of quotas, and rolls up what was answered, as
    /// far as [`LAST_ROLL_UP`] reaches: the rest waits in the journal for the next start.
    ///
    /// # Errors
    /// When the database fails; nothing is lost then.
    pub async fn flush(&self) -> Result<()> {
        self.rewrite_digests().await?;
        self.engine.return_quotas().await?;
        match tokio::time::timeout(LAST_ROLL_UP, self.roll_all_up()).await {
            Ok(done) => done,
            Err(_late) => Ok(()),
        }
    }

    async fn rewrite_digests(&self) -> Result<()> {
        let rewrites = self.engine.take_rewrites();
        if rewrites.is_empty() {
            return Ok(());
        }
        self.write(async move |tx| {
            for rewrite in rewrites {
                tx.rewrite_digest(
                    rewrite.organisation,
                    rewrite.secret,
                    rewrite.digest,
                    rewrite.scheme,
                )
                .await?;
            }
            Ok(())
        })
        .instrument(tracing::debug_span!("worker.digests"))
        .await
        .map(drop)
    }

    /// Takes out nodes that are gone, and what they held of quotas.
    #[tracing::instrument(level = "debug", name = "worker.nodes", skip_all)]
    async fn see_to_nodes(&self) -> Result<()> {
        let Some(own) = self.engine.node() else {
            return Ok(());
        };
        self.engine.bury_dead().await?;
        // Nearly always nothing; whoever writes would hold everybody else up for it.
        if !self.store.has_lost_blocks().await? {
            return Ok(());
        }
        self.write(async move |tx| Ok(tx.forfeit_blocks(own).await?))
            .await
            .map(drop)
    }

    #[tracing::instrument(level = "debug", name = "worker.housekeeping", skip_all)]
    async fn tidy(&self) -> Result<()> {
        let before: Timestamp = self.clock.now().minus(ANSWERS);
        let idle = self.idle_since();
        let quotas = self.clock.now().minus(QUOTAS);
        let messages = self.clock.now().minus(MESSAGES);
        self.write(async move |tx| {
            tx.forget_answers(before).await?;
            tx.forget_setup_links().await?;
            tx.forget_sessions(idle).await?;
            tx.forget_changes(CHANGES).await?;
            tx.forget_quotas(quotas).await?;
            tx.forget_messages(messages).await?;
            Ok(())
        })
        .await?;
        self.write_checkpoints().await
    }
}
