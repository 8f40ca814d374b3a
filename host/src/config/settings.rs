//! Every setting, once: its name, its default as it would be written, what it means, how it is read, how it is written,
//! and from when on a change of it holds.

use std::time::Duration;

use changeling_core::declared::Holds;
use changeling_core::policy::{Laggard, Sample, Strategy};

use super::value::{Value, Wrong, did_you_mean, nearest};
use super::written::{Written, list, names, rate, size, time, tokens, told, word};
use super::{Budget, ComponentConfig, Host, Http, KIB, MIB, Right, Token};

const GIB: u64 = 1 << 30;
const MS: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);
const NO_TIME: Duration = Duration::ZERO;
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

const STRATEGIES: &[(&str, Strategy)] = &[("rolling", Strategy::Rolling), ("restart", Strategy::Restart)];
const SAMPLES: &[(&str, Sample)] = &[("all", Sample::All), ("none", Sample::None)];
const LAGGARDS: &[(&str, Laggard)] = &[("wait", Laggard::Wait), ("kill", Laggard::Kill), ("refuse", Laggard::Refuse)];

/// A setting of a `T`.
pub(super) struct Setting<T> {
    pub(super) name: &'static str,
    default: &'static str,
    meaning: &'static str,
    /// From when on another value of it holds.
    pub(super) holds: Holds,
    /// As it would be written.
    pub(super) write: fn(&T) -> Written,
    pub(super) read: fn(&mut T, Value<'_>) -> Result<(), Wrong>,
}

/// A setting, for documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SettingDoc {
    /// The table it stands in: `http`, `components.NAME`.
    pub section: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its default, as it would be written.
    pub default: &'static str,
    /// What it means, with the unit where it has one.
    pub meaning: &'static str,
    /// From when on another value of it holds.
    pub holds: Holds,
}

/// All settings, in the order in which they are best explained. Those of `components.NAME` may stand in `defaults` too,
/// but for `env`.
pub fn settings() -> Vec<SettingDoc> {
    fn docs<T>(section: &'static str, settings: &[Setting<T>]) -> impl Iterator<Item = SettingDoc> {
        let doc = move |it: &Setting<T>| {
            let Setting { name, default, meaning, holds, .. } = *it;
            SettingDoc { section, name, default, meaning, holds }
        };
        settings.iter().map(doc)
    }
    let component = docs("components.NAME", COMPONENT).chain(docs("components.NAME", GRANTS));
    let http = docs("http", HTTP).chain(docs("http.tokens.NAME", TOKEN));
    docs("host", HOST).chain(http).chain(component).collect()
}

