//! What `ps` and `components` show of what is decided here, as plain data. Whether an actor is idle, busy or held is the
//! hands' to say.

use serde::Serialize;

use crate::World;
use crate::actor::{Actor, ActorKey, Life};
use crate::component::{Component, Standing, Waiting};
use crate::contract::Kind;
use crate::id::{Address, ComponentName, Digest, Generation, Label, UpgradeId};
use crate::reason::Step;

/// One actor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActorView {
    /// Whose.
    pub address: Address,
    /// The version it runs on, or ran on last.
    pub digest: Digest,
    /// What people call that.
    pub label: Label,
    /// Its incarnation.
    pub generation: Generation,
    /// How often it was restarted.
    pub restarts: u64,
    /// Where in its life it stands.
    pub life: LifeView,
    /// On a newer version than the current one, with the way back closed.
    pub left_behind: bool,
}

/// Where in its life an actor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifeView {
    /// It starts after a wait.
    BackingOff,
    /// It starts when an upgrade is published, or has turned back.
    WaitingForUpgrade,
    /// Its instance is being made.
    Starting,
    /// It takes messages.
    Running,
    /// It is being ended.
    Stopping,
    /// Its state is being put away.
    Parking,
}

/// One component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ComponentView {
    /// Its name.
    pub name: ComponentName,
    /// What it is; none where nothing of it is loaded.
    pub kind: Option<Kind>,
    /// Whether it is there for its callers.
    pub state: ComponentState,
    /// What births and new service calls go to.
    pub current: Option<Digest>,
    /// Every version that is loaded.
    pub versions: Vec<VersionView>,
    /// The upgrade in hand.
    pub upgrade: Option<UpgradeView>,
    /// The upgrade that begins next.
    pub waiting: Option<WaitingView>,
    /// How many actors it has.
    pub actors: u64,
}

/// Whether a component is there for its callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComponentState {
    /// It is.
    Serving,
    /// The host has just begun, and loads it.
    Loading,
    /// It is being taken away.
    Removing,
    /// Nothing of it is current.
    Absent,
}

/// One loaded version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionView {
    /// Which bytes.
    pub digest: Digest,
    /// What people call it.
    pub label: Label,
    /// Of the component, in bytes.
    pub size: u64,
    /// What it is there for.
    pub role: Role,
    /// Actors on it, where it is not current.
    pub holders: Vec<HolderView>,
}

/// An actor on a version that is not current.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HolderView {
    /// Whose.
    pub address: Address,
    /// Whether it is still to go over, or back; otherwise only another upgrade takes it along.
    pub is_tried: bool,
    /// Why it has not; none where it was never tried.
    pub stayed: Option<String>,
}

/// What a loaded version is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Births and new service calls go to it.
    Current,
    /// It lives on until nothing refers to it.
    Old,
    /// Actors are being switched to it.
    Incoming,
    /// It is being judged.
    Staged,
}

/// The upgrade in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UpgradeView {
    /// Which.
    pub id: UpgradeId,
    /// To which bytes.
    pub to: Digest,
    /// The step it has come to.
    pub step: Step,
    /// Whether it is on its way back.
    pub is_turning_back: bool,
}

/// An upgrade that was taken and has not begun.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingView {
    /// Which.
    pub id: UpgradeId,
    /// To which bytes.
    pub to: Digest,
    /// What people call them.
    pub label: Label,
    /// For what it waits.
    pub why: String,
}

impl World {
    /// Every actor, in order of address.
    pub fn actors(&self) -> impl Iterator<Item = ActorView> + '_ {
        self.components.values().flat_map(|component| {
            component.actors.iter().map(|(key, actor)| ActorView {
                address: component.address(key),
                digest: actor.version,
                label: component.label(actor.version),
                generation: actor.generation,
                restarts: actor.restarts,
                life: life(&actor.life),
                left_behind: actor.left_behind.is_some(),
            })
        })
    }

    /// Every component, in order of name.
    pub fn components(&self) -> impl Iterator<Item = ComponentView> + '_ {
        self.components.values().map(|component| ComponentView {
            name: component.name.clone(),
            kind: component.current.and_then(|digest| component.version(digest)).map(|version| version.kind),
            state: state(component),
            current: component.current,
            versions: versions(component),
            upgrade: component.upgrade.as_ref().map(|upgrade| UpgradeView {
                id: upgrade.draft.id,
                to: upgrade.to(),
                step: upgrade.draft.step,
                is_turning_back: upgrade.is_turning_back(),
            }),
            waiting: component.waiting.as_ref().map(|waiting| WaitingView {
                id: waiting.draft.id,
                to: waiting.offer.digest,
                label: waiting.draft.label(),
                why: why_it_waits(component, waiting),
            }),
            actors: component.actors.len() as u64,
        })
    }
}

fn why_it_waits(component: &Component, waiting: &Waiting) -> String {
    let crowd = || component.is_crowded(waiting.offer.digest);
    match &component.upgrade {
        Some(upgrade) => format!("upgrade {} ends first", upgrade.draft.id),
        None => crowd().unwrap_or_else(|| "it begins in a moment".to_owned()),
    }
}

fn life(life: &Life) -> LifeView {
    match life {
        Life::Due { .. } => LifeView::BackingOff,
        Life::Held { .. } => LifeView::WaitingForUpgrade,
        Life::Starting { .. } => LifeView::Starting,
        Life::Running => LifeView::Running,
        Life::Stopping => LifeView::Stopping,
        Life::Parking => LifeView::Parking,
    }
}

fn state(component: &Component) -> ComponentState {
    match component.standing {
        Standing::Restoring(_) => ComponentState::Loading,
        Standing::Removing { .. } => ComponentState::Removing,
        Standing::Present if component.current.is_some() => ComponentState::Serving,
        Standing::Present => ComponentState::Absent,
    }
}

fn versions(component: &Component) -> Vec<VersionView> {
    let of = |(digest, loaded): (&Digest, &crate::component::Loaded)| {
        let role = role(component, *digest);
        let is_holder = |digest: Digest| component.actors.iter().filter(move |(_, actor)| actor.version == digest);
        let holders = match role {
            Role::Current => Vec::new(),
            Role::Old | Role::Incoming | Role::Staged => {
                let holders = is_holder(*digest).filter(|(_, actor)| actor.is_embodied());
                let view = |(key, actor): (&ActorKey, &Actor)| HolderView {
                    address: component.address(key),
                    is_tried: component.is_driven(key) || component.stragglers.contains_key(key),
                    stayed: actor.left_behind.clone().or_else(|| actor.stayed.clone()),
                };
                holders.map(view).collect()
            }
        };
        let (label, size) = (loaded.version.label.clone(), loaded.version.size);
        VersionView { digest: *digest, label, size, role, holders }
    };
    component.versions.iter().map(of).collect()
}

fn role(component: &Component, digest: Digest) -> Role {
    match &component.upgrade {
        _ if component.current == Some(digest) => Role::Current,
        Some(upgrade) if upgrade.to() == digest && upgrade.draft.step >= Step::Switching => Role::Incoming,
        Some(upgrade) if upgrade.to() == digest => Role::Staged,
        _ => Role::Old,
    }
}
