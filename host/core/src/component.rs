//! One component: its versions, which of them is current, its actors, and the one upgrade in hand with the one that
//! waits behind it. The steps of lives and upgrades are in `actor/` and `upgrade/`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::actor::{Actor, ActorKey};
use crate::contract::{Offer, Version};
use crate::effect::Effect;
use crate::id::{Address, ComponentName, Digest, Label, RequestId};
use crate::policy::Policy;
use crate::reason::{CallError, Refusal};
use crate::restore::Restoring;
use crate::time::Time;
use crate::turn::Turn;
use crate::upgrade::receipt::Draft;
use crate::upgrade::straggler::Straggler;
use crate::upgrade::{Stage, Upgrade};

#[derive(Debug)]
pub(crate) struct Component {
    pub name: ComponentName,
    /// What holds for it.
    pub policy: Policy,
    /// What the manifest says: all of it is taken up when the component is removed, upgrades take it up one by one.
    pub declared: Policy,
    pub standing: Standing,
    /// What births and new service calls go to.
    pub current: Option<Digest>,
    pub versions: BTreeMap<Digest, Loaded>,
    /// How many loadings of each version are not answered.
    loads: BTreeMap<Digest, u32>,
    pub actors: BTreeMap<ActorKey, Actor>,
    pub upgrade: Option<Upgrade>,
    pub waiting: Option<Waiting>,
    /// Actors that an upgrade published without: they go over at their next boundary.
    pub stragglers: BTreeMap<ActorKey, Straggler>,
}

pub(crate) type Components = BTreeMap<ComponentName, Component>;

/// Whether it is there for its callers.
#[derive(Debug)]
pub(crate) enum Standing {
    /// The host has just begun, and brings back what the table says.
    Restoring(Restoring),
    Present,
    /// It is being taken away: for whom, and whether the table is without it already, so that its actors end.
    Removing {
        asked: Vec<RequestId>,
        is_written: bool,
    },
}

impl Standing {
    /// Whether its actors may live, and others be born.
    pub fn lets_live(&self) -> bool {
        matches!(self, Standing::Present | Standing::Removing { is_written: false, .. })
    }
}

#[derive(Debug)]
pub(crate) struct Loaded {
    pub version: Arc<Version>,
    /// No more of it: it goes when nothing refers to it.
    pub is_retired: bool,
}

/// An offer that was taken and has not begun.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub offer: Offer,
    pub draft: Draft,
    /// When it may begin: files that are dropped together compete first.
    pub ripe: Time,
    /// Whether it was said that it waits for an older version to go.
    pub is_told: bool,
}

impl Component {
    pub fn new(name: ComponentName, policy: Policy) -> Self {
        Self {
            name,
            declared: policy.clone(),
            policy,
            standing: Standing::Present,
            current: None,
            versions: BTreeMap::new(),
            loads: BTreeMap::new(),
            actors: BTreeMap::new(),
            upgrade: None,
            waiting: None,
            stragglers: BTreeMap::new(),
        }
    }

    pub fn address(&self, key: &ActorKey) -> Address {
        Address { component: self.name.clone(), key: key.clone() }
    }

    pub fn version(&self, digest: Digest) -> Option<&Arc<Version>> {
        self.versions.get(&digest).map(|loaded| &loaded.version)
    }

    pub fn label(&self, digest: Digest) -> Label {
        self.version(digest).map_or_else(|| digest.short(), |version| version.label.clone())
    }

    /// Versions that are loaded or on their way, but for the current one and for `but`.
    pub fn older(&self, but: Digest) -> BTreeSet<Digest> {
        let all = self.versions.keys().chain(self.loads.keys()).copied();
        all.filter(|digest| *digest != but && self.current != Some(*digest)).collect()
    }

    /// Whether there is nothing left to remember.
    pub fn is_gone(&self) -> bool {
        self.current.is_none()
            && self.versions.is_empty()
            && self.loads.is_empty()
            && self.actors.is_empty()
            && self.upgrade.is_none()
            && self.waiting.is_none()
            && matches!(self.standing, Standing::Present)
    }

