//! What a person or a program asks of one component: to end or renew an actor, to take the component away, to turn its
//! upgrade back. Each request is answered exactly once, when it is done or cannot be.

use crate::actor::{Actor, ActorKey, Goal};
use crate::component::{Component, Components, Standing};
use crate::contract::Kind;
use crate::effect::{Answer, Birth, Effect, Request};
use crate::happening::Happening;
use crate::id::{Address, RequestId};
use crate::ledger::Change;
use crate::reason::{CallError, Cause, ExitReason, Refusal};
use crate::receipt::Outcome;
use crate::turn::Turn;

/// A request goes to the component that it is about.
pub(crate) fn asked(components: &mut Components, request: RequestId, what: Request, turn: &mut Turn<'_>) {
    let (Request::Stop(Address { component: name, .. })
    | Request::Restart(Address { component: name, .. })
    | Request::Remove(name)
    | Request::TurnBack(name)) = &what;
    let Some(component) = components.get_mut(name) else {
        let answer = Answer::Failed(CallError::NoSuchComponent, format!("there is no component {name}"));
        return turn.answer([request], &answer);
    };
    match &what {
        Request::Stop(address) => component.stop(request, &address.key, turn),
        Request::Restart(address) => component.restart(request, &address.key, turn),
        Request::TurnBack(_) => component.ask_back(request, turn),
        Request::Remove(_) => component.remove(request, turn),
    }
}

impl Component {
    /// Ends an actor.
    pub fn stop(&mut self, request: RequestId, key: &ActorKey, turn: &mut Turn<'_>) {
        let Some(actor) = self.actors.get_mut(key) else {
            return self.no_actor(request, key, turn);
        };
        actor.asked.push(request);
        self.end(key, Goal::End(ExitReason::Shutdown), turn);
        self.proceed(turn);
    }

    /// Ends an actor and begins it anew; a singleton that is not there is begun.
    pub fn restart(&mut self, request: RequestId, key: &ActorKey, turn: &mut Turn<'_>) {
        if let Some(actor) = self.actors.get_mut(key) {
            actor.asked.push(request);
            self.end(key, Goal::Renew(ExitReason::Shutdown), turn);
            return self.proceed(turn);
        }
        let is_actor = |digest| self.version(digest).is_some_and(|version| version.kind == Kind::Actor);
        match self.current.filter(|current| is_actor(*current) && matches!(self.standing, Standing::Present)) {
            Some(current) if key.is_none() && !self.policy.keyed => {
                let mut actor = Actor::unborn(current, Birth::First, turn.now);
                actor.asked.push(request);
                self.actors.insert(None, actor);
                self.bear(key, turn);
            }
            _ => self.no_actor(request, key, turn),
        }
    }

    fn no_actor(&self, request: RequestId, key: &ActorKey, turn: &mut Turn<'_>) {
        let words = format!("there is no actor {}", self.address(key));
        turn.answer([request], &Answer::Failed(CallError::NoActor, words));
    }

    /// Turns the upgrade in hand back.
    pub fn ask_back(&mut self, request: RequestId, turn: &mut Turn<'_>) {
        let step = match &mut self.upgrade {
            Some(upgrade) if upgrade.is_before_publish() => {
                upgrade.asked.push(request);
                upgrade.draft.step
            }
            Some(_) => {
                let words = format!("the upgrade of {} is published already", self.name);
                return turn.answer([request], &refused(words));
            }
            None => {
                let words = format!("no upgrade of {} is in hand", self.name);
                return turn.answer([request], &refused(words));
            }
        };
        let refusal = Refusal::new(step, "turn-back", Cause::Asked, "it was asked to turn back");
        self.turn_back(vec![refusal], turn);
        self.proceed(turn);
    }

    /// Takes the component away: out of the table first, so that a disk that refuses has ended nobody.
    pub fn remove(&mut self, request: RequestId, turn: &mut Turn<'_>) {
        match &mut self.standing {
            Standing::Removing { asked, .. } => return asked.push(request),
            Standing::Restoring(_) => {
                let words = format!("{} is still being brought back; try again", self.name);
                return turn.answer([request], &refused(words));
            }
            Standing::Present => {}
        }
        if self.upgrade.as_ref().is_some_and(|upgrade| upgrade.is_before_publish()) {
            let name = &self.name;
            let words = format!(
                "an upgrade of {name} is in hand: let it end, or turn it back first (`POST /v1/components/{name}/turn-back`)"
            );
            return turn.answer([request], &refused(words));
        }
        if self.current.is_none() && !turn.ledger.table.components.contains_key(&self.name) {
            let words = format!("there is no component {}", self.name);
            return turn.answer([request], &Answer::Failed(CallError::NoSuchComponent, words));
        }
        self.standing = Standing::Removing { asked: vec![request], is_written: false };
        turn.ledger.propose(self.name.clone(), Change::Gone);
    }

