//! The start of the host: what the table says is current is loaded and published, parked actors come back on exactly
//! the version that wrote their state, and only then are offers looked at.

use std::collections::{BTreeMap, BTreeSet};

use crate::actor::{Actor, ActorKey};
use crate::component::{Component, Components, Standing};
use crate::effect::{Birth, Effect};
use crate::event::ParkedActor;
use crate::happening::Happening;
use crate::id::{ComponentName, Digest, UpgradeId};
use crate::policy::Settings;
use crate::reason::{Refusal, Step};
use crate::receipt::Outcome;
use crate::table::Row;
use crate::turn::Turn;
use crate::upgrade::receipt::Draft;

#[derive(Debug)]
pub(crate) struct Restoring {
    row: Row,
    loading: BTreeSet<Digest>,
    parked: BTreeMap<ActorKey, ParkedActor>,
    wanted: BTreeSet<ActorKey>,
}

impl Restoring {
    /// A message came early: its actor is looked for when there is something to look in.
    pub fn wants(&mut self, key: ActorKey) {
        self.wanted.insert(key);
    }

    pub fn take_wanted(&mut self) -> BTreeSet<ActorKey> {
        std::mem::take(&mut self.wanted)
    }

    /// How many parked actors are to come back.
    pub fn parked(&self) -> usize {
        self.parked.len()
    }

    pub fn needs(&self, digest: Digest) -> bool {
        self.row.current == digest || self.parked.values().any(|actor| actor.digest == digest)
    }
}

/// The first event of all: what was interrupted gets its receipt, and everything in the table is brought back.
pub(crate) fn begin(
    components: &mut Components,
    settings: &Settings,
    parked: Vec<ParkedActor>,
    lost: u64,
    receipts: &BTreeSet<UpgradeId>,
    turn: &mut Turn<'_>,
) {
    if lost > 0 {
        let (what, why) = (format!("the state of {lost} actors"), "the last host did not end in order".to_owned());
        turn.tell(Happening::Trouble { what, why });
    }
    let mut of: BTreeMap<ComponentName, Vec<ParkedActor>> = BTreeMap::new();
    for actor in parked {
        of.entry(actor.address.component.clone()).or_default().push(actor);
    }
    let interrupted = turn.ledger.table.in_hand.clone();
    let last = receipts.last().copied().unwrap_or_default().max(turn.ledger.table.last_upgrade);
    turn.ledger.edit(|table| {
        table.in_hand.clear();
        table.last_upgrade = last;
    });
    for (name, in_hand) in interrupted.into_iter().filter(|(_, in_hand)| !receipts.contains(&in_hand.id)) {
        let why = match in_hand.step {
            Step::Published => "the host ended when this was current already, and before it was over",
            _ => "the host ended in the middle of it",
        };
        let why = why.to_owned();
        Draft::of(name, in_hand).finish(Outcome::Interrupted, Some(why), turn);
    }
    for (name, row) in turn.ledger.table.components.clone() {
        let mut component = Component::new(name.clone(), settings.policy(&name));
        component.restore(row, of.remove(&name).unwrap_or_default(), turn);
        components.insert(name, component);
    }
    for actor in of.into_values().flatten() {
        let what = format!("the parked state of {}", actor.address);
        turn.tell(Happening::Trouble { what, why: "there is no such component; it stays parked".to_owned() });
    }
}

impl Component {
    /// Loads what is current and what parked states need.
    pub fn restore(&mut self, row: Row, parked: Vec<ParkedActor>, turn: &mut Turn<'_>) {
        let loading: BTreeSet<Digest> =
            std::iter::once(row.current).chain(parked.iter().map(|actor| actor.digest)).collect();
        for digest in &loading {
            self.load(*digest, turn);
        }
        let parked = parked.into_iter().map(|actor| (actor.address.key.clone(), actor)).collect();
        self.standing = Standing::Restoring(Restoring { row, loading, parked, wanted: BTreeSet::new() });
    }

    /// One of these versions is there, or cannot be; when all are, the component is there again.
    pub fn brought_back(&mut self, digest: Digest, refusal: Option<Refusal>, turn: &mut Turn<'_>) {
        let Standing::Restoring(restoring) = &mut self.standing else {
            return;
        };
        restoring.loading.remove(&digest);
        if let Some(refusal) = refusal {
            let what = format!("version {} of {}", digest.short(), self.name);
            turn.tell(Happening::Trouble { what, why: refusal.to_string() });
        }
        let is_done = restoring.loading.is_empty();
        if is_done && let Standing::Restoring(restoring) = std::mem::replace(&mut self.standing, Standing::Present) {
            self.is_back(restoring, turn);
        }
    }

    fn is_back(&mut self, restoring: Restoring, turn: &mut Turn<'_>) {
        let Restoring { row, parked, wanted, .. } = restoring;
        if self.versions.contains_key(&row.current) {
            self.current = Some(row.current);
            turn.ask(Effect::Publish { component: self.name.clone(), current: Some(row.current) });
            let label = self.label(row.current);
            turn.tell(Happening::Loaded { component: self.name.clone(), digest: row.current, label });
        }
        for actor in parked.into_values() {
            self.bring_back(actor, &row, turn);
        }
        self.begin_singleton(turn);
        let others: Vec<Digest> = self.versions.keys().copied().collect();
        for digest in others {
            self.retire(digest, turn);
        }
        for key in wanted {
            self.wanted(key, turn);
        }
        self.begin_next(turn);
    }

    fn bring_back(&mut self, parked: ParkedActor, row: &Row, turn: &mut Turn<'_>) {
        let ParkedActor { address, digest, restarts } = parked;
        if self.current.is_none() || !self.versions.contains_key(&digest) {
            let why = format!("version {} cannot be loaded; its state stays parked", digest.short());
            return turn.tell(Happening::Trouble { what: format!("the parked state of {address}"), why });
        }
        let key = address.key;
        let mut actor = Actor::unborn(digest, Birth::Parked, turn.now);
        actor.restarts = restarts;
        self.actors.insert(key.clone(), actor);
        self.bear(&key, turn);
        if row.before.iter().any(|version| version.digest == digest) {
            let upgrade = turn.ledger.table.last_upgrade;
            self.straggles(&key, upgrade, turn);
        } else if let Some(actor) = self.actors.get_mut(&key) {
            let why = || "its state had no way back to the current version".to_owned();
            actor.left_behind = (digest != row.current).then(why);
        }
    }
}
