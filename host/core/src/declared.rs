//! A changed manifest: what of it a running component takes up, and what it goes on with all the same. Nobody who lives
//! is ended for it, and an upgrade in hand ends by the settings that it began with.

use serde::{Deserialize, Serialize};

use crate::again;
use crate::component::{Component, Components, Standing};
use crate::happening::Happening;
use crate::id::ComponentName;
use crate::policy::{Policy, Settings};
use crate::turn::Turn;

/// From when on a changed setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Whoever lives takes it up before its next message.
    AtOnce,
    /// For actors that come to be from now on.
    Births,
    /// For upgrades that begin from now on.
    Upgrades,
    /// At once where none of the component's actors live; else when it was removed and is loaded again.
    Unpeopled,
    /// For instances that are made from now on.
    Instances,
    /// When the host starts again.
    Start,
}

impl Holds {
    /// The same in words, with what to do where it does not hold by itself.
    pub fn words(self) -> &'static str {
        match self {
            Self::AtOnce => "at once",
            Self::Births => "for births from now on",
            Self::Upgrades => "from the next upgrade on",
            Self::Unpeopled => {
                "at once where no actor lives; else when the host starts again, or the component is removed and loaded again"
            }
            Self::Instances => "for new instances: restart the actor (`changeling restart ADDRESS`)",
            Self::Start => "when the host starts again",
        }
    }

    /// Whether something is left to do before it holds for all.
    pub fn is_later(self) -> bool {
        matches!(self, Self::Unpeopled | Self::Instances | Self::Start)
    }
}

/// A setting that a changed manifest sets otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Change {
    /// The table it stands in, as in the manifest: `http`, `components.counter`.
    pub section: String,
    /// Its name, as in the manifest.
    pub setting: String,
    /// What it was, as the manifest would say it; of a secret only that there is one.
    pub from: String,
    /// What it is.
    pub to: String,
    /// From when on.
    pub holds: Holds,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { section, setting, from, to, holds } = self;
        write!(f, "[{section}] {setting} = {to} (was {from}), {}", holds.words())
    }
}

/// Something that a component goes on with though the manifest says otherwise now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Kept {
    /// Which component.
    pub component: ComponentName,
    /// What stays, why, and what to do, in one sentence.
    pub why: String,
}

/// A mistake in a manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Misplaced {
    /// The line, from 1.
    pub line: u64,
    /// The character in it, from 1.
    pub column: u64,
    /// What is wrong and what to write instead.
    pub words: String,
}

/// What a manifest says now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declaration {
    /// Which file.
    pub file: String,
    /// Whether it is not there any more: then every setting has its default.
    pub is_gone: bool,
    /// All that it decides.
    pub settings: Settings,
    /// What it says otherwise than before.
    pub changes: Vec<Change>,
    /// What else is to be said of it.
    pub notes: Vec<String>,
}

/// Every component takes up what it can, and that is told at once.
pub(crate) fn declared(components: &mut Components, declaration: Declaration, turn: &mut Turn<'_>) {
    let Declaration { file, is_gone, settings, changes, notes } = declaration;
    let mut kept = Vec::new();
    for component in components.values_mut() {
        let whys = component.declared(settings.policy(&component.name), turn);
        kept.extend(whys.into_iter().map(|why| Kept { component: component.name.clone(), why }));
    }
    again::declared(components, &changes, turn);
    turn.tell(Happening::Declared { file: file.clone(), gone: is_gone, changes, kept });
    notes.into_iter().for_each(|why| turn.tell(Happening::Trouble { what: file.clone(), why }));
}

impl Component {
    /// Takes up another policy as far as it can while it runs; says what it goes on with, and why.
    fn declared(&mut self, policy: Policy, turn: &mut Turn<'_>) -> Vec<String> {
        let before = std::mem::replace(&mut self.declared, policy.clone());
        let mut kept = Vec::new();
        self.policy.take_births(&policy);
        match self.upgrade.as_ref().map(|upgrade| upgrade.draft.id) {
            None => self.policy.take_upgrades(&policy),
            // Taken up when it is finished.
            Some(id) if !before.is_like_in_upgrades(&policy) => {
                kept.push(format!("upgrade {id} is in hand, and ends by the settings that it began with"));
            }
            Some(_) => {}
        }
        if policy.keyed != self.policy.keyed && policy.keyed != before.keyed {
            match self.why_keyed_stays() {
                None => {
                    self.policy.keyed = policy.keyed;
                    if matches!(self.standing, Standing::Present) && !turn.ending {
                        self.begin_singleton(turn);
                    }
                }
                Some(why) => kept.push(format!(
                    "`keyed` stays {} while {why}: remove the component and load it again, or start the host again",
                    self.policy.keyed
                )),
            }
        }
        kept
    }

    /// What stands against another kind of addresses.
    fn why_keyed_stays(&self) -> Option<String> {
        if self.upgrade.as_ref().is_some_and(|upgrade| upgrade.is_before_publish()) {
            return Some("an upgrade is in hand".to_owned());
        }
        let parked = match &self.standing {
            Standing::Restoring(restoring) => restoring.parked(),
            Standing::Present | Standing::Removing { .. } => 0,
        };
        match (self.actors.len() + parked, self.policy.keyed) {
            (0, _) => None,
            (1, false) => Some("its actor lives".to_owned()),
            (n, _) => Some(format!("it has actors ({n})")),
        }
    }
}
