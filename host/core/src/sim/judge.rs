//! Holds what the world does against what was promised. It counts for itself, out of facts and acts alone.

use std::collections::{BTreeMap, BTreeSet};

use super::hands::Hands;
use crate::effect::{Answer, Birth, Effect, Request};
use crate::event::{Event, NotSwitched, Proof, Rehearsal, StartFailure};
use crate::happening::Happening;
use crate::id::{Address, Attempt, ComponentName, Digest, Generation, RequestId, UpgradeId};
use crate::reason::{Cause, Refusal};
use crate::receipt::{Outcome, Receipt};

/// Versions that may be in service beside a current and an incoming one.
const OLDER: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Judge {
    pub violations: Vec<String>,
    pub outcomes: BTreeMap<String, u64>,
    pub switches: u64,
    pub kept_births: u64,
    /// The most versions that were loaded of one component beside a current and an incoming one.
    pub most_older: usize,
    asked: BTreeMap<RequestId, u64>,
    upgrades: BTreeMap<UpgradeId, Upgrade>,
    tries: BTreeMap<(Address, Generation), (UpgradeId, Attempt)>,
    /// Who must come back from a kept state, and on which version.
    must_come_back: BTreeMap<Address, (UpgradeId, Digest)>,
    /// Who was told to end.
    told: BTreeSet<(Address, Generation)>,
    /// What an upgrade published in this very event, and whom it named as left for later.
    just_published: Option<(ComponentName, Digest)>,
    named: BTreeSet<Address>,
    /// The host was told to end: it waits for nobody for ever.
    must_end: bool,
    /// Reasons that there were to judge what lies in the folder; those of no single component under none.
    reasons: BTreeMap<Option<ComponentName>, u64>,
    /// How often that was done.
    judged: BTreeMap<ComponentName, u64>,
    has_ended: bool,
}

/// One upgrade, as its acts and facts tell it.
#[derive(Debug, Default)]
struct Upgrade {
    component: Option<ComponentName>,
    /// Whom it switched, from which version, and where they are now.
    members: BTreeMap<(Address, Generation), (Digest, Place)>,
    to: Option<Digest>,
    is_published: bool,
    receipts: Vec<Outcome>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Tried,
    Switched,
    TurnedBack,
    LeftBehind,
    Gone,
}

impl Judge {
    pub fn violation(&mut self, what: String) {
        self.violations.push(what);
    }

