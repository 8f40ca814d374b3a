//! Runs and the threads that carry them. A run is a future that owns its instance; it is owned by this queue from its
//! first poll on, so nobody who waits for it can take it down by leaving.
//!
//! The first poll may happen on the caller's own thread ([`RunQueue::run_here`]): a short message then costs no change of
//! thread. Whatever is left of it goes on here. A guest yields at each tick of the epoch and goes to the back.
//!
//! No runtime is known here: what guests need around them while they run is put there by an [`Around`].

use std::collections::VecDeque;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_task::Runnable;

use crate::engine::reactor::Around;

/// The queue. Clones share it.
#[derive(Clone)]
pub struct RunQueue(Arc<Shared>);

struct Shared {
    inner: Mutex<Inner>,
    work: Condvar,
    around: Around,
}

/// What a queue's threads get of processors that are wanted by others, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// As much as any other thread.
    Full,
    /// About a tenth of what each other thread gets.
    Little,
}

impl Share {
    /// For the thread that asks, and for good.
    fn take(self) {
        if self == Self::Little {
            // For the system, a process of this number is its thread of this number. Nobody is refused to be nicer; who is
            // not is only less considerate.
            _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
        }
    }
}

/// Linux gives a thread of this niceness 110 where others have 1,024 (`sched_prio_to_weight`).
const NICE: i32 = 10;

#[derive(Default)]
struct Inner {
    runnable: VecDeque<Runnable>,
    idle: usize,
    closed: bool,
}

impl RunQueue {
    /// Starts so many workers, whose threads are named after `name`.
    ///
    /// # Errors
    /// Where a thread cannot be had.
    pub fn start(name: &str, workers: usize, share: Share, around: Around) -> std::io::Result<Self> {
        let queue = Self(Arc::new(Shared { inner: Mutex::default(), work: Condvar::new(), around }));
        for n in 0..workers {
            let queue = queue.clone();
            std::thread::Builder::new().name(format!("{name}-{n}")).spawn(move || {
                share.take();
                (queue.0.around)(&mut || queue.work());
            })?;
        }
        Ok(queue)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing is done under this lock that could panic half-way.
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `run` to its end on the workers.
    pub fn spawn(&self, run: impl Future<Output = ()> + Send + 'static) {
        let (runnable, task) = async_task::spawn(run, self.schedule());
        task.detach();
        runnable.schedule();
    }

    /// Polls `run` once on this thread; what is left of it goes on on the workers.
    pub fn run_here(&self, run: impl Future<Output = ()> + Send + 'static) {
        let (runnable, task) = async_task::spawn(run, self.schedule());
        task.detach();
        let mut runnable = Some(runnable);
        (self.0.around)(&mut || runnable.take().into_iter().for_each(poll));
    }

    fn schedule(&self) -> impl Fn(Runnable) + Send + Sync + 'static + use<> {
        let queue = self.clone();
        move |runnable| queue.push(runnable)
    }

    fn push(&self, runnable: Runnable) {
        let mut inner = self.lock();
        if inner.closed {
            // What it holds may lock, too.
            drop(inner);
            return drop(runnable);
        }
        inner.runnable.push_back(runnable);
        if inner.idle > 0 {
            drop(inner);
            self.0.work.notify_one();
        }
    }

    fn work(&self) {
        loop {
            let mut inner = self.lock();
            let runnable = loop {
                if inner.closed {
                    return;
                }
                match inner.runnable.pop_front() {
                    Some(runnable) => break runnable,
                    None => {
                        inner.idle += 1;
                        inner = self.0.work.wait(inner).unwrap_or_else(PoisonError::into_inner);
                        inner.idle -= 1;
                    }
                }
            };
            drop(inner);
            poll(runnable);
        }
    }

    /// Lets the workers end. Runs that are not done are dropped where they are.
    pub fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        let left = std::mem::take(&mut inner.runnable);
        drop(inner);
        self.0.work.notify_all();
        drop(left);
    }
}

/// A run guards its guest's and the host's panics itself; this is for those of its own few lines, which must not take a
/// worker or a caller with them.
fn poll(runnable: Runnable) {
    if catch_unwind(AssertUnwindSafe(|| runnable.run())).is_err() {
        tracing::error!("a run ended in a panic of the host; please report it");
    }
}

/// Lets the others run first.
pub fn yield_now() -> impl Future<Output = ()> {
    let mut yielded = false;
    std::future::poll_fn(move |cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
}
