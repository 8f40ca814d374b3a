//! Native tests of a guest: no wasm, no host.
//!
//! Methods of a guest are methods of its type, so most tests just call them. What a guest asks of its host is answered
//! by [`host`], what it asks of other components by the mocks that `guest!` makes (`bank::mock::deposit(|..| ..)`), and
//! a change of code is tried with [`code_change`]. Each thread has its own host and mocks, so tests do not disturb each
//! other.

mod change;
#[doc(hidden)]
pub mod mock;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

pub use change::{code_change, try_code_change};

use crate::info::Timer;
use crate::{ExitReason, Message, Start, StartReason};

thread_local! {
    static HOST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

/// A host for this thread, with an actor of this address in it. It takes the place of one made before.
pub fn host(address: &str) -> Host {
    let host = Host(Rc::new(RefCell::new(Inside { address: address.to_owned(), ..Inside::default() })));
    HOST.set(Some(host.clone()));
    host
}

/// What answers for the host in a native test.
#[derive(Debug, Clone)]
pub struct Host(Rc<RefCell<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    address: String,
    label: String,
    sender: Option<String>,
    deadline_ms: Option<u64>,
    now_ms: u64,
    timers: Vec<Pending>,
    timers_made: u64,
    exit: Option<ExitReason>,
}

#[derive(Debug)]
struct Pending {
    due_ms: u64,
    timer: Timer,
}

impl Host {
    /// What `init` is given at a first start without arguments.
    #[must_use]
    pub fn start(&self) -> Start {
        Start { address: self.0.borrow().address.clone(), args: None, reason: StartReason::First }
    }

    /// From now on messages come from this actor; at first they come from outside.
    pub fn set_sender(&self, sender: Option<&str>) {
        self.0.borrow_mut().sender = sender.map(ToOwned::to_owned);
    }

    /// From now on the code is called this; at first its label is empty.
    pub fn set_label(&self, label: &str) {
        label.clone_into(&mut self.0.borrow_mut().label);
    }

    /// From now on callers wait this long; at first nobody waits.
    pub fn set_deadline(&self, left: Option<Duration>) {
        self.0.borrow_mut().deadline_ms = left.map(whole_ms);
    }

    /// The timers that wait, the next one first: in how long, and the token.
    #[must_use]
    pub fn timers(&self) -> Vec<(Duration, String)> {
        let inside = self.0.borrow();
        let mut timers: Vec<_> = inside.timers.iter().collect();
        timers.sort_by_key(|pending| pending.due_ms);
        let left = |pending: &Pending| Duration::from_millis(pending.due_ms - inside.now_ms);
        timers.into_iter().map(|pending| (left(pending), pending.timer.token.clone())).collect()
    }

    /// Lets time pass. Gives the messages of the timers that run out, in order, for the test to hand to `handle_info`.
    #[must_use]
    pub fn advance(&self, by: Duration) -> Vec<Message> {
        let mut inside = self.0.borrow_mut();
        inside.now_ms = inside.now_ms.saturating_add(whole_ms(by));
        let now_ms = inside.now_ms;
        let mut due: Vec<_> = inside.timers.extract_if(.., |pending| pending.due_ms <= now_ms).collect();
        due.sort_by_key(|pending| pending.due_ms);
        due.into_iter().map(|pending| Message::Timer(pending.timer)).collect()
    }

    /// Why the actor has asked to end, if it has.
    #[must_use]
    pub fn exit_reason(&self) -> Option<ExitReason> {
        self.0.borrow().exit.clone()
    }
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The imports of the contract, answered by this thread's host.
pub(crate) mod process {
    use std::panic::Location;

    use super::{ExitReason, HOST, Inside, Pending, Timer};

    #[track_caller]
    fn ask<R>(function: &str, answer: impl FnOnce(&mut Inside) -> R) -> R {
        let caller = Location::caller();
        HOST.with_borrow(|host| match host {
            Some(host) => answer(&mut host.0.borrow_mut()),
            None => panic!(
                "process::{function} was called at {caller} without a host: in a native test call \
                 changeling_guest::testing::host(\"counter\") first"
            ),
        })
    }

    #[track_caller]
    pub(crate) fn self_() -> String {
        ask("me", |host| host.address.clone())
    }

    #[track_caller]
    pub(crate) fn sender() -> Option<String> {
        ask("sender", |host| host.sender.clone())
    }

    #[track_caller]
    pub(crate) fn label() -> String {
        ask("label", |host| host.label.clone())
    }

    #[track_caller]
    pub(crate) fn deadline() -> Option<u64> {
        ask("deadline", |host| host.deadline_ms)
    }

    #[track_caller]
    pub(crate) fn exit(reason: &ExitReason) {
        ask("exit", |host| {
            host.exit.get_or_insert_with(|| reason.clone());
        });
    }

    #[track_caller]
    pub(crate) fn send_after(ms: u64, token: &str) -> u64 {
        ask("send_after", |host| {
            host.timers_made += 1;
            let timer = Timer { id: host.timers_made, token: token.to_owned() };
            host.timers.push(Pending { due_ms: host.now_ms.saturating_add(ms), timer });
            host.timers_made
        })
    }

    #[track_caller]
    pub(crate) fn cancel_timer(id: u64) -> bool {
        ask("cancel_timer", |host| {
            let before = host.timers.len();
            host.timers.retain(|pending| pending.timer.id != id);
            host.timers.len() < before
        })
    }
}

#[cfg(test)]
mod tests;
