//! What is judged again by itself: files that were refused for their surroundings, when the manifest changes; and those
//! that the machine stood in the way of, after a while, ever more seldom. Nothing is judged twice for one reason.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::component::Components;
use crate::declared::Change;
use crate::effect::Effect;
use crate::folder;
use crate::id::ComponentName;
use crate::reason::Cause;
use crate::receipt::Outcome;
use crate::turn::{Alarm, Turn};
use crate::upgrade::receipt::Draft;

/// How long after the machine refused something it is looked at again; twice as long each time it does so once more.
const FIRST: Duration = Duration::from_secs(30);
/// The longest that this becomes.
const LONGEST: Duration = Duration::from_secs(600);

/// How long is waited for the machine, where it stood in the way the last time.
#[derive(Debug, Default)]
pub(crate) struct Again(BTreeMap<ComponentName, Duration>);

/// It is decided what becomes of a version: where files brought it, they are an offer again or are not.
pub(crate) fn decided(draft: &Draft, outcome: Outcome, turn: &mut Turn<'_>) {
    let name = &draft.component;
    let is = |of: fn(Cause) -> bool| draft.refusals.iter().any(|refusal| of(refusal.cause));
    let is_refused = matches!(outcome, Outcome::Refused | Outcome::RolledBack);
    let may_pass = is_refused && !draft.files.is_empty() && !is(|cause| !cause.may_pass());
    if may_pass {
        turn.ledger.edit(|table| folder::see_again(table, name, &draft.files));
    }
    let before = turn.again.0.remove(name);
    if draft.is_outdated || (draft.stood_in_the_way && !may_pass) {
        look(folder::again(&turn.ledger.table, name), turn);
    } else if may_pass && is(|cause| cause == Cause::Machine) {
        let wait = before.map_or(FIRST, |before| (before * 2).min(LONGEST));
        turn.again.0.insert(name.clone(), wait);
        turn.wake(turn.now + wait, Alarm::Again(name.clone()));
    }
}

/// The machine has had its time.
pub(crate) fn is_due(name: &ComponentName, turn: &mut Turn<'_>) {
    if turn.again.0.contains_key(name) {
        look(folder::again(&turn.ledger.table, name), turn);
    }
}

/// The manifest has changed: what it is about is judged by what it says now. An upgrade in hand is not; if it is refused,
/// it is judged once more.
pub(crate) fn declared(components: &mut Components, changes: &[Change], turn: &mut Turn<'_>) {
    for component in components.values_mut().filter(|component| is_about(changes, component.name.as_str())) {
        if let Some(upgrade) = component.upgrade.as_mut().filter(|upgrade| upgrade.is_before_publish()) {
            upgrade.draft.is_outdated = true;
        }
    }
    let mut files = turn.ledger.table.again.clone();
    files.retain(|file| folder::component_of(file).is_some_and(|name| is_about(changes, name)));
    look(files, turn);
}

/// How the host is reached concerns no component; what is said of one concerns no other.
fn is_about(changes: &[Change], name: &str) -> bool {
    changes.iter().any(|change| match change.section.strip_prefix("components.") {
        Some(of) => of == name,
        None => change.section != "http",
    })
}

fn look(files: BTreeSet<String>, turn: &mut Turn<'_>) {
    if !files.is_empty() && !turn.ending {
        turn.ask(Effect::LookAgain { files });
    }
}
