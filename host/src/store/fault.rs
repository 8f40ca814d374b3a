//! Faults on purpose, for tests: every operation that changes something on disk is a numbered point, at which the host
//! can be killed, or the disk can refuse. It decides nothing else, and a release build has none of it: without
//! `debug_assertions` the environment is never read, and each operation is all that is left.
//!
//! `CHANGELING_FAULT` is `count`, which meets every point and does nothing, or
//! `KIND[:OPERATION][:PATH][@FIRST[-[LAST]]]`; each point that it meets is logged:
//!
//! - KIND: `kill` (right before the operation), `kill-in` (a write is half done, anything else just done), `eio`,
//!   `enospc` (half of a write is done), `erofs`, `eacces`, `slow` (it takes a second more);
//! - OPERATION: one of [`Op`]'s names; all where none is given;
//! - PATH: how the path in the host's folder begins: `receipts`, `table.json`. A file that is still being written has
//!   the path that it is to get, or that of its folder where this is not known yet;
//! - FIRST and LAST: which of the points that fit, from 1; `@3` is the third, `@3-` every one from it on, and all where
//!   nothing is given.
//!
//! With `CHANGELING_FAULT_WHILE` points count, and fail, only while there is a file of that name.

use std::io;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::Signal;

/// What is done at a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Op {
    /// A folder is made.
    MakeFolder,
    /// A file is made, or opened to be written in place.
    Create,
    Write,
    Truncate,
    /// A file, a folder or a file system is waited for.
    Sync,
    Rename,
    Remove,
}

