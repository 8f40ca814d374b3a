//! How an incarnation ends, and what comes after it: nothing, or another one after a wait.

use super::{ActorKey, Goal, Life};
use crate::component::Component;
use crate::effect::{Answer, Birth, Effect};
use crate::happening::Happening;
use crate::id::Generation;
use crate::reason::{CallError, ExitReason};
use crate::turn::{Alarm, Turn};
use crate::upgrade::meanwhile::Fate;

impl Component {
    /// Tells an actor to end, or to end and begin anew; at once where it has no instance.
    pub fn end(&mut self, key: &ActorKey, goal: Goal, turn: &mut Turn<'_>) {
        self.is_to_end(key);
        let address = self.address(key);
        let Some(actor) = self.actors.get_mut(key) else { return };
        actor.goal = goal.clone();
        let (Goal::End(reason) | Goal::Renew(reason)) = goal.clone() else {
            return;
        };
        match actor.life {
            Life::Running => {
                actor.life = Life::Stopping;
                let (generation, drain) = (actor.generation, self.policy.drain_timeout);
                turn.ask(Effect::Stop { address, generation, reason, drain });
            }
            Life::Starting { .. } | Life::Stopping | Life::Parking => {}
            Life::Due { .. } | Life::Held { .. } if matches!(goal, Goal::End(_)) => {
                self.give_up_birth(key, CallError::Stopped, turn);
            }
            Life::Due { .. } | Life::Held { .. } => {
                actor.goal = Goal::Live;
                self.bear(key, turn);
            }
        }
    }

    /// An incarnation is over.
    pub fn exited(
        &mut self,
        key: &ActorKey,
        generation: Generation,
        reason: ExitReason,
        handled_since_switch: u64,
        turn: &mut Turn<'_>,
    ) {
        let is_this = |actor: &&super::Actor| actor.generation == generation && actor.is_embodied();
        if self.actors.get(key).filter(is_this).is_none() {
            return turn.stray();
        }
        self.stragglers.remove(key);
        let fate = self.left_the_plan(key, &reason, handled_since_switch, turn);
        self.no_longer_awaited(key);
        self.live_on_or_not(key, reason, fate, turn);
        self.proceed(turn);
    }

    fn live_on_or_not(&mut self, key: &ActorKey, reason: ExitReason, fate: Fate, turn: &mut Turn<'_>) {
        let address = self.address(key);
        let may_live = !turn.ending && self.standing.lets_live();
        let Some(actor) = self.actors.get_mut(key) else { return };
        let was_parking = actor.life == Life::Parking;
        match (actor.goal.clone(), fate) {
            (Goal::Live, Fate::ComeBack(upgrade, version)) => {
                actor.version = version;
                actor.restarts += 1;
                actor.life = Life::Due { at: turn.now, birth: Birth::Kept(upgrade) };
                turn.tell(Happening::Crashed { address, reason, again_in_ms: 0 });
                self.awaits_kept(key);
                self.bear(key, turn);
            }
            (Goal::Renew(_), _) if may_live => {
                actor.goal = Goal::Live;
                actor.restarts += 1;
                actor.life = Life::Due { at: turn.now, birth: Birth::Restart(reason.clone()) };
                turn.tell(Happening::Stopped { address, reason });
                self.bear(key, turn);
            }
            (Goal::Live, Fate::AsUsual) if may_live && reason.is_crash() => {
                let wait = actor.next_wait(turn.now);
                actor.restarts += 1;
                actor.life = Life::Due { at: turn.now + wait, birth: Birth::Restart(reason.clone()) };
                turn.wake(turn.now + wait, Alarm::Birth(address.clone()));
                let again_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
                turn.tell(Happening::Crashed { address, reason, again_in_ms });
            }
            _ => {
                if was_parking {
                    let what = format!("the state of {address}");
                    turn.tell(Happening::Trouble { what, why: format!("it ended before it was saved: {reason}") });
                }
                turn.tell(Happening::Stopped { address: address.clone(), reason });
                let is_wanted = self.actors.get(key).is_some_and(|actor| actor.wanted);
                if !is_wanted {
                    turn.ask(Effect::TurnAway { address, error: CallError::Stopped });
                }
                self.is_no_more(key, turn);
            }
        }
    }

    /// An actor is gone: whoever asked for that is answered, and whoever wants it again may have it.
    pub fn is_no_more(&mut self, key: &ActorKey, turn: &mut Turn<'_>) {
        let Some(actor) = self.actors.remove(key) else { return };
        self.stragglers.remove(key);
        self.no_longer_awaited(key);
        turn.answer(actor.asked, &Answer::Done);
        if actor.wanted {
            self.wanted(key.clone(), turn);
        }
        self.is_gone_when_empty(turn);
    }

    /// Puts an actor away for the next start of the host.
    pub fn park(&mut self, key: &ActorKey, turn: &mut Turn<'_>) {
        let address = self.address(key);
        let Some(actor) = self.actors.get_mut(key).filter(|actor| actor.life == Life::Running) else {
            return;
        };
        actor.life = Life::Parking;
        let (generation, restarts, drain) = (actor.generation, actor.restarts, self.policy.drain_timeout);
        turn.ask(Effect::Park { address, generation, drain, restarts });
    }

    /// An actor's state is put away.
    pub fn parked(&mut self, key: &ActorKey, generation: Generation, outcome: Result<(), String>, turn: &mut Turn<'_>) {
        let is_this = |actor: &super::Actor| actor.generation == generation && actor.life == Life::Parking;
        if !self.actors.get(key).is_some_and(is_this) {
            return turn.stray();
        }
        if let Err(why) = outcome {
            turn.tell(Happening::Trouble { what: format!("the state of {}", self.address(key)), why });
        }
        self.is_no_more(key, turn);
    }

    /// Puts away whoever runs, and gives up whoever waits to be born; those who start or end follow when they have.
    pub fn park_all(&mut self, turn: &mut Turn<'_>) {
        let keys: Vec<ActorKey> = self.actors.keys().cloned().collect();
        for key in keys {
            match self.actors.get(&key).map(|actor| &actor.life) {
                Some(Life::Running) => self.park(&key, turn),
                Some(Life::Due { .. } | Life::Held { .. }) => self.give_up_birth(&key, CallError::Stopped, turn),
                Some(Life::Starting { .. } | Life::Stopping | Life::Parking) | None => {}
            }
        }
    }
}
