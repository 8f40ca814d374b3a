//! Actors go over one by one, so many at a time; who comes to no boundary is tried again, and given up in the end.

use super::plan::Plan;
use super::{Stage, Standing, Upgrade};
use crate::actor::{ActorKey, Goal, Life};
use crate::component::Component;
use crate::effect::Effect;
use crate::event::{NotSwitched, SwitchFigures};
use crate::id::{Attempt, Digest, Generation, UpgradeId};
use crate::policy::Laggard;
use crate::reason::{Cause, ExitReason, Refusal, Step};
use crate::turn::{Alarm, Turn};

impl Component {
    /// Everybody who has an instance now is in the plan.
    pub fn begin_switching(&mut self, turn: &mut Turn<'_>) {
        let mut plan = Plan::default();
        for (key, actor) in self.actors.iter_mut().filter(|(_, actor)| actor.goal == Goal::Live) {
            actor.stayed = None;
            let is_taken = self.stragglers.get(key).is_some_and(|straggler| straggler.is_in_flight);
            let standing = match actor.life {
                Life::Running if is_taken => Standing::Coming,
                Life::Running => Standing::Ready,
                Life::Starting { .. } => Standing::Coming,
                Life::Due { .. } | Life::Held { .. } | Life::Stopping | Life::Parking => continue,
            };
            plan.join(key.clone(), actor.generation, actor.version, standing, false);
        }
        let Some(upgrade) = &mut self.upgrade else { return };
        upgrade.draft.enter(Step::Switching, turn);
        upgrade.stage = Stage::Switching(plan);
        self.proceed(turn);
    }

    /// Whether births must wait for an upgrade to be published, or to turn back.
    pub fn births_wait(&self, now: crate::time::Time) -> bool {
        match self.upgrade.as_ref().map(|upgrade| &upgrade.stage) {
            Some(Stage::Switching(plan)) => plan.has_only_newborns() || plan.until.is_some_and(|until| now >= until),
            Some(Stage::Deciding(_)) => true,
            _ => false,
        }
    }

    /// Does what can be done now: switches the next ones, turns the next ones back.
    pub fn proceed(&mut self, turn: &mut Turn<'_>) {
        match self.upgrade.as_ref().map(|upgrade| &upgrade.stage) {
            Some(Stage::Switching(_)) => self.switch_next(turn),
            Some(Stage::Turning(_)) => self.turn_next_back(turn),
            _ => {}
        }
    }

    fn switch_next(&mut self, turn: &mut Turn<'_>) {
        self.give_up_laggards(turn);
        loop {
            let Some(Upgrade { draft, stage: Stage::Switching(plan), .. }) = &mut self.upgrade else {
                return self.proceed(turn);
            };
            if plan.is_decided() {
                let plan = std::mem::take(plan);
                return self.decide(plan, turn);
            }
            if plan.in_flight() >= self.policy.parallel.max(1) {
                return;
            }
            let (upgrade, to) = (draft.id, draft.to.digest);
            let Some((key, member)) = plan.next(turn.now) else {
                return;
            };
            if plan.until.is_none() {
                let until = turn.now + self.policy.drain_timeout;
                plan.until = Some(until);
                turn.wake(until, Alarm::Upgrade(self.name.clone()));
            }
            let hold_timeout = plan.until.map_or(self.policy.hold_timeout, |until| until - turn.now);
            let hold_timeout = hold_timeout.min(self.policy.hold_timeout);
            let Some(actor) = self.actors.get(&key) else { continue };
            let (generation, from) = (actor.generation, actor.version);
            let handover = match self.planned_handover(from, to) {
                Ok(handover) => handover,
                Err(words) => {
                    let refusal = Refusal::new(Step::Switching, "state", Cause::Surroundings, words);
                    self.not_in_flight(&key, Standing::GivenUp);
                    self.turn_back(vec![refusal.of(self.address(&key))], turn);
                    continue;
                }
            };
            let (address, attempt) = (self.address(&key), member.attempt);
            turn.ask(Effect::Switch { upgrade, attempt, address, generation, from, to, handover, hold_timeout });
        }
    }

    /// Judged once for each version that members run on: structures may be long.
    fn planned_handover(&mut self, from: Digest, to: Digest) -> Result<crate::effect::Handover, String> {
        if let Some(Upgrade { stage: Stage::Switching(plan), .. }) = &self.upgrade
            && let Some(handover) = plan.handovers.get(&from)
        {
            return Ok(*handover);
        }
        let handover = self.handover(from, to, self.strategy())?;
        if let Some(Upgrade { stage: Stage::Switching(plan), .. }) = &mut self.upgrade {
            plan.handovers.insert(from, handover);
        }
        Ok(handover)
    }

    fn not_in_flight(&mut self, key: &ActorKey, standing: Standing) {
        if let Some(Upgrade { stage: Stage::Switching(plan), .. }) = &mut self.upgrade {
            plan.set(key, standing);
        }
    }

