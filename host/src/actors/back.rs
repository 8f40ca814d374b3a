//! Turning one switched actor back: to the very state it had where it handled nothing since, else by the way down. An
//! actor for which neither works stays where it is, with its state.

use std::sync::Arc;
use std::time::Duration;

use changeling_core::Event;
use changeling_core::id::{Generation, UpgradeId};
use changeling_core::reason::ExitReason;

use super::actor::Actor;
use super::birth;
use super::guard::{self, bounded};
use super::held::Held;
use super::incarnation::Incarnation;
use super::kept::{Kept, off_the_workers};
use super::run::terminate;
use crate::engine::code::Code;
use crate::engine::instance::{AtStake, Fault, Instance};
use crate::engine::room::Want;
use crate::engine::{envelope, wit};

/// How often the newer version is let handle what the older one lacks, and how often room is looked for.
const TRIES: usize = 16;
/// Between two looks for room.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a boundary is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// One order to turn back.
pub struct Order {
    /// Of which upgrade.
    pub upgrade: UpgradeId,
    /// Which life.
    pub generation: Generation,
    /// To which version.
    pub to: Arc<Code>,
    /// The state version of the way down.
    pub down: Option<u32>,
}

/// How it ended.
enum Back {
    Exact(Instance),
    Down(Instance),
    Stays(String),
    Dead(ExitReason),
}

/// Turns one actor back and tells how it went.
pub async fn turn_back(actor: Arc<Actor>, order: Order) {
    let (address, generation, upgrade) = (actor.address.clone(), order.generation, order.upgrade);
    let left = |words| Event::LeftBehind { upgrade, address: address.clone(), generation, words };
    let mut incarnation = match tokio::time::timeout(PATIENCE, take_served(&actor, &order)).await {
        Ok(Some(incarnation)) => incarnation,
        // That life is over, and its exit was told.
        Ok(None) => return,
        Err(_) => {
            let words = format!("it did not come to a message boundary within {PATIENCE:?}");
            return actor.stage.news.tell(left(words));
        }
    };
    let kept = actor.kept(order.upgrade);
    let back = go_back(&actor, &order, &mut incarnation, kept).await;
    let (instance, exact) = match back {
        Back::Exact(instance) => (instance, true),
        Back::Down(instance) => (instance, false),
        Back::Stays(words) => {
            actor.stage.news.tell(left(words));
            return incarnation.give_back();
        }
        // Its exit says it all; where a state was kept, it comes back from that.
        Back::Dead(reason) => return incarnation.over(reason),
    };
    if let Err(function) = actor.switch(&order.to, None) {
        // It came while the state went back, as others did before it.
        actor
            .stage
            .news
            .tell(left(format!("a call of {} waits, which the older version does not serve", function.name)));
        actor.stage.reaper.bury(instance);
        return incarnation.give_back();
    }
    let newer = std::mem::replace(&mut incarnation.instance, instance);
    (incarnation.since_switch, incarnation.switched) = (0, false);
    let changes = incarnation.instance.sandbox().timers.take_changes();
    actor.stage.clock.hear(&actor, generation, changes);
    actor.stage.news.tell(Event::TurnedBack { upgrade, address, generation, exact });
    incarnation.give_back();
    actor.stage.reaper.bury(newer);
}

/// The actor at a boundary where nothing waits that the older version lacks: the newer one handles that first. As long as
/// such calls keep coming there is none, so it is not looked for without end.
async fn take_served(actor: &Arc<Actor>, order: &Order) -> Option<Held> {
    let mut held = actor.take(order.generation, false).await?;
    for _ in 0..TRIES {
        if actor.unserved_by(&order.to).is_none() {
            break;
        }
        held.give_back();
        held = actor.take_after_queue(order.generation).await?;
    }
    Some(held)
}

async fn go_back(actor: &Arc<Actor>, order: &Order, newer: &mut Incarnation, kept: Option<Arc<Kept>>) -> Back {
    let mut older = match older(actor, &order.to).await {
        Ok(older) => older,
        Err(fault) => return Back::Stays(format!("the older version could not be instantiated: {fault}")),
    };
    match kept {
        Some(kept) if kept.state.is_none() => restart(actor, newer, older).await,
        Some(kept) if newer.since_switch == 0 => match as_it_was(&mut older, kept).await {
            Ok(()) => Back::Exact(older),
            Err(words) => Back::Stays(words),
        },
        _ => by_the_way_down(order, newer, older).await,
    }
}

/// To the very state it had.
async fn as_it_was(older: &mut Instance, kept: Arc<Kept>) -> Result<(), String> {
    older.sandbox().timers = kept.timers.clone();
    let label = kept.label.clone();
    let saved = off_the_workers(move || kept.saved()?.ok_or_else(|| "nothing was saved".to_owned())).await;
    let (version, bytes) = saved.map_err(|words| format!("its state before the switch cannot be had: {words}"))?;
    let taken = take(older, version, &label, &bytes).await;
    taken.map_err(|words| format!("the older version did not take its own state again: {words}"))
}

/// An instance of the older version; where there is no room for it now, there may be soon.
async fn older(actor: &Arc<Actor>, code: &Arc<Code>) -> Result<Instance, Fault> {
    for _ in 0..TRIES {
        match actor.stage.instance(code, &actor.address, &actor.terms.limits(), Want::Upkeep).await {
            Err(Fault::NoRoom(_)) => tokio::time::sleep(PAUSE).await,
            made => return made,
        }
    }
    actor.stage.instance(code, &actor.address, &actor.terms.limits(), Want::Upkeep).await
}

/// The newer code saves in the older version, the older takes it: the work done since is kept.
async fn by_the_way_down(order: &Order, newer: &mut Incarnation, mut older: Instance) -> Back {
    let label = newer.instance.code.version.label.clone();
    let Some(version) = order.down else {
        return Back::Stays(format!(
            "{label} writes no state version that the older one reads, and it handled messages"
        ));
    };
    let saved = match guard::save(&mut newer.instance, version, AtStake::Live).await {
        Ok(Ok(bytes)) => bytes,
        Ok(Err(not)) => return Back::Stays(format!("save: {not}")),
        Err(fault) => return Back::Dead(fault.reason()),
    };
    if let Err(words) = envelope::check(&saved, version, newer.instance.code.structure_of(version)) {
        return Back::Stays(format!("save: {words}"));
    }
    older.sandbox().timers = newer.instance.sandbox().timers.clone();
    match take(&mut older, version, &label, &saved).await {
        Ok(()) => Back::Down(older),
        Err(words) => Back::Stays(format!("code-change: {words}")),
    }
}

/// Without a state there is only the other way round of how it came.
async fn restart(actor: &Arc<Actor>, newer: &mut Incarnation, mut older: Instance) -> Back {
    terminate(actor, newer, ExitReason::Shutdown).await;
    match bounded(older.init(birth::start(actor, None, newer.args.clone()), false)).await {
        Ok(Ok(())) => Back::Exact(older),
        Ok(Err(words)) => Back::Dead(ExitReason::Error(words)),
        Err(fault) => Back::Dead(fault.reason()),
    }
}

async fn take(older: &mut Instance, version: u32, label: &str, bytes: &[u8]) -> Result<(), String> {
    let change = wit::state::Change { old_version: version, old_label: label.to_owned(), extra: None };
    bounded(older.code_change(change, bytes)).await.map_err(|fault| fault.to_string())?
}
