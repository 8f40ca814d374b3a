//! How long a guest runs at a stretch, in time of the processor. A tick may find it in the midst of something that nothing
//! interrupts and that takes many ticks; and on a machine with much to do many ticks go by in which it did not run.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// When a guest went on. Clones share it.
#[derive(Clone, Default)]
pub struct Slice(Arc<Began>);

#[derive(Default)]
struct Began {
    /// Of the thread's processor time, in nanoseconds; 0 where nobody looked.
    at: AtomicU64,
    /// Which thread's.
    on: AtomicU64,
}

impl Slice {
    /// It is entered; nobody looks at a clock for that.
    pub fn begin(&self) {
        self.0.at.store(0, Ordering::Relaxed);
    }

    /// How long it has run since it went on; none where it went on elsewhere, or was only just entered.
    pub fn so_far(&self) -> Option<Duration> {
        let (at, on) = (self.0.at.load(Ordering::Relaxed), self.0.on.load(Ordering::Relaxed));
        (at > 0 && on == this_thread()).then(|| Duration::from_nanos(now().saturating_sub(at)))
    }

    /// Lets the others run first, then goes on.
    pub fn after_others(&self) -> impl Future<Output = ()> + Send + use<> {
        let (slice, mut others_ran) = (self.clone(), false);
        std::future::poll_fn(move |cx| {
            if others_ran {
                slice.0.at.store(now(), Ordering::Relaxed);
                slice.0.on.store(this_thread(), Ordering::Relaxed);
                return Poll::Ready(());
            }
            others_ran = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
    }
}

/// Processor time of this thread, in nanoseconds.
fn now() -> u64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    (now.tv_sec as u64).saturating_mul(1_000_000_000).saturating_add(now.tv_nsec as u64).max(1)
}

/// Tells threads apart.
fn this_thread() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static THIS: u64 = LAST.fetch_add(1, Ordering::Relaxed) + 1;
    }
    THIS.with(|this| *this)
}
