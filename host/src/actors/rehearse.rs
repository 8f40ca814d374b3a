//! Trying a version on copies, sealed: whether it starts, whether it takes the live states, and whether it can be left
//! again. The live actor is held for one `save`; everything else happens beside it.

use std::sync::Arc;
use std::time::Duration;

use changeling_core::id::{Address, Generation, UpgradeId};
use changeling_core::reason::{Cause, Refusal, Step};
use changeling_core::{Event, Handover, Proof, Rehearsal};

use super::actor::Actor;
use super::guard::{self, bounded};
use super::held::Held;
use super::stage::Stage;
use crate::engine::code::Code;
use crate::engine::instance::{AtStake, Fault, Instance, NotSaved};
use crate::engine::limits::Limits;
use crate::engine::room::Want;
use crate::engine::{envelope, wit};

/// How long a busy actor is waited for before it counts as not looked at.
const PATIENCE: Duration = Duration::from_secs(5);

/// A version and where its scratch instances are made.
pub struct Scratch {
    /// Threads and engine.
    pub stage: Arc<Stage>,
    /// The version on trial.
    pub code: Arc<Code>,
    /// What its instances may use.
    pub limits: Arc<Limits>,
}

/// Why a trial ended.
enum Verdict {
    /// The version's own fault.
    Refused(Refusal),
    /// Nobody knows.
    Unproven(String),
}

impl Scratch {
    /// Whether the version starts and can be left again. A service is only instantiated. A refusal names this address.
    pub async fn proof(&self, address: &Address) -> Proof {
        match self.start(address).await {
            Ok(()) => Proof::Proven,
            Err(Verdict::Unproven(words)) => Proof::Unproven(words),
            Err(Verdict::Refused(refusal)) => Proof::Refused(refusal),
        }
    }

    async fn instance(&self, address: &Address) -> Result<Instance, Verdict> {
        let made = self.stage.instance(&self.code, address, &self.limits, Want::Upkeep).await;
        made.map_err(|fault| judged(address, "instantiation", fault))
    }

    /// `save` in its own version, and `code-change` of those bytes on another instance: nobody shall be locked into a
    /// version whose `save` fails.
    async fn can_be_left(&self, mut entered: Instance, address: &Address) -> Result<(), Verdict> {
        let Some(shapes) = self.code.version.shapes.clone() else { return Ok(()) };
        let version = shapes.current.version;
        let stuck = |cause: Cause, words: String| {
            refusal(address, "save", cause, format!("it can be entered but not left again: {words}"))
        };
        let saved = guard::save(&mut entered, version, AtStake::Copy).await;
        let saved = saved.map_err(|fault| stuck(fault.cause(), fault.to_string()))?;
        let bytes = saved.map_err(|not| stuck(not.cause, not.words))?;
        self.stage.reaper.bury(entered);
        let checked = envelope::check(&bytes, version, self.code.structure_of(version));
        checked.map_err(|words| stuck(Cause::Bytes, words))?;
        let mut next = self.instance(address).await?;
        let taken = bounded(next.code_change(self.change(version), &bytes)).await;
        self.stage.reaper.bury(next);
        match taken {
            Ok(Ok(())) => Ok(()),
            Ok(Err(words)) => {
                Err(refused(address, "code-change", format!("it does not take what it saved itself: {words}")))
            }
            Err(fault) => {
                let words = format!("it does not take what it saved itself: {fault}");
                Err(refusal(address, "code-change", fault.cause(), words))
            }
        }
    }

    fn change(&self, version: u32) -> wit::state::Change {
        wit::state::Change { old_version: version, old_label: self.code.version.label.clone(), extra: None }
    }

