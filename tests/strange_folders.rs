//! The folder itself in trouble: notifications that overflow or are missing, and a folder that is moved, removed, or
//! another one. What lies in it is found all the same.

use std::fs::{self, File};

use serde_json::json;

use crate::support::{Host, digest, greeting};

/// No rescan comes to help.
const NO_RESCAN: &str = "[host]\nrescan = \"1h\"\n";

#[track_caller]
fn runs(host: &Host, word: &str, last: u64) {
    let receipt = host.receipt_after("greeter", last).settled();
    assert_eq!(receipt.0["to"]["digest"], digest(&greeting(word)));
    assert_eq!(host.call("greeter", "greet", json!(["you"])), json!(format!("{word}, you!")));
}

#[test]
fn more_notifications_than_the_system_keeps_hide_nothing() {
    let host = Host::with_manifest(NO_RESCAN);
    let read = ["a.txt", "b.txt"].map(|name| host.dir().join(name));
    read.iter().for_each(|path| fs::write(path, b"").expect("it is written"));
    host.write_file("greeter.wasm", &greeting("First"));
    runs(&host, "First", 0);
    let kept = fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").expect("the system says how many it keeps");
    let kept: usize = kept.trim().parse().expect("a number");
    // While it cannot read them, more come than are kept, and only then the file. That somebody reads is notified of, and
    // no reason to look; and in turn, for what repeats itself is kept once.
    host.freeze();
    for path in read.iter().cycle().take(2 * kept) {
        File::open(path).expect("it is there");
    }
    host.write_file("greeter.wasm", &greeting("After"));
    fs::write(host.dir().join("Bad.wasm"), b"").expect("it is written");
    host.thaw();
    runs(&host, "After", 1);
    host.wait_for_log("Bad.wasm changes nothing");
    host.write_file("greeter.wasm", &greeting("Later"));
    runs(&host, "Later", 2);
    assert_eq!(host.receipts("greeter").len(), 3);
}

#[test]
fn without_notifications_files_are_found_by_looking_and_that_is_said_once() {
    let manifest = "[host]\nrescan = \"200ms\"\n";
    let host = Host::with_fault(manifest, "CHANGELING_FAULT_NO_NOTIFICATIONS", "1");
    let unnotified =
        |lines: &[String]| lines.iter().filter(|line| line.contains("does not notify of changes in")).count();
    for (n, word) in ["First", "Other", "Third"].into_iter().enumerate() {
        host.write_file(".hidden", &greeting(word));
        fs::rename(host.dir().join(".hidden"), host.dir().join("greeter.wasm")).expect("it is renamed");
        runs(&host, word, n as u64);
    }
    host.write_file("Bad.wasm", b"");
    let (_, lines) = host.log_until("Bad.wasm changes nothing");
    assert_eq!(unnotified(host.first_lines()) + unnotified(&lines), 1, "{:?} and {lines:?}", host.first_lines());
    assert_eq!(host.receipts("greeter").len(), 3);
}

#[test]
fn a_folder_that_is_moved_away_and_comes_back_is_watched_on() {
    let host = Host::with_manifest("[host]\nrescan = \"200ms\"\n");
    host.write_file("greeter.wasm", &greeting("First"));
    runs(&host, "First", 0);
    let away = host.dir().with_extension("away");
    for (n, (there, back)) in [("Other", "Third"), ("Inner", "Again")].into_iter().enumerate() {
        let last = 2 * n as u64 + 1;
        fs::rename(host.dir(), &away).expect("it is moved");
        host.wait_for_log("cannot look into");
        assert_eq!(host.try_call("greeter", "greet", json!(["you"])).status, 200, "it serves meanwhile");
        fs::write(away.join("greeter.wasm"), greeting(there)).expect("it is written");
        fs::rename(&away, host.dir()).expect("it is moved back");
        runs(&host, there, last);
        host.write_file("greeter.wasm", &greeting(back));
        runs(&host, back, last + 1);
    }
    assert_eq!(host.receipts("greeter").len(), 5);
}
