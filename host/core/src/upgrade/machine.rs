//! The way of an upgrade from its offer to the first act on an actor: loaded, checked, tried on copies, written down. And
//! its end, wherever it comes. Up to here a refusal costs nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::check::{Surroundings, check};
use super::handover::handover;
use super::verify::{Verify, sample};
use super::{Stage, Upgrade};
use crate::actor::{ActorKey, Life};
use crate::component::Component;
use crate::contract::{Kind, Offer};
use crate::defect::Defect;
use crate::effect::{Answer, Birth, Effect, Handover};
use crate::event::{Proof, Rehearsal};
use crate::folder;
use crate::id::{Digest, Generation, UpgradeId};
use crate::ledger::Change;
use crate::policy::Strategy;
use crate::reason::{Cause, Refusal, Step};
use crate::receipt::Outcome;
use crate::turn::{Alarm, Turn};
use crate::upgrade::receipt::Draft;

impl Component {
    pub fn begin(&mut self, offer: Offer, mut draft: Draft, turn: &mut Turn<'_>) {
        draft.from = turn.ledger.current(&self.name);
        let row_before = turn.ledger.table.components.get(&self.name).cloned();
        let digest = offer.digest;
        let asked = Vec::new();
        let upgrade = Upgrade { offer, draft, stage: Stage::Loading, asked, row_before, starts_singleton: false };
        let upgrade = self.upgrade.insert(upgrade);
        if self.current == Some(digest) {
            return self.finish(
                Outcome::Settled,
                Some("these bytes run already: there was nothing to do".to_owned()),
                turn,
            );
        }
        upgrade.draft.enter(Step::Compiled, turn);
        self.load(digest, turn);
    }

    /// Its bytes are loaded, or cannot be.
    pub fn compiled(&mut self, refusal: Option<Refusal>, turn: &mut Turn<'_>) {
        let Some(upgrade) = &mut self.upgrade else { return };
        if let Some(refusal) = refusal {
            return self.refuse(vec![refusal], turn);
        }
        let Some(version) = self.versions.get(&upgrade.to()).map(|loaded| loaded.version.clone()) else {
            return;
        };
        upgrade.draft.to.label = version.label.clone();
        upgrade.draft.enter(Step::Checked, turn);
        let live: BTreeSet<Digest> =
            self.actors.values().filter(|actor| actor.is_embodied()).map(|actor| actor.version).collect();
        let around = Surroundings {
            live: live.iter().filter_map(|digest| self.version(*digest)).map(Arc::as_ref).collect(),
            current: self.current.and_then(|digest| self.version(digest)).map(Arc::as_ref),
            provides: turn.provides,
            strategy: self.strategy(),
            keep_exports: Some((&self.name, &self.policy.keep_exports)),
        };
        let judgement = check(&version, &around);
        if !judgement.objections.is_empty() {
            return self.refuse(judgement.objections, turn);
        }
        let Some(upgrade) = &mut self.upgrade else { return };
        upgrade.draft.findings.extend(judgement.findings);
        upgrade.draft.enter(Step::Verified, turn);
        let until = turn.now + self.policy.verify_timeout;
        upgrade.stage = Stage::Verifying(Verify::new(until));
        turn.wake(until, Alarm::Upgrade(self.name.clone()));
        let (component, digest) = (self.name.clone(), version.digest);
        let (upgrade, keyed) = (upgrade.draft.id, self.policy.keyed);
        turn.ask(Effect::Prove { upgrade, component, digest, keyed });
    }

