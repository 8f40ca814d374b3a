//! A new life for an address: an instance, then `init`, or a state that was kept or parked.

use std::sync::Arc;
use std::time::{Duration, Instant};

use changeling_core::id::Generation;
use changeling_core::reason::ExitReason;
use changeling_core::{Event, StartFailure};

use super::actor::Actor;
use super::incarnation::Incarnation;
use super::run::{guarded, run};
use crate::engine::code::Code;
use crate::engine::instance::{Fault, Instance};
use crate::engine::room::Want;
use crate::engine::timers::Timers;
use crate::engine::wit;

/// What a life begins from.
pub enum From {
    /// `init`.
    Init {
        /// None for a first start.
        after: Option<ExitReason>,
        /// What the actor is started with.
        args: Option<String>,
    },
    /// A saved state.
    State(Saved),
}

/// A state that was saved by the same version that takes it over, with what belongs to the actor.
pub struct Saved {
    /// The state and its version; none where the version has no `state`: then `init` runs.
    pub state: Option<(u32, Vec<u8>)>,
    /// Its timers.
    pub timers: Vec<(u64, Duration, String)>,
    /// What it was started with.
    pub args: Option<String>,
}

/// Brings an actor to life and runs it. Tells `Started`, after calling `begun`, or `StartFailed`.
pub async fn birth(
    actor: Arc<Actor>,
    generation: Generation,
    code: Arc<Code>,
    from: From,
    begun: impl FnOnce() + Send,
) {
    let want = if matches!(from, From::Init { after: None, .. }) { Want::Birth } else { Want::Upkeep };
    let (address, news) = (actor.address.clone(), actor.stage.news.clone());
    match deliver(&actor, generation, &code, from, want).await {
        Ok(incarnation) => {
            actor.born(generation, &code);
            begun();
            news.tell(Event::Started { address, generation });
            run(actor, incarnation, None).await;
        }
        Err(failure) => news.tell(Event::StartFailed { address, generation, failure }),
    }
}

async fn deliver(
    actor: &Arc<Actor>,
    generation: Generation,
    code: &Arc<Code>,
    from: From,
    want: Want,
) -> Result<Box<Incarnation>, StartFailure> {
    let crashed = |fault: Fault| StartFailure::Crashed(fault.reason());
    let place = actor.stage.engine.room().take(want).map_err(|full| StartFailure::Overloaded(full.to_string()))?;
    let limits = actor.limits.clone();
    let made = Instance::new(&actor.stage.engine, code.clone(), actor.address.clone(), limits, place);
    let mut instance = guarded(made).await.map_err(crashed)?;
    let (after, args) = match from {
        From::Init { after, args } => (after, args),
        From::State(saved) => {
            let args = saved.args.clone();
            instance.sandbox().timers = Timers::resume(saved.timers, Instant::now());
            if let Some((version, bytes)) = saved.state {
                let change =
                    wit::state::Change { old_version: version, old_label: code.version.label.clone(), extra: None };
                let taken = guarded(instance.code_change(change, &bytes)).await.map_err(crashed)?;
                taken.map_err(StartFailure::Refused)?;
                return Ok(begin(actor, generation, instance, args));
            }
            (None, args)
        }
    };
    let start = start(actor, after, args.clone());
    let begun = guarded(instance.init(start, false)).await.map_err(crashed)?;
    begun.map_err(StartFailure::Refused)?;
    Ok(begin(actor, generation, instance, args))
}

/// What `init` is told.
pub fn start(actor: &Actor, after: Option<ExitReason>, args: Option<String>) -> wit::lifecycle::Start {
    use wit::lifecycle::StartReason;
    let reason = after.map_or(StartReason::First, |reason| StartReason::Restart(reason.into()));
    wit::lifecycle::Start { address: actor.address.to_string(), args, reason }
}

fn begin(actor: &Arc<Actor>, generation: Generation, mut instance: Instance, args: Option<String>) -> Box<Incarnation> {
    for (timer, at) in instance.sandbox().timers.take_unarmed() {
        actor.stage.clock.arm(actor, generation, timer, at);
    }
    Box::new(Incarnation { generation, instance, since_switch: 0, switched: false, args })
}
