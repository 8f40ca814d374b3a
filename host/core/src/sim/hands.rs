//! Virtual hands: instances with a state that is a list of the messages they handled, gates, kept and parked states, a
//! disk. They do what they are asked, sometimes fail at it, and say when what they are asked cannot be.

use std::collections::{BTreeMap, BTreeSet};

use rand::Rng;
use rand::rngs::SmallRng;

use super::{Odds, catalog};
use crate::effect::{Birth, Effect, Handover};
use crate::event::{Event, NotSwitched, ParkedActor, Proof, Rehearsal, StartFailure, SwitchFigures};
use crate::id::{Address, Attempt, ComponentName, Digest, Generation, TableWrite, UpgradeId};
use crate::reason::{Cause, ExitReason, Refusal, Step};
use crate::table::Table;

#[derive(Debug, Default)]
pub(super) struct Hands {
    pub instances: BTreeMap<Address, Instance>,
    pub starting: BTreeMap<Address, (Generation, Digest)>,
    pub published: BTreeMap<ComponentName, Digest>,
    pub disk: Table,
    /// What each address's state must be when it next begins: the model that instances are held against.
    pub expected: BTreeMap<Address, Vec<u64>>,
    mapped: BTreeMap<(ComponentName, Digest), Mapped>,
    kept: BTreeMap<(UpgradeId, Address), (Digest, Vec<u64>)>,
    parked: BTreeMap<Address, (Digest, u64, Vec<u64>)>,
    mailboxes: BTreeMap<Address, u64>,
    writing: Option<TableWrite>,
    messages: u64,
}

#[derive(Debug, Clone)]
pub(super) struct Instance {
    pub generation: Generation,
    pub digest: Digest,
    pub state: Vec<u64>,
    pub handled_since_switch: u64,
    pub gate: Option<(UpgradeId, Attempt)>,
    pub is_stopping: bool,
}

#[derive(Debug, Default)]
struct Mapped {
    is_retired: bool,
    has_calls: bool,
}

pub(super) fn takes_time(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Load { .. }
            | Effect::Prove { .. }
            | Effect::Rehearse { .. }
            | Effect::Start { .. }
            | Effect::Switch { .. }
            | Effect::TurnBack { .. }
            | Effect::WriteTable { .. }
            | Effect::Stop { .. }
            | Effect::Park { .. }
    )
}

fn refusal(act: &str, rng: &mut SmallRng) -> Refusal {
    let cause = [Cause::Bytes, Cause::Surroundings, Cause::Machine][rng.random_range(0..3)];
    Refusal::new(Step::Verified, act, cause, "as the dice fell")
}

fn by_chance(rng: &mut SmallRng, thousandths: u32) -> bool {
    rng.random_range(0..1_000) < thousandths
}

