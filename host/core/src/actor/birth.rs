//! How an actor comes to be: on a first message, after a crash, from a kept or parked state. Before *published* on the
//! old version, after it on the new one; in between it waits.

use super::{Actor, ActorKey, Goal, Life};
use crate::component::{Component, Standing};
use crate::contract::Kind;
use crate::defect::Defect;
use crate::effect::{Answer, Birth, Effect};
use crate::event::StartFailure;
use crate::happening::Happening;
use crate::id::{Digest, Generation};
use crate::reason::{CallError, Cause, Refusal, Step};
use crate::turn::{Alarm, Turn};
use crate::upgrade::{Stage, Upgrade};

/// A kept state that failed this often is trouble that somebody should know of; an ending host waits for it no longer.
const KEPT_TRIES: u32 = 5;

impl Component {
    /// A message waits for an actor that is not there.
    pub fn wanted(&mut self, key: ActorKey, turn: &mut Turn<'_>) {
        if turn.ending {
            return self.turn_away(&key, CallError::Stopped, turn);
        }
        match &mut self.standing {
            Standing::Restoring(restoring) => return restoring.wants(key),
            Standing::Removing { is_written: true, .. } => {
                return self.turn_away(&key, CallError::NoSuchComponent, turn);
            }
            Standing::Present | Standing::Removing { is_written: false, .. } => {}
        }
        let Some(current) = self.current else {
            return self.turn_away(&key, CallError::NoSuchComponent, turn);
        };
        if let Some(actor) = self.actors.get_mut(&key) {
            // One that lives or is on its way handles it; one that is told to end does not.
            actor.wanted |= actor.goal != Goal::Live;
            return;
        }
        let is_service = self.version(current).is_some_and(|version| version.kind == Kind::Service);
        if is_service || key.is_none() || !self.policy.keyed || !self.policy.on_demand {
            return self.turn_away(&key, CallError::NoActor, turn);
        }
        if self.actors.len() as u64 >= self.policy.max_actors {
            return self.turn_away(&key, CallError::Overloaded, turn);
        }
        self.actors.insert(key.clone(), Actor::unborn(current, Birth::First, turn.now));
        self.bear(&key, turn);
    }

    /// The back-off of an actor is over.
    pub fn is_due(&mut self, key: &ActorKey, turn: &mut Turn<'_>) {
        let is_due = |actor: &Actor| matches!(actor.life, Life::Due { at, .. } if at <= turn.now);
        if self.actors.get(key).is_some_and(is_due) {
            self.bear(key, turn);
        }
    }

    /// Starts an actor that is due, or lets it wait where births wait.
    pub fn bear(&mut self, key: &ActorKey, turn: &mut Turn<'_>) {
        let waits = self.births_wait(turn.now) && !turn.is_seeded(Defect::BirthSlipsIn);
        let Some(actor) = self.actors.get_mut(key) else { return };
        let (Life::Due { birth, .. } | Life::Held { birth }) = actor.life.clone() else {
            return;
        };
        let own = Some(actor.version).filter(|version| self.versions.contains_key(version));
        match (&birth, own) {
            (Birth::Kept(_) | Birth::Parked, Some(version)) => self.start(key.clone(), birth, version, turn),
            (Birth::First | Birth::Restart(_), _) if waits => actor.life = Life::Held { birth },
            (Birth::First | Birth::Restart(_), _) => self.start_on_current(key, birth, turn),
            (Birth::Kept(_) | Birth::Parked, None) => {
                let what = format!("the state of {}", self.address(key));
                turn.tell(Happening::Trouble { what, why: "the version that wrote it is gone".to_owned() });
                self.start_on_current(key, Birth::First, turn);
            }
        }
    }

    fn start_on_current(&mut self, key: &ActorKey, birth: Birth, turn: &mut Turn<'_>) {
        match self.current {
            Some(current) => self.start(key.clone(), birth, current, turn),
            None => self.give_up_birth(key, CallError::NoSuchComponent, turn),
        }
    }

