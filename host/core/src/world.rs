//! The switchboard: each fact goes to the component that it is about. It decides nothing itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::again::{self, Again};
use crate::component::{Component, Components};
use crate::effect::{Answer, Effect};
use crate::event::Event;
use crate::happening::Happening;
use crate::id::{Address, ComponentName, Digest, TableWrite};
use crate::ledger::{Change, Ledger};
use crate::policy::Settings;
use crate::reason::CallError;
use crate::table::Table;
use crate::time::{Time, WallTime};
use crate::turn::{Alarm, Turn};
use crate::{declared, requests, restore};

/// All that is decided about components, actors and upgrades: facts in, effects out.
#[derive(Debug)]
pub struct World {
    pub(crate) components: Components,
    settings: Settings,
    ledger: Ledger,
    alarms: BTreeSet<(Time, Alarm)>,
    again: Again,
    is_ending: bool,
    has_ended: bool,
    strays: u64,
}

impl World {
    /// A world that begins from this table; [`Event::Begin`] is its first event.
    pub fn new(table: Table, settings: Settings) -> Self {
        Self {
            components: BTreeMap::new(),
            settings,
            ledger: Ledger::new(table),
            alarms: BTreeSet::new(),
            again: Again::default(),
            is_ending: false,
            has_ended: false,
            strays: 0,
        }
    }

    /// Takes one fact, and asks for what is to be done about it, in this order.
    pub fn handle(&mut self, now: Time, wall: WallTime, event: Event, effects: &mut Vec<Effect>) {
        if let Event::Declared(declaration) = &event {
            self.settings = declaration.settings.clone();
        }
        let let_go = &mut Vec::new();
        let mut turn = Turn {
            now,
            wall,
            ending: self.is_ending,
            provides: &self.settings.provides,
            defect: self.settings.defect,
            effects,
            ledger: &mut self.ledger,
            alarms: &mut self.alarms,
            again: &mut self.again,
            let_go,
            strays: &mut self.strays,
        };
        if matches!(event, Event::End) {
            self.is_ending = true;
            turn.ending = true;
            turn.ledger.retry_now();
        }
        dispatch(&mut self.components, &self.settings, event, &mut turn);
        turn.ledger.write(now, turn.effects);
        self.forget(let_go, effects);
        self.components.retain(|_, component| !component.is_gone());
        self.end_when_done(effects);
    }

    /// The earliest instant at which it wants an [`Event::Tick`].
    pub fn wake_at(&self) -> Option<Time> {
        let alarm = self.alarms.first().map(|(at, _)| *at);
        alarm.into_iter().chain(self.ledger.wake_at()).min()
    }

    /// The table as it stands.
    pub fn table(&self) -> &Table {
        &self.ledger.table
    }

    /// Facts that fitted nothing: late ones about what is over, and impossible ones. All were dropped.
    pub fn strays(&self) -> u64 {
        self.strays
    }

    /// Bytes that nobody needs any more leave the store.
    fn forget(&self, let_go: &[Digest], effects: &mut Vec<Effect>) {
        let let_go: BTreeSet<Digest> = let_go.iter().copied().collect();
        for digest in let_go {
            let mut rows = self.ledger.table.components.values();
            let is_in_table =
                rows.any(|row| row.current == digest || row.before.iter().any(|before| before.digest == digest));
            if !is_in_table && !self.components.values().any(|component| component.refers_to(digest)) {
                effects.push(Effect::Forget { digest });
            }
        }
    }

    fn end_when_done(&mut self, effects: &mut Vec<Effect>) {
        let is_still = |component: &Component| component.actors.is_empty() && component.upgrade.is_none();
        if self.is_ending && !self.has_ended && self.ledger.is_at_rest() && self.components.values().all(is_still) {
            self.has_ended = true;
            effects.push(Effect::Ended);
        }
    }
}

