//! Switching one actor: hold → wait for the message in hand → save → code-change → health → switch → release.
//!
//! Everything that can fail comes before the switch and leaves the old instance as it was. The new instance is made
//! before the hold, so that the pause is that of the state alone; and by other threads ([`prepare`]), which give way to all
//! others of this host, for it takes several times as long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use changeling_core::id::{Address, Attempt, Generation, UpgradeId};
use changeling_core::reason::{Cause, ExitReason, Refusal, Step};
use changeling_core::{Event, Handover, NotSwitched, SwitchFigures};
use futures_util::FutureExt;

use super::actor::Actor;
use super::birth;
use super::guard::{self, bounded};
use super::held::Held;
use super::incarnation::Incarnation;
use super::kept::{Kept, State};
use super::run::terminate;
use crate::defect::{self, Defect, is_seeded};
use crate::engine::code::Code;
use crate::engine::envelope;
use crate::engine::instance::{AtStake, Fault, Instance};
use crate::engine::room::Want;
use crate::engine::wit;

/// What the older code does wrong is no fault of the bytes that were to follow it.
const OLD: Cause = Cause::Surroundings;

/// One order to switch.
#[derive(Clone)]
pub struct Order {
    /// By which upgrade.
    pub upgrade: UpgradeId,
    /// In which try.
    pub attempt: Attempt,
    /// Which life.
    pub generation: Generation,
    /// To which version.
    pub to: Arc<Code>,
    /// How the state goes over.
    pub handover: Handover,
    /// How long to wait for a message boundary.
    pub hold_timeout: Duration,
}

/// Why the old instance goes on, or why there is none.
enum Stop {
    /// It goes on; nothing was touched.
    Because(NotSwitched),
    /// It took too long to save: the upgrade has been told, and the actor goes on.
    Told,
    /// The upgrade has been told, and the actor has died since.
    Over(ExitReason),
    /// `save` or `terminate` took it with it.
    Dead(NotSwitched, ExitReason),
}

/// Makes the new instance, and has the actor switched to it. No caller waits for the making.
pub async fn prepare(actor: Arc<Actor>, order: Order) {
    match fresh(&actor, &order.to).await {
        Ok(new) => actor.stage.clone().queue.spawn(switch(actor, order, new)),
        Err(why) => tell_not(&actor, &order, why),
    }
}

/// Switches one actor and tells how it went.
async fn switch(actor: Arc<Actor>, order: Order, mut new: Instance) {
    let held = tokio::time::timeout(order.hold_timeout, actor.take(order.generation, false)).await;
    let mut incarnation = match held {
        Ok(Some(incarnation)) => incarnation,
        // That life is over, and its exit was told.
        Ok(None) => return,
        Err(_) => {
            let words = format!("it did not come to a message boundary within {:?}", order.hold_timeout);
            return tell_not(&actor, &order, NotSwitched::NotNow(words));
        }
    };
    let began = Instant::now();
    match carry_over(&actor, &order, &mut incarnation, &mut new).await {
        Ok(carried) => release(&actor, &order, incarnation, new, carried, began),
        Err(Stop::Because(why)) => {
            tell_not(&actor, &order, why);
            incarnation.give_back();
        }
        Err(Stop::Told) => incarnation.give_back(),
        Err(Stop::Over(reason)) => incarnation.over(reason),
        Err(Stop::Dead(why, reason)) => {
            tell_not(&actor, &order, why);
            incarnation.over(reason);
        }
    }
}

/// An instance of a version, beside whatever lives at the address.
async fn fresh(actor: &Arc<Actor>, code: &Arc<Code>) -> Result<Instance, NotSwitched> {
    let made = actor.stage.instance(code, &actor.address, &actor.terms.limits(), Want::Upkeep).await;
    made.map_err(|fault| match fault {
        Fault::NoRoom(words) => NotSwitched::NotNow(words),
        fault => failed(&actor.address, "instantiation", fault.cause(), fault.to_string()),
    })
}

/// Brings the state into the new instance; what was saved is the way back. Gives its length in bytes, too.
async fn carry_over(
    actor: &Arc<Actor>,
    order: &Order,
    old: &mut Incarnation,
    new: &mut Instance,
) -> Result<(Kept, u64), Stop> {
    if let Some(function) = actor.unserved_by(&order.to) {
        return Err(Stop::Because(still_queued(&function.name)));
    }
    let timers = old.instance.sandbox().timers.clone();
    let mut kept = Kept { upgrade: order.upgrade, label: old.instance.code.version.label.clone(), state: None, timers };
    let mut length = 0;
    match order.handover {
        Handover::State { version, .. } => {
            if !is_seeded(Defect::TimersLost) {
                new.sandbox().timers = kept.timers.clone();
            }
            let bytes = save(actor, order, &mut old.instance, version).await?;
            let bytes = defect::mixed_up(&actor.address.component, bytes);
            let change = wit::state::Change { old_version: version, old_label: kept.label.clone(), extra: None };
            accept(actor, "code-change", bounded(new.code_change(change, &bytes)).await)?;
            accept(actor, "health check", bounded(new.health()).await)?;
            length = bytes.len() as u64;
            kept.state = Some((version, keep(actor, bytes).await?));
        }
        Handover::Restart => {
            terminate(actor, old, ExitReason::Shutdown).await;
            let begun = bounded(new.init(birth::start(actor, None, old.args.clone()), false)).await;
            accept(actor, "init", begun).map_err(too_late)?;
            accept(actor, "health check", bounded(new.health()).await).map_err(too_late)?;
        }
    }
    Ok((kept, length))
}

