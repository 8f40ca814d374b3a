//! Turning back before *published*: whoever was switched goes back, whoever waits goes on as it was, and who cannot go
//! back is left behind, by name.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Plan;
use super::{Stage, Standing, Upgrade};
use crate::actor::{ActorKey, Goal, Life};
use crate::component::Component;
use crate::effect::Effect;
use crate::id::{Generation, UpgradeId};
use crate::reason::{Cause, ExitReason, Refusal, Step};
use crate::receipt::Outcome;
use crate::turn::Turn;

#[derive(Debug, Default)]
pub(crate) struct Back {
    /// Those switched, and those whose switch is not answered.
    pub plan: Plan,
    /// The table that makes it current is being written: its answer is waited for, and taken back.
    pub is_writing: bool,
    ready: BTreeSet<ActorKey>,
    awaited: BTreeMap<ActorKey, Awaited>,
    turning: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaited {
    /// The answer to a switch.
    Switch,
    /// The answer to a turning back.
    Turn,
    /// A start from the kept state.
    Kept,
    /// An end that was on its way before.
    Exit,
}

impl Back {
    /// What is under way with an actor is over.
    pub fn settle(&mut self, key: &ActorKey) {
        self.ready.remove(key);
        if self.awaited.remove(key) == Some(Awaited::Turn) {
            self.turning -= 1;
        }
    }

    /// An actor runs on the new version, and is to go back.
    pub fn is_to_turn(&mut self, key: &ActorKey) {
        self.settle(key);
        self.ready.insert(key.clone());
    }

    fn is_done(&self) -> bool {
        self.ready.is_empty() && self.awaited.is_empty() && !self.is_writing
    }

    fn of(mut plan: Plan, is_writing: bool) -> Self {
        for key in plan.those(|standing| !matches!(standing, Standing::Switched | Standing::InFlight)) {
            plan.leave(&key);
        }
        let ready = plan.those(|standing| standing == Standing::Switched).into_iter().collect();
        let in_flight = plan.those(|standing| standing == Standing::InFlight);
        let awaited = in_flight.into_iter().map(|key| (key, Awaited::Switch)).collect();
        Self { plan, is_writing, ready, awaited, turning: 0 }
    }
}

impl Component {
    /// The upgrade in hand turns back, for these reasons. It is the caller's to `proceed`.
    pub fn turn_back(&mut self, why: Vec<Refusal>, turn: &mut Turn<'_>) {
        let Some(upgrade) = &mut self.upgrade else { return };
        if !upgrade.is_before_publish() {
            return;
        }
        if matches!(upgrade.stage, Stage::Loading | Stage::Verifying(_) | Stage::Recording) {
            return self.refuse(why, turn);
        }
        upgrade.draft.refusals.extend(why);
        let mut back = match &mut upgrade.stage {
            Stage::Switching(plan) => Back::of(std::mem::take(plan), false),
            Stage::Deciding(plan) => Back::of(std::mem::take(plan), true),
            Stage::Starting => Back::default(),
            _ => return,
        };
        let starts_singleton = upgrade.starts_singleton;
        if starts_singleton && self.actors.contains_key(&None) {
            back.awaited.insert(None, Awaited::Exit);
        }
        upgrade.stage = Stage::Turning(back);
        if starts_singleton {
            self.end(&None, Goal::End(ExitReason::Shutdown), turn);
        }
        self.release_births(turn);
    }

    /// Turns the next ones back; when all is answered, ends the upgrade.
    pub fn turn_next_back(&mut self, turn: &mut Turn<'_>) {
        loop {
            let Some(Upgrade { draft, stage: Stage::Turning(back), .. }) = &mut self.upgrade else {
                return;
            };
            if back.turning >= self.policy.parallel.max(1) {
                return;
            }
            let (upgrade, newer) = (draft.id, draft.to.digest);
            let Some(key) = back.ready.pop_first() else { break };
            let Some(member) = back.plan.get(&key).cloned() else {
                continue;
            };
            let is_running = self.actors.get(&key).is_some_and(|actor| actor.life == Life::Running);
            let awaited = if is_running { Awaited::Turn } else { Awaited::Exit };
            back.awaited.insert(key.clone(), awaited);
            if is_running {
                back.turning += 1;
                let down = match (self.version(newer), self.version(member.from)) {
                    (Some(newer), Some(older)) => super::handover::way_down(newer, older),
                    _ => None,
                };
                let (address, generation, to) = (self.address(&key), member.generation, member.from);
                turn.ask(Effect::TurnBack { upgrade, address, generation, to, down });
            }
        }
        let Some(Upgrade { draft, stage: Stage::Turning(back), .. }) = &self.upgrade else {
            return;
        };
        if back.is_done() {
            let outcome = if draft.has_switched { Outcome::RolledBack } else { Outcome::Refused };
            self.finish(outcome, None, turn);
        }
    }

    /// An actor is back on the version it had, or stays on the newer one for these reasons.
    pub fn turned_back(
        &mut self,
        id: UpgradeId,
        key: &ActorKey,
        generation: Generation,
        stays: Option<String>,
        turn: &mut Turn<'_>,
    ) {
        let address = self.address(key);
        let Some(Upgrade { draft, stage: Stage::Turning(back), .. }) = &mut self.upgrade else {
            return turn.stray();
        };
        let is_awaited = back.awaited.get(key) == Some(&Awaited::Turn)
            && back.plan.get(key).is_some_and(|member| member.generation == generation);
        if draft.id != id || !is_awaited {
            return turn.stray();
        }
        back.settle(key);
        let Some((member, actor)) = back.plan.leave(key).zip(self.actors.get_mut(key)) else {
            return;
        };
        draft.actors.switched -= 1;
        match stays {
            None => {
                draft.actors.turned_back += 1;
                actor.goes_over(member.from);
            }
            Some(words) => {
                draft.actors.left_behind += 1;
                actor.left_behind = Some(words.clone());
                draft.hold(&address);
                let refusal = Refusal::new(Step::Switching, "turn-back", Cause::Surroundings, words);
                draft.refusals.push(refusal.of(address));
            }
        }
        self.proceed(turn);
    }

    /// The end of this upgrade waits for this actor's start from its kept state.
    pub fn awaits_kept(&mut self, key: &ActorKey) {
        if let Some(Upgrade { stage: Stage::Turning(back), .. }) = &mut self.upgrade {
            back.awaited.insert(key.clone(), Awaited::Kept);
        }
    }

    /// That start came.
    pub fn kept_is_back(&mut self, key: &ActorKey) {
        if let Some(Upgrade { stage: Stage::Turning(back), .. }) = &mut self.upgrade
            && back.awaited.get(key) == Some(&Awaited::Kept)
        {
            back.settle(key);
        }
    }

    /// No start and no end of this actor is to come any more.
    pub fn no_longer_awaited(&mut self, key: &ActorKey) {
        if let Some(Upgrade { stage: Stage::Turning(back), .. }) = &mut self.upgrade
            && matches!(back.awaited.get(key), Some(Awaited::Kept | Awaited::Exit))
        {
            back.settle(key);
        }
    }
}