    /// The table without it is on disk: its actors end. Or it could not be written: then all goes on as it was.
    pub fn removed(&mut self, outcome: Result<(), &str>, turn: &mut Turn<'_>) {
        let Standing::Removing { asked, is_written } = &mut self.standing else {
            return turn.stray();
        };
        if let Err(error) = outcome {
            let words = format!(
                "the table could not be written, so {} is not removed, and nothing has changed: {error}",
                self.name
            );
            turn.answer(std::mem::take(asked), &refused(words));
            self.standing = Standing::Present;
            return self.begin_next(turn);
        }
        *is_written = true;
        self.current = None;
        turn.ask(Effect::Publish { component: self.name.clone(), current: None });
        self.supersede_waiting("the component is removed", turn);
        self.finish(Outcome::Superseded, Some("the component is removed".to_owned()), turn);
        let keys: Vec<ActorKey> = self.actors.keys().cloned().collect();
        for key in &keys {
            self.end(key, Goal::End(ExitReason::Shutdown), turn);
        }
        self.is_gone_when_empty(turn);
    }

    /// The last actor of a component that is being removed has ended, and what is left goes.
    pub fn is_gone_when_empty(&mut self, turn: &mut Turn<'_>) {
        let Standing::Removing { asked, is_written: true } = &mut self.standing else { return };
        if !self.actors.is_empty() || turn.ending {
            return;
        }
        let asked = std::mem::take(asked);
        self.standing = Standing::Present;
        // Nobody lives: whatever comes next comes by what the manifest says.
        self.policy = self.declared.clone();
        let versions: Vec<_> = self.versions.keys().copied().collect();
        for digest in versions {
            self.retire(digest, turn);
        }
        turn.tell(Happening::Removed { component: self.name.clone() });
        turn.answer(asked, &Answer::Done);
        self.begin_next(turn);
    }

    /// The host takes nothing new: what is in hand turns back, then every actor is put away.
    pub fn host_ends(&mut self, turn: &mut Turn<'_>) {
        self.supersede_for_the_end(turn);
        if let Standing::Restoring(restoring) = &mut self.standing {
            let wanted = restoring.take_wanted();
            self.standing = Standing::Present;
            wanted.iter().for_each(|key| self.turn_away(key, CallError::Stopped, turn));
        }
        if let Standing::Removing { asked, .. } = &mut self.standing {
            let asked = std::mem::take(asked);
            let answer = Answer::Failed(CallError::Stopped, "the host is ending".to_owned());
            turn.answer(asked, &answer);
        }
        match self.upgrade.as_ref().map(|upgrade| (upgrade.is_before_publish(), upgrade.draft.step)) {
            Some((true, step)) => {
                let refusal = Refusal::new(step, "turn-back", Cause::Surroundings, "the host is ending");
                self.turn_back(vec![refusal], turn);
                self.proceed(turn);
            }
            Some((false, _)) => self.give_up_draining(turn),
            None => self.park_all(turn),
        }
    }

    fn supersede_for_the_end(&mut self, turn: &mut Turn<'_>) {
        if let Some(waiting) = self.waiting.take() {
            waiting.draft.finish(Outcome::Interrupted, Some("the host is ending".to_owned()), turn);
        }
    }

    /// The only actor of a component that has no keys.
    pub fn begin_singleton(&mut self, turn: &mut Turn<'_>) {
        let Some(current) = self.current else { return };
        let is_actor = self.version(current).is_some_and(|version| version.kind == Kind::Actor);
        if is_actor && !self.policy.keyed && !self.actors.contains_key(&None) {
            self.actors.insert(None, Actor::unborn(current, Birth::First, turn.now));
            self.bear(&None, turn);
        }
    }
}

fn refused(words: String) -> Answer {
    Answer::Failed(CallError::Refused(words.clone()), words)
}
