//! A host that is killed at any instant: what it had been told was written is there, and all of it is whole.
//!
//! The test runs itself once more as the process that is killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::*;

const FOLDER: &str = "CHANGELING_TEST_WRITES_UNTIL_KILLED";
const ROUNDS: usize = 12;

/// One after the other, round after round; a line on stdout says that a round is written.
fn write_until_killed(state: &str) {
    let store = Store::open(state.as_ref()).unwrap().0;
    let mut table = store.table.load().unwrap().unwrap_or_default();
    store.alive.begin(WallTime(0)).unwrap();
    loop {
        let id = table.last_upgrade.next();
        let staged = store.versions.stage_bytes(&id.0.to_le_bytes(), 8).unwrap();
        store.receipts.append(receipt(id.0)).unwrap();
        table.last_upgrade = id;
        table.files = [("a.wasm".to_owned(), staged.digest)].into();
        store.table.write(&table).unwrap();
        store.compiled.keep(&staged.digest, "engine", &[7; 10_000]).unwrap();
        store
            .events
            .append(WallTime(id.0), Happening::Trouble { what: id.to_string(), why: String::new() })
            .unwrap()
            .written
            .unwrap();
        println!("written {id}");
    }
}

#[test]
fn at_any_instant_leaves_everything_whole() {
    if let Ok(state) = std::env::var(FOLDER) {
        return write_until_killed(&state);
    }
    let place = Place::new();
    drop(place.open());
    let mut written = 0;
    for round in 1..=ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::tests::killed::at_any_instant_leaves_everything_whole", "--nocapture"])
            .env(FOLDER, place.state())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut told = lines.filter_map(|line| line.strip_prefix("written ")?.parse::<u64>().ok());
        written = told.by_ref().nth(round % 4).expect("it writes");
        child.kill().unwrap();
        child.wait().unwrap();
        // What it wrote between the line we waited for and its death.
        written = told.last().unwrap_or(written);

        let (store, notes) = Store::open(&place.state()).unwrap();
        assert!(notes.iter().all(|it| it.contains("events.jsonl")), "{notes:?}");
        let table = store.table.load().unwrap().unwrap();
        assert!(table.last_upgrade.0 >= written);
        store.versions.read(&table.files["a.wasm"]).unwrap();
        let chain = store.receipts.verify().unwrap();
        assert_eq!(chain.faults, Vec::<String>::new());
        assert!(chain.receipts as u64 >= table.last_upgrade.0);
        assert!(store.events.last() + round as u64 >= written, "one round's line at most is not yet written at a kill");
        for digest in store.versions.list().unwrap() {
            store.versions.read(&digest).unwrap();
            // At worst an entry whose digest was not written yet, which is found out.
            assert!(matches!(store.compiled.load(&digest, "engine"), Ok(_) | Err(Error::Damaged { .. })));
        }
        assert!(matches!(store.alive.begin(WallTime(1)).unwrap(), LastEnd::Killed { .. }));
        for folder in [".", "versions", "compiled", "receipts"] {
            assert!(place.names(folder).iter().all(|name| !name.starts_with(".new")), "{folder}");
        }
    }
    assert!(written >= ROUNDS as u64);
}
