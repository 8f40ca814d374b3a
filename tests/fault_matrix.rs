//! The fault matrix: every step of a version's way, and every fault that can meet it there, cell by cell, each with what
//! must come of it. A fault that cannot meet a step says why not. `CHANGELING_MATRIX` is how often each is done, once
//! where it does not say.
//!
//! Read with the rules of upgrades: a candidate that fails is *refused*, or *rolled back* where an actor had switched, and
//! the current version runs on with its state and its queue. A file that is no component is no offer: it is told of, and
//! has no receipt. Steps that there are not yet have rows that say so; what needs a journal or durable state is left out.

mod calls;
mod files;
mod meanwhile;
mod pair;
mod parked;
mod purge;
mod records;
mod saves;
mod stage;
mod table;
mod turning;

use std::panic::{AssertUnwindSafe, catch_unwind};

use calls::*;
use files::*;
use meanwhile::*;
use pair::*;
use parked::*;
use purge::*;
use records::*;
use saves::*;
use stage::*;
use table::*;
use turning::*;

use crate::hostile::guest::deed;
use crate::support::bomb;

/// What must come of one fault at one step.
enum Cell {
    Must(Box<dyn Fn()>),
    /// It cannot be: why not.
    No(&'static str),
}

/// A step, and each fault.
struct Row {
    step: &'static str,
    error: Cell,
    trap: Cell,
    endless: Cell,
    allocates: Cell,
    wrong_bytes: Cell,
    slow: Cell,
    killed: Cell,
    disk_full: Cell,
    forbidden: Cell,
    clock_jumps: Cell,
    file_vanishes: Cell,
}

fn must(come: impl Fn() + 'static) -> Cell {
    Cell::Must(Box::new(come))
}

const fn no(why: &'static str) -> Cell {
    Cell::No(why)
}

impl Row {
    /// A step that there is not.
    fn left_out(step: &'static str, why: &'static str) -> Self {
        Self {
            step,
            error: no(why),
            trap: no(why),
            endless: no(why),
            allocates: no(why),
            wrong_bytes: no(why),
            slow: no(why),
            killed: no(why),
            disk_full: no(why),
            forbidden: no(why),
            clock_jumps: no(why),
            file_vanishes: no(why),
        }
    }