    /// The drain timeout has passed: those who never came to a boundary are given up, ended, or reason to turn back.
    fn give_up_laggards(&mut self, turn: &mut Turn<'_>) {
        let Some(Upgrade { stage: Stage::Switching(plan), .. }) = &mut self.upgrade else {
            return;
        };
        if plan.until.is_none_or(|until| turn.now < until) {
            return;
        }
        let waits = |standing| matches!(standing, Standing::Coming | Standing::Ready | Standing::Later(_));
        let laggards = plan.those(waits);
        if laggards.is_empty() {
            return;
        }
        match self.policy.laggards {
            Laggard::Wait => {
                for key in laggards {
                    self.give_up(&key);
                }
            }
            Laggard::Kill => {
                for key in laggards {
                    self.not_in_flight(&key, Standing::Ending);
                    self.end(&key, Goal::Renew(ExitReason::Killed), turn);
                }
            }
            Laggard::Refuse => {
                let first = &laggards[0];
                let stayed = self.actors.get(first).and_then(|actor| actor.stayed.as_ref());
                let words = format!(
                    "{} actors did not go over in time{}; give them a longer `drain-timeout`, or go without them: \
                     `laggards = \"wait\"` or `\"kill\"`",
                    laggards.len(),
                    stayed.map(|words| format!(" (the first: {words})")).unwrap_or_default()
                );
                let refusal = Refusal::new(Step::Switching, "hold", Cause::Surroundings, words);
                self.turn_back(vec![refusal.of(self.address(first))], turn);
            }
        }
    }

    fn give_up(&mut self, key: &ActorKey) {
        if let Some(Upgrade { draft, stage: Stage::Switching(plan), .. }) = &mut self.upgrade {
            plan.set(key, Standing::GivenUp);
            draft.actors.not_now += 1;
        }
    }

    /// An actor runs on the new version.
    pub fn switched(
        &mut self,
        (id, attempt): (UpgradeId, Attempt),
        key: &ActorKey,
        generation: Generation,
        figures: SwitchFigures,
        turn: &mut Turn<'_>,
    ) {
        if self.straggler_tried(id, attempt, key, generation) {
            return self.straggler_switched(key, turn);
        }
        let Some(actor) = self.actors.get_mut(key).filter(|actor| actor.generation == generation) else {
            return turn.stray();
        };
        let Some(upgrade) = self.upgrade.as_mut().filter(|upgrade| upgrade.draft.id == id) else {
            return turn.stray();
        };
        let plan = match &mut upgrade.stage {
            Stage::Switching(plan) => plan,
            Stage::Turning(back) => &mut back.plan,
            _ => return turn.stray(),
        };
        if !is_awaited(plan, key, generation, attempt) {
            return turn.stray();
        }
        plan.set(key, Standing::Switched);
        actor.goes_over(upgrade.draft.to.digest);
        upgrade.draft.switched(figures);
        if let Stage::Turning(back) = &mut upgrade.stage {
            back.is_to_turn(key);
        }
        self.proceed(turn);
    }

    /// An actor runs on as it was.
    pub fn not_switched(
        &mut self,
        (id, attempt): (UpgradeId, Attempt),
        key: &ActorKey,
        generation: Generation,
        why: NotSwitched,
        turn: &mut Turn<'_>,
    ) {
        if self.straggler_tried(id, attempt, key, generation) {
            return self.straggler_not_switched(key, why, turn);
        }
        let Some(upgrade) = self.upgrade.as_mut().filter(|upgrade| upgrade.draft.id == id) else {
            return turn.stray();
        };
        let is_turning = upgrade.is_turning_back();
        let plan = match &mut upgrade.stage {
            Stage::Switching(plan) => plan,
            Stage::Turning(back) => &mut back.plan,
            _ => return turn.stray(),
        };
        if !is_awaited(plan, key, generation, attempt) {
            return turn.stray();
        }
        match why {
            NotSwitched::NotNow(_) if is_turning => {
                plan.leave(key);
            }
            NotSwitched::NotNow(words) => {
                let at = plan.postpone(key, turn.now);
                turn.wake(at, Alarm::Upgrade(self.name.clone()));
                self.stays(key, words);
            }
            NotSwitched::Failed(refusal) => {
                plan.leave(key);
                self.turn_back(vec![refusal.of(self.address(key))], turn);
            }
            NotSwitched::StateLost(mut refusal) => {
                plan.leave(key);
                upgrade.draft.actors.crashed += 1;
                refusal.words.push_str("; its state is lost");
                self.turn_back(vec![refusal.of(self.address(key))], turn);
            }
        }
        if let Some(Upgrade { stage: Stage::Turning(back), .. }) = &mut self.upgrade {
            back.settle(key);
        }
        self.proceed(turn);
    }
}

/// Whether this is the answer to the try that is under way.
fn is_awaited(plan: &Plan, key: &ActorKey, generation: Generation, attempt: Attempt) -> bool {
    plan.get(key).is_some_and(|member| {
        member.standing == Standing::InFlight && member.generation == generation && member.attempt == attempt
    })
}
