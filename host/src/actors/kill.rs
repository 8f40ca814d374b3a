//! The end of one life at once, wherever its guest is: also in a wait that no CPU limit sees.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use changeling_core::reason::ExitReason;
use futures_util::task::AtomicWaker;

use crate::engine::instance::Fault;

/// Of one life. Clones share it.
#[derive(Clone, Default)]
pub struct Kill(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_struck: AtomicBool,
    waker: AtomicWaker,
}

impl Kill {
    /// What that life does is broken off, now or when it next does something.
    pub fn strike(&self) {
        self.0.is_struck.store(true, Ordering::Release);
        self.0.waker.wake();
    }

    /// Whether it was struck.
    pub fn is_struck(&self) -> bool {
        self.0.is_struck.load(Ordering::Acquire)
    }

    /// Does something of that life, to its end or until it is struck.
    ///
    /// # Errors
    /// The act's own, or that it was killed.
    pub async fn or<T>(&self, act: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
        let mut act = pin!(act);
        poll_fn(|cx| {
            // Before the look, so that a strike after it is heard.
            self.0.waker.register(cx.waker());
            if self.is_struck() {
                return Poll::Ready(Err(Fault::Dead(ExitReason::Killed)));
            }
            act.as_mut().poll(cx)
        })
        .await
    }
}