    /// A scratch start, as births will need it.
    async fn start(&self, address: &Address) -> Result<(), Verdict> {
        let mut instance = self.instance(address).await?;
        let start = wit::lifecycle::Start {
            address: address.to_string(),
            args: None,
            reason: wit::lifecycle::StartReason::First,
        };
        match bounded(instance.init(start, true)).await {
            Ok(Ok(())) => {}
            Ok(Err(words)) => return Err(Verdict::Unproven(format!("a scratch init answered: {words}"))),
            Err(Fault::Sealed(words)) => {
                return Err(Verdict::Unproven(format!("a scratch init could not be run to its end: {words}")));
            }
            Err(fault) => return Err(judged(address, "init", fault)),
        }
        healthy(address, bounded(instance.health()).await)?;
        self.can_be_left(instance, address).await
    }
}

/// A fault of the version's own, but where the host had no room.
fn judged(address: &Address, act: &str, fault: Fault) -> Verdict {
    match fault {
        Fault::NoRoom(words) => Verdict::Unproven(words),
        fault => refusal(address, act, fault.cause(), fault.to_string()),
    }
}

fn healthy(address: &Address, answer: Result<Result<(), String>, Fault>) -> Result<(), Verdict> {
    let answer = answer.map_err(|fault| judged(address, "health check", fault))?;
    answer.map_err(|words| refused(address, "health check", words))
}

fn refused(address: &Address, act: &str, words: String) -> Verdict {
    refusal(address, act, Cause::Bytes, words)
}

fn refusal(address: &Address, act: &str, cause: Cause, words: String) -> Verdict {
    let (step, act) = (Step::Verified, act.into());
    Verdict::Refused(Refusal { step, act, address: Some(address.clone()), words, cause })
}

/// Tells whether a version starts and can be left again.
pub async fn prove(scratch: Scratch, upgrade: UpgradeId, address: Address) {
    let mut outcome = scratch.proof(&address).await;
    if address.key.is_some() {
        outcome = of_nobody(outcome);
    }
    scratch.stage.news.tell(Event::Proved { upgrade, outcome });
}

/// Tells how a version takes a copy of one actor's live state.
pub async fn rehearse(
    scratch: Scratch,
    upgrade: UpgradeId,
    actor: Arc<Actor>,
    generation: Generation,
    handover: Handover,
) {
    let (stage, address) = (scratch.stage.clone(), actor.address.clone());
    let tell = move |outcome| stage.news.tell(Event::Rehearsed { upgrade, address, generation, outcome });
    let Handover::State { version, returns } = handover else {
        // There is no state to try it on; that it starts was proven.
        return tell(Rehearsal::Passed { bytes: 0, round_trip: None });
    };
    match look(&actor, generation, version).await {
        Err(ended) => tell(ended),
        Ok((bytes, old)) => scratch.stage.clone().upkeep.spawn(async move {
            tell(match take_over(&scratch, &actor, &old, version, returns, &bytes).await {
                Ok(round_trip) => Rehearsal::Passed { bytes: bytes.len() as u64, round_trip },
                Err(Verdict::Refused(refusal)) => Rehearsal::Failed(refusal),
                Err(Verdict::Unproven(words)) => Rehearsal::NotLooked(words),
            });
        }),
    }
}

/// A copy of a live state, taken between two messages.
async fn look(actor: &Arc<Actor>, generation: Generation, version: u32) -> Result<(Vec<u8>, Arc<Code>), Rehearsal> {
    let mut held = match tokio::time::timeout(PATIENCE, actor.take(generation, false)).await {
        Ok(Some(held)) => held,
        Ok(None) => return Err(Rehearsal::NotLooked("it ended meanwhile".into())),
        Err(_) => return Err(Rehearsal::NotLooked(format!("it was busy for {PATIENCE:?}"))),
    };
    let code = held.instance.code.clone();
    let limit = actor.terms.now().limits.save;
    let mut saving = Box::pin(async move {
        let saved = guard::save(&mut held.instance, version, AtStake::Live).await;
        (held, saved)
    });
    let saved = match tokio::time::timeout(limit, &mut saving).await {
        Ok((held, saved)) => saved_live(held, saved),
        Err(_) => {
            // It runs on to its end, and the actor with it.
            actor.stage.queue.spawn(async move {
                let (held, saved) = saving.await;
                _ = saved_live(held, saved);
            });
            return Err(Rehearsal::NotLooked(format!("its save did not end within {limit:?}")));
        }
    };
    let checked = saved.and_then(|bytes| envelope::check(&bytes, version, code.structure_of(version)).map(|()| bytes));
    match checked {
        Ok(bytes) => Ok((bytes, code)),
        Err(words) => {
            let (step, act) = (Step::Verified, "save".into());
            let address = Some(actor.address.clone());
            Err(Rehearsal::Failed(Refusal { step, act, address, words, cause: Cause::Surroundings }))
        }
    }
}

