//! The one instant at which a version becomes current, in two events: the decision, from which births wait, and the
//! table written. Then the wait until nothing refers to the older version.

use std::collections::BTreeSet;
use std::time::Duration;

use super::plan::Plan;
use super::{Stage, Standing, Upgrade};
use crate::component::Component;
use crate::contract::Kind;
use crate::defect::Defect;
use crate::effect::Effect;
use crate::happening::Happening;
use crate::id::{Digest, UpgradeId};
use crate::ledger::{self, Change};
use crate::reason::{Cause, Refusal, Step};
use crate::receipt::Outcome;
use crate::table::{InHand, Row};
use crate::turn::{Alarm, Turn};

/// However late it was published, an older version has this long to drain.
const DRAIN_MIN: Duration = Duration::from_secs(1);

impl Component {
    /// Every actor in the plan is switched, ended or given up.
    pub fn decide(&mut self, plan: Plan, turn: &mut Turn<'_>) {
        let Some(upgrade) = &mut self.upgrade else { return };
        upgrade.stage = Stage::Deciding(plan);
        let id = upgrade.draft.id;
        let in_hand = InHand { step: Step::Published, ..upgrade.draft.in_hand() };
        let to = upgrade.to();
        let Some(row) = self.row_of(to, turn) else { return };
        turn.ledger.propose(self.name.clone(), Change::Current { in_hand, row });
        if turn.is_seeded(Defect::KeptDroppedEarly) {
            turn.ask(Effect::DropKept { upgrade: id });
        }
        if turn.is_seeded(Defect::PublishedEarly) {
            self.current_written(id, turn);
        }
    }

    /// What the table says of a version that is current from now on.
    pub fn row_of(&self, to: Digest, turn: &Turn<'_>) -> Option<Row> {
        let version = self.version(to)?;
        Some(Row {
            current: to,
            label: version.label.clone(),
            kind: version.kind,
            since: turn.wall,
            before: ledger::before(turn.ledger.table.components.get(&self.name), to),
        })
    }

    /// The table with the new version is on disk.
    pub fn current_written(&mut self, id: UpgradeId, turn: &mut Turn<'_>) {
        let Some(upgrade) = self.upgrade.as_mut().filter(|upgrade| upgrade.draft.id == id) else {
            return turn.stray();
        };
        match &mut upgrade.stage {
            Stage::Deciding(plan) => {
                let plan = std::mem::take(plan);
                self.publish(&plan, turn);
            }
            Stage::Turning(back) => {
                back.is_writing = false;
                let row_before = upgrade.row_before.clone();
                turn.ledger.edit(|table| match row_before {
                    Some(row) => {
                        table.components.insert(self.name.clone(), row);
                    }
                    None => {
                        table.components.remove(&self.name);
                    }
                });
                self.proceed(turn);
            }
            _ => turn.stray(),
        }
    }

    /// The table could not be written, neither that it is in hand nor that it is current.
    pub fn not_written(&mut self, id: UpgradeId, error: &str, turn: &mut Turn<'_>) {
        let Some(upgrade) = self.upgrade.as_mut().filter(|upgrade| upgrade.draft.id == id) else {
            return;
        };
        let step = upgrade.draft.step;
        let refusal = Refusal::new(step, "table", Cause::Machine, error);
        match &mut upgrade.stage {
            Stage::Recording => self.refuse(vec![refusal], turn),
            Stage::Deciding(_) => {
                self.turn_back(vec![refusal], turn);
                self.table_is_answered();
                self.proceed(turn);
            }
            Stage::Turning(_) => {
                self.table_is_answered();
                self.proceed(turn);
            }
            _ => {}
        }
    }

    fn table_is_answered(&mut self) {
        if let Some(Upgrade { stage: Stage::Turning(back), .. }) = &mut self.upgrade {
            back.is_writing = false;
        }
    }

