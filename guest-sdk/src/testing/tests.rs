use std::time::Duration;

use super::host;
use crate::{ExitReason, Message, process};

#[test]
fn answers_what_a_guest_asks() {
    let host = host("counter/a");
    host.set_sender(Some("shop/1"));
    host.set_deadline(Some(Duration::from_millis(250)));
    host.set_label("0.2.0");
    assert_eq!(process::me(), "counter/a");
    assert_eq!(process::sender().as_deref(), Some("shop/1"));
    assert_eq!(process::deadline(), Some(Duration::from_millis(250)));
    assert_eq!(process::label(), "0.2.0");
    assert_eq!(host.start().address, "counter/a");
}

#[test]
fn timers_run_out_in_order() {
    let host = host("counter");
    let late = process::send_after(Duration::from_millis(30), "late");
    let soon = process::send_after(Duration::from_micros(9_500), "soon");
    let never = process::send_after(Duration::from_millis(20), "never");
    assert_eq!(host.timers()[0], (Duration::from_millis(10), "soon".to_owned()));
    assert!(never.cancel());
    assert!(!never.cancel());
    let timers = |messages: Vec<Message>| -> Vec<_> {
        let timer = |message| {
            if let Message::Timer(timer) = message { timer.timer() } else { panic!("not a timer") }
        };
        messages.into_iter().map(timer).collect()
    };
    assert_eq!(timers(host.advance(Duration::from_millis(9))), []);
    assert_eq!(timers(host.advance(Duration::from_secs(1))), [soon, late]);
    assert!(!late.cancel());
}

#[test]
fn the_first_exit_counts() {
    let host = host("counter");
    process::exit(ExitReason::Normal);
    process::exit(ExitReason::Killed);
    assert_eq!(host.exit_reason(), Some(ExitReason::Normal));
}

#[test]
#[should_panic(expected = "in a native test call changeling_guest::testing::host(\"counter\") first")]
fn says_what_to_do_without_a_host() {
    let _ = process::me();
}
