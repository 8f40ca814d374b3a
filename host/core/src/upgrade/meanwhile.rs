//! What becomes of actors while others are switched: they die, are told to end, are born. Each is noted at the price of
//! that actor alone.

use super::{Stage, Standing, Upgrade};
use crate::actor::ActorKey;
use crate::component::Component;
use crate::defect::Defect;
use crate::id::{Digest, Generation, UpgradeId};
use crate::reason::{ExitReason, Refusal, Step};
use crate::turn::Turn;

/// What becomes of an actor whose incarnation is over, as its upgrade sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// What its own life says.
    AsUsual,
    /// It comes back from the state that was kept, on the version it had.
    ComeBack(UpgradeId, Digest),
    /// It was started by an upgrade that comes to nothing, and is not started again.
    Gone,
}

impl Component {
    /// An incarnation is over: it leaves the plan, and may take the upgrade with it.
    pub fn left_the_plan(
        &mut self,
        key: &ActorKey,
        reason: &ExitReason,
        handled_since_switch: u64,
        turn: &mut Turn<'_>,
    ) -> Fate {
        let address = self.address(key);
        let Some(upgrade) = &mut self.upgrade else {
            return Fate::AsUsual;
        };
        let id = upgrade.draft.id;
        if upgrade.starts_singleton && key.is_none() && upgrade.is_before_publish() {
            if reason.is_crash() {
                upgrade.starts_singleton = false;
                let refusal = Refusal::new(Step::Verified, "init", reason.cause(), reason.to_string());
                self.turn_back(vec![refusal.of(address)], turn);
            }
            return Fate::Gone;
        }
        let plan = match &mut upgrade.stage {
            Stage::Switching(plan) | Stage::Deciding(plan) => plan,
            Stage::Turning(back) => {
                back.settle(key);
                &mut back.plan
            }
            _ => return Fate::AsUsual,
        };
        let Some(member) = plan.leave(key) else {
            return Fate::AsUsual;
        };
        let counts = &mut upgrade.draft.actors;
        match member.standing {
            Standing::Switched => counts.switched -= 1,
            Standing::GivenUp => counts.not_now -= 1,
            _ => {}
        }
        if !reason.is_crash() {
            counts.stopped += 1;
            return Fate::AsUsual;
        }
        counts.crashed += 1;
        if member.standing != Standing::Switched {
            return Fate::AsUsual;
        }
        upgrade.draft.lost_messages += handled_since_switch;
        let words = format!("it died after its switch: {reason}");
        self.turn_back(vec![Refusal::new(Step::Switching, "switch", reason.cause(), words).of(address)], turn);
        if turn.is_seeded(Defect::KeptForgotten) { Fate::AsUsual } else { Fate::ComeBack(id, member.from) }
    }

    /// A birth before *published* is on the old version and goes over with the others.
    pub fn join_the_plan(&mut self, key: &ActorKey, generation: Generation, version: Digest) {
        if let Some(Upgrade { stage: Stage::Switching(plan), .. }) = &mut self.upgrade {
            plan.join(key.clone(), generation, version, Standing::Coming, true);
        }
    }

    /// An actor takes messages now, or an older upgrade's try at it is over: it can be switched.
    pub fn is_ready(&mut self, key: &ActorKey) {
        if let Some(Upgrade { stage: Stage::Switching(plan), .. }) = &mut self.upgrade
            && plan.get(key).is_some_and(|member| member.standing == Standing::Coming)
        {
            plan.set(key, Standing::Ready);
        }
    }

    /// An actor that is told to end counts as stopped at once, unless a switch of it is under way or done.
    pub fn is_to_end(&mut self, key: &ActorKey) {
        if let Some(Upgrade { draft, stage: Stage::Switching(plan), .. }) = &mut self.upgrade {
            let standing = plan.get(key).map(|member| member.standing);
            if let Some(Standing::Coming | Standing::Ready | Standing::Later(_)) = standing {
                plan.leave(key);
                draft.actors.stopped += 1;
            }
        }
    }
}
