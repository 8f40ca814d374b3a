//! Who holds the older version, and what becomes of its bytes.

use std::fs;
use std::thread::JoinHandle;

use serde_json::json;

use super::meanwhile::happens_in;
use super::stage::{HASTY, Living, PATIENT, SHORT, TOTAL, YEAR, flawless, living};
use crate::hostile::guest::{Entry, Guest, deed};
use crate::support::{Answer, Host, bytes, scripted};

/// It is named and goes over when its work is done.
pub fn who_is_at_work_is_not_waited_for_for_ever() {
    let living = Living::of(&format!("{PATIENT}{SHORT}"), "", &scripted("ask:slow"), TOTAL);
    living.host.prepare(&flawless());
    let work = living.host.at_work("counter", "ask", json!([]));
    let receipt = living.offered(&flawless()).ended("partial");
    assert_eq!(receipt.0["holders"], json!(["counter"]));
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    living.host.until("it has gone over", |host| host.actor("counter")["digest"] == receipt.0["to"]["digest"]);
    assert_eq!(living.host.call("counter", "get", json!([])), json!(TOTAL));
}

/// That is said, and they go at the next start.
pub fn bytes_that_cannot_be_removed(fault: &str, words: &str) {
    let mut living = living(HASTY, fault);
    living.host.disk_refuses();
    living.offered(&scripted("code-change:err")).ended("refused");
    let said = living.host.wait_for_log("were not removed");
    assert!(said.contains(words), "{said}");
    assert_eq!(living.host.files("versions").len(), 2);
    living.host.disk_takes();
    assert!(living.host.interrupt().success());
    living.host.start_again();
    living.host.until("they are gone", |host| host.files("versions").len() == 1);
    living.stays_untouched();
}

/// The older version is there until its last call has ended, and no longer.
pub fn a_call_in_flight_is_waited_for() {
    let (host, newer, work) = waiting("drain-timeout = \"200ms\"\n", 8, "");
    let last = host.last_receipt("hostile");
    host.write_file("hostile.wasm", &newer);
    let receipt = host.receipt_after("hostile", last).ended("partial");
    let holders = receipt.0["holders"].to_string();
    assert!(holders.contains("calls or messages in flight"), "{holders}");
    assert_eq!(versions_of(&host, "hostile"), 2);
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    host.until("the older one is gone", |host| versions_of(host, "hostile") == 1);
}

/// A call of the older version that dies when the newer one is published is told to its caller, and holds nothing.
pub fn a_call_in_flight_dies(deed: &str, words: &str) {
    let (host, newer, work) = waiting("", 2, deed);
    let last = host.last_receipt("hostile");
    host.write_file("hostile.wasm", &newer);
    happens_in(&host, "hostile", "published", |_| ());
    let answer = work.join().expect("it is answered");
    assert_eq!(answer.problem(), "crashed", "{}", answer.body);
    assert!(answer.body.to_string().contains(words), "{}", answer.body);
    host.receipt_after("hostile", last).settled();
    assert_eq!(versions_of(&host, "hostile"), 1);
}

/// A service at a call that does this after so many seconds, and the version after it, prepared.
fn waiting(setting: &str, seconds: u64, deed: &str) -> (Host, Vec<u8>, JoinHandle<Answer>) {
    let manifest = format!("[host]\nsettle = \"20ms\"\n[components.hostile]\nmemory = \"8MiB\"\n{setting}");
    let host = Host::with_manifest(&manifest);
    let after_a_while = format!("(call $block (call $subscribe (i64.const {seconds}000000000))) {deed}");
    let [older, newer] =
        [&after_a_while, deed::TRAP].map(|deed| Guest::default().at(Entry::Deed, deed).build_service());
    host.prepare(&newer);
    host.write_file("hostile.wasm", &older);
    host.receipt_after("hostile", 0).settled();
    let work = host.calling("hostile", "deed", json!([0]));
    host.until("it works", |host| works(host, "hostile"));
    (host, newer, work)
}

pub fn the_clock_jumps_while_a_call_is_in_flight() {
    drained_while(|host| host.clock_jumps(YEAR)).clock_jumps(-YEAR);
}

pub fn the_file_vanishes_while_a_call_is_in_flight() {
    drained_while(|host| fs::remove_file(host.dir().join("greeter.wasm")).expect("it was there"));
}

/// The newer version is published and the older one waits for its last call, when something happens to the world.
fn drained_while(happens: impl FnOnce(&Host)) -> Host {
    let (host, work) = in_flight();
    host.put("greeter", "greeter-v2");
    happens_in(&host, "greeter", "published", happens);
    assert_eq!(versions_of(&host, "greeter"), 2);
    host.receipt_after("greeter", 2).settled();
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    assert_eq!(versions_of(&host, "greeter"), 1);
    host
}

/// A service that is at a long call, and the version after it prepared.
fn in_flight() -> (Host, JoinHandle<Answer>) {
    let host = Host::that_may_fail("[host]\nsettle = \"20ms\"\n[components.greeter]\ncpu = \"60s\"\n", "");
    host.prepare(&bytes("greeter-v2"));
    host.drop_in("greeter", "greeter-v1").settled();
    let work = host.calling("greeter", "work", json!([2_000_000_000_u64]));
    host.until("it works", |host| works(host, "greeter"));
    (host, work)
}

/// One call is at work.
fn works(host: &Host, component: &str) -> bool {
    let gauge = format!("changeling_service_calls_in_flight{{component=\\\"{component}\\\"}} 1");
    host.get("/metrics").body.to_string().contains(&gauge)
}

fn versions_of(host: &Host, component: &str) -> usize {
    let found = host.get(&format!("/v1/components/{component}")).body;
    found["versions"].as_array().expect("a list").len()
}

pub fn killed_before_bytes_are_removed() {
    let mut living = living(HASTY, "kill:remove:versions");
    living.host.disk_refuses();
    living.host.write_file("counter.wasm", &scripted("code-change:err"));
    assert!(!living.host.wait().success());
    living.host.disk_takes();
    fs::remove_file(living.host.dir().join("counter.wasm")).expect("it was there");
    living.host.start_again();
    living.host.until("they are gone", |host| host.files("versions").len() == 1);
    assert_eq!(living.host.call("counter", "increment", json!([1])), json!(1));
    living.goes_on_at(&json!(1));
}