const OPS: [(Op, &str); 7] = [
    (Op::MakeFolder, "make-folder"),
    (Op::Create, "create"),
    (Op::Write, "write"),
    (Op::Truncate, "truncate"),
    (Op::Sync, "sync"),
    (Op::Rename, "rename"),
    (Op::Remove, "remove"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Count,
    Kill,
    KillIn,
    Slow,
    Refuse(Errno),
}

/// Longer than any other disk takes.
const SLOW: Duration = Duration::from_secs(1);

const KINDS: [(Kind, &str); 8] = [
    (Kind::Slow, "slow"),
    (Kind::Count, "count"),
    (Kind::Kill, "kill"),
    (Kind::KillIn, "kill-in"),
    (Kind::Refuse(Errno::IO), "eio"),
    (Kind::Refuse(Errno::NOSPC), "enospc"),
    (Kind::Refuse(Errno::ROFS), "erofs"),
    (Kind::Refuse(Errno::ACCESS), "eacces"),
];

#[derive(Debug, PartialEq, Eq)]
struct Plan {
    kind: Kind,
    op: Option<Op>,
    path: String,
    first: u64,
    last: u64,
}

/// Passes a point: does `act`, unless a test wants otherwise. `folder` is the folder's name in the host's own.
pub(super) fn pass<T>(op: Op, folder: &str, name: &str, act: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
    match due(op, folder, name) {
        None | Some(Kind::Count | Kind::Slow) => act(),
        Some(Kind::Refuse(errno)) => Err(errno),
        Some(Kind::Kill) => die(),
        Some(Kind::KillIn) => {
            _ = act();
            die()
        }
    }
}

/// The same for a write, which can be cut off half-way.
pub(super) fn pass_write(
    folder: &str,
    name: &str,
    bytes: &[u8],
    write: impl FnOnce(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let half = &bytes[..bytes.len() / 2];
    match due(Op::Write, folder, name) {
        None | Some(Kind::Count | Kind::Slow) => write(bytes),
        Some(Kind::Refuse(Errno::NOSPC)) => {
            write(half)?;
            Err(Errno::NOSPC.into())
        }
        Some(Kind::Refuse(errno)) => Err(errno.into()),
        Some(Kind::Kill) => die(),
        Some(Kind::KillIn) => {
            _ = write(half);
            die()
        }
    }
}

/// What happens at this point, which is logged. Where it is delayed, that has been done.
fn due(op: Op, folder: &str, name: &str) -> Option<Kind> {
    static PLAN: OnceLock<Option<(Plan, Option<PathBuf>)>> = OnceLock::new();
    static PASSED: AtomicU64 = AtomicU64::new(0);
    if !cfg!(debug_assertions) {
        return None;
    }
    let read = || {
        let text = std::env::var("CHANGELING_FAULT").ok()?;
        let plan = Plan::parse(&text).unwrap_or_else(|| panic!("CHANGELING_FAULT={text} is no fault"));
        Some((plan, std::env::var_os("CHANGELING_FAULT_WHILE").map(PathBuf::from)))
    };
    let (plan, only_while) = PLAN.get_or_init(read).as_ref()?;
    let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
    if !plan.fits(op, &path) || only_while.as_ref().is_some_and(|file| !file.exists()) {
        return None;
    }
    let number = PASSED.fetch_add(1, Ordering::Relaxed) + 1;
    let is_due = (plan.first..=plan.last).contains(&number);
    if !is_due {
        return None;
    }
    tracing::info!("point {number}: {} {path}", op.name());
    if plan.kind == Kind::Slow {
        std::thread::sleep(SLOW);
    }
    Some(plan.kind)
}

fn die() -> ! {
    _ = rustix::process::kill_process(rustix::process::getpid(), Signal::KILL);
    // The signal takes every thread of the process; this one is only to do nothing more.
    loop {
        std::thread::park();
    }
}

impl Op {
    fn name(self) -> &'static str {
        OPS.iter().find(|(op, _)| *op == self).map_or("", |(_, name)| name)
    }
}

impl Plan {
    fn parse(text: &str) -> Option<Self> {
        let (what, which) = text.split_once('@').map_or((text, None), |(what, which)| (what, Some(which)));
        let (first, last) = match which.map(|which| which.split_once('-').ok_or(which)) {
            None => (1, u64::MAX),
            Some(Err(one)) => (one.parse().ok()?, one.parse().ok()?),
            Some(Ok((first, ""))) => (first.parse().ok()?, u64::MAX),
            Some(Ok((first, last))) => (first.parse().ok()?, last.parse().ok()?),
        };
        let mut parts = what.splitn(3, ':');
        let kind = parts.next()?;
        let kind = KINDS.iter().find(|(_, name)| *name == kind)?.0;
        let (mut op, mut path) = (None, String::new());
        for part in parts {
            match OPS.iter().find(|(_, name)| *name == part) {
                Some((named, _)) if op.is_none() && path.is_empty() => op = Some(*named),
                _ if path.is_empty() => path = part.to_owned(),
                _ => return None,
            }
        }
        Some(Self { kind, op, path, first, last })
    }

    fn fits(&self, op: Op, path: &str) -> bool {
        self.op.is_none_or(|wanted| wanted == op) && path.starts_with(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(kind: Kind, op: Option<Op>, path: &str, first: u64, last: u64) -> Option<Plan> {
        Some(Plan { kind, op, path: path.to_owned(), first, last })
    }

    #[test]
    fn what_is_wanted_is_read_from_one_line() {
        let full = Kind::Refuse(Errno::NOSPC);
        for (text, read) in [
            ("count", plan(Kind::Count, None, "", 1, u64::MAX)),
            ("kill@7", plan(Kind::Kill, None, "", 7, 7)),
            ("kill-in:sync@2", plan(Kind::KillIn, Some(Op::Sync), "", 2, 2)),
            ("enospc:receipts", plan(full, None, "receipts", 1, u64::MAX)),
            ("enospc:write:table.json@3-", plan(full, Some(Op::Write), "table.json", 3, u64::MAX)),
            ("erofs@3-5", plan(Kind::Refuse(Errno::ROFS), None, "", 3, 5)),
            ("ebadf@3", None),
            ("eio@x", None),
            ("eio:receipts:write", None),
        ] {
            assert_eq!(Plan::parse(text), read, "{text}");
        }
    }

    #[test]
    fn it_fits_by_operation_and_by_how_the_path_begins() {
        let plan = Plan::parse("eio:rename:receipts").unwrap();
        assert!(plan.fits(Op::Rename, "receipts/0000000001.json"));
        assert!(!plan.fits(Op::Write, "receipts/0000000001.json") && !plan.fits(Op::Rename, "table.json"));
        assert!(Plan::parse("eio").unwrap().fits(Op::Sync, "versions/"));
    }
}
