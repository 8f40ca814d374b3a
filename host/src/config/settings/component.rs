//! `[defaults]` and `[components.NAME]`: what an actor may use, and how it is upgraded.

use std::time::Duration;

use changeling_core::declared::Holds;
use changeling_core::policy::{Laggard, Sample, Strategy};

use super::{DAY, GIB, HOUR, MS, Setting};
use crate::config::value::{Value, Wrong};
use crate::config::written::{list, names, rate, size, time, told, word};
use crate::config::{ComponentConfig, KIB, MIB};

const NO_TIME: Duration = Duration::ZERO;

const STRATEGIES: &[(&str, Strategy)] = &[("rolling", Strategy::Rolling), ("restart", Strategy::Restart)];
const SAMPLES: &[(&str, Sample)] = &[("all", Sample::All), ("none", Sample::None)];
const LAGGARDS: &[(&str, Laggard)] = &[("wait", Laggard::Wait), ("kill", Laggard::Kill), ("refuse", Laggard::Refuse)];

pub(in crate::config) const COMPONENT: &[Setting<ComponentConfig>] = &[
    Setting {
        name: "keyed",
        default: "false",
        meaning: "Whether its actors come into being by key (`component/key`), instead of one when it is loaded.",
        holds: Holds::Unpeopled,
        write: |it| told(it.policy.keyed),
        read: |it, value| value.flag().map(|on| it.policy.keyed = on),
    },
    Setting {
        name: "on-demand",
        default: "true",
        meaning: "Whether the first call to a key makes the actor, where it is keyed. It lives until it leaves, is stopped, \
                  or its component is removed: none ends for being idle.",
        holds: Holds::Births,
        write: |it| told(it.policy.on_demand),
        read: |it, value| value.flag().map(|on| it.policy.on_demand = on),
    },
    Setting {
        name: "actors",
        default: "1000",
        meaning: "Its actors, at most.",
        holds: Holds::Births,
        write: |it| told(it.policy.max_actors),
        read: |it, value| value.count(1..=10_000_000).map(|n| it.policy.max_actors = n),
    },
    Setting {
        name: "fresh",
        default: "false",
        meaning: "Whether every call of a service gets an instance of its own.",
        holds: Holds::AtOnce,
        write: |it| told(it.fresh),
        read: |it, value| value.flag().map(|on| it.fresh = on),
    },
    Setting {
        name: "memory",
        default: "\"64MiB\"",
        meaning: "Linear memory of one instance, in bytes. Twice that while it saves or changes code.",
        holds: Holds::AtOnce,
        write: |it| size(it.limits.memory),
        read: |it, value| value.size(64 * KIB..=4 * GIB).map(|n| it.limits.memory = n),
    },
    Setting {
        name: "cpu",
        default: "\"1s\"",
        meaning: "Guest time of one message.",
        holds: Holds::AtOnce,
        write: |it| time(it.limits.cpu),
        read: |it, value| value.duration(10 * MS..=HOUR).map(|time| it.limits.cpu = time),
    },
    Setting {
        name: "mailbox",
        default: "1000",
        meaning: "Messages in one mailbox. Past it outside callers are answered `overloaded`, and actors wait.",
        holds: Holds::AtOnce,
        write: |it| told(it.limits.mailbox),
        read: |it, value| value.count(1..=10_000_000).map(|n| it.limits.mailbox = n),
    },
    Setting {
        name: "mailbox-bytes",
        default: "\"4MiB\"",
        meaning: "Bytes of messages in one mailbox.",
        holds: Holds::AtOnce,
        write: |it| size(it.limits.mailbox_bytes),
        read: |it, value| value.size(KIB..=GIB).map(|n| it.limits.mailbox_bytes = n),
    },
    Setting {
        name: "message",
        default: "\"1MiB\"",
        meaning: "One message, in bytes.",
        holds: Holds::AtOnce,
        write: |it| size(it.limits.message),
        read: |it, value| value.size(KIB..=256 * MIB).map(|n| it.limits.message = n),
    },
    Setting {
        name: "state",
        default: "\"16MiB\"",
        meaning: "One saved state, in bytes.",
        holds: Holds::AtOnce,
        write: |it| size(it.limits.state),
        read: |it, value| value.size(KIB..=GIB).map(|n| it.limits.state = n),
    },
    Setting {
        name: "concurrent-calls",
        default: "256",
        meaning: "Calls of a service at the same time.",
        holds: Holds::AtOnce,
        write: |it| told(it.limits.concurrent_calls),
        read: |it, value| value.count(1..=1_000_000).map(|n| it.limits.concurrent_calls = n),
    },
    Setting {
        name: "timers",
        default: "1000",
        meaning: "Timers of one actor.",
        holds: Holds::AtOnce,
        write: |it| told(it.limits.timers),
        read: |it, value| value.count(0..=1_000_000).map(|n| it.limits.timers = n),
    },
    Setting {
        name: "log",
        default: "\"64KiB/s\"",
        meaning: "What one actor may log, in bytes a second. Past it some is left out, and that is said.",
        holds: Holds::AtOnce,
        write: |it| rate(it.limits.log),
        read: |it, value| value.rate(0..=GIB).map(|n| it.limits.log = n),
    },
    Setting {
        name: "strategy",
        default: "\"rolling\"",
        meaning: "How actors go over to a new version: \"rolling\", one by one with their state; \"restart\", ended and begun \
                  anew.",
        holds: Holds::Upgrades,
        write: |it| word(STRATEGIES, it.policy.strategy),
        read: |it, value| {
            it.policy.strategy = value.choice(STRATEGIES)?;
            Ok(())
        },
    },
    Setting {
        name: "parallel",
        default: "\"cores\"",
        meaning: "Actors that are switched at a time: a number, or as many as the machine has cores.",
        holds: Holds::Upgrades,
        write: |it| told(it.policy.parallel),
        read: |it, value| {
            it.policy.parallel = match value.0.get_ref().as_str() {
                Some(_) => value.choice(&[("cores", ComponentConfig::default().policy.parallel)])?,
                None => usize::try_from(value.count(1..=1_024)?).unwrap_or(1),
            };
            Ok(())
        },
    },
    Setting {
        name: "verify",
        default: "100",
        meaning: "Live states that a new version is tried on first: \"all\", a number of them (all, where there are fewer), \
                  or \"none\".",
        holds: Holds::Upgrades,
        write: |it| match it.policy.verify {
            Some(Sample::Count(count)) => told(count),
            Some(sample) => word(SAMPLES, sample),
            None => told("all up to 100, then 100"),
        },
        read: |it, value| {
            it.policy.verify = Some(match value.0.get_ref().as_str() {
                Some(_) => value.choice(SAMPLES)?,
                None => Sample::Count(u32::try_from(value.count(1..=1_000_000)?).unwrap_or(u32::MAX)),
            });
            Ok(())
        },
    },
    Setting {
        name: "verify-timeout",
        default: "\"1m\"",
        meaning: "How long these tries may take in all. What was not looked at by then is counted.",
        holds: Holds::Upgrades,
        write: |it| time(it.policy.verify_timeout),
        read: |it, value| value.duration(MS..=DAY).map(|time| it.policy.verify_timeout = time),
    },
    Setting {
        name: "require-proof",
        default: "false",
        meaning: "Whether a version is refused of which a scratch instance could not show that it starts.",
        holds: Holds::Upgrades,
        write: |it| told(it.policy.require_proof),
        read: |it, value| value.flag().map(|on| it.policy.require_proof = on),
    },
    Setting {
        name: "keep-exports",
        default: "[]",
        meaning: "Interfaces that others rely on: [\"demo:counter/counter\"], of whatever version, or \
                  [\"demo:counter/counter@1.0.0\"]. A version is refused that takes a function of theirs away, or changes \
                  its type.",
        holds: Holds::Upgrades,
        write: |it| list(&it.policy.keep_exports),
        read: |it, value| {
            it.policy.keep_exports = value.list("a list of interfaces")?.map(interface).collect::<Result<_, _>>()?;
            Ok(())
        },
    },
    Setting {
        name: "save-limit",
        default: "\"5s\"",
        meaning: "How long an upgrade waits for one actor's `save`. A `save` of a live state is ended after \
                  that time, or after a minute where that is longer.",
        holds: Holds::AtOnce,
        write: |it| time(it.limits.save),
        read: |it, value| value.duration(MS..=HOUR).map(|time| it.limits.save = time),
    },
    Setting {
        name: "change-budget",
        default: "\"10s\"",
        meaning: "Guest time of one code change.",
        holds: Holds::AtOnce,
        write: |it| time(it.limits.change),
        read: |it, value| value.duration(10 * MS..=HOUR).map(|time| it.limits.change = time),
    },
    Setting {
        name: "hold-timeout",
        default: "\"5s\"",
        meaning: "How long one try at switching an actor waits for the message in hand.",
        holds: Holds::Upgrades,
        write: |it| time(it.policy.hold_timeout),
        read: |it, value| value.duration(MS..=DAY).map(|time| it.policy.hold_timeout = time),
    },
    Setting {
        name: "drain-timeout",
        default: "\"1m\"",
        meaning: "How long an upgrade goes on trying, from the first hold. And how long who is to end may take over the \
                  message in hand; then it is killed.",
        holds: Holds::Upgrades,
        write: |it| time(it.policy.drain_timeout),
        read: |it, value| value.duration(NO_TIME..=DAY).map(|time| it.policy.drain_timeout = time),
    },
    Setting {
        name: "laggards",
        default: "\"wait\"",
        meaning: "What becomes of an actor that could not be switched by then: \"wait\", it switches when it can; \"kill\", it \
                  is ended and begun anew; \"refuse\", the upgrade turns back.",
        holds: Holds::Upgrades,
        write: |it| word(LAGGARDS, it.policy.laggards),
        read: |it, value| {
            it.policy.laggards = value.choice(LAGGARDS)?;
            Ok(())
        },
    },
];