pub(super) const HOST: &[Setting<Host>] = &[
    Setting {
        name: "memory",
        default: "\"70%\"",
        meaning: "What guest memory, queued messages and kept states may take together: a share of the machine's memory, \
                  or a size.",
        holds: Holds::Start,
        write: |host| match host.memory {
            Budget::Share(percent) => told(format!("\"{percent}%\"")),
            Budget::Bytes(bytes) => size(bytes),
        },
        read: |host, value| {
            host.memory = budget(value)?;
            Ok(())
        },
    },
    Setting {
        name: "kept-states",
        default: "\"256MiB\"",
        meaning: "What of that the states of switched actors may take, as they were before. They are kept until their \
                  upgrade is published; those beyond go to files in the state folder.",
        holds: Holds::Start,
        write: |host| size(host.kept_states),
        read: |host, value| value.size(0..=1_024 * GIB).map(|it| host.kept_states = it),
    },
    Setting {
        name: "watch",
        default: "true",
        meaning: "Whether files dropped into the folder are taken. Without, versions come by `deploy` alone.",
        holds: Holds::Start,
        write: |host| told(host.watch),
        read: |host, value| value.flag().map(|it| host.watch = it),
    },
    Setting {
        name: "settle",
        default: "\"100ms\"",
        meaning: "How long a file must keep its size, time and inode before it is looked at. 10 ms at least: on many \
                  machines the times of files are no finer.",
        holds: Holds::Start,
        write: |host| time(host.settle),
        read: |host, value| value.duration(10 * MS..=HOUR).map(|it| host.settle = it),
    },
    Setting {
        name: "stalled",
        default: "\"2s\"",
        meaning: "How long a file that is not whole must have stopped growing before that is an error.",
        holds: Holds::Start,
        write: |host| time(host.stalled),
        read: |host, value| value.duration(MS..=HOUR).map(|it| host.stalled = it),
    },
    Setting {
        name: "rescan",
        default: "\"5s\"",
        meaning: "How often the whole folder is looked at, for what the system did not notify of.",
        holds: Holds::Start,
        write: |host| time(host.rescan),
        read: |host, value| value.duration(100 * MS..=DAY).map(|it| host.rescan = it),
    },
    Setting {
        name: "compile-cpu",
        default: "\"1m\"",
        meaning: "CPU time for compiling one version, in whole seconds. What takes more than half of it is compiled to \
                  slower code with the other half, or refused.",
        holds: Holds::Upgrades,
        write: |host| time(host.compile_cpu),
        read: |host, value| value.duration(3 * SECOND..=HOUR).map(|it| host.compile_cpu = it),
    },
    Setting {
        name: "compile-memory",
        default: "\"2GiB\"",
        meaning: "What the compiler may use, which is a process of its own. One compiles at a time.",
        holds: Holds::Upgrades,
        write: |host| size(host.compile_memory),
        read: |host, value| value.size(256 * MIB..=1_024 * GIB).map(|it| host.compile_memory = it),
    },
];

pub(super) const HTTP: &[Setting<Http>] = &[
    Setting {
        name: "listen",
        default: "\"127.0.0.1:4650\"",
        meaning: "Address and port to listen on. Port 0 takes a free one.",
        holds: Holds::Start,
        write: |http| told(format!("\"{}\"", http.listen)),
        read: |http, value| {
            let wanted = "an IP address and a port, such as \"127.0.0.1:4650\"";
            let address = value.text(wanted)?.parse();
            http.listen = address.map_err(|_| value.wrong(format!("it must be {wanted}")))?;
            Ok(())
        },
    },
    Setting {
        name: "expose",
        default: "false",
        meaning: "Consent to listen beyond loopback. Nothing here encrypts: put TLS in front. A grant.",
        holds: Holds::Start,
        write: |http| told(http.expose),
        read: |http, value| value.flag().map(|it| http.expose = it),
    },
    Setting {
        name: "hosts",
        default: "[]",
        meaning: "Further names of this host, as a proxy in front of it passes them on: \"changeling.example.org\". A name \
                  without a port is right with any. A request under any other name is refused. A grant.",
        holds: Holds::AtOnce,
        write: |http| list(&http.hosts),
        read: |http, value| {
            http.hosts = value.list("a list of names")?.map(host_name).collect::<Result<_, _>>()?;
            Ok(())
        },
    },
    Setting {
        name: "open-calls",
        default: "false",
        meaning: "Whether calls need no token. Everything else needs it all the same. A grant.",
        holds: Holds::AtOnce,
        write: |http| told(http.open_calls),
        read: |http, value| value.flag().map(|it| http.open_calls = it),
    },
    Setting {
        name: "tokens",
        default: "{}",
        meaning: "Tokens beside the host's own, each in a table with a name: `[http.tokens.NAME]`. A grant.",
        holds: Holds::AtOnce,
        write: |http| tokens(&http.tokens),
        read: |http, value| {
            for (name, value) in value.table("a table: [http.tokens.NAME]")? {
                http.tokens.insert(name.get_ref().to_string(), token(name.get_ref(), Value(value))?);
            }
            Ok(())
        },
    },
    Setting {
        name: "deadline",
        default: "\"5s\"",
        meaning: "How long a call may take that does not say so itself.",
        holds: Holds::AtOnce,
        write: |http| time(http.deadline),
        read: |http, value| value.duration(MS..=DAY).map(|it| http.deadline = it),
    },
    Setting {
        name: "connections",
        default: "512",
        meaning: "Connections that are open at a time. Past it the one that has been idle longest is closed for a new one.",
        holds: Holds::Start,
        write: |http| told(http.connections),
        read: |http, value| value.count(1..=100_000).map(|it| http.connections = it),
    },
];

