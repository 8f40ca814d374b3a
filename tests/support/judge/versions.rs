//! Which version may answer when: the one that is current, and one that is on its way to those who were switched to it.
//! Nobody hears a version that was refused, or an older one after a newer one but on the way back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use super::super::recording::{Asked, Call, Heard, Recording, Upgrade, Version};
use super::{Kind, answered_by};

/// A version may be met from here to there.
struct Scene {
    version: Version,
    from: Instant,
    until: Option<Instant>,
}

pub fn look_at(recording: &Recording, broken: &mut Vec<String>) {
    let mut upgrades: BTreeMap<&str, Vec<&Upgrade>> = BTreeMap::new();
    for upgrade in &recording.upgrades {
        upgrades.entry(&upgrade.component).or_default().push(upgrade);
    }
    for (component, upgrades) in upgrades {
        let mut kind = Kind::new(broken);
        let met = scenes(&upgrades, true);
        for (address, said) in answers_of(recording, component) {
            let answered: Vec<_> = said.iter().map(|(call, version)| (*version, call.began, call.ended)).collect();
            let is_service = said.iter().all(|(call, _)| call.asked == Asked::Greet);
            let order = if is_service { Order::OfTimes } else { Order::OfPlaces };
            follow(address, order, &met, &answered, &mut kind);
        }
        let current = scenes(&upgrades, false);
        let number = |digest: &str| upgrades.iter().find(|up| up.digest == digest).map_or(0, |upgrade| upgrade.to);
        let sights = recording.sights.iter().filter(|sight| sight.component == component);
        let shown: Vec<_> = sights.map(|sight| (number(&sight.digest), sight.last.0, sight.first.1)).collect();
        let mut kind = Kind::new(broken);
        follow(component, Order::OfPlaces, &current, &shown, &mut kind);
    }
}

/// What was heard at each address of a component, in the order in which it was handled as far as that shows.
fn answers_of<'a>(recording: &'a Recording, component: &str) -> BTreeMap<&'a str, Vec<(&'a Call, Version)>> {
    let mut of: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for call in recording.calls.iter().filter(|call| call.to.split('/').next() == Some(component)) {
        if let Some(version) = answered_by(call) {
            of.entry(&*call.to).or_default().push((call, version));
        }
    }
    of.values_mut().for_each(|said| said.sort_by_key(|(call, _)| handled(call)));
    of
}

/// A witness counts what it answers, and its lives follow each other.
fn handled(call: &Call) -> (u64, u64, Instant) {
    match &call.heard {
        Heard::Testimony(said) => (said.life, said.count, call.ended),
        _ => (0, 0, call.ended),
    }
}

/// One after the other; `incoming` with those that came to actors and were turned back.
fn scenes(upgrades: &[&Upgrade], incoming: bool) -> Vec<Scene> {
    let mut scenes: Vec<Scene> = Vec::new();
    for upgrade in upgrades {
        let Upgrade { to, began, ended, .. } = **upgrade;
        let before = scenes.last().map(|scene| scene.version);
        let may_meet = upgrade.is_published() || (incoming && upgrade.outcome() == "rolled-back");
        if !may_meet || before == Some(to) {
            continue;
        }
        if let Some(last) = scenes.last_mut() {
            last.until = Some(ended);
        }
        let goes_back = !upgrade.is_published();
        scenes.push(Scene { version: to, from: began, until: goes_back.then_some(ended) });
        if let (true, Some(version)) = (goes_back, before) {
            scenes.push(Scene { version, from: began, until: None });
        }
    }
    scenes
}

/// How two things that were seen follow each other.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// As they stand.
    OfPlaces,
    /// Only where one had ended when the other began: a service answers side by side.
    OfTimes,
}

/// Each of these, seen between two instants, is in its scene, and the scenes are in their order.
fn follow(whose: &str, order: Order, scenes: &[Scene], seen: &[(Version, Instant, Instant)], kind: &mut Kind<'_>) {
    let mut seen = seen.to_vec();
    if order == Order::OfTimes {
        seen.sort_by_key(|(_, began, _)| *began);
    }
    let mut at = 0;
    let mut ends: BTreeSet<(Instant, usize)> = BTreeSet::new();
    for (version, began, ended) in seen {
        while let Some((_, scene)) = ends.first().copied().filter(|(end, _)| *end < began || order == Order::OfPlaces) {
            ends.pop_first();
            at = at.max(scene);
        }
        let fits =
            |scene: &Scene| scene.version == version && ended >= scene.from && scene.until.is_none_or(|it| began <= it);
        match scenes[at..].iter().position(fits) {
            Some(further) => _ = ends.insert((ended, at + further)),
            None => kind.insist(false, || {
                let now = scenes.get(at).map_or(0, |scene| scene.version);
                format!("{whose} was on version {version}, which had been followed by {now}, or was never to be met")
            }),
        }
    }
}