/// `ns:pkg/interface`, with its version or without.
fn interface(value: Value<'_>) -> Result<String, Wrong> {
    let text = value.text("an interface")?;
    let is_name =
        text.split_once(':').is_some_and(|(_, rest)| rest.split_once('/').is_some_and(|(_, name)| !name.is_empty()));
    if is_name && !text.contains(['#', '"']) && !text.contains(char::is_whitespace) {
        return Ok(text.to_owned());
    }
    Err(value.wrong(
        "an interface is named `namespace:package/interface`, as `changeling components NAME` shows it before the #",
    ))
}

/// Settings that give a right, and so are given by name and never by default.
pub(in crate::config) const GRANTS: &[Setting<ComponentConfig>] = &[Setting {
    name: "env",
    default: "{}",
    meaning: "The environment that it sees, whole: names and values. A grant.",
    holds: Holds::Instances,
    write: |it| names(&it.env),
    read: |it, value| {
        for (name, value) in value.table("a table of names and values")? {
            let words = "the name of an environment variable is not empty and has no `=` in it";
            if name.get_ref().is_empty() || name.get_ref().contains(['=', '\0']) {
                return Err(Wrong { span: name.span(), words: words.to_owned() });
            }
            let value = Value(value);
            let text = value.text("a text")?;
            if text.contains('\0') {
                return Err(value.wrong("the value of an environment variable has no NUL in it"));
            }
            it.env.insert(name.get_ref().to_string(), text.to_owned());
        }
        Ok(())
    },
}];
