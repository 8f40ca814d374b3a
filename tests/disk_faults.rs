//! A disk that refuses: nothing is acknowledged that is not so, and the host stays up.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{Answer, Brittle, Points, bytes, each, is_whole, stage, variant};

/// Once, and from then on.
const REFUSALS: [&str; 4] = ["eio", "enospc", "enospc-", "erofs-"];

#[test]
fn a_disk_that_refuses_at_any_change_ends_no_host_and_makes_it_say_nothing_untrue() {
    let points = Points::of_the_standard_run();
    each(points.faults(&REFUSALS), Some(40), |fault| points.run(fault));
}

#[test]
#[ignore = "long: some 1,200 runs, a disk that refuses at every change of it"]
fn every_refusal_of_the_disk() {
    let points = Points::of_the_standard_run();
    each(points.faults(&REFUSALS), None, |fault| points.run(fault));
}

/// A host with two versions of a counter at hand, whose disk refuses while there is a file.
struct Refused {
    dir: TempDir,
    file: PathBuf,
    host: Brittle,
}

impl Refused {
    fn with(fault: &str) -> Self {
        let dir = stage();
        let file = dir.path().join("the-disk-refuses");
        let mut host = Brittle::start_while(dir.path(), fault, Some(&file));
        let first = host.ask("GET", "/v1/upgrades?component=counter&wait=60s", &[]).expect("it lives");
        assert_eq!(first.body["upgrades"][0]["outcome"], "settled", "{first:?}");
        Self { dir, file, host }
    }

    fn begins(&self) {
        std::fs::write(&self.file, "").expect("the file is written");
    }

    fn is_over(&self) {
        std::fs::remove_file(&self.file).expect("the file is removed");
    }

    fn deploy(&mut self, guest: &str) -> Answer {
        self.offer(&bytes(guest))
    }

    fn offer(&mut self, bytes: &[u8]) -> Answer {
        self.host.ask("POST", "/v1/deploy?component=counter&wait=60s", bytes).expect("it lives")
    }

    fn adds_up_to(&mut self, total: u64) {
        let answer = self.host.call("counter", "increment", &json!([1])).expect("it lives");
        assert_eq!((answer.status, answer.body), (200, json!(total)));
    }

    /// Ends it, and says what it has said.
    fn end(self) -> (TempDir, String) {
        let end = self.host.end();
        assert_eq!(end.code, Some(0), "{}", end.log);
        is_whole(&self.dir.path().join(".changeling"));
        (self.dir, end.log)
    }
}

#[test]
fn a_full_disk_refuses_an_upgrade_and_nothing_else_and_takes_it_when_there_is_room() {
    let mut it = Refused::with("enospc");
    it.adds_up_to(1);
    it.begins();
    let refused = it.deploy("counter-v2").body.to_string();
    assert!(refused.contains("No space left on device") && refused.contains("make room"), "{refused}");
    it.adds_up_to(2);
    it.is_over();
    assert_eq!(it.deploy("counter-v2").body["outcome"], "settled");
    it.adds_up_to(3);
    let (_dir, log) = it.end();
    assert!(!log.contains("please report"), "{log}");
}

/// The bytes of a refused version are removed while the same ones are staged again.
#[test]
fn what_was_refused_for_the_disks_sake_is_taken_the_moment_after() {
    let mut it = Refused::with("enospc:table.json");
    for n in 0..6 {
        let bytes = variant("counter-v2", &n.to_string());
        it.begins();
        let refused = it.offer(&bytes);
        assert!(refused.body.to_string().contains("No space left"), "{refused:?}");
        it.is_over();
        let taken = it.offer(&bytes);
        assert_eq!(taken.body["outcome"], "settled", "{taken:?}");
    }
}

#[test]
fn a_receipt_that_the_disk_refuses_is_written_when_it_takes_it() {
    let mut it = Refused::with("enospc:receipts");
    it.begins();
    let refused = it.deploy("counter-save-errs");
    assert_eq!(refused.body["outcome"], "refused", "{refused:?}");
    assert!(it.host.reads_until("the receipt of upgrade 2 is not written yet"));
    let path = "/v1/upgrades/2";
    assert_eq!(it.host.ask("GET", path, &[]).expect("it lives").status, 404);
    // An upgrade that would leave no receipt does not begin to act.
    let second = it.deploy("counter-v2").body;
    assert!(second["outcome"] == "refused" && second.to_string().contains("receipts"), "{second}");
    it.is_over();
    let until = Instant::now() + Duration::from_secs(60);
    while it.host.ask("GET", path, &[]).expect("it lives").status == 404 {
        assert!(Instant::now() < until, "it is never written");
    }
    assert_eq!(it.deploy("counter-v2").body["outcome"], "settled");
    let (dir, _) = it.end();
    let receipts = std::fs::read_dir(dir.path().join(".changeling/receipts")).expect("a folder").count();
    assert_eq!(receipts, 4);
}

#[test]
fn events_that_the_disk_refuses_are_told_and_read_and_written_later_and_that_is_said_once() {
    let mut it = Refused::with("enospc:events.jsonl");
    it.begins();
    assert_eq!(it.deploy("counter-v2").body["outcome"], "settled");
    let events = |it: &mut Refused| it.host.ask("GET", "/v1/events?since=0&limit=1000", &[]).expect("it lives").body;
    let told = events(&mut it)["events"].as_array().expect("a list").len();
    let written = |it: &Refused| {
        let log = std::fs::read_to_string(it.dir.path().join(".changeling/events.jsonl")).expect("the log");
        log.lines().count()
    };
    assert!(told > written(&it), "{told} are told, and all of them are written");
    it.is_over();
    assert!(it.host.reads_until("events are written again, and none was lost"));
    assert!(written(&it) >= told);
    let seqs: Vec<_> =
        events(&mut it)["events"].as_array().expect("a list").iter().map(|e| e["seq"].as_u64()).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).map(Some).collect::<Vec<_>>());
    let (_dir, log) = it.end();
    assert_eq!(log.matches("events wait in memory").count(), 1, "{log}");
}

#[test]
fn a_host_starts_on_a_disk_that_takes_no_events() {
    let dir = stage();
    let mut host = Brittle::start(dir.path(), "enospc:write:events.jsonl");
    assert!(host.served());
    let first = host.ask("GET", "/v1/upgrades?component=counter&wait=60s", &[]).expect("it lives");
    assert_eq!(first.body["upgrades"][0]["outcome"], "settled", "{first:?}");
    assert_eq!(host.end().code, Some(0));
    let again = Brittle::start(dir.path(), "enospc:write:events.jsonl");
    assert!(again.served());
}
