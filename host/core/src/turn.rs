//! What one event may use while it is handled: the instant, the effects it asks for, and what components share.

use std::collections::BTreeSet;

use crate::again::Again;
use crate::defect::Defect;
use crate::effect::{Answer, Effect};
use crate::happening::Happening;
use crate::id::{Address, ComponentName, Digest, RequestId};
use crate::ledger::Ledger;
use crate::time::{Time, WallTime};

/// Why the world wants to be woken. An alarm is never called off: who is woken looks whether there is anything to do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Alarm {
    /// A restart after its back-off.
    Birth(Address),
    /// Another try at an actor that was given up as not now.
    Straggler(Address),
    /// A step of an upgrade, or the beginning of one.
    Upgrade(ComponentName),
    /// Another look at what the machine stood in the way of.
    Again(ComponentName),
}

pub(crate) struct Turn<'a> {
    pub now: Time,
    pub wall: WallTime,
    /// The host takes nothing new.
    pub ending: bool,
    pub provides: &'a BTreeSet<String>,
    /// What a test wants done wrong.
    pub defect: Option<Defect>,
    pub effects: &'a mut Vec<Effect>,
    pub ledger: &'a mut Ledger,
    pub alarms: &'a mut BTreeSet<(Time, Alarm)>,
    pub again: &'a mut Again,
    /// Versions that a component has let go of: forgotten, unless somebody else has them.
    pub let_go: &'a mut Vec<Digest>,
    /// Facts that fitted nothing.
    pub strays: &'a mut u64,
}

impl Turn<'_> {
    pub fn ask(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    pub fn is_seeded(&self, defect: Defect) -> bool {
        defect.is_seeded(self.defect)
    }

    pub fn tell(&mut self, happening: Happening) {
        self.effects.push(Effect::Tell { happening });
    }

    pub fn answer(&mut self, request: impl IntoIterator<Item = RequestId>, answer: &Answer) {
        let answers = request.into_iter().map(|request| Effect::Answer { request, answer: answer.clone() });
        self.effects.extend(answers);
    }

    pub fn wake(&mut self, at: Time, alarm: Alarm) {
        self.alarms.insert((at, alarm));
    }

    /// A fact about something older, or one that cannot be: dropped, and counted.
    pub fn stray(&mut self) {
        *self.strays += 1;
    }
}
