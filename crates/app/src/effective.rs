//! From when on a change is obeyed on every server, where one of them may go on with what it has in memory for a time although it cannot
//! reach the database. It is noted beside the change's own answer, so that whoever answers a caller can say so.

use std::cell::Cell;
use std::future::Future;

use domain::clock::Timestamp;

tokio::task_local! {
    static LATEST: Cell<Option<Timestamp>>;
}

/// Does the work, and gives when the last of the changes that it made is obeyed everywhere; none where all of them are when it is done.
pub async fn noting<W: Future>(work: W) -> (W::Output, Option<Timestamp>) {
    LATEST
        .scope(Cell::new(None), async {
            let done = work.await;
            (done, LATEST.with(Cell::get))
        })
        .await
}

/// Notes it for whoever listens.
pub(crate) fn note(at: Timestamp) {
    // Nobody listens to what the server does by itself.
    let _ = LATEST.try_with(|latest| latest.set(latest.get().max(Some(at))));
}