/// What a `save` of the live state leaves behind: an actor that goes on, or one that starts again.
fn saved_live(held: Held, saved: Result<Result<Vec<u8>, NotSaved>, Fault>) -> Result<Vec<u8>, String> {
    match saved {
        Ok(saved) => {
            held.give_back();
            saved.map_err(|not| not.words)
        }
        Err(fault) => {
            let words = format!("{fault}; its state is lost, and it starts again from init");
            held.over(fault.reason());
            Err(words)
        }
    }
}

/// Tries the copy; the answer is whether the way down gives the same bytes back, where that can be told.
async fn take_over(
    scratch: &Scratch,
    actor: &Actor,
    old: &Arc<Code>,
    version: u32,
    returns: bool,
    bytes: &[u8],
) -> Result<Option<bool>, Verdict> {
    let who = &actor.address;
    let mut new = scratch.instance(&actor.address).await?;
    let change = wit::state::Change { old_version: version, old_label: old.version.label.clone(), extra: None };
    match bounded(new.code_change(change, bytes)).await {
        Ok(Ok(())) => {}
        Ok(Err(words)) => return Err(refused(who, "code-change", words)),
        Err(fault) => return Err(judged(who, "code-change", fault)),
    }
    healthy(who, bounded(new.health()).await)?;
    let down = match returns {
        true => guard::save(&mut new, version, AtStake::Copy).await.ok().and_then(Result::ok),
        false => None,
    };
    let round_trip = match down {
        Some(down) if down == bytes => Some(true),
        // Equal states may have different bytes: it says something only where the old version is stable itself.
        Some(_) => is_stable(scratch, actor, old, version, bytes).await.then_some(false),
        None => None,
    };
    scratch.can_be_left(new, &actor.address).await?;
    Ok(round_trip)
}

/// Whether the old version gives back the very bytes that it took.
async fn is_stable(scratch: &Scratch, actor: &Actor, old: &Arc<Code>, version: u32, bytes: &[u8]) -> bool {
    let old = Scratch { stage: scratch.stage.clone(), code: old.clone(), limits: scratch.limits.clone() };
    let Ok(mut instance) = old.instance(&actor.address).await else { return false };
    let taken = bounded(instance.code_change(old.change(version), bytes)).await;
    if !matches!(taken, Ok(Ok(()))) {
        return false;
    }
    let again = guard::save(&mut instance, version, AtStake::Copy).await;
    old.stage.reaper.bury(instance);
    matches!(again, Ok(Ok(again)) if again == bytes)
}

/// The same of an address that was made up: nobody is named who is not there.
pub fn of_nobody(proof: Proof) -> Proof {
    let unnamed = |refusal: Refusal| {
        let words = format!("on a scratch instance: {}", refusal.words);
        Refusal { address: None, words, ..refusal }
    };
    match proof {
        Proof::Refused(refusal) => Proof::Refused(unnamed(refusal)),
        other => other,
    }
}

/// What `init` of a scratch instance is told to be: the only actor, or, where actors have keys, one that there is not.
pub fn made_up(component: &changeling_core::id::ComponentName, keyed: bool) -> Address {
    let key = if keyed { changeling_core::id::Key::new("rehearsal").ok() } else { None };
    Address { component: component.clone(), key }
}