impl Hands {
    /// What an act does at once; an error where it cannot be asked for.
    pub fn take(&mut self, effect: &Effect) -> Result<(), String> {
        match effect {
            Effect::Load { component, digest, .. } => {
                if let Some(mapped) = self.mapped.get_mut(&(component.clone(), *digest)) {
                    mapped.is_retired = false;
                }
            }
            Effect::Start { address, generation, digest, .. } => {
                if !self.mapped.contains_key(&(address.component.clone(), *digest)) {
                    return Err(format!("{address} is started on a version that is not loaded"));
                }
                if self.instances.contains_key(address) || self.starting.contains_key(address) {
                    return Err(format!("{address} is started though it is there"));
                }
                self.starting.insert(address.clone(), (*generation, *digest));
            }
            Effect::Switch { upgrade, attempt, address, generation, from, to, .. } => {
                if !self.mapped.contains_key(&(address.component.clone(), *to)) {
                    return Err(format!("{address} is switched to a version that is not loaded"));
                }
                let Some(instance) = self.instances.get_mut(address).filter(|it| it.generation == *generation) else {
                    return Ok(());
                };
                if instance.digest != *from {
                    return Err(format!("{address} is switched from a version that it is not on"));
                }
                if instance.gate.is_some() {
                    return Err(format!("{address} is held twice"));
                }
                instance.gate = Some((*upgrade, *attempt));
            }
            Effect::TurnAway { address, .. } => {
                self.mailboxes.remove(address);
            }
            Effect::DropKept { upgrade } => self.kept.retain(|(of, _), _| of != upgrade),
            Effect::WriteTable { write, .. } => {
                let before = self.writing.replace(*write);
                return before.map_or(Ok(()), |_| Err("two tables are written at once".to_owned()));
            }
            Effect::Publish { component, current: Some(digest) } => {
                self.published.insert(component.clone(), *digest);
            }
            Effect::Publish { component, current: None } => {
                self.published.remove(component);
            }
            Effect::Retire { component, digest } => {
                let mapped = self.mapped.get_mut(&(component.clone(), *digest));
                let Some(mapped) = mapped else {
                    return Err(format!("{component} retires what is not loaded"));
                };
                mapped.is_retired = true;
            }
            Effect::Forget { digest } => {
                let is_mapped = self.mapped.keys().any(|(_, mapped)| mapped == digest);
                return if is_mapped { Err("bytes are forgotten that are loaded".to_owned()) } else { Ok(()) };
            }
            Effect::Stop { address, generation, .. } | Effect::Park { address, generation, .. } => {
                let instance = self.instances.get_mut(address).filter(|it| it.generation == *generation);
                if let Some(instance) = instance {
                    instance.is_stopping = true;
                    instance.gate = None;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// An act that takes time is over; what there is to tell.
    pub fn finish(&mut self, effect: Effect, odds: &Odds, rng: &mut SmallRng) -> Result<Vec<Event>, String> {
        Ok(match effect {
            Effect::Load { component, digest, .. } => {
                let outcome = match by_chance(rng, odds.refusal) {
                    true => Err(refusal("compile", rng)),
                    false => Ok(Box::new(catalog::look_up(&component, digest))),
                };
                if outcome.is_ok() {
                    self.mapped.entry((component.clone(), digest)).or_default();
                }
                vec![Event::Loaded { component, digest, outcome }]
            }
            Effect::Prove { upgrade, .. } => {
                let outcome = match rng.random_range(0..1_000) {
                    n if n < odds.refusal => Proof::Refused(refusal("init", rng)),
                    n if n < 2 * odds.refusal => Proof::Unproven("nobody knows".to_owned()),
                    _ => Proof::Proven,
                };
                vec![Event::Proved { upgrade, outcome }]
            }
            Effect::Rehearse { upgrade, address, generation, .. } => {
                let is_there = self.instances.get(&address).is_some_and(|it| it.generation == generation);
                let outcome = match is_there && !by_chance(rng, odds.not_now) {
                    false => Rehearsal::NotLooked("it was not there".to_owned()),
                    true if by_chance(rng, odds.refusal / 2) => Rehearsal::Failed(refusal("code-change", rng)),
                    true => Rehearsal::Passed { bytes: 8, round_trip: Some(true) },
                };
                vec![Event::Rehearsed { upgrade, address, generation, outcome }]
            }
            Effect::Start { address, generation, digest, birth } => {
                return self.begins(address, generation, digest, &birth, odds, rng);
            }
            Effect::Switch { upgrade, attempt, address, generation, to, handover, .. } => {
                self.switches((upgrade, attempt), address, generation, (to, handover), odds, rng)
            }
            Effect::TurnBack { upgrade, address, generation, to, down } => {
                return self.goes_back(upgrade, address, generation, (to, down), rng);
            }
            Effect::WriteTable { write, table } => {
                self.writing = None;
                if by_chance(rng, odds.table_failure) {
                    vec![Event::TableFailed { write, error: "no room".to_owned() }]
                } else {
                    self.disk = *table;
                    vec![Event::TableWritten { write }]
                }
            }
            Effect::Stop { address, generation, reason, .. } => self.exits(&address, generation, reason),
            Effect::Park { address, generation, restarts, .. } => {
                let Some(instance) = self.instances.get(&address).filter(|it| it.generation == generation).cloned()
                else {
                    return Ok(Vec::new());
                };
                self.instances.remove(&address);
                self.mailboxes.remove(&address);
                self.parked.insert(address.clone(), (instance.digest, restarts, instance.state));
                vec![Event::Parked { address, generation, outcome: Ok(()) }]
            }
            _ => Vec::new(),
        })
    }

    fn begins(
        &mut self,
        address: Address,
        generation: Generation,
        digest: Digest,
        birth: &Birth,
        odds: &Odds,
        rng: &mut SmallRng,
    ) -> Result<Vec<Event>, String> {
        self.starting.remove(&address);
        // What is tried until it is taken has to be seen failing many times in a row.
        let refusal = if matches!(birth, Birth::Kept(_)) { odds.refusal * 10 } else { odds.refusal };
        if by_chance(rng, refusal) {
            let failure = match rng.random_range(0..3) {
                0 => StartFailure::Refused("not today".to_owned()),
                1 => StartFailure::Crashed(ExitReason::Trap("unreachable".to_owned())),
                _ => StartFailure::Overloaded("no room".to_owned()),
            };
            let mut facts = vec![Event::StartFailed { address: address.clone(), generation, failure }];
            if self.mailboxes.contains_key(&address) {
                facts.push(Event::Wanted { address });
            }
            return Ok(facts);
        }
        let state = match birth {
            Birth::First | Birth::Restart(_) => Vec::new(),
            Birth::Kept(upgrade) => match self.kept.get(&(*upgrade, address.clone())) {
                Some((from, _)) if *from != digest => {
                    return Err(format!("{address} comes back on a version that did not write its state"));
                }
                Some((_, state)) => state.clone(),
                None => return Err(format!("{address} comes back from a state that was not kept")),
            },
            Birth::Parked => match self.parked.remove(&address) {
                Some((from, _, _)) if from != digest => {
                    return Err(format!("{address} is restored on a version that did not write its state"));
                }
                Some((_, _, state)) => state,
                None => return Err(format!("{address} is restored though nothing was parked")),
            },
        };
        let expected = self.expected.entry(address.clone()).or_default();
        if matches!(birth, Birth::First | Birth::Restart(_)) {
            expected.clear();
        } else if matches!(birth, Birth::Kept(_)) {
            // What it did since the switch is lost with the crash.
            expected.clone_from(&state);
        } else if *expected != state {
            return Err(format!("{address} begins with {state:?} and should with {expected:?}"));
        }
        let waiting = self.mailboxes.remove(&address).unwrap_or(0);
        let instance = Instance { generation, digest, state, handled_since_switch: 0, gate: None, is_stopping: false };
        self.instances.insert(address.clone(), instance);
        (0..waiting).for_each(|_| self.handles(&address));
        Ok(vec![Event::Started { address, generation }])
    }

    fn switches(
        &mut self,
        (upgrade, attempt): (UpgradeId, Attempt),
        address: Address,
        generation: Generation,
        (to, handover): (Digest, Handover),
        odds: &Odds,
        rng: &mut SmallRng,
    ) -> Vec<Event> {
        let is_held = |it: &&mut Instance| it.generation == generation && it.gate == Some((upgrade, attempt));
        let Some(instance) = self.instances.get_mut(&address).filter(is_held) else {
            return Vec::new();
        };
        instance.gate = None;
        let not = |why| Event::NotSwitched { upgrade, attempt, address: address.clone(), generation, why };
        // Some actors are nearly always busy.
        let is_stubborn = odds.not_now > 0 && address.key.as_ref().is_some_and(|key| key.as_str().ends_with('7'));
        let not_now = if is_stubborn { 950 } else { odds.not_now };
        let odds = Odds { not_now, ..*odds };
        let facts = match rng.random_range(0..1_000) {
            n if n < odds.not_now => vec![not(NotSwitched::NotNow("busy".to_owned()))],
            n if n < odds.not_now + odds.switch_failure => {
                vec![not(NotSwitched::Failed(refusal("code-change", rng)))]
            }
            n if n < odds.not_now + odds.switch_failure + odds.switch_failure / 3 => {
                let lost = not(NotSwitched::StateLost(refusal("save", rng)));
                let reason = ExitReason::Trap("save".to_owned());
                return std::iter::once(lost).chain(self.exits(&address, generation, reason)).collect();
            }
            _ => {
                self.kept.insert((upgrade, address.clone()), (instance.digest, instance.state.clone()));
                instance.digest = to;
                instance.handled_since_switch = 0;
                if handover == Handover::Restart {
                    instance.state.clear();
                    if let Some(expected) = self.expected.get_mut(&address) {
                        expected.clear();
                    }
                }
                let figures = SwitchFigures { pause_us: 5, bytes: 8, held: 0, held_us_max: 0 };
                vec![Event::Switched { upgrade, attempt, address: address.clone(), generation, figures }]
            }
        };
        let waiting = self.mailboxes.remove(&address).unwrap_or(0);
        (0..waiting).for_each(|_| self.handles(&address));
        facts
    }

    fn goes_back(
        &mut self,
        upgrade: UpgradeId,
        address: Address,
        generation: Generation,
        (to, down): (Digest, Option<u32>),
        rng: &mut SmallRng,
    ) -> Result<Vec<Event>, String> {
        let is_this = |it: &&mut Instance| it.generation == generation && !it.is_stopping;
        let Some(instance) = self.instances.get_mut(&address).filter(is_this) else {
            return Ok(Vec::new());
        };
        let Some((from, state)) = self.kept.get(&(upgrade, address.clone())) else {
            return Err(format!("{address} is turned back and nothing was kept"));
        };
        if *from != to {
            return Err(format!("{address} is turned back to a version that it was not on"));
        }
        let exact = instance.handled_since_switch == 0;
        if !exact && (down.is_none() || rng.random_ratio(1, 10)) {
            let words = "the way back is closed".to_owned();
            return Ok(vec![Event::LeftBehind { upgrade, address, generation, words }]);
        }
        if exact {
            instance.state.clone_from(state);
            self.expected.insert(address.clone(), state.clone());
        }
        instance.digest = to;
        Ok(vec![Event::TurnedBack { upgrade, address, generation, exact }])
    }

    fn exits(&mut self, address: &Address, generation: Generation, reason: ExitReason) -> Vec<Event> {
        let Some(instance) = self.instances.get(address).filter(|it| it.generation == generation).cloned() else {
            return Vec::new();
        };
        self.instances.remove(address);
        if !reason.is_crash() {
            self.mailboxes.remove(address);
        }
        let handled_since_switch = instance.handled_since_switch;
        let exited = Event::Exited { address: address.clone(), generation, reason, handled_since_switch };
        let wanted = self.mailboxes.contains_key(address).then(|| Event::Wanted { address: address.clone() });
        std::iter::once(exited).chain(wanted).collect()
    }

    /// A crash, or an end that the actor itself chose.
    pub fn death(&mut self, of: &Address, rng: &mut SmallRng) -> Vec<Event> {
        let Some(instance) = self.instances.get(of) else {
            return Vec::new();
        };
        let reason = match rng.random_range(0..4) {
            0 => ExitReason::Normal,
            _ => ExitReason::Trap("unreachable".to_owned()),
        };
        self.exits(of, instance.generation, reason)
    }

    /// A message comes to an address.
    pub fn message(&mut self, to: Address) -> Vec<Event> {
        match self.instances.get(&to) {
            Some(instance) if instance.gate.is_none() && !instance.is_stopping => {
                self.handles(&to);
                Vec::new()
            }
            Some(_) => {
                *self.mailboxes.entry(to).or_default() += 1;
                Vec::new()
            }
            None => {
                let waiting = self.mailboxes.entry(to.clone()).or_default();
                *waiting += 1;
                if *waiting == 1 { vec![Event::Wanted { address: to }] } else { Vec::new() }
            }
        }
    }

    fn handles(&mut self, address: &Address) {
        let Some(instance) = self.instances.get_mut(address) else {
            return;
        };
        self.messages += 1;
        instance.state.push(self.messages);
        instance.handled_since_switch += 1;
        self.expected.entry(address.clone()).or_default().push(self.messages);
    }

    pub fn has_mail(&self) -> impl Iterator<Item = &Address> {
        self.mailboxes.keys()
    }

    pub fn is_mapped(&self, component: &ComponentName, digest: Digest) -> bool {
        self.mapped.contains_key(&(component.clone(), digest))
    }

    pub fn mapped(&self) -> BTreeSet<(ComponentName, Digest)> {
        self.mapped.keys().cloned().collect()
    }

    pub fn kept(&self) -> usize {
        self.kept.len()
    }

    /// Calls are in flight on some version.
    pub fn is_called(&mut self, rng: &mut SmallRng) {
        let nth = rng.random_range(0..4);
        if let Some(mapped) = self.mapped.values_mut().nth(nth) {
            mapped.has_calls = true;
        }
    }

    /// All calls are over.
    pub fn is_idle(&mut self) {
        self.mapped.values_mut().for_each(|mapped| mapped.has_calls = false);
    }

    /// Retired versions to which nothing refers any more; they are unmapped now.
    pub fn drained(&mut self) -> Vec<(ComponentName, Digest)> {
        let is_used = |(component, digest): &(ComponentName, Digest)| {
            let on = |address: &Address, of: Digest| address.component == *component && of == *digest;
            self.instances.iter().any(|(address, it)| on(address, it.digest))
                || self.starting.iter().any(|(address, (_, of))| on(address, *of))
                || self.kept.iter().any(|((_, address), (of, _))| on(address, *of))
        };
        let retired = self.mapped.iter().filter(|(_, mapped)| mapped.is_retired && !mapped.has_calls);
        let drained: Vec<_> = retired.map(|(key, _)| key.clone()).filter(|key| !is_used(key)).collect();
        drained.iter().for_each(|key| {
            self.mapped.remove(key);
        });
        drained
    }

    pub fn parked_actors(&self) -> Vec<ParkedActor> {
        let actor = |(address, (digest, restarts, _)): (&Address, &(Digest, u64, Vec<u64>))| ParkedActor {
            address: address.clone(),
            digest: *digest,
            restarts: *restarts,
        };
        self.parked.iter().map(actor).collect()
    }

    /// Everything but the disk is gone.
    pub fn die(&mut self) {
        let (disk, parked, messages) =
            (std::mem::take(&mut self.disk), std::mem::take(&mut self.parked), self.messages);
        *self = Self { disk, parked, messages, ..Self::default() };
    }
}