    /// Asks for an instance on this version.
    pub fn start(&mut self, key: ActorKey, birth: Birth, version: Digest, turn: &mut Turn<'_>) {
        let generation = turn.ledger.next_generation();
        let unborn = || Actor::unborn(version, birth.clone(), turn.now);
        let actor = self.actors.entry(key.clone()).or_insert_with(unborn);
        actor.generation = generation;
        actor.goes_over(version);
        actor.life = Life::Starting { birth: birth.clone() };
        self.join_the_plan(&key, generation, version);
        turn.ask(Effect::Start { address: self.address(&key), generation, digest: version, birth });
    }

    /// Births need wait no longer: they start on what is current now.
    pub fn release_births(&mut self, turn: &mut Turn<'_>) {
        let held = self.actors.iter().filter(|(_, actor)| matches!(actor.life, Life::Held { .. }));
        let held: Vec<ActorKey> = held.map(|(key, _)| key.clone()).collect();
        for key in held {
            if turn.ending {
                self.give_up_birth(&key, CallError::Stopped, turn);
            } else {
                self.bear(&key, turn);
            }
        }
    }

    /// Actors without an instance find no place in a service.
    pub fn drop_unborn(&mut self, turn: &mut Turn<'_>) {
        let unborn = self.actors.iter().filter(|(_, actor)| !actor.is_embodied());
        let unborn: Vec<ActorKey> = unborn.map(|(key, _)| key.clone()).collect();
        for key in unborn {
            self.give_up_birth(&key, CallError::NoActor, turn);
        }
    }

    /// An actor without an instance is no more, and whoever waits for it is told.
    pub fn give_up_birth(&mut self, key: &ActorKey, error: CallError, turn: &mut Turn<'_>) {
        if let Some(actor) = self.actors.get_mut(key) {
            actor.wanted = false;
        }
        self.turn_away(key, error, turn);
        self.is_no_more(key, turn);
    }

    /// An instance runs and takes messages.
    pub fn started(&mut self, key: &ActorKey, generation: Generation, turn: &mut Turn<'_>) {
        let is_starting =
            |actor: &&mut Actor| actor.generation == generation && matches!(actor.life, Life::Starting { .. });
        let Some(actor) = self.actors.get_mut(key).filter(is_starting) else {
            return turn.stray();
        };
        actor.life = Life::Running;
        actor.since = turn.now;
        actor.wanted = false;
        actor.kept_failures = 0;
        let (goal, version, restarts) = (actor.goal.clone(), actor.version, actor.restarts);
        if goal == Goal::Live {
            let asked = std::mem::take(&mut actor.asked);
            turn.answer(asked, &Answer::Done);
        }
        let label = self.label(version);
        turn.tell(Happening::Started { address: self.address(key), label, restarts });
        self.kept_is_back(key);
        match goal {
            Goal::Live => self.is_ready(key),
            Goal::End(_) | Goal::Renew(_) => self.end(key, goal, turn),
        }
        if self.starts_alone(key) {
            self.decide(crate::upgrade::Plan::default(), turn);
        }
        if turn.ending && self.upgrade.is_none() {
            self.park(key, turn);
        }
        self.proceed(turn);
    }

    /// Whether an upgrade waits for this start before anything is published.
    fn starts_alone(&self, key: &ActorKey) -> bool {
        key.is_none() && matches!(self.upgrade.as_ref().map(|upgrade| &upgrade.stage), Some(Stage::Starting))
    }

    /// No instance came of a start.
    pub fn start_failed(&mut self, key: &ActorKey, generation: Generation, failure: StartFailure, turn: &mut Turn<'_>) {
        let Some(actor) = self.actors.get_mut(key).filter(|actor| actor.generation == generation) else {
            return turn.stray();
        };
        let Life::Starting { birth } = actor.life.clone() else {
            return turn.stray();
        };
        let (address, label, goal) =
            (self.address(key), self.label(self.actors[key].version), self.actors[key].goal.clone());
        turn.tell(Happening::StartFailed { address, label, reason: words(&failure) });
        self.left_the_plan_unborn(key);
        if self.first_start_failed(key, &failure, turn) {
            return;
        }
        let error = match &failure {
            StartFailure::Refused(words) => CallError::Refused(words.clone()),
            StartFailure::Crashed(reason) => CallError::Crashed(reason.clone()),
            StartFailure::Overloaded(_) => CallError::Overloaded,
        };
        let has_no_room = matches!(failure, StartFailure::Overloaded(_));
        let must_end = matches!(goal, Goal::End(_)) || (turn.ending && !matches!(birth, Birth::Kept(_)));
        match birth {
            _ if must_end => self.give_up_birth(key, CallError::Stopped, turn),
            Birth::First if key.is_some() => self.give_up_birth(key, error, turn),
            Birth::First => {
                self.turn_away(key, error, turn);
                self.again(key, Birth::First, turn);
            }
            Birth::Restart(_) => self.again(key, birth, turn),
            Birth::Parked | Birth::Kept(_) if has_no_room => self.again(key, birth, turn),
            Birth::Parked => self.is_not_restored(key, &failure, turn),
            Birth::Kept(_) => self.kept_failed(key, birth, &failure, turn),
        }
        self.proceed(turn);
    }

