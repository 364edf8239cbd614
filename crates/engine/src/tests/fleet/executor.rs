//! Tasks that run one at a time, in an order that chance decides, in a time that passes only when nobody can go on.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use domain::clock::Random;
use parking_lot::Mutex;

/// Chance that a seed decides (splitmix64).
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to below `high`.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low).max(1)
    }

    /// Whether something happens that does so in one of `times`.
    pub(super) fn one_in(&mut self, times: u64) -> bool {
        self.next().is_multiple_of(times)
    }
}

/// The same, where the engine asks for randomness.
pub(super) struct Seeded(pub(super) Mutex<Dice>);

impl Random for Seeded {
    fn fill(&self, out: &mut [u8]) {
        let mut dice = self.0.lock();
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&dice.next().to_le_bytes()[..chunk.len()]);
        }
    }
}

type Work = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Time and whoever waits for it, in microseconds.
#[derive(Default)]
pub(super) struct Time {
    pub(super) now: u64,
    timers: BinaryHeap<Reverse<(u64, u64)>>,
    wakers: BTreeMap<u64, Waker>,
    count: u64,
    /// Tasks to begin, with the node that they are of.
    fresh: Vec<(usize, Work)>,
    /// Until when each node stands still.
    pub(super) still: Vec<u64>,
    /// Nodes whose tasks end here and now.
    pub(super) killed: BTreeSet<usize>,
}

impl Time {
    pub(super) fn of(nodes: usize) -> Self {
        Self {
            still: vec![0; nodes],
            ..Self::default()
        }
    }
}

pub(super) type Shared<T> = Arc<Mutex<T>>;

/// Waits until an instant.
pub(super) struct Sleep {
    pub(super) time: Shared<Time>,
    pub(super) until: u64,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut time = self.time.lock();
        if time.now >= self.until {
            return Poll::Ready(());
        }
        time.count += 1;
        let number = time.count;
        time.timers.push(Reverse((self.until, number)));
        time.wakers.insert(number, cx.waker().clone());
        Poll::Pending
    }
}

pub(super) fn spawn(time: &Shared<Time>, node: usize, work: impl Future<Output = ()> + Send + 'static) {
    time.lock().fresh.push((node, Box::pin(work)));
}

struct Woken {
    task: u64,
    ready: Shared<BTreeSet<u64>>,
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.ready.lock().insert(self.task);
    }
}

/// Runs tasks until `end`, or until `over` says that enough was seen.
pub(super) fn run(time: &Shared<Time>, dice: &mut Dice, end: u64, over: impl Fn() -> bool) {
    let ready: Shared<BTreeSet<u64>> = Arc::default();
    let mut tasks: BTreeMap<u64, (usize, Work)> = BTreeMap::new();
    let mut next = 0;
    while !over() {
        let (killed, fresh) = {
            let mut time = time.lock();
            (std::mem::take(&mut time.killed), std::mem::take(&mut time.fresh))
        };
        // What dropping a task wakes is woken, too.
        tasks.retain(|_, (node, _)| !killed.contains(node));
        for (node, work) in fresh {
            next += 1;
            tasks.insert(next, (node, work));
            ready.lock().insert(next);
        }
        let able: Vec<u64> = {
            let (mut ready, time) = (ready.lock(), time.lock());
            ready.retain(|task| tasks.contains_key(task));
            let moves = |task: &&u64| time.still[tasks[*task].0] <= time.now;
            ready.iter().filter(moves).copied().collect()
        };
        if able.is_empty() {
            let mut time = time.lock();
            let timer = time.timers.peek().map(|Reverse((at, _))| *at);
            let now = time.now;
            let awake = time.still.iter().filter(|until| **until > now).min().copied();
            let Some(then) = timer.into_iter().chain(awake).min().filter(|then| *then <= end) else {
                return;
            };
            time.now = time.now.max(then);
            let mut due = Vec::new();
            while let Some(Reverse((at, number))) = time.timers.peek().copied()
                && at <= time.now
            {
                time.timers.pop();
                due.extend(time.wakers.remove(&number));
            }
            drop(time);
            due.into_iter().for_each(Waker::wake);
            continue;
        }
        let task = able[dice.between(0, able.len() as u64) as usize];
        ready.lock().remove(&task);
        let waker = Waker::from(Arc::new(Woken {
            task,
            ready: ready.clone(),
        }));
        // To work takes time, too.
        time.lock().now += dice.between(0, 20);
        let done = tasks
            .get_mut(&task)
            .is_some_and(|(_, work)| work.as_mut().poll(&mut Context::from_waker(&waker)).is_ready());
        if done {
            tasks.remove(&task);
        }
    }
}