    fn insist(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.violations.push(what());
        }
    }

    /// The upgrades that have a receipt.
    pub fn receipts(&self) -> BTreeSet<UpgradeId> {
        let done = self.upgrades.iter().filter(|(_, upgrade)| !upgrade.receipts.is_empty());
        done.map(|(id, _)| *id).collect()
    }

    pub fn asks(&mut self, request: Option<RequestId>) {
        if let Some(request) = request {
            self.asked.insert(request, 0);
        }
    }

    /// A file was put into the folder, or the host looks there for the first time, and it is there.
    pub fn may_judge(&mut self, component: &ComponentName) {
        *self.reasons.entry(Some(component.clone())).or_default() += 1;
    }

    /// Files are judged again for a reason each time.
    fn hears_reason(&mut self, event: &Event) {
        let of_machine = |refusal: &Refusal| refusal.cause == Cause::Machine;
        let is_reason = match event {
            Event::Declared(_) | Event::TableFailed { .. } => true,
            Event::StartFailed { failure: StartFailure::Overloaded(_), .. } => true,
            Event::Loaded { outcome: Err(refusal), .. } => of_machine(refusal),
            Event::Proved { outcome: Proof::Refused(refusal), .. } => of_machine(refusal),
            Event::Rehearsed { outcome: Rehearsal::Failed(refusal), .. } => of_machine(refusal),
            Event::NotSwitched { why: NotSwitched::Failed(refusal) | NotSwitched::StateLost(refusal), .. } => {
                of_machine(refusal)
            }
            _ => false,
        };
        *self.reasons.entry(None).or_default() += u64::from(is_reason);
    }

    /// A fact, just before the world hears it.
    pub fn hears(&mut self, event: &Event) {
        self.hears_reason(event);
        match event {
            Event::Switched { upgrade, attempt, address, generation, .. } => {
                self.switches += 1;
                let who = (address.clone(), *generation);
                if self.tries.get(&who) == Some(&(*upgrade, *attempt)) {
                    self.place(*upgrade, &who, Place::Switched);
                }
            }
            Event::TurnedBack { upgrade, address, generation, .. } => {
                self.place(*upgrade, &(address.clone(), *generation), Place::TurnedBack);
            }
            Event::LeftBehind { upgrade, address, generation, .. } => {
                self.place(*upgrade, &(address.clone(), *generation), Place::LeftBehind);
            }
            Event::Exited { address, generation, reason, .. } => {
                let who = (address.clone(), *generation);
                for (id, upgrade) in &mut self.upgrades {
                    let Some((from, place)) = upgrade.members.get_mut(&who) else {
                        continue;
                    };
                    let is_open = !upgrade.is_published && upgrade.receipts.is_empty();
                    if !is_open || !matches!(place, Place::Tried | Place::Switched) {
                        continue;
                    }
                    if std::mem::replace(place, Place::Gone) == Place::Switched
                        && reason.is_crash()
                        && !self.told.contains(&who)
                    {
                        self.must_come_back.insert(address.clone(), (*id, *from));
                    }
                }
            }
            Event::Started { address, .. } => self.is_owed_nothing(address),
            Event::End => self.must_end = true,
            Event::Asked { what: Request::Stop(address), .. } => {
                self.is_owed_nothing(address);
            }
            _ => {}
        }
    }

    fn is_owed_nothing(&mut self, address: &Address) {
        self.must_come_back.remove(address);
    }

    fn place(&mut self, upgrade: UpgradeId, who: &(Address, Generation), place: Place) {
        if let Some(member) = self.upgrades.entry(upgrade).or_default().members.get_mut(who) {
            member.1 = place;
        }
    }

    /// An act, just before the hands take it.
    pub fn sees(&mut self, effect: &Effect, hands: &Hands) {
        match effect {
            Effect::Prove { upgrade, component, digest, .. } => {
                let upgrade = self.upgrades.entry(*upgrade).or_default();
                upgrade.component = Some(component.clone());
                upgrade.to = Some(*digest);
            }
            Effect::Switch { upgrade, attempt, address, generation, from, to, .. } => {
                let who = (address.clone(), *generation);
                self.tries.insert(who.clone(), (*upgrade, *attempt));
                let record = self.upgrades.entry(*upgrade).or_default();
                let is_ready = record.receipts.is_empty() || record.is_published;
                record.to = Some(*to);
                record.members.entry(who).or_insert((*from, Place::Tried)).0 = *from;
                let is_in_hand = hands.disk.in_hand.get(&address.component).is_some_and(|it| it.id == *upgrade);
                let is_written = is_in_hand || record.is_published;
                self.insist(is_ready, || format!("{address} is switched by upgrade {upgrade}, which is over"));
                self.insist(is_written, || format!("{address} is switched before that is written down"));
            }
            Effect::Stop { address, generation, .. } => {
                self.told.insert((address.clone(), *generation));
            }
            Effect::Start { address, generation: _, digest, birth } => self.sees_start(address, *digest, birth, hands),
            Effect::Tell { happening: Happening::Straggler { address, .. } } => {
                self.named.insert(address.clone());
            }
            Effect::Publish { component, current } => self.sees_publish(component, *current, hands),
            Effect::Record { receipt } => self.sees_receipt(receipt, hands),
            Effect::Answer { request, answer } => {
                let count = self.asked.entry(*request).or_default();
                *count += 1;
                let is_first = *count == 1;
                self.insist(is_first, || format!("request {request} is answered twice"));
                if let Answer::Upgrade(id) = answer {
                    self.upgrades.entry(*id).or_default();
                }
            }
            Effect::Ended => {
                let is_first = !std::mem::replace(&mut self.has_ended, true);
                self.insist(is_first, || "it ends twice".to_owned());
                let is_empty = hands.instances.is_empty() && hands.starting.is_empty();
                self.insist(is_empty, || "it ends with actors about".to_owned());
            }
            _ => {}
        }
    }

    fn sees_start(&mut self, address: &Address, digest: Digest, birth: &Birth, hands: &Hands) {
        let current = hands.published.get(&address.component).copied();
        match birth {
            Birth::First | Birth::Restart(_) => {
                let fits = current.is_none_or(|current| current == digest)
                    || !matches!(birth, Birth::Restart(_)) && address.key.is_none();
                self.insist(fits, || format!("{address} is born on a version that is not current"));
                let owed = self.must_come_back.get(address).copied();
                let words = || format!("{address} begins from init, and its state from before the switch was kept");
                self.insist(owed.is_none(), words);
            }
            Birth::Kept(upgrade) => {
                self.kept_births += 1;
                let owed = self.must_come_back.get(address).copied();
                self.insist(owed == Some((*upgrade, digest)), || format!("{address} is not to come back so"));
            }
            Birth::Parked => {}
        }
    }

    fn sees_publish(&mut self, component: &ComponentName, current: Option<Digest>, hands: &Hands) {
        let on_disk = hands.disk.components.get(component).map(|row| row.current);
        self.insist(on_disk == current, || format!("{component} is published and the table says otherwise"));
        let Some(digest) = current else { return };
        for upgrade in self.upgrades.values_mut() {
            let is_its = upgrade.component.as_ref() == Some(component) && upgrade.to == Some(digest);
            if is_its && upgrade.receipts.is_empty() {
                upgrade.is_published = true;
                self.just_published = Some((component.clone(), digest));
            }
        }
        self.insist(hands.is_mapped(component, digest), || format!("{component} publishes what is not loaded"));
    }

    fn sees_receipt(&mut self, receipt: &Receipt, hands: &Hands) {
        let id = receipt.id;
        if receipt.asked_by.file().is_some() {
            let judged = self.judged.entry(receipt.component.clone()).or_default();
            *judged += 1;
            let (name, judged) = (receipt.component.clone(), *judged);
            let reasons = |of| self.reasons.get(of).copied().unwrap_or_default();
            let reasons = reasons(&None) + reasons(&Some(name.clone()));
            self.insist(judged <= reasons, || format!("{name} was judged {judged} times for {reasons} reasons"));
        }
        *self.outcomes.entry(super::name(receipt.outcome)).or_default() += 1;
        let upgrade = self.upgrades.entry(id).or_default();
        upgrade.receipts.push(receipt.outcome);
        let count = |place| upgrade.members.values().filter(|(_, is)| *is == place).count() as u64;
        let mine = [count(Place::Switched), count(Place::TurnedBack), count(Place::LeftBehind)];
        let theirs = [receipt.actors.switched, receipt.actors.turned_back, receipt.actors.left_behind];
        let is_published = upgrade.is_published;
        let has_switched = upgrade.members.values().any(|(_, place)| *place != Place::Tried);
        let ever = upgrade.members.values().any(|(_, place)| matches!(place, Place::TurnedBack | Place::LeftBehind));
        let left: BTreeSet<&Address> = upgrade
            .members
            .iter()
            .filter(|(_, (_, place))| *place == Place::LeftBehind)
            .map(|((address, _), _)| address)
            .collect();
        let of = |address: &Address| address.component == receipt.component;
        let on_new: Vec<String> = hands
            .instances
            .iter()
            .filter(|(address, it)| of(address) && it.digest == receipt.to.digest && !left.contains(address))
            .map(|(address, _)| address.to_string())
            .collect();
        let elsewhere: Vec<String> = hands
            .instances
            .iter()
            .filter(|(address, it)| of(address) && it.digest != receipt.to.digest && !it.is_stopping)
            .map(|(address, _)| address.to_string())
            .collect();
        let was_current = receipt.from.as_ref().is_some_and(|from| from.digest == receipt.to.digest);
        let is_once = upgrade.receipts.len() == 1;

        self.insist(is_once, || format!("upgrade {id} has two receipts"));
        if receipt.outcome == Outcome::Interrupted {
            return;
        }
        self.insist(mine == theirs, || format!("upgrade {id}: the receipt counts {theirs:?}, there were {mine:?}"));
        match receipt.outcome {
            Outcome::Settled | Outcome::Partial => {
                self.insist(is_published || was_current, || format!("upgrade {id} is done and was not published"));
                let is_all = elsewhere.is_empty() || receipt.outcome == Outcome::Partial || was_current;
                self.insist(is_all, || format!("upgrade {id} is settled, and {elsewhere:?} are on other versions"));
            }
            Outcome::Refused => {
                self.insist(!is_published, || format!("upgrade {id} is refused and was published"));
                self.insist(!ever, || format!("upgrade {id} is refused, and actors were turned back"));
            }
            Outcome::RolledBack => {
                self.insist(!is_published, || format!("upgrade {id} is rolled back and was published"));
                self.insist(has_switched, || format!("upgrade {id} is rolled back and switched nobody"));
            }
            Outcome::Tried => {
                self.insist(!is_published, || format!("upgrade {id} was only tried and was published"));
                self.insist(!ever && mine == [0; 3], || format!("upgrade {id} was only tried: {mine:?}"));
            }
            Outcome::Superseded | Outcome::Interrupted => {}
        }
        if matches!(receipt.outcome, Outcome::Refused | Outcome::RolledBack) && !was_current {
            let holds_it = |address: &String| self.was_there_before(address, id, receipt.to.digest);
            let stray: Vec<_> = on_new.iter().filter(|address| !holds_it(address)).collect();
            let stray = format!("upgrade {id} went back, and {stray:?} are on the new version");
            let is_clean = on_new.iter().all(holds_it);
            self.insist(is_clean, || stray);
        }
        let owed = self.must_come_back.extract_if(.., |_, (upgrade, _)| *upgrade == id);
        let owed: Vec<String> = owed.map(|(address, _)| address.to_string()).collect();
        let is_paid = owed.is_empty() || self.must_end;
        self.insist(is_paid, || format!("upgrade {id} is over, and {owed:?} have not come back from what was kept"));
    }

    /// A straggler of an older upgrade may be on the very version that was offered again.
    fn was_there_before(&self, address: &str, id: UpgradeId, to: Digest) -> bool {
        let of = |(who, _): &(&(Address, Generation), &(Digest, Place))| who.0.to_string() == address;
        let from = |upgrade: &Upgrade| upgrade.members.iter().filter(of).any(|(_, (from, _))| *from == to);
        let by = |upgrade: &Upgrade| upgrade.to == Some(to);
        self.upgrades.iter().any(|(other, upgrade)| *other < id && (from(upgrade) || by(upgrade)))
    }

    /// After each event: nobody is on an older version unnamed, and no gate is shut whose upgrade is over, but for those published without an actor.
    pub fn after_event(&mut self, hands: &Hands) {
        let named = std::mem::take(&mut self.named);
        if let Some((component, digest)) = self.just_published.take() {
            let instances = hands.instances.iter().filter(|(_, it)| !it.is_stopping);
            let instances = instances.map(|(address, it)| (address, it.digest));
            let starting = hands.starting.iter().map(|(address, (_, digest))| (address, *digest));
            let elsewhere = instances.chain(starting).filter(|(_, on)| *on != digest);
            let passed: Vec<String> = elsewhere
                .map(|(address, _)| address)
                .filter(|address| address.component == component && !named.contains(address))
                .map(ToString::to_string)
                .collect();
            let words = format!("{passed:?} passed the hold: they are on an older version, and nobody named them");
            self.insist(passed.is_empty(), || words);
        }
        let lives: BTreeSet<&Address> = hands.instances.keys().chain(hands.starting.keys()).collect();
        let lone = lives.iter().filter(|address| address.key.is_none());
        let torn: Vec<_> = lone
            .filter(|lone| lives.iter().any(|other| other.component == lone.component && other.key.is_some()))
            .map(|lone| lone.component.clone())
            .collect();
        self.insist(torn.is_empty(), || format!("of {torn:?} actors with keys and without live side by side"));
        self.looks_at_older_versions(hands);
        for (address, instance) in &hands.instances {
            let Some((id, _)) = instance.gate else { continue };
            let is_over = self.upgrades.get(&id).is_some_and(|it| !it.receipts.is_empty() && !it.is_published);
            self.insist(!is_over, || format!("{address} is held by upgrade {id}, which is over"));
        }
    }

    /// Those who come to no boundary must not make a host hold ever more versions.
    fn looks_at_older_versions(&mut self, hands: &Hands) {
        let open = self.upgrades.values().filter(|upgrade| upgrade.receipts.is_empty());
        let incoming: BTreeSet<_> = open.filter_map(|it| it.component.clone().zip(it.to)).collect();
        let mut older: BTreeMap<ComponentName, BTreeSet<Digest>> = BTreeMap::new();
        for (component, digest) in hands.mapped().difference(&incoming) {
            if hands.published.get(component) != Some(digest) {
                older.entry(component.clone()).or_default().insert(*digest);
            }
        }
        for (component, older) in older {
            self.most_older = self.most_older.max(older.len());
            self.insist(older.len() <= OLDER, || format!("{} older versions of {component} are loaded", older.len()));
        }
    }

    pub fn host_died(&mut self) {
        self.must_come_back.clear();
        self.tries.clear();
        // What was in hand and had not acted on anybody is forgotten with the host; its askers too.
        self.upgrades.retain(|_, upgrade| !upgrade.receipts.is_empty());
        self.asked.clear();
    }

    /// Nothing more will happen.
    pub fn at_rest(&mut self, hands: &Hands) {
        if !self.violations.is_empty() {
            return;
        }
        for (request, count) in self.asked.clone() {
            self.insist(count == 1, || format!("request {request} has {count} answers"));
        }
        let open: Vec<_> =
            self.upgrades.iter().filter(|(_, upgrade)| upgrade.receipts.len() != 1).map(|(id, _)| *id).collect();
        self.insist(open.is_empty(), || format!("upgrades {open:?} have no receipt"));
        let held: Vec<_> =
            hands.instances.iter().filter(|(_, it)| it.gate.is_some()).map(|(address, _)| address).collect();
        let held = format!("{held:?}");
        self.insist(held == "[]", || format!("{held} are held for ever"));
        let mail: Vec<_> = hands.has_mail().map(ToString::to_string).collect();
        self.insist(mail.is_empty(), || format!("messages wait for ever at {mail:?}"));
        let kept = hands.kept();
        self.insist(kept == 0, || format!("{kept} states are kept for nothing"));
        let used: BTreeSet<_> = hands
            .instances
            .iter()
            .map(|(address, it)| (address.component.clone(), it.digest))
            .chain(hands.published.clone())
            .collect();
        let unused: Vec<_> = hands.mapped().difference(&used).cloned().collect();
        self.insist(unused.is_empty(), || format!("{unused:?} stay loaded for nothing"));
        let on_disk: BTreeMap<_, _> =
            hands.disk.components.iter().map(|(name, row)| (name.clone(), row.current)).collect();
        self.insist(hands.disk.in_hand.is_empty(), || "the table says that an upgrade is in hand".to_owned());
        let fits = hands.published.iter().all(|(name, digest)| on_disk.get(name) == Some(digest));
        self.insist(fits, || "the table on disk and what is published differ".to_owned());
        for (address, instance) in &hands.instances {
            let expected = hands.expected.get(address).cloned().unwrap_or_default();
            let state = instance.state.clone();
            self.insist(state == expected, || format!("{address} holds {state:?} and should {expected:?}"));
        }
    }

    pub fn at_end(&mut self, hands: &Hands) {
        let has_ended = self.has_ended && hands.instances.is_empty();
        if self.violations.is_empty() {
            self.insist(has_ended, || "it was to end and did not".to_owned());
        }
    }
}
