//! Guests that say too much: in their log, on stderr, in their last words and in the reasons that they give; and callers
//! that send too much. What is said stays within bounds, on lines of its own, and steers no terminal.

use serde_json::json;

use super::guest::{Entry, Guest, deed};
use super::{Neighbour, crashes, offer};
use crate::support::Host;

/// Clears the screen, sets a title, begins another line, and pretends to be one of the log.
const NASTY: &str = "\\1b[2J\\1b]0;pwned\\07\\0d\\0a{\\22level\\22:\\22ERROR\\22}\\c2\\9b31m\\7f";
const NASTY_LEN: u32 = 39;
/// Where it lies: nothing else of the guest's is there.
const AT: u32 = 4_096;

/// Writes a log record of this level, under this target, with what lies at 4096.
fn says(level: u32, target: (u32, u32), len: u32) -> String {
    format!(
        "(call $write (i32.const {level}) (i32.const {}) (i32.const {}) (i32.const {AT}) (i32.const {len})
            (i32.const 0) (i32.const 0))",
        target.0, target.1
    )
}

/// Control characters, but for the ends of lines.
fn steering(text: &str) -> Option<char> {
    text.chars().find(|c| c.is_control() && *c != '\n')
}

#[test]
fn words_that_steer_a_terminal_are_shown_and_not_obeyed() {
    let host = Host::with_text_log();
    // The last words of a guest are what it logs as a panic.
    let panics = format!(
        "(if (local.get $n) (then {} (unreachable))) {}",
        says(4, (1_100, 5), NASTY_LEN),
        says(3, (AT, NASTY_LEN), NASTY_LEN)
    );
    let guest = Guest::default().with_data(AT, NASTY).with_data(1_100, "panic").at(Entry::Deed, &panics);
    offer(&host, "hostile", &guest.build()).settled();

    host.call("hostile", "deed", json!([0]));
    let record = host.wait_for_log("pwned");
    assert!(record.contains("\\u{1b}[2J") && record.contains("\\u{9b}31m"), "{record}");
    let why = crashes(&host, "hostile", "deed", json!([1]));
    assert!(why.contains("pwned"), "{why}");
    let (line, before) = host.log_until("crashed");
    assert!(line.contains("pwned"), "{line}");

    for line in before.iter().chain([&record, &line]) {
        assert_eq!(steering(line), None, "{line:?}");
    }
    for command in [&["events", "--since", "0"][..], &["ps"], &["upgrades"], &["call", "hostile", "deed", "1"]] {
        let output = host.run(command);
        let shown = String::from_utf8([output.stdout, output.stderr].concat()).expect("text");
        assert!(!shown.is_empty() && steering(&shown).is_none(), "{command:?}: {shown:?}");
    }
}

#[test]
fn a_flood_of_messages_fills_one_mailbox_and_no_other() {
    let host = Host::with_manifest("[components.hostile]\ncpu = \"3s\"\nmailbox = 100\nmailbox-bytes = \"8MiB\"\n");
    offer(&host, "hostile", &Guest::default().at(Entry::Deed, deed::LOOP).build()).settled();
    let neighbour = Neighbour::of(&host);
    let spinning = host.at_work("hostile", "deed", json!([0]));
    let before = host.resident();
    let text = "x".repeat(900_000);

    // Nine of these have room.
    let waiting: Vec<_> = (0..9).map(|_| host.calling("hostile", "echo", json!([text]))).collect();
    host.until("they wait", |host| host.actor("hostile")["mailbox"] == json!(9));
    let flood = |_| {
        let (call, text) = (host.caller(), text.clone());
        std::thread::spawn(move || {
            (0..20).map(|_| call("hostile", "echo", json!([text])).problem().to_owned()).collect::<Vec<_>>()
        })
    };
    let clients: Vec<_> = (0..4).map(flood).collect();
    let told: Vec<_> = clients.into_iter().flat_map(|client| client.join().expect("it is answered")).collect();
    assert!(told.iter().all(|problem| problem == "overloaded"), "whoever comes later is told at once: {told:?}");
    let more = host.resident().saturating_sub(before);
    assert!(more < 128 << 20, "{more} bytes more");

    assert_eq!(spinning.join().expect("it is answered").problem(), "crashed");
    for call in waiting {
        assert_eq!(call.join().expect("it is answered").body, json!(text), "the next life handles what has waited");
    }
    neighbour.ends_well();
}
