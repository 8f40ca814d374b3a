//! A new life for an address: an instance, then `init`, or a state that was kept or parked.

use std::sync::Arc;

use changeling_core::id::Generation;
use changeling_core::reason::ExitReason;
use changeling_core::{Event, StartFailure};

use super::actor::Actor;
use super::guard::bounded;
use super::incarnation::Incarnation;
use super::kill::Kill;
use super::run::{end, run};
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
    /// A saved state, fetched when it is time: it may lie on a disk.
    State(Fetch),
}

/// Fetches a saved state, or says why there is none.
pub type Fetch = Box<dyn FnOnce() -> Result<Saved, String> + Send>;

/// A state that was saved by the same version that takes it over, with what belongs to the actor.
pub struct Saved {
    /// The state and its version; none where the version has no `state`: then `init` runs.
    pub state: Option<(u32, Vec<u8>)>,
    /// Its timers; without a state to go on with there are none either.
    pub timers: Timers,
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
        Ok(mut incarnation) => {
            actor.born(generation, &code, incarnation.kill.clone());
            // Only now: what fires before there is a life is lost.
            let changes = incarnation.instance.sandbox().timers.take_changes();
            actor.stage.clock.hear(&actor, generation, changes);
            begun();
            news.tell(Event::Started { address, generation });
            match incarnation.instance.sandbox().exit.take() {
                None => run(actor, incarnation, None).await,
                Some(reason) => end(&actor, incarnation, reason).await,
            }
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
    let crashed = |fault: Fault| match fault {
        Fault::NoRoom(words) => StartFailure::Overloaded(words),
        fault => StartFailure::Crashed(fault.reason()),
    };
    let made = actor.stage.instance(code, &actor.address, &actor.terms.limits(), want).await;
    let mut instance = made.map_err(crashed)?;
    let (after, args) = match from {
        From::Init { after, args } => (after, args),
        From::State(fetch) => {
            let saved = fetch().map_err(StartFailure::Refused)?;
            let args = saved.args.clone();
            if let Some((version, bytes)) = saved.state {
                instance.sandbox().timers = saved.timers.anew();
                let change =
                    wit::state::Change { old_version: version, old_label: code.version.label.clone(), extra: None };
                let taken = bounded(instance.code_change(change, &bytes)).await.map_err(crashed)?;
                taken.map_err(StartFailure::Refused)?;
                return Ok(begin(generation, instance, args));
            }
            (None, args)
        }
    };
    let start = start(actor, after, args.clone());
    let begun = bounded(instance.init(start, false)).await.map_err(crashed)?;
    begun.map_err(StartFailure::Refused)?;
    Ok(begin(generation, instance, args))
}

/// What `init` is told.
pub fn start(actor: &Actor, after: Option<ExitReason>, args: Option<String>) -> wit::lifecycle::Start {
    use wit::lifecycle::StartReason;
    let reason = after.map_or(StartReason::First, |reason| StartReason::Restart(reason.into()));
    wit::lifecycle::Start { address: actor.address.to_string(), args, reason }
}

fn begin(generation: Generation, instance: Instance, args: Option<String>) -> Box<Incarnation> {
    Box::new(Incarnation { generation, instance, since_switch: 0, switched: false, args, kill: Kill::default() })
}
