//! What the host writes down: the table and the receipts, on a disk that refuses, damaged, and gone; and how it is known
//! that a step is not there.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::meanwhile::happens_in;
use super::stage::{HASTY, SCRIPT, TOTAL, YEAR, living};
use crate::hostile::floods::{LONGEST, errs};
use crate::hostile::guest::{Entry, Guest};
use crate::support::{BINARY, Brittle, Host, Receipt, bytes, receipts_follow_each_other, scripted, stage};

/// A receipt that the disk refuses is told all the same and written when it can be; until then no upgrade acts, since it
/// would leave none.
pub fn a_receipt_waits_for_the_disk(fault: &str, words: &str) {
    let living = living(HASTY, fault);
    living.host.disk_refuses();
    deployed(&living.host, &scripted("code-change:err")).ended("refused").says(SCRIPT);
    let line = living.host.wait_for_log("the receipt of upgrade 2 is not written yet");
    assert!(line.contains(words), "{line}");
    deployed(&living.host, &bytes("counter-v2")).ended("refused").says(words);
    assert_eq!(living.host.receipts("counter").len(), 1);
    living.host.disk_takes();
    living.host.until("they are written", |host| host.receipts("counter").len() == 3);
    living.stays_untouched();
}

/// What is said of a refusal for which a guest had a million characters.
pub fn what_a_guest_says_is_cut() {
    let living = living(HASTY, "");
    let talker = Guest::default().at(Entry::CodeChange, &errs()).build();
    living.host.write_file("talker.wasm", &talker);
    let receipt = living.host.receipt_after("talker", 1).ended("refused");
    let files = living.host.files("receipts");
    assert_eq!(files.len(), 2, "{}", receipt.0);
    for file in files {
        let bytes = std::fs::metadata(&file).expect("a receipt").len();
        assert!(bytes < LONGEST as u64, "{} has {bytes} bytes", file.display());
    }
    living.stays_untouched();
}

/// An upgrade waits for each of its writings, a second each; no message waits for one.
pub fn a_slow_disk_is_waited_for_by_no_call() {
    let living = living(HASTY, "slow:write:table.json");
    living.host.prepare(&bytes("counter-v2"));
    let last = living.host.last_receipt("counter");
    living.host.disk_refuses();
    living.host.put("counter", "counter-v2");
    happens_in(&living.host, "counter", "switching", |host| {
        (0..20).for_each(|_| _ = host.call("counter", "get", json!([])));
    });
    living.host.receipt_after("counter", last).settled();
    living.host.disk_takes();
    living.goes_on_at(&json!(TOTAL));
}

fn deployed(host: &Host, version: &[u8]) -> Receipt {
    Receipt(host.post("/v1/deploy?component=counter&wait=60s", version).body)
}

/// No host starts on a table that it cannot read, and none touches what else lies there.
pub fn a_damaged_table_is_named_and_nothing_else_is_touched() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    let path = living.host.dir().join(".changeling/table.json");
    let table = fs::read(&path).expect("it is readable");
    let lie = |host: &Host| ["versions", "receipts", "parked"].map(|of| host.files(of));
    let before = lie(&living.host);
    fs::write(&path, &table[..table.len() / 2]).expect("it is damaged");

    let host = Brittle::start(living.host.dir(), "");

    assert!(!host.served());
    let end = host.end_of_itself();
    assert!(end.code.is_some_and(|code| code != 0), "{}", end.log);
    assert!(end.log.contains(&format!("{} is damaged", path.display())), "{}", end.log);
    assert_eq!(lie(&living.host), before);
    fs::write(&path, table).expect("it is put back");
    living.host.start_again();
    living.stays_untouched();
}

/// Where there is none the files in the folder are first versions, and a state that lies parked is named and stays.
pub fn a_table_that_is_gone_takes_no_state_with_it() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    fs::remove_file(living.host.dir().join(".changeling/table.json")).expect("it was there");
    living.host.start_again();
    let receipt = living.host.receipt_after("counter", 1).settled();
    // Its number is nobody else's, and it says that nothing was current.
    assert_eq!((receipt.id(), &receipt.0["from"]), (2, &json!(null)));
    let parked = json!("the parked state of counter");
    assert!(living.host.happenings().iter().any(|event| event["what"] == parked));
    assert_eq!(living.host.files("parked").len(), 1);
    assert_eq!(living.host.call("counter", "increment", json!([1])), json!(1));
}

/// Receipts follow each other as they were made, whatever the clock said.
pub fn receipts_follow_each_other_whatever_the_clock_says() {
    let mut living = living(HASTY, "");
    for (jump, version) in [(YEAR, "counter-v2"), (-YEAR, "counter-v1")] {
        living.host.clock_jumps(jump);
        living.offered(&bytes(version)).settled();
    }
    assert!(living.host.interrupt().success());
    receipts_follow_each_other(&living.host.dir().join(".changeling"));
    living.host.start_again();
    let ids: Vec<_> = living.host.receipts("counter").iter().map(Receipt::id).collect();
    assert_eq!(ids, [3, 2, 1]);
    living.goes_on_at(&json!(TOTAL));
}

/// Whoever makes this step is to make its row, too.
pub fn is_no_setting(name: &str, value: &str) {
    let dir = stage();
    fs::write(dir.path().join("changeling.toml"), format!("[components.counter]\n{name} = {value}\n"))
        .expect("written");
    let end = Brittle::start(dir.path(), "").end_of_itself();
    let words = format!("there is no `{name}` in [components.counter]");
    assert!(end.code == Some(1) && end.log.contains(&words), "{}", end.log);
}

/// The same of a command.
pub fn is_no_command(name: &str) {
    let ran = Command::new(BINARY).args([name, "counter"]).output().expect("the command runs");
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.code() == Some(2) && said.contains(&format!("unrecognized subcommand '{name}'")), "{said}");
}