fn dispatch(components: &mut Components, settings: &Settings, event: Event, turn: &mut Turn<'_>) {
    match event {
        Event::Begin { parked, lost, receipts } => {
            restore::begin(components, settings, parked, lost, &receipts, turn);
        }
        Event::Tick => tick(components, turn),
        Event::Offered { request, .. } if turn.ending => turn.answer(request, &host_ends()),
        Event::Offered { offer, request } => {
            let name = offer.component.clone();
            let new = || Component::new(name.clone(), settings.policy(&name));
            components.entry(name.clone()).or_insert_with(new).offered(offer, request, turn);
        }
        Event::OfferFailed { file, refusal, request, .. } => {
            turn.tell(Happening::Ignored { component: None, file, why: refusal.words.clone() });
            turn.answer(request, &Answer::Refused(refusal));
        }
        Event::Loaded { component, digest, outcome } => {
            at(components, &component, turn, |component, turn| component.loaded(digest, outcome, turn));
        }
        Event::Proved { upgrade, outcome } => {
            let is_its = |component: &&mut Component| {
                component.upgrade.as_ref().is_some_and(|in_hand| in_hand.draft.id == upgrade)
            };
            match components.values_mut().find(is_its) {
                Some(component) => component.proved(upgrade, outcome, turn),
                None => turn.stray(),
            }
        }
        Event::Rehearsed { upgrade, address, generation, outcome } => {
            at(components, &address.component, turn, |component, turn| {
                component.rehearsed(upgrade, &address.key, generation, outcome, turn);
            });
        }
        Event::Wanted { address } => wanted(components, address, turn),
        Event::Started { address, generation } => {
            at(components, &address.component, turn, |component, turn| {
                component.started(&address.key, generation, turn);
            });
        }
        Event::StartFailed { address, generation, failure } => {
            at(components, &address.component, turn, |component, turn| {
                component.start_failed(&address.key, generation, failure, turn);
            });
        }
        Event::Exited { address, generation, reason, handled_since_switch } => {
            at(components, &address.component, turn, |component, turn| {
                component.exited(&address.key, generation, reason, handled_since_switch, turn);
            });
        }
        Event::Switched { upgrade, attempt, address, generation, figures } => {
            at(components, &address.component, turn, |component, turn| {
                component.switched((upgrade, attempt), &address.key, generation, figures, turn);
            });
        }
        Event::NotSwitched { upgrade, attempt, address, generation, why } => {
            at(components, &address.component, turn, |component, turn| {
                component.not_switched((upgrade, attempt), &address.key, generation, why, turn);
            });
        }
        Event::TurnedBack { upgrade, address, generation, .. } => {
            at(components, &address.component, turn, |component, turn| {
                component.turned_back(upgrade, &address.key, generation, None, turn);
            });
        }
        Event::LeftBehind { upgrade, address, generation, words } => {
            at(components, &address.component, turn, |component, turn| {
                component.turned_back(upgrade, &address.key, generation, Some(words), turn);
            });
        }
        Event::TableWritten { write } => written(components, write, turn),
        Event::TableFailed { write, error } => not_written(components, write, &error, turn),
        Event::Drained { component, digest } => {
            at(components, &component, turn, |component, turn| component.drained(digest, turn));
        }
        Event::Parked { address, generation, outcome } => {
            at(components, &address.component, turn, |component, turn| {
                component.parked(&address.key, generation, outcome, turn);
            });
        }
        Event::Declared(declaration) => declared::declared(components, *declaration, turn),
        Event::Misdeclared { file, why, mistakes } => turn.tell(Happening::Misdeclared { file, mistakes, why }),
        Event::Asked { request, .. } if turn.ending => turn.answer([request], &host_ends()),
        Event::Asked { request, what } => requests::asked(components, request, what, turn),
        Event::End => components.values_mut().for_each(|component| component.host_ends(turn)),
    }
}

fn at(
    components: &mut Components,
    name: &ComponentName,
    turn: &mut Turn<'_>,
    tell: impl FnOnce(&mut Component, &mut Turn<'_>),
) {
    match components.get_mut(name) {
        Some(component) => tell(component, turn),
        None => turn.stray(),
    }
}

fn tick(components: &mut Components, turn: &mut Turn<'_>) {
    while let Some((_, alarm)) = turn.alarms.first().cloned().filter(|(at, _)| *at <= turn.now) {
        turn.alarms.pop_first();
        if let Alarm::Again(name) = &alarm {
            again::is_due(name, turn);
            continue;
        }
        let (Alarm::Birth(Address { component: name, .. })
        | Alarm::Straggler(Address { component: name, .. })
        | Alarm::Upgrade(name)
        | Alarm::Again(name)) = &alarm;
        let Some(component) = components.get_mut(name) else {
            continue;
        };
        match &alarm {
            Alarm::Birth(address) => component.is_due(&address.key, turn),
            Alarm::Straggler(address) => component.try_straggler(&address.key, turn),
            Alarm::Upgrade(_) | Alarm::Again(_) => component.woken(turn),
        }
    }
}

fn wanted(components: &mut Components, address: Address, turn: &mut Turn<'_>) {
    match components.get_mut(&address.component) {
        Some(component) => component.wanted(address.key, turn),
        None => {
            let error = if turn.ending { CallError::Stopped } else { CallError::NoSuchComponent };
            turn.ask(Effect::TurnAway { address, error });
        }
    }
}

fn written(components: &mut Components, write: TableWrite, turn: &mut Turn<'_>) {
    let Some(changes) = turn.ledger.written(write) else {
        return turn.stray();
    };
    for (name, change) in changes {
        at(components, &name, turn, |component, turn| match change {
            Change::InHand(in_hand) => component.recorded(in_hand.id, turn),
            Change::Current { in_hand, .. } => component.current_written(in_hand.id, turn),
            Change::Gone => component.removed(Ok(()), turn),
        });
    }
}

fn not_written(components: &mut Components, write: TableWrite, error: &str, turn: &mut Turn<'_>) {
    let Some(changes) = turn.ledger.failed(write, turn.now) else {
        return turn.stray();
    };
    turn.tell(Happening::Trouble { what: "the table".to_owned(), why: error.to_owned() });
    for (name, change) in changes {
        at(components, &name, turn, |component, turn| match change {
            Change::InHand(in_hand) => component.not_written(in_hand.id, error, turn),
            Change::Current { in_hand, .. } => component.not_written(in_hand.id, error, turn),
            Change::Gone => component.removed(Err(error), turn),
        });
    }
}

fn host_ends() -> Answer {
    Answer::Failed(CallError::Stopped, "the host is ending".to_owned())
}
