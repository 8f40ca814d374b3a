//! Defects are seeded one at a time, and each is found by a check that knows nothing of it: the judge of simulated lives, the
//! soak's recording, or a test of the promise that it breaks. That these pass without it is seen wherever they run.

use std::fmt::Write;
use std::process::Command;

use changeling_core::defect::{DEFECTS, Defect};
use changeling_core::sim::{self, Odds};

/// What finds it.
enum By {
    /// Whole lives of the deciding core, out of seeds.
    Sim,
    /// A test of this binary.
    Test(&'static str),
}

/// Every defect, what finds it, and in which words.
struct Found {
    defect: Defect,
    by: By,
    words: &'static str,
}

/// A short one of the soak: after so many there was a row of calls behind a hold, and a version that was refused.
const UPGRADES: &str = "3";
/// How often a defect is looked for.
const TRIES: usize = 4;
const SOAK: By = By::Test("a_soak::a_hundred_upgrades_under_load_keep_every_promise");
/// Lives that a defect has to show itself in.
const LIVES: u64 = 200;

macro_rules! found {
    ($($test:ident: $defect:ident by $by:expr, saying $words:literal;)*) => {
        const FOUND: &[Found] = &[$(Found { defect: Defect::$defect, by: $by, words: $words }),*];

        $(
            #[test]
            #[cfg_attr(not(debug_assertions), ignore = "no defect can be seeded in a release build")]
            fn $test() {
                found(Defect::$defect);
            }
        )*
    };
}

found! {
    a_gate_left_shut: GateLeftShut by SOAK, saying "was answered: deadline-exceeded";
    a_message_dropped: MessageDropped by SOAK, saying "was answered: ";
    a_message_doubled: MessageDoubled by SOAK, saying "a message was handled that nobody sent, or twice";
    an_order_broken: OrderBroken by SOAK, saying "took what came as number";
    a_deadline_ignored: DeadlineIgnored
        by By::Test("hold::who_gives_up_behind_a_hold_is_not_handled_and_nobody_else_notices"), saying "left: Number(1)";
    a_state_handed_to_another: StateOfAnother by SOAK, saying "has the state of";
    timers_lost: TimersLost by SOAK, saying "times, and asked for it";
    an_instance_leaked: InstanceLeaked by SOAK, saying "is over, and still mapped";
    a_parked_state_removed_early: ParkedRemovedEarly
        by By::Test("restart::after_an_interrupt_every_actor_goes_on_where_it_was"), saying "left: Number(0)";
    a_version_published_early: PublishedEarly by By::Sim, saying "is published and the table says otherwise";
    a_table_written_early: TableWrittenEarly by By::Sim, saying "the table on disk and what is published differ";
    a_kept_state_dropped_early: KeptDroppedEarly by By::Sim, saying "is turned back and nothing was kept";
    a_kept_state_forgotten: KeptForgotten by By::Sim, saying "begins from init, and its state from before the switch was kept";
    a_birth_that_slips_in: BirthSlipsIn by By::Sim, saying "passed the hold";
    a_receipt_that_flatters: ReceiptFlatters by By::Sim, saying "is settled, and";
    a_refused_version_left_current: RefusedIsCurrent by By::Sim, saying "is published and the table says otherwise";
    an_old_version_not_purged: OldNotPurged by By::Sim, saying "stay loaded for nothing";
}

fn found(defect: Defect) {
    let Found { by, words, .. } = FOUND.iter().find(|found| found.defect == defect).expect("it is in the list");
    match by {
        By::Sim => {
            let lives = (0..LIVES).map(|seed| sim::run_with(seed, Odds::rough(), defect).violations);
            let said: Vec<String> = lives.flatten().collect();
            assert!(said.iter().any(|said| said.contains(words)), "nobody said `{words}`, but: {said:#?}");
        }
        By::Test(test) => {
            // What shows in the order of things has to come together: on a busy machine it may not at once.
            let mut said = String::new();
            let is_found = (0..TRIES).any(|_| {
                said = run_with(test, defect);
                said.contains("test result: FAILED. 0 passed; 1 failed") && said.contains(words)
            });
            assert!(is_found, "{test} did not find it and say `{words}`, but:\n{said}");
        }
    }
}

/// What a test says in a host with this defect.
fn run_with(test: &str, defect: Defect) -> String {
    let mut run = Command::new(std::env::current_exe().expect("this one"));
    let run = run.args(["--exact", test]).env("CHANGELING_DEFECT", defect.name());
    let ran = run.env("CHANGELING_SOAK_UPGRADES", UPGRADES).output().expect("it runs");
    String::from_utf8_lossy(&ran.stdout).into_owned() + &String::from_utf8_lossy(&ran.stderr)
}

#[test]
fn every_defect_is_looked_for_and_the_page_says_by_what() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |file: &str| std::fs::read_to_string(root.join(file)).expect("it is there");
    let source = read("host/core/src/defect.rs");
    let mut table = String::from("| defect | what it does | found by | which says |\n|---|---|---|---|\n");
    for (defect, name) in DEFECTS {
        let found = FOUND.iter().find(|found| found.defect == defect).unwrap_or_else(|| panic!("nobody finds {name}"));
        let by = match &found.by {
            By::Sim => "simulated lives",
            By::Test(test) if test.starts_with("a_soak::") => "the soak's judge",
            By::Test(test) => test,
        };
        let what = what_it_does(&source, &format!("{defect:?}"));
        writeln!(table, "| `{name}` | {what} | {by} | … {} … |", found.words.trim()).expect("a string takes it");
    }
    assert!(read("docs/hardening.md").contains(&table), "docs/hardening.md has another table than:\n{table}");
}

/// The words over a variant in its source.
fn what_it_does(source: &str, variant: &str) -> String {
    let (before, _) = source.split_once(&format!("\n    {variant},\n")).expect("it is a variant");
    let words: Vec<_> = before.lines().rev().map_while(|line| line.trim().strip_prefix("/// ")).collect();
    words.into_iter().rev().collect::<Vec<_>>().join(" ")
}