    fn publish(&mut self, plan: &Plan, turn: &mut Turn<'_>) {
        let Some(upgrade) = &mut self.upgrade else { return };
        let (id, to) = (upgrade.draft.id, upgrade.to());
        let has_acted = upgrade.draft.step >= Step::Switching;
        upgrade.draft.enter(Step::Published, turn);
        let until = plan.until.unwrap_or(turn.now + self.policy.drain_timeout).max(turn.now + DRAIN_MIN);
        upgrade.stage = Stage::Draining { until };
        turn.wake(until, Alarm::Upgrade(self.name.clone()));
        let before = upgrade.row_before.iter().flat_map(|row| row.before.iter().map(|version| version.digest));
        turn.let_go.extend(before);

        let old = self.current.replace(to);
        turn.ask(Effect::Publish { component: self.name.clone(), current: Some(to) });
        if old.is_none() {
            let label = self.label(to);
            turn.tell(Happening::Loaded { component: self.name.clone(), digest: to, label });
        }
        if has_acted {
            turn.ask(Effect::DropKept { upgrade: id });
        }
        let given_up: BTreeSet<_> = plan.those(|standing| standing == Standing::GivenUp).into_iter().collect();
        self.stragglers.retain(|key, _| given_up.contains(key));
        for key in &given_up {
            self.straggles(key, id, turn);
        }
        let stays = turn.is_seeded(Defect::OldNotPurged);
        if let Some(old) = old.filter(|_| !stays) {
            self.retire(old, turn);
        }
        if self.version(to).is_some_and(|version| version.kind == Kind::Service) {
            self.drop_unborn(turn);
        }
        self.release_births(turn);
        match (given_up.is_empty(), old) {
            (false, _) => self.give_up_draining(turn),
            (true, None) => self.finish(Outcome::Settled, None, turn),
            (true, Some(_)) if stays => self.finish(Outcome::Settled, None, turn),
            (true, Some(_)) if turn.ending => self.give_up_draining(turn),
            (true, Some(_)) => {}
        }
    }

    /// The older version is no more.
    pub fn is_drained(&mut self, digest: Digest, turn: &mut Turn<'_>) {
        let is_awaited = self.upgrade.as_ref().is_some_and(|upgrade| {
            !upgrade.is_before_publish() && upgrade.draft.from.as_ref().is_some_and(|from| from.digest == digest)
        });
        if is_awaited {
            self.finish(Outcome::Settled, None, turn);
        }
    }

    /// The receipt is made final, with those who still hold the older version.
    pub fn give_up_draining(&mut self, turn: &mut Turn<'_>) {
        let to = self.current;
        let holders = self.actors.iter().filter(|(_, actor)| actor.is_embodied() && Some(actor.version) != to);
        let holders: Vec<_> = holders.map(|(key, actor)| (self.address(key), actor.stayed.clone())).collect();
        let Some(Upgrade { draft, .. }) = &mut self.upgrade else {
            return;
        };
        let old = draft.from.as_ref().map_or_else(String::new, |from| from.label.clone());
        let reason = match holders.as_slice() {
            [] if turn.ending => format!("the host ended before version {old} was drained"),
            [] => format!("calls or messages still refer to version {old}"),
            [(one, None)] => format!("{one} is still on an older version"),
            [(one, Some(why))] => format!("{one} is still on an older version: {why}"),
            [(one, None), more @ ..] => format!("{one} and {} more are still on an older version", more.len()),
            [(one, Some(why)), more @ ..] => {
                format!("{one} and {} more are still on an older version; of {one}: {why}", more.len())
            }
        };
        if holders.is_empty() {
            draft.holders.push(format!("calls or messages in flight on {old}"));
        }
        for (holder, stayed) in holders {
            draft.hold(&holder);
            let refusal = |why| Refusal::new(Step::Switching, "switch", Cause::Surroundings, why).of(holder);
            draft.refusals.extend(stayed.map(refusal));
        }
        self.finish(Outcome::Partial, Some(reason), turn);
    }
}