/// The way back must lie somewhere before there is need of it.
async fn keep(actor: &Actor, state: Vec<u8>) -> Result<State, Stop> {
    actor.stage.kept.keep(state).await.map_err(|words| {
        let refusal = Refusal::new(Step::Switching, "keep", Cause::Machine, words);
        Stop::Because(NotSwitched::Failed(refusal.of(actor.address.clone())))
    })
}

/// After `terminate` there is no old instance to go on with.
fn too_late(stop: Stop) -> Stop {
    match stop {
        Stop::Because(NotSwitched::NotNow(words)) => {
            let refusal = Refusal::new(Step::Switching, "init", Cause::Surroundings, words.clone());
            Stop::Dead(NotSwitched::StateLost(refusal), ExitReason::Limit(words))
        }
        Stop::Because(NotSwitched::Failed(refusal)) => {
            let reason = ExitReason::Error(refusal.words.clone());
            Stop::Dead(NotSwitched::StateLost(refusal), reason)
        }
        other => other,
    }
}

/// `save`, with the wall time after which the upgrade, but not the actor, gives up on it.
async fn save(actor: &Arc<Actor>, order: &Order, old: &mut Instance, version: u32) -> Result<Vec<u8>, Stop> {
    let limit = actor.terms.now().limits.save;
    let code = old.code.clone();
    let mut saving = std::pin::pin!(guard::save(old, version, AtStake::Live).fuse());
    let saved = match tokio::time::timeout(limit, &mut saving).await {
        Ok(saved) => saved,
        Err(_) => {
            let words = format!("its save did not end within {limit:?}; it runs on, and the actor with it");
            tell_not(actor, order, NotSwitched::NotNow(words));
            return Err(match saving.await {
                Ok(_) => Stop::Told,
                // Told is told: what is left to say is that it died.
                Err(fault) => Stop::Over(fault.reason()),
            });
        }
    };
    match saved {
        Ok(Ok(bytes)) => match envelope::check(&bytes, version, code.structure_of(version)) {
            Ok(()) => Ok(bytes),
            Err(words) => Err(Stop::Because(failed(&actor.address, "save", OLD, words))),
        },
        Ok(Err(not)) => Err(Stop::Because(failed(&actor.address, "save", OLD, not.words))),
        Err(fault) => Err(lost(actor, fault)),
    }
}

fn lost(actor: &Actor, fault: Fault) -> Stop {
    let refusal = Refusal { cause: OLD, ..refusal(&actor.address, "save", fault.to_string()) };
    Stop::Dead(NotSwitched::StateLost(refusal), fault.reason())
}

fn accept(actor: &Actor, act: &str, answer: Result<Result<(), String>, Fault>) -> Result<(), Stop> {
    let (cause, words) = match answer {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(words)) => (Cause::Bytes, words),
        Err(Fault::NoRoom(words)) => return Err(Stop::Because(NotSwitched::NotNow(words))),
        Err(fault) => (fault.cause(), fault.to_string()),
    };
    Err(Stop::Because(failed(&actor.address, act, cause, words)))
}

/// From here on the new version answers.
fn release(
    actor: &Arc<Actor>,
    order: &Order,
    mut incarnation: Held,
    mut new: Instance,
    (kept, bytes): (Kept, u64),
    began: Instant,
) {
    let kept = Arc::new(kept);
    let (held, first) = match actor.switch(&order.to, Some(kept.clone())) {
        Ok(waited) => waited,
        Err(function) => {
            tell_not(actor, order, still_queued(&function.name));
            actor.stage.reaper.bury((new, kept));
            return incarnation.give_back();
        }
    };
    let changes = new.sandbox().timers.take_changes();
    actor.stage.clock.hear(actor, order.generation, changes);
    let old = std::mem::replace(&mut incarnation.instance, new);
    (incarnation.since_switch, incarnation.switched) = (0, true);
    let now = Instant::now();
    let figures = SwitchFigures {
        pause_us: micros(now.duration_since(began)),
        bytes,
        held,
        held_us_max: first.map_or(0, |first| micros(now.duration_since(first.max(began)))),
    };
    tracing::trace!(target: "changeling::switch", address = %actor.address, pause_us = figures.pause_us, "switched");
    actor.stage.news.tell(Event::Switched {
        upgrade: order.upgrade,
        attempt: order.attempt,
        address: actor.address.clone(),
        generation: order.generation,
        figures,
    });
    incarnation.give_back();
    if is_seeded(Defect::InstanceLeaked) {
        return std::mem::forget(old);
    }
    // Where the new ones are made: at one pace, or older ones would pile up while all processors are busy.
    actor.stage.upkeep.spawn(async move { drop(old) });
}

fn tell_not(actor: &Actor, order: &Order, why: NotSwitched) {
    actor.stage.news.tell(Event::NotSwitched {
        upgrade: order.upgrade,
        attempt: order.attempt,
        address: actor.address.clone(),
        generation: order.generation,
        why,
    });
}

fn still_queued(function: &str) -> NotSwitched {
    NotSwitched::NotNow(format!("a call of {function} waits, which the new version does not serve as it was accepted"))
}

fn failed(address: &Address, act: &str, cause: Cause, words: String) -> NotSwitched {
    NotSwitched::Failed(Refusal { cause, ..refusal(address, act, words) })
}

/// A refusal while actors switch, in the guest's words.
pub fn refusal(address: &Address, act: &str, words: String) -> Refusal {
    Refusal { step: Step::Switching, act: act.into(), address: Some(address.clone()), words, cause: Cause::Bytes }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}