    /// It starts on a scratch instance and can be left again, or not.
    pub fn proved(&mut self, id: UpgradeId, outcome: Proof, turn: &mut Turn<'_>) {
        let Some(Upgrade { draft, stage: Stage::Verifying(verify), .. }) = &mut self.upgrade else {
            return turn.stray();
        };
        if draft.id != id || verify.is_proved {
            return turn.stray();
        }
        match outcome {
            Proof::Refused(refusal) => return self.refuse(vec![refusal], turn),
            Proof::Unproven(words) if self.policy.require_proof => {
                let words = format!("unproven, and proof is required: {words}");
                return self.refuse(vec![Refusal::new(Step::Verified, "init", Cause::Surroundings, words)], turn);
            }
            Proof::Unproven(words) => draft.findings.push(format!("unproven: {words}")),
            Proof::Proven => {}
        }
        let to = draft.to.digest;
        let live = self.actors.iter().filter(|(_, actor)| actor.life == Life::Running);
        let strategy = self.strategy();
        let has_state = |from| matches!(self.handover(from, to, strategy), Ok(Handover::State { .. }));
        let of_old: std::collections::BTreeMap<Digest, bool> =
            live.clone().map(|(_, actor)| actor.version).map(|from| (from, has_state(from))).collect();
        let live: Vec<ActorKey> =
            live.filter(|(_, actor)| of_old[&actor.version]).map(|(key, _)| key.clone()).collect();
        let all = live.len() as u64;
        let sample = sample(live, self.policy.verify);
        if let Some(Upgrade { draft, stage: Stage::Verifying(verify), .. }) = &mut self.upgrade {
            draft.rehearsal.not_tried = all;
            verify.proved(sample);
        }
        self.rehearse(turn);
    }

    /// How actors go over by the upgrade in hand.
    pub fn strategy(&self) -> Strategy {
        self.upgrade.as_ref().and_then(|upgrade| upgrade.offer.strategy).unwrap_or(self.policy.strategy)
    }

    pub fn handover(&self, from: Digest, to: Digest, strategy: Strategy) -> Result<Handover, String> {
        match (self.version(from), self.version(to)) {
            (Some(old), Some(new)) => handover(old, new, strategy),
            _ => Err("one of the two versions is not loaded".to_owned()),
        }
    }

    pub fn rehearsed(
        &mut self,
        id: UpgradeId,
        key: &ActorKey,
        generation: Generation,
        outcome: Rehearsal,
        turn: &mut Turn<'_>,
    ) {
        let Some(Upgrade { draft, stage: Stage::Verifying(verify), .. }) = &mut self.upgrade else {
            return turn.stray();
        };
        if draft.id != id || !verify.answered(key, generation, outcome, &mut draft.rehearsal) {
            return turn.stray();
        }
        self.rehearse(turn);
    }

    /// Looks at the next live states; when enough was seen, goes on.
    fn rehearse(&mut self, turn: &mut Turn<'_>) {
        loop {
            let Some(Upgrade { draft, stage: Stage::Verifying(verify), .. }) = &mut self.upgrade else {
                return;
            };
            if verify.is_over(turn.now) {
                break;
            }
            let (upgrade, to) = (draft.id, draft.to.digest);
            let Some(key) = verify.next(self.policy.parallel) else {
                return;
            };
            let live = self.actors.get(&key).filter(|actor| actor.life == Life::Running);
            let Some((generation, from)) = live.map(|actor| (actor.generation, actor.version)) else {
                continue;
            };
            verify.asked(key.clone(), generation);
            if let Ok(handover) = self.handover(from, to, self.strategy()) {
                let address = self.address(&key);
                turn.ask(Effect::Rehearse { upgrade, address, generation, to, handover });
            }
        }
        self.verified(turn);
    }