    fn left_the_plan_unborn(&mut self, key: &ActorKey) {
        if let Some(Upgrade { stage: Stage::Switching(plan), .. }) = &mut self.upgrade {
            plan.leave(key);
        }
    }

    /// The start that a first load stands or falls with.
    fn first_start_failed(&mut self, key: &ActorKey, failure: &StartFailure, turn: &mut Turn<'_>) -> bool {
        let is_first = self
            .upgrade
            .as_ref()
            .is_some_and(|upgrade| upgrade.starts_singleton && key.is_none() && upgrade.is_before_publish());
        if is_first {
            let cause = match failure {
                StartFailure::Overloaded(_) => Cause::Machine,
                StartFailure::Refused(_) => Cause::Bytes,
                StartFailure::Crashed(reason) => reason.cause(),
            };
            let refusal = Refusal::new(Step::Verified, "init", cause, words(failure)).of(self.address(key));
            self.give_up_birth(key, CallError::NoSuchComponent, turn);
            self.turn_back(vec![refusal], turn);
            self.proceed(turn);
        }
        is_first
    }

    /// It is tried again after the next wait.
    fn again(&mut self, key: &ActorKey, birth: Birth, turn: &mut Turn<'_>) {
        let address = self.address(key);
        let Some(actor) = self.actors.get_mut(key) else { return };
        let at = turn.now + actor.next_wait(turn.now);
        actor.life = Life::Due { at, birth };
        turn.wake(at, Alarm::Birth(address));
    }

    /// A parked state could not be put back. Its file stays; the actor begins without it, now or when it is called.
    fn is_not_restored(&mut self, key: &ActorKey, failure: &StartFailure, turn: &mut Turn<'_>) {
        let what = format!("the parked state of {}", self.address(key));
        turn.tell(Happening::Trouble { what, why: words(failure) });
        if key.is_none() && !self.policy.keyed {
            self.again(key, Birth::First, turn);
        } else {
            self.give_up_birth(key, CallError::NoActor, turn);
        }
    }

    /// A kept state is never given up for a beginning from `init`: it is tried until it is taken, and its upgrade is not
    /// over before; or until somebody stops the actor, or the host ends, which cannot wait for ever.
    fn kept_failed(&mut self, key: &ActorKey, birth: Birth, failure: &StartFailure, turn: &mut Turn<'_>) {
        let address = self.address(key);
        let what = format!("the state that {address} had before its switch");
        let Some(actor) = self.actors.get_mut(key) else { return };
        actor.kept_failures = actor.kept_failures.saturating_add(1);
        let (failures, why) = (actor.kept_failures, words(failure));
        if turn.ending && failures >= KEPT_TRIES {
            let why = format!("{why}; the host ends, and this state is lost");
            if let Some(upgrade) = &mut self.upgrade {
                let refusal = Refusal::new(Step::Switching, "code-change", Cause::Surroundings, why.clone());
                upgrade.draft.refusals.push(refusal.of(address));
            }
            turn.tell(Happening::Trouble { what, why });
            return self.give_up_birth(key, CallError::Stopped, turn);
        }
        if failures == KEPT_TRIES {
            let why = format!("{why}; it is tried again until it is taken, or until somebody stops the actor");
            turn.tell(Happening::Trouble { what, why });
        }
        self.again(key, birth, turn);
    }
}

fn words(failure: &StartFailure) -> String {
    match failure {
        StartFailure::Refused(words) | StartFailure::Overloaded(words) => words.clone(),
        StartFailure::Crashed(reason) => reason.to_string(),
    }
}
