//! What an offer is: the digest last seen under each file's name, the verdicts that stand, and which of several offers
//! is the newest. It looks at no file.

use std::collections::BTreeSet;

use crate::contract::Offer;
use crate::id::{ComponentName, Digest};
use crate::reason::{Cause, Refusal};
use crate::table::{Table, Verdict};

/// Verdicts kept in all; beyond it the oldest go.
const MAX_VERDICTS: usize = 1_000;

/// Whether a file's bytes are not those last seen under its name, or were refused for their surroundings. That is an
/// offer, and nothing else is; nothing is seen before it is decided what becomes of it.
pub(crate) fn is_news(table: &Table, offer: &Offer) -> bool {
    let is_new = |file: &str| table.files.get(file) != Some(&offer.digest) || table.again.contains(file);
    offer.source.file().is_none_or(is_new)
}

/// Notes what lies under a file's name, once it is decided what becomes of it: a host that dies before leaves an offer.
pub(crate) fn see(table: &mut Table, file: &str, digest: Digest) {
    table.files.insert(file.to_owned(), digest);
    table.again.remove(file);
}

/// What lies under these names was refused for its surroundings: of all such of the component, the last remains an offer.
pub(crate) fn see_again(table: &mut Table, component: &ComponentName, files: &BTreeSet<String>) {
    settle(table, component);
    table.again.extend(files.iter().cloned());
}

/// A version became current: what was refused before it is the past.
pub(crate) fn settle(table: &mut Table, component: &ComponentName) {
    table.again.retain(|file| component_of(file) != Some(component.as_str()));
}

/// The names of a component under which something lies that was refused for its surroundings.
pub(crate) fn again(table: &Table, component: &ComponentName) -> BTreeSet<String> {
    table.again.iter().filter(|file| component_of(file) == Some(component.as_str())).cloned().collect()
}

/// Forgets all that was seen and judged of a component.
pub(crate) fn forget(table: &mut Table, component: &ComponentName) {
    settle(table, component);
    table.files.retain(|file, _| component_of(file) != Some(component.as_str()));
    table.verdicts.retain(|verdict| verdict.component != *component);
}

/// `NAME.wasm` or `NAME@LABEL.wasm`.
pub(crate) fn component_of(file: &str) -> Option<&str> {
    let stem = file.strip_suffix(".wasm")?;
    Some(stem.split_once('@').map_or(stem, |(name, _)| name))
}

/// The verdict that stands on these bytes.
pub(crate) fn verdict<'a>(table: &'a Table, component: &ComponentName, digest: Digest) -> Option<&'a Refusal> {
    let of = |verdict: &&Verdict| verdict.component == *component && verdict.digest == digest;
    table.verdicts.iter().find(of).map(|verdict| &verdict.refusal)
}

/// Takes a verdict back: somebody asked to judge again, or the bytes were taken after all.
pub(crate) fn acquit(table: &mut Table, component: &ComponentName, digest: Digest) {
    table.verdicts.retain(|verdict| verdict.component != *component || verdict.digest != digest);
}

/// Keeps a verdict, but only one whose cause is in the bytes.
pub(crate) fn convict(table: &mut Table, component: &ComponentName, digest: Digest, refusals: &[Refusal]) {
    let Some(refusal) = refusals.iter().find(|refusal| refusal.cause == Cause::Bytes) else {
        return;
    };
    acquit(table, component, digest);
    table.verdicts.push(Verdict { component: component.clone(), digest, refusal: refusal.clone() });
    if table.verdicts.len() > MAX_VERDICTS {
        table.verdicts.remove(0);
    }
}

/// Whether `offer` wins over `other`: the newer modification, at equal times the greater label, else the later word. What
/// lies under a name now wins over what lay there before, whatever its time says: `cp -p`, `mv` and `tar` keep old ones.
pub(crate) fn is_newer(offer: &Offer, other: &Offer) -> bool {
    is_in_its_place(offer, other) || (offer.modified, &offer.name_label) >= (other.modified, &other.name_label)
}

fn is_in_its_place(offer: &Offer, other: &Offer) -> bool {
    offer.source.file().is_some() && offer.source.file() == other.source.file()
}

/// Why an offer gives way to one that wins over it, where only its label tells them apart.
pub(crate) fn lesser_label(loser: &Offer, winner: &Offer) -> Option<String> {
    let is_by_label = loser.modified == winner.modified && loser.name_label < winner.name_label;
    let label = winner.name_label.as_ref().filter(|_| is_by_label && !is_in_its_place(loser, winner))?;
    Some(format!("a version with the same time was offered, and of equal times the greater label wins: {label}"))
}