    /// Whether something here, but the table, needs these bytes.
    pub fn refers_to(&self, digest: Digest) -> bool {
        self.versions.contains_key(&digest)
            || self.loads.contains_key(&digest)
            || self.upgrade.as_ref().is_some_and(|upgrade| upgrade.to() == digest)
            || self.waiting.as_ref().is_some_and(|waiting| waiting.offer.digest == digest)
            || matches!(&self.standing, Standing::Restoring(restoring) if restoring.needs(digest))
    }

    /// Asks for a version; a retirement of it under way is called off.
    pub fn load(&mut self, digest: Digest, turn: &mut Turn<'_>) {
        if let Some(loaded) = self.versions.get_mut(&digest) {
            loaded.is_retired = false;
        }
        *self.loads.entry(digest).or_default() += 1;
        let label = self.given_label(digest, turn);
        turn.ask(Effect::Load { component: self.name.clone(), digest, label });
    }

    /// What a version is called that does not say so itself: as its file was named, now or when it became current.
    fn given_label(&self, digest: Digest, turn: &Turn<'_>) -> Label {
        let offered = self.upgrade.as_ref().filter(|upgrade| upgrade.to() == digest);
        let row = turn.ledger.table.components.get(&self.name).filter(|row| row.current == digest);
        let offered = offered.map(|upgrade| upgrade.draft.to.label.clone());
        offered.or_else(|| row.map(|row| row.label.clone())).unwrap_or_else(|| digest.short())
    }

    /// A version was loaded, or could not be.
    pub fn loaded(&mut self, digest: Digest, outcome: Result<Box<Version>, Refusal>, turn: &mut Turn<'_>) {
        let Some(open) = self.loads.get_mut(&digest) else {
            return turn.stray();
        };
        *open -= 1;
        let is_last = *open == 0;
        if is_last {
            self.loads.remove(&digest);
        }
        if let Ok(version) = &outcome {
            let loaded = Loaded { version: Arc::from(version.clone()), is_retired: false };
            self.versions.entry(digest).or_insert(loaded);
        }
        let upgrade = self.upgrade.as_ref().filter(|upgrade| upgrade.to() == digest);
        let is_awaited = upgrade.is_some_and(|upgrade| matches!(upgrade.stage, Stage::Loading));
        if matches!(self.standing, Standing::Restoring(_)) {
            self.brought_back(digest, outcome.err(), turn);
        } else if is_awaited {
            self.compiled(outcome.err(), turn);
        } else if upgrade.is_none() && is_last {
            // The upgrade that asked for it is over.
            self.retire(digest, turn);
            self.begin_next(turn);
        }
    }

    /// No more of this version, unless it is current.
    pub fn retire(&mut self, digest: Digest, turn: &mut Turn<'_>) {
        // Where a loading of it is not answered, the answer is what retires it.
        if self.current == Some(digest) || self.loads.contains_key(&digest) {
            return;
        }
        match self.versions.get_mut(&digest) {
            Some(loaded) if loaded.is_retired => {}
            Some(loaded) => {
                loaded.is_retired = true;
                turn.ask(Effect::Retire { component: self.name.clone(), digest });
            }
            None => turn.let_go.push(digest),
        }
    }

    /// Nothing refers to a retired version any more.
    pub fn drained(&mut self, digest: Digest, turn: &mut Turn<'_>) {
        // It may have been told just before the hands heard that the version is wanted again: it is gone all the same,
        // until that loading is answered.
        let is_wanted_again = self.loads.contains_key(&digest);
        if !self.versions.get(&digest).is_some_and(|loaded| loaded.is_retired || is_wanted_again) {
            return turn.stray();
        }
        self.versions.remove(&digest);
        turn.let_go.push(digest);
        self.is_drained(digest, turn);
        self.begin_next(turn);
    }

    /// A message waits for an actor that cannot be.
    pub fn turn_away(&self, key: &ActorKey, error: CallError, turn: &mut Turn<'_>) {
        turn.ask(Effect::TurnAway { address: self.address(key), error });
    }

    /// Whatever an alarm of this component was for.
    pub fn woken(&mut self, turn: &mut Turn<'_>) {
        self.look_at_the_clock(turn);
        self.begin_next(turn);
    }
}
