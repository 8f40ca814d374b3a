//! `[host]`: the machine, the folder and the compiler.

use changeling_core::declared::Holds;

use super::{DAY, GIB, HOUR, MS, SECOND, Setting};
use crate::config::value::{Value, Wrong};
use crate::config::written::{size, time, told};
use crate::config::{Budget, Host, MIB};

pub(in crate::config) const HOST: &[Setting<Host>] = &[
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
