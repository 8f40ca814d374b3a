//! The receipt of an upgrade in the making: what is noted on the way, and the final form. It only writes down.

use std::collections::{BTreeMap, BTreeSet};

use crate::again;
use crate::contract::Source;
use crate::defect::Defect;
use crate::effect::Effect;
use crate::event::SwitchFigures;
use crate::folder;
use crate::happening::Happening;
use crate::id::{Address, ComponentName, Label, UpgradeId};
use crate::reason::{Refusal, Step};
use crate::receipt::{ActorCounts, Held, Outcome, RECEIPT_TYPE, Receipt, Refused, RehearsalCounts, Spread, VersionRef};
use crate::table::InHand;
use crate::time::WallTime;
use crate::turn::Turn;

/// Failures and holders that a receipt names; the rest is counted.
const NAMED: usize = 100;

#[derive(Debug)]
pub(crate) struct Draft {
    pub id: UpgradeId,
    pub component: ComponentName,
    pub from: Option<VersionRef>,
    pub to: VersionRef,
    pub asked_by: Source,
    /// The files that hold these bytes, as far as was heard.
    pub files: BTreeSet<String>,
    pub step: Step,
    pub findings: Vec<String>,
    pub actors: ActorCounts,
    pub rehearsal: RehearsalCounts,
    /// Why it is turned back, or was refused; or why it is published without an actor.
    pub refusals: Vec<Refusal>,
    pub holders: Vec<String>,
    /// Whether any actor ever ran on the new version.
    pub has_switched: bool,
    /// Whether the manifest has changed since it began.
    pub is_outdated: bool,
    /// Whether a file that is to be judged again came while this was on its way.
    pub stood_in_the_way: bool,
    /// Messages whose effect on a state went with a crash after a switch.
    pub lost_messages: u64,
    pub started: WallTime,
    pauses: Vec<u64>,
    held: Held,
    bytes: u64,
    steps: BTreeMap<Step, WallTime>,
}

impl Draft {
    pub fn new(id: UpgradeId, component: ComponentName, to: VersionRef, asked_by: Source, wall: WallTime) -> Self {
        Self {
            id,
            component,
            from: None,
            to,
            files: asked_by.file().map(str::to_owned).into_iter().collect(),
            asked_by,
            step: Step::Staged,
            findings: Vec::new(),
            actors: ActorCounts::default(),
            rehearsal: RehearsalCounts::default(),
            refusals: Vec::new(),
            holders: Vec::new(),
            has_switched: false,
            is_outdated: false,
            stood_in_the_way: false,
            lost_messages: 0,
            started: wall,
            pauses: Vec::new(),
            held: Held::default(),
            bytes: 0,
            steps: BTreeMap::from([(Step::Staged, wall)]),
        }
    }

    /// Of an upgrade that an earlier host began.
    pub fn of(component: ComponentName, in_hand: InHand) -> Self {
        let InHand { id, from, to, asked_by, step, started } = in_hand;
        Self { from, step, ..Self::new(id, component, to, asked_by, started) }
    }

    /// The upgrade comes to a step.
    pub fn enter(&mut self, step: Step, turn: &mut Turn<'_>) {
        self.step = step;
        self.steps.insert(step, turn.wall);
        let (component, upgrade, label) = (self.component.clone(), self.id, self.label());
        turn.tell(Happening::Upgrading { component, upgrade, step, label });
    }

    pub fn label(&self) -> Label {
        self.to.label.clone()
    }

    pub fn in_hand(&self) -> InHand {
        InHand {
            id: self.id,
            from: self.from.clone(),
            to: self.to.clone(),
            asked_by: self.asked_by.clone(),
            step: self.step,
            started: self.started,
        }
    }

    pub fn switched(&mut self, figures: SwitchFigures) {
        self.has_switched = true;
        self.actors.switched += 1;
        self.pauses.push(figures.pause_us);
        self.bytes = self.bytes.saturating_add(figures.bytes);
        self.held.calls += figures.held;
        self.held.wait_us_max = self.held.wait_us_max.max(figures.held_us_max);
    }

    pub fn hold(&mut self, holder: &Address) {
        if self.holders.len() < NAMED {
            self.holders.push(holder.to_string());
        }
    }

    /// Makes the receipt final, and tells.
    pub fn finish(mut self, outcome: Outcome, reason: Option<String>, turn: &mut Turn<'_>) {
        let flatters = outcome == Outcome::Partial && turn.is_seeded(Defect::ReceiptFlatters);
        let outcome = if flatters { Outcome::Settled } else { outcome };
        if outcome == Outcome::Settled {
            self.enter(Step::Settled, turn);
        }
        // What the host's end broke off is an offer again at the next start.
        let is_undone = matches!(outcome, Outcome::Refused | Outcome::RolledBack | Outcome::Interrupted);
        if !(turn.ending && is_undone) {
            turn.ledger.edit(|table| self.files.iter().for_each(|file| folder::see(table, file, self.to.digest)));
            again::decided(&self, outcome, turn);
        }
        let reason = reason.or_else(|| self.refusals.first().map(|refusal| self.because(refusal)));
        let (component, upgrade, label) = (self.component.clone(), self.id, self.label());
        if outcome == Outcome::Refused {
            let (component, label, digest) = (component.clone(), label.clone(), self.to.digest);
            let reason = reason.clone().unwrap_or_default();
            turn.tell(Happening::Refused { component, digest, label, step: self.step, reason });
        }
        turn.ask(Effect::Record { receipt: Box::new(self.receipt(outcome, reason.clone(), turn.wall)) });
        turn.tell(Happening::Upgraded { component, upgrade, outcome, label, reason });
    }

    fn because(&self, refusal: &Refusal) -> String {
        match (self.refusals.len() - 1, self.lost_messages) {
            (0, 0) => refusal.to_string(),
            (0, lost) => format!("{refusal}; what {lost} messages did since the switch is lost"),
            (more, 0) => format!("{refusal}; and {more} more"),
            (more, lost) => format!("{refusal}; and {more} more; what {lost} messages did since the switch is lost"),
        }
    }

    fn receipt(self, outcome: Outcome, reason: Option<String>, ended: WallTime) -> Receipt {
        let refused = |refusal: Refusal| Refused { address: refusal.address, step: refusal.act, words: refusal.words };
        Receipt {
            kind: RECEIPT_TYPE.to_owned(),
            id: self.id,
            component: self.component,
            from: self.from,
            to: self.to,
            asked_by: self.asked_by,
            outcome,
            step: self.step,
            reason,
            findings: self.findings,
            actors: self.actors,
            pause_us: Spread::of(self.pauses),
            held: self.held,
            bytes: self.bytes,
            rehearsal: self.rehearsal,
            refusals: self.refusals.into_iter().take(NAMED).map(refused).collect(),
            holders: self.holders,
            steps: self.steps,
            started: self.started,
            ended,
            previous: None,
        }
    }
}
