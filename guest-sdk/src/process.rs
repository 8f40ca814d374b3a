//! What a guest asks of its host about itself.
//!
//! Natively there is no host: these functions panic and say so, unless the test has called
//! [`testing::host`](crate::testing::host).

use std::time::Duration;

use serde::{Deserialize, Serialize};

#[cfg(target_arch = "wasm32")]
use crate::bindings::host::changeling::actor::process as host;
use crate::info::Timer;
use crate::shape::{Shape, Structure};
#[cfg(not(target_arch = "wasm32"))]
use crate::testing::process as host;
use crate::{Address, ExitReason};

/// The actor's own address; a service's is the name of its component.
#[must_use]
#[track_caller]
pub fn me() -> Address {
    host::self_()
}

/// Who sent the message in hand: none for a caller outside the host, and for the host itself.
#[must_use]
#[track_caller]
pub fn sender() -> Option<Address> {
    host::sender()
}

/// What people call the code that is running: the version of its crate.
#[must_use]
#[track_caller]
pub fn label() -> String {
    host::label()
}

/// How long the caller will still wait, in whole milliseconds; none where nobody waits. Running past it is allowed: the
/// result is then dropped.
#[must_use]
#[track_caller]
pub fn deadline() -> Option<Duration> {
    host::deadline().map(Duration::from_millis)
}

/// Ends this actor once the function in hand has returned and its result is on its way. Returns; a second call changes
/// nothing. In a service it traps.
#[track_caller]
pub fn exit(reason: ExitReason) {
    host::exit(&reason);
}

/// Sends this actor a [`Timer`](struct@crate::Timer) after so much time, rounded up to milliseconds; zero sends it at
/// once, behind what is already in the mailbox. The token comes back with it, and is at most 4096 bytes. In a service
/// it traps, as it does where the actor has as many timers as it may (1,000 by default).
#[track_caller]
pub fn send_after(after: Duration, token: &str) -> TimerRef {
    let ms = after.as_nanos().div_ceil(1_000_000);
    TimerRef(host::send_after(u64::try_from(ms).unwrap_or(u64::MAX), token))
}

/// Takes a timer back; [`TimerRef::cancel`] in another spelling.
#[track_caller]
pub fn cancel_timer(timer: TimerRef) -> bool {
    host::cancel_timer(timer.0)
}

/// A timer that was started. Timers survive a code change, so it may be part of the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TimerRef(u64);

impl TimerRef {
    /// Takes the timer back. True: no message will come of it. False: it was handled already.
    #[track_caller]
    #[expect(clippy::must_use_candidate, reason = "most callers do not care whether it was in time")]
    pub fn cancel(self) -> bool {
        cancel_timer(self)
    }
}

impl Timer {
    /// Which timer has run out.
    #[must_use]
    pub fn timer(&self) -> TimerRef {
        TimerRef(self.id)
    }
}

impl Shape for TimerRef {
    fn write(structure: &mut Structure) {
        structure.put("u64");
    }
}
