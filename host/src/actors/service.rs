//! A service: instances that serve any call alike, side by side, and are used again. One is current for new calls; those
//! in flight finish on the version they began with.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use changeling_core::id::Address;
use changeling_core::reason::CallError;

use super::guard::{bounded, guarded};
use super::look::Status;
use super::mailbox::Message;
use super::stage::Stage;
use super::terms::Terms;
use crate::engine::code::Code;
use crate::engine::instance::{Fault, Instance};
use crate::engine::room::Want;

/// Idle instances are dropped after this.
const IDLE: Duration = Duration::from_secs(10);

/// The instances of one version of a service.
pub struct Service {
    address: Address,
    code: Arc<Code>,
    terms: Arc<Terms>,
    pub(super) stage: Arc<Stage>,
    idle: Mutex<Vec<(Instant, Instance)>>,
    in_flight: AtomicUsize,
    /// Of all versions of the component.
    handled: Arc<AtomicU64>,
    retired: std::sync::atomic::AtomicBool,
}

/// How a service is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Calls at a time; more are answered `overloaded`.
    pub concurrent: usize,
    /// Every call gets an instance of its own.
    pub fresh: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { concurrent: 256, fresh: false }
    }
}

impl Service {
    /// Without an instance yet. It goes on counting where the version before it does.
    pub fn new(
        address: Address,
        code: Arc<Code>,
        terms: Arc<Terms>,
        stage: Arc<Stage>,
        before: Option<&Service>,
    ) -> Arc<Self> {
        Arc::new(Self {
            address,
            code,
            terms,
            stage,
            idle: Mutex::default(),
            in_flight: AtomicUsize::new(0),
            handled: before.map(|before| before.handled.clone()).unwrap_or_default(),
            retired: false.into(),
        })
    }

    /// Takes a message; the first poll of its run is on the caller's thread.
    ///
    /// # Errors
    /// `overloaded` where as many calls run as may.
    pub fn post(self: &Arc<Self>, message: Message) -> Result<(), CallError> {
        self.begin()?;
        let service = self.clone();
        self.stage.queue.run_here(async move {
            service.serve(message).await;
            service.in_flight.fetch_sub(1, Ordering::Relaxed);
        });
        Ok(())
    }

    /// One call more, where there may be one.
    fn begin(&self) -> Result<(), CallError> {
        let concurrent = self.terms.now().service.concurrent;
        let free = |running: usize| (running < concurrent).then_some(running + 1);
        let begun = self.in_flight.fetch_update(Ordering::Relaxed, Ordering::Relaxed, free);
        begun.map(drop).map_err(|_| CallError::Overloaded)
    }

    /// What it shows of itself; among its calls while that lasts. To be run to its end.
    ///
    /// # Errors
    /// Why it shows nothing; `overloaded` where as many calls run as may.
    pub async fn status(&self) -> Result<Status, CallError> {
        self.begin()?;
        let shown = self.show().await;
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
        shown
    }

    async fn show(&self) -> Result<Status, CallError> {
        let mut instance = self.instance().await?;
        match bounded(instance.status()).await {
            Ok(shown) => {
                self.put_back(instance);
                let label = self.code.version.label.clone();
                shown.map(|view| Status { label, view }).map_err(CallError::Refused)
            }
            Err(fault) => {
                self.stage.reaper.bury(instance);
                Err(CallError::Crashed(fault.reason()))
            }
        }
    }

    async fn serve(&self, message: Message) {
        // Its caller may have looked the function up in the version before this one.
        let Some(function) = self.code.counterpart(&message.function) else {
            return message.answer(Err(CallError::NoSuchFunction));
        };
        let mut instance = match self.instance().await {
            Ok(instance) => instance,
            Err(error) => return message.answer(Err(error)),
        };
        let sandbox = instance.sandbox();
        (sandbox.sender, sandbox.deadline) = (message.sender.clone(), message.deadline);
        let answer = guarded(instance.call(function, &message.args)).await;
        self.handled.fetch_add(1, Ordering::Relaxed);
        match answer {
            Ok(result) => {
                self.put_back(instance);
                message.answer(Ok(result));
            }
            Err(fault) => {
                self.stage.reaper.bury(instance);
                message.answer(Err(CallError::Crashed(fault.reason())));
            }
        }
    }

    async fn instance(&self) -> Result<Instance, CallError> {
        // One of other limits than those that hold now has nothing to lose.
        while let Some(instance) = self.take_idle() {
            if instance.is_within(&self.terms.now().limits) {
                return Ok(instance);
            }
            self.stage.reaper.bury(instance);
        }
        let made = self.stage.instance(&self.code, &self.address, &self.terms.limits(), Want::Birth).await;
        made.map_err(|fault| match fault {
            Fault::NoRoom(_) => CallError::Overloaded,
            fault => CallError::Crashed(fault.reason()),
        })
    }

    fn take_idle(&self) -> Option<Instance> {
        self.lock().pop().map(|(_, instance)| instance)
    }

    fn put_back(&self, instance: Instance) {
        if self.terms.now().service.fresh || self.retired.load(Ordering::Acquire) {
            return self.stage.reaper.bury(instance);
        }
        self.lock().push((Instant::now(), instance));
        if self.retired.load(Ordering::Acquire) {
            self.retire();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Instant, Instance)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No call comes any more: instances go as they fall idle.
    pub fn retire(&self) {
        self.retired.store(true, Ordering::Release);
        let idle = std::mem::take(&mut *self.lock());
        idle.into_iter().for_each(|(_, instance)| self.stage.reaper.bury(instance));
    }

    /// Drops instances that nobody used for a while.
    pub fn sweep(&self) {
        let mut idle = self.lock();
        let kept = idle.iter().position(|(since, _)| since.elapsed() < IDLE).unwrap_or(idle.len());
        let old: Vec<_> = idle.drain(..kept).collect();
        drop(idle);
        old.into_iter().for_each(|(_, instance)| self.stage.reaper.bury(instance));
    }

    /// Calls that run, and calls that were handled by all versions.
    pub fn counts(&self) -> (usize, u64) {
        (self.in_flight.load(Ordering::Relaxed), self.handled.load(Ordering::Relaxed))
    }
}
