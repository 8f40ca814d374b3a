//! Actors that an upgrade published without: each goes over at its next boundary. That is told, and changes no receipt.

use std::time::Duration;

use super::{Stage, plan};
use crate::actor::{ActorKey, Life};
use crate::component::Component;
use crate::effect::Effect;
use crate::event::NotSwitched;
use crate::happening::Happening;
use crate::id::{Attempt, Digest, Generation, UpgradeId};
use crate::policy::Strategy;
use crate::turn::{Alarm, Turn};

#[derive(Debug)]
pub(crate) struct Straggler {
    /// The upgrade that was published without it.
    pub upgrade: UpgradeId,
    pub is_in_flight: bool,
    /// How that upgrade was to take it over.
    strategy: Strategy,
    /// Where the last try was to take it.
    to: Digest,
    generation: Generation,
    attempt: Attempt,
}

/// Tries go on counting from here, so that none is taken for one of the upgrade's own.
const FIRST_ATTEMPT: Attempt = Attempt(1 << 16);

impl Component {
    /// An actor was given up: it is tried again, for as long as it takes.
    pub fn straggles(&mut self, key: &ActorKey, upgrade: UpgradeId, turn: &mut Turn<'_>) {
        let strategy = self.strategy();
        let Some(actor) = self.actors.get(key) else { return };
        // A try of the upgrade before this one may be under way still; its answer is waited for.
        let before = self.stragglers.remove(key).filter(|straggler| straggler.generation == actor.generation);
        let straggler = before.unwrap_or(Straggler {
            upgrade,
            is_in_flight: false,
            strategy,
            to: actor.version,
            generation: actor.generation,
            attempt: FIRST_ATTEMPT,
        });
        let straggler = Straggler { strategy, ..straggler };
        self.stragglers.insert(key.clone(), straggler);
        turn.wake(turn.now + plan::wait(1), Alarm::Straggler(self.address(key)));
        let because = actor.stayed.as_ref().map(|words| format!(" ({words})")).unwrap_or_default();
        let label = self.label(actor.version);
        let words = format!("it still runs version {label}, and goes over at its next boundary{because}");
        turn.tell(Happening::Straggler { address: self.address(key), words });
    }

    /// Whether the upgrade in hand is to take this actor over, or back.
    pub fn is_driven(&self, key: &ActorKey) -> bool {
        self.upgrade.as_ref().is_some_and(|upgrade| match &upgrade.stage {
            Stage::Switching(plan) | Stage::Deciding(plan) => plan.get(key).is_some(),
            Stage::Turning(back) => back.plan.get(key).is_some(),
            _ => false,
        })
    }

    /// The next try is due, unless an upgrade in hand drives this actor.
    pub fn try_straggler(&mut self, key: &ActorKey, turn: &mut Turn<'_>) {
        let is_driven = self.is_driven(key);
        let (address, current) = (self.address(key), self.current);
        let (Some(straggler), Some(actor), Some(to)) = (self.stragglers.get(key), self.actors.get(key), current) else {
            return;
        };
        if is_driven || straggler.is_in_flight || turn.ending {
            return;
        }
        if actor.life != Life::Running {
            return turn.wake(turn.now + Duration::from_secs(1), Alarm::Straggler(address));
        }
        let (generation, from) = (actor.generation, actor.version);
        match self.handover(from, to, straggler.strategy) {
            Err(words) => self.straggler_stays(key, words, turn),
            Ok(handover) => {
                let Some(straggler) = self.stragglers.get_mut(key) else {
                    return;
                };
                straggler.is_in_flight = true;
                straggler.to = to;
                straggler.attempt = straggler.attempt.next();
                let (upgrade, attempt) = (straggler.upgrade, straggler.attempt);
                // A hold costs an actor that is busy nothing, so one long hold does for many tries.
                let hold_timeout = self.policy.drain_timeout;
                turn.ask(Effect::Switch { upgrade, attempt, address, generation, from, to, handover, hold_timeout });
            }
        }
    }

    /// Whether this answers the try at a straggler that is under way.
    pub fn straggler_tried(&self, id: UpgradeId, attempt: Attempt, key: &ActorKey, generation: Generation) -> bool {
        self.stragglers.get(key).is_some_and(|straggler| {
            straggler.is_in_flight
                && (straggler.upgrade, straggler.attempt, straggler.generation) == (id, attempt, generation)
        })
    }

    pub fn straggler_switched(&mut self, key: &ActorKey, turn: &mut Turn<'_>) {
        let Some(straggler) = self.stragglers.get_mut(key) else {
            return;
        };
        straggler.is_in_flight = false;
        let (upgrade, to) = (straggler.upgrade, straggler.to);
        turn.ask(Effect::DropKept { upgrade });
        if let Some(actor) = self.actors.get_mut(key) {
            actor.goes_over(to);
        }
        let address = self.address(key);
        if self.current == Some(to) {
            self.stragglers.remove(key);
        } else {
            // Another version was published while this try was under way.
            turn.wake(turn.now + plan::wait(1), Alarm::Straggler(address.clone()));
        }
        let words = format!("it has gone over to version {}", self.label(to));
        turn.tell(Happening::Straggler { address, words });
        if let Some(Stage::Switching(plan) | Stage::Deciding(plan)) = self.upgrade.as_mut().map(|up| &mut up.stage) {
            plan.rebase(key, to);
        }
        self.is_ready(key);
        self.proceed(turn);
    }

    pub fn straggler_not_switched(&mut self, key: &ActorKey, why: NotSwitched, turn: &mut Turn<'_>) {
        let Some(straggler) = self.stragglers.get_mut(key) else {
            return;
        };
        straggler.is_in_flight = false;
        match why {
            NotSwitched::NotNow(words) => {
                self.stays(key, words);
                turn.wake(turn.now + plan::wait(10), Alarm::Straggler(self.address(key)));
            }
            NotSwitched::Failed(refusal) => self.straggler_stays(key, refusal.to_string(), turn),
            NotSwitched::StateLost(refusal) => self.straggler_stays(key, format!("{refusal}; its state is lost"), turn),
        }
        self.is_ready(key);
        self.proceed(turn);
    }

    /// Why an actor did not go over is kept until it does, or another upgrade tries it.
    pub fn stays(&mut self, key: &ActorKey, words: String) {
        if let Some(actor) = self.actors.get_mut(key) {
            actor.stayed = Some(words);
        }
    }

    /// It cannot go over to what is current; the next upgrade takes it along.
    fn straggler_stays(&mut self, key: &ActorKey, words: String, turn: &mut Turn<'_>) {
        self.stragglers.remove(key);
        self.stays(key, words.clone());
        let words = format!("it keeps its version: {words}");
        turn.tell(Happening::Straggler { address: self.address(key), words });
    }
}
