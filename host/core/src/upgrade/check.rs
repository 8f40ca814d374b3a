//! Whether a version may take over, judged without running it: every objection at once, and what is worth saying.

use std::collections::BTreeSet;

use super::handover::handover;
use crate::contract::{Kind, Version};
use crate::id::ComponentName;
use crate::policy::Strategy;
use crate::reason::{Cause, Refusal, Step};

/// What a new version is judged against.
#[derive(Debug, Clone)]
pub struct Surroundings<'a> {
    /// The versions that live actors run on; empty where none lives.
    pub live: Vec<&'a Version>,
    /// What is current, where something is.
    pub current: Option<&'a Version>,
    /// The `changeling:` interfaces that this host has.
    pub provides: &'a BTreeSet<String>,
    /// How actors would go over.
    pub strategy: Strategy,
    /// Interfaces that must stay as they are: whose, and which.
    pub keep_exports: Option<(&'a ComponentName, &'a BTreeSet<String>)>,
}

/// The judgement: refused where there is an objection, else taken with what is worth saying.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Why it is refused: everything at once.
    pub objections: Vec<Refusal>,
    /// What refuses nothing and is worth saying.
    pub findings: Vec<String>,
}

/// Judges `new` without running it.
#[must_use]
pub fn check(new: &Version, around: &Surroundings<'_>) -> Judgement {
    let mut judgement = Judgement { findings: new.remarks.clone(), ..Judgement::default() };
    callable(new, &mut judgement);
    imports(new, around, &mut judgement);
    for old in &around.live {
        hooks(old, new, around.strategy, &mut judgement);
        state(old, new, around.strategy, &mut judgement);
    }
    if let Some(current) = around.current {
        functions(current, new, &mut judgement);
        if let Some((component, names)) = around.keep_exports {
            names.iter().for_each(|name| kept(component, name, current, new, &mut judgement));
        }
    }
    judgement.objections.dedup();
    judgement.findings.dedup();
    judgement
}

impl Judgement {
    fn object(&mut self, act: &str, cause: Cause, words: String) {
        self.objections.push(Refusal::new(Step::Checked, act, cause, words));
    }
}

fn callable(new: &Version, judgement: &mut Judgement) {
    if new.functions.is_empty() && new.kind == Kind::Service {
        judgement.object(
            "exports",
            Cause::Bytes,
            "it exports nothing callable; export a function, or `state` or `lifecycle` of the contract".to_owned(),
        );
    }
}

/// What the engine links of WASI.
const WASI: [&str; 6] = ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random", "wasi:sockets"];

fn imports(new: &Version, around: &Surroundings<'_>, judgement: &mut Judgement) {
    for import in &new.imports {
        let (package, _) = import.split_once('/').unwrap_or((import, ""));
        if WASI.contains(&package) || around.provides.contains(import) {
            continue;
        }
        let words = match package.split_once(':') {
            Some(("changeling", _)) => format!("it imports {import}, which this host does not have"),
            Some(("wasi", _)) => {
                format!("it imports {import}, which this host does not have: of WASI it has {}", WASI.join(", "))
            }
            _ => format!("it imports {import}, which nobody provides: a guest may import wasi: and changeling: only"),
        };
        judgement.object("imports", Cause::Surroundings, words);
    }
}

/// What live actors were promised may not go away under them, but by a restart.
fn hooks(old: &Version, new: &Version, strategy: Strategy, judgement: &mut Judgement) {
    if new.kind == Kind::Service {
        let words = format!(
            "{} is an actor, this is a service, and actors of it live; `changeling remove` the component first, which ends \
             them, or export `state` or `lifecycle`",
            old.label
        );
        judgement.object("exports", Cause::Surroundings, words);
        return;
    }
    let dropped = [
        ("state", old.hooks.state && !new.hooks.state),
        ("lifecycle", old.hooks.lifecycle && !new.hooks.lifecycle),
        ("info", old.hooks.info && !new.hooks.info),
    ];
    for (name, _) in dropped.into_iter().filter(|(_, gone)| *gone) {
        let words = format!("{} exports `{name}`, this does not, and actors of it live", old.label);
        match strategy {
            Strategy::Rolling => {
                let words = format!("{words}; export it, or begin anew with `strategy = \"restart\"`");
                judgement.object("exports", Cause::Surroundings, words);
            }
            Strategy::Restart => judgement.findings.push(words),
        }
    }
}

fn state(old: &Version, new: &Version, strategy: Strategy, judgement: &mut Judgement) {
    // A dropped `state` is said once, above.
    if old.kind != new.kind || (old.shapes.is_some() && new.shapes.is_none()) {
        return;
    }
    match handover(old, new, strategy) {
        Ok(crate::effect::Handover::State { .. }) => {}
        Ok(crate::effect::Handover::Restart) => {
            let why = if old.shapes.is_some() { "as was asked" } else { "it exports no `state`" };
            judgement.findings.push(format!("actors on {} begin anew: {why}", old.label));
        }
        Err(words) => judgement.object("state", Cause::Surroundings, words),
    }
}

/// What somebody who is not here relies on: every function of that interface stays, and of the same type.
fn kept(component: &ComponentName, interface: &str, current: &Version, new: &Version, judgement: &mut Judgement) {
    let is_of = |function: &str| {
        let (of, _) = function.split_once('#').unwrap_or_default();
        of == interface || of.split_once('@').is_some_and(|(plain, _)| plain == interface)
    };
    for (name, old) in current.functions.iter().filter(|(name, _)| is_of(name)) {
        let broken = match new.functions.get(name) {
            None => "does not export it".to_owned(),
            Some(changed) if changed != old => format!("exports it as {changed}"),
            Some(_) => continue,
        };
        let words = format!(
            "{component} {} exports {name} as {old}, which `keep-exports` names, and {} {broken}; export it as it was, or \
             take \"{interface}\" out of `keep-exports` of {component} in the manifest",
            current.label, new.label
        );
        judgement.object("exports", Cause::Surroundings, words);
    }
}

/// Nobody is known to use a function yet, so what went away or changed is said and refuses nothing.
fn functions(current: &Version, new: &Version, judgement: &mut Judgement) {
    for (name, old) in &current.functions {
        match new.functions.get(name) {
            None => judgement.findings.push(format!("{name} is gone; it was {old}")),
            Some(changed) if changed != old => {
                judgement.findings.push(format!("{name} changed from {old} to {changed}"));
            }
            Some(_) => {}
        }
    }
}