    fn verified(&mut self, turn: &mut Turn<'_>) {
        let Some(Upgrade { draft, stage: Stage::Verifying(verify), offer, .. }) = &mut self.upgrade else {
            return;
        };
        draft.rehearsal.not_tried = draft.rehearsal.not_tried.saturating_sub(draft.rehearsal.tried);
        let failures = std::mem::take(&mut verify.failures);
        if !failures.is_empty() {
            return self.refuse(failures, turn);
        }
        if !verify.is_proved {
            let words = "the dry run did not end in time; try again when there is less to do";
            return self.refuse(vec![Refusal::new(Step::Verified, "init", Cause::Surroundings, words)], turn);
        }
        if offer.is_trial {
            return self.finish(Outcome::Tried, None, turn);
        }
        let to = draft.to.digest;
        let is_actor = |digest| self.version(digest).is_some_and(|version| version.kind == Kind::Actor);
        let becomes_actor = is_actor(to) && !self.current.is_some_and(is_actor);
        let singleton = becomes_actor && !self.policy.keyed && !self.actors.contains_key(&None);
        let has_actors = self.actors.values().any(crate::actor::Actor::is_embodied);
        let Some(upgrade) = &mut self.upgrade else { return };
        if singleton {
            upgrade.stage = Stage::Starting;
            upgrade.starts_singleton = true;
            self.start(None, Birth::First, to, turn);
        } else if has_actors {
            upgrade.stage = Stage::Recording;
            let in_hand = upgrade.draft.in_hand();
            turn.ledger.propose(self.name.clone(), Change::InHand(in_hand));
            if let Some(row) = self.row_of(to, turn).filter(|_| turn.is_seeded(Defect::TableWrittenEarly)) {
                turn.ledger.edit(|table| _ = table.components.insert(self.name.clone(), row));
            }
        } else {
            self.decide(super::Plan::default(), turn);
        }
    }

    /// That it is in hand stands in the table.
    pub fn recorded(&mut self, id: UpgradeId, turn: &mut Turn<'_>) {
        match &self.upgrade {
            Some(upgrade) if upgrade.draft.id == id && matches!(upgrade.stage, Stage::Recording) => {
                self.begin_switching(turn);
            }
            Some(upgrade) if upgrade.draft.id == id => {}
            // It was refused while this was being written.
            _ => turn.ledger.edit(|table| {
                table.in_hand.remove(&self.name);
            }),
        }
    }

    /// The time of a step is up, or the next try is due.
    pub fn look_at_the_clock(&mut self, turn: &mut Turn<'_>) {
        match self.upgrade.as_ref().map(|upgrade| &upgrade.stage) {
            Some(Stage::Verifying(_)) => self.rehearse(turn),
            Some(Stage::Switching(_)) => self.proceed(turn),
            Some(Stage::Draining { until }) if turn.now >= *until => self.give_up_draining(turn),
            _ => {}
        }
    }

    /// Ends an upgrade that has acted on no actor.
    pub fn refuse(&mut self, refusals: Vec<Refusal>, turn: &mut Turn<'_>) {
        if let Some(upgrade) = &mut self.upgrade {
            upgrade.draft.refusals.extend(refusals);
            self.finish(Outcome::Refused, None, turn);
        }
    }

    /// The end of an upgrade: its receipt, and the next one.
    pub fn finish(&mut self, outcome: Outcome, reason: Option<String>, turn: &mut Turn<'_>) {
        let Some(upgrade) = self.upgrade.take() else { return };
        let Upgrade { draft, asked, .. } = upgrade;
        let (id, to) = (draft.id, draft.to.digest);
        let is_undone = matches!(outcome, Outcome::Refused | Outcome::RolledBack);
        if is_undone && turn.is_seeded(Defect::RefusedIsCurrent) && self.versions.contains_key(&to) {
            self.current = Some(to);
            turn.ask(Effect::Publish { component: self.name.clone(), current: Some(to) });
        }
        turn.ledger.edit(|table| {
            if table.in_hand.get(&self.name).is_some_and(|in_hand| in_hand.id == id) {
                table.in_hand.remove(&self.name);
            }
            if is_undone {
                folder::convict(table, &self.name, to, &draft.refusals);
            }
        });
        if is_undone && draft.step >= Step::Switching {
            turn.ask(Effect::DropKept { upgrade: id });
        }
        draft.finish(outcome, reason, turn);
        turn.answer(asked, &Answer::Done);
        self.retire(to, turn);
        self.policy.take_upgrades(&self.declared);
        if turn.ending {
            self.park_all(turn);
        }
        self.begin_next(turn);
    }
}
