//! What the function that a caller wants does, and what meets it there.

use std::fs;

use serde_json::json;

use super::stage::{HASTY, Living, PATIENT, SCRIPT, TOTAL, YEAR, living};
use super::table::Comes;
use crate::support::scripted;

pub fn an_error_is_an_answer() {
    let living = Living::of(HASTY, "", &scripted("ask:err"), TOTAL);
    let said = living.host.call("counter", "ask", json!([]));
    assert_eq!(said, json!({"err": format!("ask {SCRIPT}")}));
    living.stays_untouched();
}

/// Its caller is told so, the actor begins anew, and a good version is taken.
pub fn crashes(script: &str, words: &str) {
    let living = Living::of(HASTY, "", &scripted(script), TOTAL);
    let answer = living.host.try_call("counter", "ask", json!([]));
    assert_eq!((answer.status, answer.problem()), (500, "crashed"), "{}", answer.body);
    assert!(answer.body.to_string().contains(words), "{script}: {}", answer.body);
    assert_eq!(living.host.call("counter", "increment", json!([1])), json!(1));
    assert_eq!(living.host.actor("counter")["restarts"], json!(1));
    living.goes_on_at(&json!(1));
}

/// A caller that gives up hears so at once; the actor works on to its end, and nobody else gets that answer.
pub fn a_late_answer_is_dropped() {
    let living = Living::of(PATIENT, "", &scripted("ask:slow"), TOTAL);
    let late = living.host.run(&["call", "counter", "ask", "--deadline", "50ms"]);
    assert_eq!(late.status.code(), Some(7), "{}", String::from_utf8_lossy(&late.stderr));
    assert_eq!(living.host.call("counter", "get", json!([])), json!(TOTAL));
    living.stays_untouched();
}

pub fn killed_in_a_call() {
    let mut living = Living::of(PATIENT, "", &scripted("ask:slow"), TOTAL);
    // Its caller hears nothing any more.
    drop(living.host.at_work("counter", "ask", json!([])));
    living.host.kill();
    living.comes_back(Comes::AsItWas);
}

pub fn calls_need_no_disk(fault: &str) {
    let living = living(HASTY, fault);
    living.host.disk_refuses();
    for n in 1..=20 {
        assert_eq!(living.host.call("counter", "increment", json!([1])), json!(TOTAL + n));
    }
    living.host.disk_takes();
    living.goes_on_at(&json!(TOTAL + 20));
}

pub fn the_clock_jumps_in_a_call() {
    let living = Living::of(PATIENT, "", &scripted("ask:slow"), TOTAL);
    for jump in [YEAR, -YEAR] {
        let work = living.host.at_work("counter", "ask", json!([]));
        living.host.clock_jumps(jump);
        let answer = work.join().expect("it is answered");
        assert_eq!((answer.status, &answer.body), (200, &json!({"ok": "nothing will go wrong"})));
    }
    living.stays_untouched();
}

pub fn a_file_that_is_gone_is_not_missed() {
    let mut living = living(HASTY, "");
    fs::remove_file(living.host.dir().join("counter.wasm")).expect("it was there");
    assert_eq!(living.host.call("counter", "get", json!([])), json!(TOTAL));
    assert!(living.host.interrupt().success());
    living.host.start_again();
    living.stays_untouched();
}