    /// Does every cell, and names each that failed.
    fn holds(self) {
        let times = std::env::var("CHANGELING_MATRIX").map_or(1, |text| text.parse().expect("a number"));
        let cells = [
            ("error", self.error),
            ("trap", self.trap),
            ("endless", self.endless),
            ("allocates", self.allocates),
            ("wrong bytes", self.wrong_bytes),
            ("slow", self.slow),
            ("killed", self.killed),
            ("disk full", self.disk_full),
            ("forbidden", self.forbidden),
            ("clock jumps", self.clock_jumps),
            ("file vanishes", self.file_vanishes),
        ];
        let mut failed = Vec::new();
        for (fault, cell) in cells {
            let come = match cell {
                Cell::Must(come) => come,
                Cell::No(why) => {
                    eprintln!("{} × {fault}: left out, {why}", self.step);
                    continue;
                }
            };
            for time in 1..=times {
                if catch_unwind(AssertUnwindSafe(&come)).is_err() {
                    failed.push(format!("{} × {fault}, time {time}", self.step));
                }
            }
        }
        assert!(failed.is_empty(), "failed: {failed:#?}");
    }
}

const NOTHING_OF_THE_GUEST: &str = "no code of a guest runs in it";
const NO_FILE: &str = "it writes no file";

#[test]
fn load() {
    let row = Row {
        step: "load",
        // What is no component is not offered to anybody, so there is no upgrade that could have a receipt: an event
        // says why it changes nothing.
        error: must(|| ignored(b"this is a letter, and no component", "it is text")),
        trap: no(NOTHING_OF_THE_GUEST),
        endless: no(NOTHING_OF_THE_GUEST),
        allocates: must(too_large),
        wrong_bytes: must(|| ignored(&half(), "it breaks off or is damaged")),
        slow: must(slowly_written),
        killed: must(|| killed_at("kill:rename:versions", Comes::AsItWas)),
        disk_full: must(|| refused_by_the_disk("enospc:versions", "No space left on device")),
        forbidden: must(|| refused_by_the_disk("eacces:versions", "Permission denied")),
        clock_jumps: must(old_and_future_files),
        file_vanishes: must(vanishes_as_soon_as_it_is_there),
    };
    row.holds();
}

#[test]
fn compile() {
    let row = Row {
        step: "compile",
        error: must(|| not_compiled(bomb::jump_table(500_000), "", "targets")),
        trap: must(a_compiler_that_dies),
        endless: must(|| not_compiled(bomb::loops(2_000, 2_000), "compile-cpu = \"3s\"", "s of CPU to compile")),
        allocates: must(|| {
            not_compiled(bomb::loops(3_000, 3_000), "compile-memory = \"256MiB\"", "MiB of memory to compile");
        }),
        wrong_bytes: must(|| not_compiled(bomb::wrong_at_its_end(10, 10), "", "no valid component")),
        slow: must(|| not_compiled(bomb::loops(400, 400), "compile-cpu = \"3s\"", "and with the fast tier")),
        killed: must(killed_while_it_is_compiled),
        disk_full: must(|| goes_on_without_a_cache("enospc:compiled")),
        forbidden: must(|| goes_on_without_a_cache("eacces:compiled")),
        clock_jumps: must(|| the_clock_jumps_in("", "compiled")),
        file_vanishes: must(|| the_file_vanishes_in("", "compiled")),
    };
    row.holds();
}

#[test]
fn instantiate() {
    let row = Row {
        step: "instantiate",
        error: must(an_import_that_nobody_provides),
        trap: must(|| never_starts("start:trap", SCRIPT)),
        endless: must(|| never_starts("start:loop", "of CPU")),
        allocates: must(|| never_starts("start:allocate", "memory: it asked for")),
        wrong_bytes: must(damaged_code_in_the_cache),
        slow: must(|| never_starts("start:slow", "of CPU")),
        killed: must(|| killed_in("start:slow", "verified")),
        disk_full: no(NO_FILE),
        forbidden: no(NO_FILE),
        clock_jumps: must(|| the_clock_jumps_in("start:slow", "verified")),
        file_vanishes: must(|| the_file_vanishes_in("start:slow", "verified")),
    };
    row.holds();
}

#[test]
fn init_at_the_first_start() {
    let row = Row {
        step: "init (first start)",
        error: must(|| not_loaded("init:err", "init", SCRIPT)),
        trap: must(|| not_loaded("init:trap", "init", SCRIPT)),
        endless: must(|| not_loaded("init:loop", "init", "of CPU")),
        allocates: must(|| not_loaded("init:allocate", "init", "memory: it asked for")),
        wrong_bytes: must(|| not_loaded("init:wrong", "init", "utf-8")),
        slow: must(|| not_loaded("init:slow", "init", "of CPU")),
        killed: must(killed_in_its_first_init),
        disk_full: no(NO_FILE),
        forbidden: no(NO_FILE),
        clock_jumps: must(|| the_clock_jumps_in("init:slow", "verified")),
        file_vanishes: must(|| the_file_vanishes_in("init:slow", "verified")),
    };
    row.holds();
}

#[test]
fn call() {
    let row = Row {
        step: "call",
        error: must(an_error_is_an_answer),
        trap: must(|| crashes("ask:trap", SCRIPT)),
        endless: must(|| crashes("ask:loop", "of CPU")),
        allocates: must(|| crashes("ask:allocate", "memory: it asked for")),
        wrong_bytes: must(|| crashes("ask:wrong", "UTF-8")),
        slow: must(a_late_answer_is_dropped),
        killed: must(killed_in_a_call),
        disk_full: must(|| calls_need_no_disk("enospc")),
        forbidden: must(|| calls_need_no_disk("eacces")),
        clock_jumps: must(the_clock_jumps_in_a_call),
        file_vanishes: must(a_file_that_is_gone_is_not_missed),
    };
    row.holds();
}

#[test]
fn save_by_the_old_version() {
    let row = Row {
        step: "save (old)",
        error: must(|| {
            refused_by_the_old("save:err@13", SCRIPT);
            rolled_back_by_the_old("save:err@13", "save", SCRIPT);
        }),
        trap: must(|| {
            lost_by_the_old("save:trap@13", SCRIPT);
            rolled_back_and_lost("save:trap@13", SCRIPT);
        }),
        endless: must(an_endless_save_is_waited_for_no_longer_than_said),
        allocates: must(|| {
            lost_by_the_old("save:allocate@13", "memory: it asked for");
            rolled_back_and_lost("save:allocate@13", "memory: it asked for");
        }),
        wrong_bytes: must(|| {
            refused_by_the_new("save:wrong@13", "code-change");
            rolled_back_by_the_old("save:wrong@13", "code-change", "");
        }),
        slow: must(a_slow_save_is_not_now),
        killed: must(|| killed_while_the_old_saves("save:slow@13")),
        disk_full: must(|| {
            kept_states_need_a_disk("enospc:kept", "No space left on device");
            rolled_back_for_want_of_a_disk("enospc:create:kept@2", "No space left on device");
        }),
        forbidden: must(|| {
            kept_states_need_a_disk("eacces:kept", "Permission denied");
            rolled_back_for_want_of_a_disk("eacces:create:kept@2", "Permission denied");
        }),
        clock_jumps: must(|| the_clock_jumps_while_the_old_saves("save:slow@13")),
        file_vanishes: must(|| the_file_vanishes_while_the_old_saves("save:slow@13")),
    };
    row.holds();
}

#[test]
#[ignore = "long: a save may take a minute, of CPU or of waiting"]
fn an_endless_save_by_the_old_version_ends() {
    an_endless_save_ends();
}

#[test]
fn code_change_in_the_new_version() {
    let row = Row {
        step: "code-change (new)",
        error: must(|| keeps("code-change:err", "code-change", SCRIPT)),
        trap: must(|| keeps("code-change:trap", "code-change", SCRIPT)),
        endless: must(|| keeps("code-change:loop", "code-change", "of CPU")),
        allocates: must(|| keeps("code-change:allocate", "code-change", "memory: it asked for")),
        wrong_bytes: must(|| keeps("code-change:wrong", "code-change", "utf-8")),
        slow: must(|| keeps("code-change:slow", "code-change", "of CPU")),
        killed: must(|| killed_in("code-change:slow@40", "switching")),
        disk_full: no(NO_FILE),
        forbidden: no(NO_FILE),
        clock_jumps: must(|| the_clock_jumps_in("code-change:slow@40", "switching")),
        file_vanishes: must(|| the_file_vanishes_in("code-change:slow@40", "switching")),
    };
    row.holds();
}

#[test]
fn restore_in_the_same_version() {
    let row = Row {
        step: "restore",
        error: must(|| stays_parked("code-change:err@40", SCRIPT)),
        trap: must(|| stays_parked("code-change:trap@40", SCRIPT)),
        endless: must(|| stays_parked("code-change:loop@40", "of CPU")),
        allocates: must(|| stays_parked("code-change:allocate@40", "memory: it asked for")),
        wrong_bytes: must(a_damaged_state_stays_parked),
        slow: must(|| stays_parked("code-change:slow@40", "of CPU")),
        killed: must(killed_before_it_is_no_longer_parked),
        disk_full: no("it only removes a file, which takes no room"),
        forbidden: must(a_parked_state_that_cannot_be_removed),
        clock_jumps: must(the_clock_jumps_while_it_is_parked),
        file_vanishes: must(the_file_vanishes_while_it_is_parked),
    };
    row.holds();
}

#[test]
fn health_of_the_new_version() {
    let row = Row {
        step: "health",
        error: must(|| keeps("health:err", "health check", SCRIPT)),
        trap: must(|| keeps("health:trap", "health check", SCRIPT)),
        endless: must(|| keeps("health:loop", "health check", "of CPU")),
        allocates: must(|| keeps("health:allocate", "health check", "memory: it asked for")),
        wrong_bytes: must(|| keeps("health:wrong", "health check", "utf-8")),
        slow: must(|| keeps("health:slow", "health check", "of CPU")),
        killed: must(|| killed_in("health:slow@40", "switching")),
        disk_full: no(NO_FILE),
        forbidden: no(NO_FILE),
        clock_jumps: must(|| the_clock_jumps_in("health:slow@40", "switching")),
        file_vanishes: must(|| the_file_vanishes_in("health:slow@40", "switching")),
    };
    row.holds();
}

#[test]
fn switch() {
    let row = Row {
        step: "switch",
        // The table is written twice: that it is in hand, and, when the actors have switched, that it is current.
        error: must(|| {
            refused_by_the_disk("eio:write:table.json", "Input/output error");
            turned_back_by_the_disk("eio:write:table.json@2", "Input/output error");
        }),
        trap: no(NOTHING_OF_THE_GUEST),
        endless: no(NOTHING_OF_THE_GUEST),
        allocates: no(NOTHING_OF_THE_GUEST),
        wrong_bytes: no(NOTHING_OF_THE_GUEST),
        slow: must(who_is_at_work_is_not_waited_for_for_ever),
        killed: must(|| {
            killed_at("kill-in:sync:table.json", Comes::AsItWas);
            killed_at("kill:rename:table.json", Comes::AsItWas);
            killed_at("kill-in:rename:table.json", Comes::Interrupted);
            killed_at("kill:rename:table.json@2", Comes::Interrupted);
            killed_at("kill-in:rename:table.json@2", Comes::New);
        }),
        disk_full: must(|| {
            refused_by_the_disk("enospc:table.json", "No space left on device");
            turned_back_by_the_disk("enospc:write:table.json@2", "No space left on device");
        }),
        forbidden: must(|| {
            refused_by_the_disk("eacces:table.json", "Permission denied");
            turned_back_by_the_disk("eacces:create:table.json@2", "Permission denied");
        }),
        clock_jumps: must(the_clock_jumps_while_one_is_at_work),
        file_vanishes: must(the_file_vanishes_while_one_is_at_work),
    };
    row.holds();
}

#[test]
fn turning_back() {
    let row = Row {
        step: "turning back",
        error: must(|| {
            stays_on_the_newer("save:err", SCRIPT);
            its_own_state_is_refused_by_the_older();
        }),
        trap: must(|| comes_back_as_it_was("save:trap", SCRIPT)),
        endless: must(an_endless_save_holds_up_nobody_else),
        allocates: must(|| comes_back_as_it_was("save:allocate", "memory: it asked for")),
        wrong_bytes: must(|| stays_on_the_newer("save:wrong", "code-change: ")),
        slow: must(a_slow_save_is_waited_for),
        killed: must(killed_on_the_way_back),
        disk_full: must(|| goes_back_without_a_disk("enospc")),
        forbidden: must(|| goes_back_without_a_disk("eacces")),
        clock_jumps: must(the_clock_jumps_on_the_way_back),
        file_vanishes: must(the_file_vanishes_on_the_way_back),
    };
    row.holds();
}

#[test]
#[ignore = "long: a save may take a minute, of CPU or of waiting"]
fn an_endless_save_on_the_way_back_ends() {
    an_endless_save_ends_on_the_way_back();
}

#[test]
fn purge() {
    let row = Row {
        step: "purge",
        error: must(|| bytes_that_cannot_be_removed("eio:remove:versions", "Input/output error")),
        trap: must(|| a_call_in_flight_dies(deed::TRAP, "unreachable code reached")),
        endless: must(|| a_call_in_flight_dies(deed::LOOP, "of CPU")),
        allocates: must(|| a_call_in_flight_dies(deed::GROW, "memory: it asked for")),
        wrong_bytes: no(NOTHING_OF_THE_GUEST),
        slow: must(a_call_in_flight_is_waited_for),
        killed: must(killed_before_bytes_are_removed),
        disk_full: no("it only removes files, which takes no room"),
        forbidden: must(|| bytes_that_cannot_be_removed("eacces:remove:versions", "Permission denied")),
        clock_jumps: must(the_clock_jumps_while_a_call_is_in_flight),
        file_vanishes: must(the_file_vanishes_while_a_call_is_in_flight),
    };
    row.holds();
}

#[test]
fn persist() {
    let row = Row {
        step: "persist (table and receipts)",
        error: must(|| a_receipt_waits_for_the_disk("eio:receipts", "Input/output error")),
        trap: no(NOTHING_OF_THE_GUEST),
        endless: no(NOTHING_OF_THE_GUEST),
        allocates: must(what_a_guest_says_is_cut),
        wrong_bytes: must(a_damaged_table_is_named_and_nothing_else_is_touched),
        slow: must(a_slow_disk_is_waited_for_by_no_call),
        killed: must(|| {
            killed_at("kill:rename:receipts", Comes::New);
            killed_at("kill-in:rename:receipts", Comes::Settled);
        }),
        disk_full: must(|| a_receipt_waits_for_the_disk("enospc:receipts", "No space left on device")),
        forbidden: must(|| a_receipt_waits_for_the_disk("eacces:receipts", "Permission denied")),
        clock_jumps: must(receipts_follow_each_other_whatever_the_clock_says),
        file_vanishes: must(a_table_that_is_gone_takes_no_state_with_it),
    };
    row.holds();
}

#[test]
fn probation() {
    Row::left_out("probation", "there is none: what is published is not turned back by itself").holds();
    is_no_setting("probation", "\"30s\"");
}

#[test]
fn rollback() {
    Row::left_out("rollback (an operator's)", "there is none: only an upgrade in hand is turned back").holds();
    is_no_command("rollback");
}