/// Settings of one token; it needs them both.
const TOKEN: &[Setting<Token>] = &[
    Setting {
        name: "file",
        default: "must be said",
        meaning: "The file with the token, seen from the manifest's folder: one line of 32 characters or more, that only its \
                  owner can read. It is read when the host starts, and with each change of the manifest.",
        holds: Holds::AtOnce,
        write: |token| told(format!("\"{}\"", token.file.display())),
        read: |token, value| {
            token.file = value.text("the name of a file")?.into();
            Ok(())
        },
    },
    Setting {
        name: "may",
        default: "must be said",
        meaning: "What it may be used for: \"calls\"; \"read\", to see what there is and what happened, but for the state of an \
                  actor; \"admin\", everything.",
        holds: Holds::AtOnce,
        write: |token| list(token.may.iter().map(|right| right.word())),
        read: |token, value| {
            let choices = [Right::Calls, Right::Read, Right::Admin].map(|right| (right.word(), right));
            let rights = value.list("a list of \"calls\", \"read\" and \"admin\"")?;
            token.may = rights.map(|right| right.choice(&choices)).collect::<Result<_, _>>()?;
            Ok(())
        },
    },
];

fn token(name: &str, value: Value<'_>) -> Result<Token, Wrong> {
    let mut token = Token::default();
    for (key, value) in value.table("a table with `file` and `may`")? {
        let names = TOKEN.iter().map(|it| it.name);
        let Some(setting) = TOKEN.iter().find(|it| it.name == key.get_ref()) else {
            let hint = nearest(key.get_ref(), names).map_or("; there are file, may".to_owned(), did_you_mean);
            let words = format!("a token has no `{}`{hint}", key.get_ref().escape_debug());
            return Err(Wrong { span: key.span(), words });
        };
        (setting.read)(&mut token, Value(value))
            .map_err(|fault| Wrong { words: format!("`{}`: {}", setting.name, fault.words), ..fault })?;
    }
    if token.file.as_os_str().is_empty() || token.may.is_empty() {
        let words = format!("the token `{}` needs a `file`, and something that it `may`", name.escape_debug());
        return Err(value.wrong(words));
    }
    Ok(token)
}

fn host_name(value: Value<'_>) -> Result<String, Wrong> {
    let wanted =
        "a name such as \"changeling.example.org\", where need be with a port, without https:// and without a path";
    let text = value.text(wanted)?;
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let is_name =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    if is_name && is_port { Ok(text.to_ascii_lowercase()) } else { Err(value.wrong(format!("it must be {wanted}"))) }
}

pub(super) const COMPONENT: &[Setting<ComponentConfig>] = &[
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
        meaning: "Whether the first call to a key makes the actor, where it is keyed.",
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
        name: "save-limit",
        default: "\"5s\"",
        meaning: "How long an upgrade waits for one actor's `save`.",
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

/// Settings that give a right, and so are given by name and never by default.
pub(super) const GRANTS: &[Setting<ComponentConfig>] = &[Setting {
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

fn budget(value: Value<'_>) -> Result<Budget, Wrong> {
    let wanted = "a share such as \"70%\" or a size such as \"8GiB\"";
    match value.text(wanted)?.strip_suffix('%') {
        None => Ok(Budget::Bytes(value.size(64 * MIB..=1_048_576 * GIB)?)),
        Some(percent) => match percent.trim_end().parse() {
            Ok(percent @ 1..=95) => Ok(Budget::Share(percent)),
            _ => Err(value.wrong("a share must be a whole number from \"1%\" to \"95%\"")),
        },
    }
}
