//! The command line: data on stdout, everything else on stderr, and an exit status that says how it ended.

use std::io::{BufRead, BufReader};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{BINARY, Host, wasm};

/// What a command printed and how it ended.
struct Ran(Output);

fn run(host: &Host, args: &[&str]) -> Ran {
    Ran(host.run(args))
}

impl Ran {
    #[track_caller]
    fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.0.status.code(), Some(status), "stdout: {}\nstderr: {}", self.out(), self.err());
        self
    }

    fn out(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }

    fn err(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    #[track_caller]
    fn says(self, words: &[&str]) -> Self {
        let out = self.out();
        words.iter().for_each(|word| assert!(out.contains(word), "`{word}` is not in:\n{out}"));
        self
    }

    #[track_caller]
    fn complains(self, words: &[&str]) -> Self {
        let err = self.err();
        words.iter().for_each(|word| assert!(err.contains(word), "`{word}` is not in:\n{err}"));
        assert!(self.0.stdout.is_empty(), "stdout is for data: {}", self.out());
        self
    }

    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(&self.0.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.out()))
    }
}

fn file(guest: &str) -> String {
    wasm(guest).to_str().expect("a path that is text").to_owned()
}

#[test]
fn a_deploy_follows_the_upgrade_to_its_end() {
    let host = Host::start();
    run(&host, &["deploy", &file("counter-v1"), "--as", "counter"]).ends_with(0).says(&["counter 0.1.0: settled"]);
    host.call("counter", "increment", json!([4]));

    let second = run(&host, &["deploy", &file("counter-v2"), "--as", "counter", "--json"]).ends_with(0).json();
    assert_eq!((&second["$type"], &second["outcome"]), (&json!("changeling.receipt/1"), &json!("settled")));
    assert_eq!(second["asked_by"], json!({ "by": "deploy", "from": "counter_v2.wasm" }));
    assert_eq!(host.call("counter", "get", json!([])), json!(4));

    run(&host, &["deploy", &file("counter-v2"), "--as", "counter"]).ends_with(0).says(&["counter: "]);
}

#[test]
fn a_deploy_that_is_refused_says_why_and_ends_with_3() {
    let host = Host::start();
    run(&host, &["deploy", &file("counter-v2"), "--as", "counter"]).ends_with(0);
    let refused = ["counter 0.2.0 → ", ": refused: code-change of counter: "];
    run(&host, &["deploy", &file("counter-change-errs"), "--as", "counter"]).ends_with(3).says(&refused);

    host.write_file("text.wasm", b"(component)");
    run(&host, &["deploy", "text.wasm"]).ends_with(3).complains(&["text.wasm: ", "it is text"]);
}

#[test]
fn a_deploy_that_turned_back_ends_with_6() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\nparallel = 1\nverify = \"none\"\n");
    run(&host, &["deploy", &file("counter-v1"), "--as", "counter"]).ends_with(0);
    // The first goes over, and back when the second is refused.
    host.call("counter/a", "increment", json!([1]));
    host.call("counter/b", "increment", json!([13]));
    let unlucky = ["deploy", &file("counter-change-errs-on-13"), "--as", "counter"];
    run(&host, &unlucky).ends_with(6).says(&["rolled-back", "13 brings bad luck"]);
    assert_eq!(host.call("counter/a", "get", json!([])), json!(1));
    assert_eq!(host.call("counter/b", "get", json!([])), json!(13));
}

#[test]
fn a_dry_run_says_what_would_be_and_switches_nothing() {
    let host = Host::start();
    run(&host, &["deploy", &file("counter-v1"), "--as", "counter"]).ends_with(0);
    host.call("counter", "increment", json!([5]));

    let dry = |guest| run(&host, &["deploy", &file(guest), "--as", "counter", "--dry-run"]);
    dry("counter-v2").ends_with(0).says(&["counter 0.1.0 → 0.2.0: tried"]);
    dry("counter-change-errs").ends_with(3).says(&["refused", "code-change of counter: "]);

    let actor = host.actor("counter");
    assert_eq!((&actor["label"], &actor["restarts"]), (&json!("0.1.0"), &json!(0)));
    let tried = &host.receipts("counter")[1].0;
    assert_eq!((&tried["outcome"], &tried["rehearsal"]["passed"]), (&json!("tried"), &json!(1)));
    // It stands in nobody's way afterwards.
    run(&host, &["deploy", &file("counter-v2"), "--as", "counter"]).ends_with(0);
    assert_eq!(host.call("counter", "get", json!([])), json!(5));
}

#[test]
fn a_deploy_may_ask_for_a_restart() {
    let host = Host::start();
    run(&host, &["deploy", &file("counter-v1"), "--as", "counter"]).ends_with(0);
    host.call("counter", "increment", json!([5]));
    let asked = ["deploy", &file("counter-v2"), "--as", "counter", "--strategy", "restart"];
    run(&host, &asked).ends_with(0).says(&["settled"]);
    assert_eq!(host.call("counter", "get", json!([])), json!(0));
    let asked = ["deploy", &file("counter-v1"), "--as", "counter", "--strategy", "atomic"];
    run(&host, &asked).ends_with(2);
}

#[test]
fn a_deploy_only_begins_or_waits_no_longer_than_it_is_told() {
    let host = Host::start();
    let begun = run(&host, &["deploy", &file("counter-v1"), "--as", "counter", "--no-wait", "--json"]).ends_with(0);
    assert_eq!(begun.json(), json!({ "$type": "changeling.upgrade/1", "id": 1 }));
    host.receipt_after("counter", 0).settled();
    let late = ["deploy", &file("counter-v2"), "--as", "counter", "--timeout", "1us"];
    run(&host, &late).ends_with(7);
}

#[test]
fn a_deploy_with_a_wrong_command_line_ends_with_2() {
    let host = Host::start();
    let two = ["deploy", &file("counter-v1"), &file("counter-v2"), "--as", "counter"];
    run(&host, &two).ends_with(2).complains(&["--as"]);
    // Cargo's names have an underscore, a component's has none.
    run(&host, &["deploy", &file("counter-v1")]).ends_with(2).complains(&["`counter-v1.wasm` would do", "--as"]);
    run(&host, &["deploy", "nothing.wasm"]).ends_with(1).complains(&["nothing.wasm cannot be read"]);
}

#[test]
fn components_are_listed_and_told_of() {
    let host = Host::start();
    run(&host, &["components"]).ends_with(0).complains(&["no component is loaded"]);
    host.drop_in("counter", "counter-v2").settled();
    run(&host, &["components"]).ends_with(0).says(&["NAME", "counter", "actor", "serving", "0.2.0", "KiB"]);
    let quiet = run(&host, &["components", "-q"]).ends_with(0).out();
    assert!(quiet.starts_with("counter") && quiet.lines().count() == 1, "{quiet}");

    let told = run(&host, &["components", "counter"]).ends_with(0);
    told.says(&["0.2.0 (current)", "increment: func(by: u64) -> u64", "wasi:", "version 2 {total:u64,calls:u64}"]);
    let document = run(&host, &["components", "counter", "--json"]).ends_with(0).json();
    assert_eq!(document["$type"], json!("changeling.component/1"));
    assert_eq!(document["versions"][0]["why"], json!([]));
    run(&host, &["components", "nobody"]).ends_with(9).complains(&["nobody"]);
}

#[test]
fn upgrades_are_listed_and_shown_in_full() {
    let host = Host::start();
    run(&host, &["upgrades"]).ends_with(0).complains(&["no upgrade"]);
    host.drop_in("counter", "counter-v1").settled();
    let second = host.drop_in("counter", "counter-v2").settled();

    let table = run(&host, &["upgrades", "--component", "counter"]).ends_with(0).out();
    let rows: Vec<&str> = table.lines().collect();
    assert!(rows.len() == 3 && rows[1].contains("0.2.0") && rows[2].contains("0.1.0"), "{table}");
    let id = second.id().to_string();
    run(&host, &["upgrades", &id]).ends_with(0).says(&[
        "the folder, counter.wasm",
        "settled",
        "1 actor switched",
        "p99",
    ]);
    assert_eq!(run(&host, &["upgrades", &id, "--json"]).ends_with(0).json(), second.0);
    let all = run(&host, &["upgrades", "--json", "--limit", "1"]).ends_with(0).json();
    assert_eq!((&all["$type"], all["upgrades"].as_array().map(Vec::len)), (&json!("changeling.upgrades/1"), Some(1)));
    run(&host, &["upgrades", "99"]).ends_with(9).complains(&["99"]);
}

#[test]
fn events_are_told_from_a_number_on_and_followed() {
    let mut host = Host::start();
    let mut follower = host.spawn(&["events", "-f", "--since", "0", "--json"]);
    let mut lines = BufReader::new(follower.stdout.take().expect("its events")).lines();
    let mut next = move |event: &str| loop {
        let line = lines.next().expect("an event").expect("text");
        let record: Value = serde_json::from_str(&line).expect("JSON");
        if record["event"] == event {
            return record;
        }
    };
    host.drop_in("counter", "counter-v1").settled();
    let started = next("started");
    assert_eq!(started["address"], json!("counter"));

    let seq = started["seq"].to_string();
    let later = run(&host, &["events", "--since", &seq, "--json"]).ends_with(0).out();
    let first: Value = serde_json::from_str(later.lines().next().expect("a line")).expect("JSON");
    assert_eq!(first["seq"].as_u64(), started["seq"].as_u64().map(|seq| seq + 1));
    run(&host, &["events"]).ends_with(0).says(&["started", "counter", "0.1.0"]);

    // A follower does not hold the host up at its end, and hears of it.
    assert!(host.interrupt().success());
    assert_eq!(follower.wait().expect("it ends").code(), Some(8));
}

#[test]
fn actors_are_listed_once_or_watched() {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([1]));
    host.until("it rests", |host| host.actor("counter")["state"] == "idle");
    let table = run(&host, &["ps"]).ends_with(0).out();
    let columns: Vec<&str> = table.lines().next().expect("a head").split_whitespace().collect();
    assert_eq!(columns, ["ADDRESS", "VERSION", "STATE", "MAILBOX", "HANDLED", "RESTARTS", "MEMORY", "UPTIME"]);
    let row: Vec<&str> = table.lines().nth(1).expect("a row").split_whitespace().collect();
    assert_eq!(row[..6], ["counter", "0.1.0", "idle", "0", "1", "0"], "{table}");

    let mut watch = host.spawn(&["ps", "counter", "-w"]);
    let mut lines = BufReader::new(watch.stdout.take().expect("its tables")).lines();
    let mut handled = move |times: &str| loop {
        let line = lines.next().expect("another table").expect("text");
        if line.split_whitespace().nth(4) == Some(times) {
            return;
        }
    };
    handled("1");
    host.call("counter", "increment", json!([1]));
    handled("2");
    assert!(host.interrupt().success());
    assert_eq!(watch.wait().expect("it ends").code(), Some(8));
}

#[test]
fn actors_and_components_are_ended() {
    let host = Host::with_manifest("[components.keyed]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("keyed", "counter-v1").settled();
    host.call("counter", "increment", json!([3]));
    host.call("keyed/a%20b", "increment", json!([3]));

    run(&host, &["restart", "counter"]).ends_with(0).complains(&["counter has begun anew"]);
    assert_eq!(host.call("counter", "get", json!([])), json!(0));
    run(&host, &["stop", "keyed/a b", "-q"]).ends_with(0).complains(&[]);
    run(&host, &["ps", "keyed/a b"]).ends_with(9).complains(&["keyed/a b"]);
    run(&host, &["ps", "keyed/a b", "--json"]).ends_with(9);
    run(&host, &["ps", "keyed"]).ends_with(0).complains(&["there is no actor"]);
    run(&host, &["ps", "nobody"]).ends_with(9).complains(&["no component `nobody` is loaded"]);
    run(&host, &["stop", "keyed/a b"]).ends_with(9).complains(&["keyed/a b"]);

    run(&host, &["remove", "counter"]).ends_with(0).complains(&["counter is removed"]);
    assert_eq!(host.try_call("counter", "get", json!([])).problem(), "no-such-component");
    run(&host, &["remove", "counter"]).ends_with(9);
}

#[test]
fn a_call_that_crashes_its_guest_ends_with_5() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    run(&host, &["call", "timer", "boom"])
        .ends_with(5)
        .complains(&["`timer` crashed in `boom`", "boom, after 0 ticks"]);
    let document = run(&host, &["call", "timer", "boom", "--json"]).ends_with(5).err();
    let document: Value = serde_json::from_str(&document).expect("JSON");
    assert_eq!((&document["exit"], &document["type"]), (&json!(5), &json!("urn:changeling:problem:crashed")));
    run(&host, &["call", "timer", "ticks"]).ends_with(0);
}

#[test]
fn errors_are_a_sentence_or_a_document() {
    let host = Host::start();
    let plain = run(&host, &["components", "nobody"]).ends_with(9).err();
    assert_eq!(plain.trim().lines().count(), 1, "{plain}");
    let as_json = run(&host, &["components", "nobody", "--json"]).ends_with(9).err();
    let document: Value = serde_json::from_str(&as_json).expect("JSON");
    assert_eq!((&document["$type"], &document["exit"]), (&json!("changeling.error/1"), &json!(9)));
    assert_eq!(document["type"], json!("urn:changeling:problem:no-such-component"));

    let nowhere = tempfile::tempdir().expect("a folder");
    let alone = Command::new(BINARY).args(["ps", "--dir"]).arg(nowhere.path()).output().expect("it runs");
    Ran(alone).ends_with(8).complains(&["changeling run"]);
    run(&host, &["components", "--nonsense"]).ends_with(2).complains(&["--nonsense", "Usage"]);
    let as_json = run(&host, &["check", "old.wasm", "--json"]).ends_with(2).err();
    let document: Value = serde_json::from_str(&as_json).expect("JSON");
    assert_eq!((&document["$type"], &document["exit"]), (&json!("changeling.error/1"), &json!(2)));
    assert_eq!(document["error"], json!("the following required arguments were not provided: <NEW>"));
}

#[test]
fn flags_come_from_the_environment_too() {
    let host = Host::start();
    let mut command = Command::new(BINARY);
    let command = command.args(["components"]).env("CHANGELING_DIR", host.dir()).env("CHANGELING_JSON", "1");
    let ran = Ran(command.output().expect("it runs")).ends_with(0);
    assert_eq!(ran.json()["$type"], json!("changeling.components/1"));
}

#[test]
fn a_second_interrupt_ends_a_host_at_once() {
    let mut host = Host::with_manifest("[components.timer]\ncpu = \"1h\"\n");
    host.drop_in("timer", "timer").settled();
    let call = host.caller();
    std::thread::spawn(move || call("timer", "slow", json!([3_600_000])));
    while host.actor("timer")["state"] != json!("running") {}

    host.signal();
    host.wait_for_log("ending");
    host.signal();
    assert_eq!(host.wait().code(), Some(130));
}

#[test]
fn every_command_shows_an_example_and_completes() {
    let help = |args: &[&str]| {
        let ran = Command::new(BINARY).args(args).arg("--help").output().expect("it runs");
        Ran(ran).ends_with(0).out()
    };
    let top = help(&[]);
    let commands = top.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let names: Vec<&str> = commands
        .take_while(|line| !line.trim().is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect();
    assert!(names.len() > 10, "{top}");
    for name in &names {
        let text = help(&[name]);
        assert!(text.contains("Example"), "{name} shows no example:\n{text}");
        for flag in text.lines().filter(|line| line.trim_start().starts_with('-') && !line.contains("--help")) {
            let described = text.split_once(flag).expect("it is there").1;
            let until = described.find("\n  -").unwrap_or(described.len());
            let all = format!("{flag}{}", &described[..until]);
            assert!(all.contains("CHANGELING_"), "a flag of {name} has no variable: {all}");
        }
    }
    for shell in ["bash", "zsh", "fish"] {
        let script = Ran(Command::new(BINARY).args(["completions", shell]).output().expect("it runs")).ends_with(0);
        names.iter().for_each(|name| assert!(script.out().contains(name), "{shell} does not know {name}"));
    }
}

/// Runs a command where there is no host.
fn alone(args: &[&str]) -> Ran {
    Ran(Command::new(BINARY).args(args).output().expect("it runs"))
}

#[test]
fn a_file_is_inspected_without_a_host() {
    let told = alone(&["inspect", &file("counter-v2")]).ends_with(0);
    let state = ["version 2 {total:u64,calls:u64}", "version 1 {total:u64}"];
    told.says(&["0.2.0", "actor", "increment: func(by: u64) -> u64", "wasi:"]).says(&state);
    let document = alone(&["inspect", &file("greeter-v1"), "--json"]).ends_with(0).json();
    assert_eq!((&document["$type"], &document["kind"]), (&json!("changeling.inspection/1"), &json!("service")));
    assert_eq!((&document["refusals"], &document["shapes"]), (&json!([]), &Value::Null));
    let size = std::fs::metadata(wasm("greeter-v1")).expect("it is there").len();
    assert_eq!(document["size"], json!(size));
}

#[test]
fn a_file_that_no_host_would_take_is_told_why() {
    let stuck = alone(&["inspect", &file("counter-init-traps"), "--json"]).ends_with(3).json();
    assert_eq!(stuck["refusals"][0]["act"], json!("init"), "{stuck}");
    alone(&["inspect", &file("counter-save-errs")]).ends_with(3).says(&["entered but not left again"]);
    alone(&["inspect", &file("teller")]).ends_with(3).says(&["which nobody provides"]);
    let folder = tempfile::tempdir().expect("a folder");
    let core = folder.path().join("core.wasm");
    std::fs::write(&core, b"\0asm\x01\0\0\0").expect("it is written");
    alone(&["inspect", core.to_str().expect("text")]).ends_with(3).says(&["core module"]);
    alone(&["inspect", "nothing.wasm"]).ends_with(1).complains(&["nothing.wasm cannot be read"]);
}

#[test]
fn a_version_is_checked_against_the_one_that_lives() {
    let check = |old: &str, new: &str, more: &[&str]| alone(&[&["check", &file(old), &file(new)], more].concat());
    check("counter-v1", "counter-v2", &[])
        .ends_with(0)
        .says(&["0.2.0 can take over from 0.1.0", "version 1, and back"]);
    let down = check("counter-v2", "counter-v1", &["--json"]).ends_with(0).json();
    assert_eq!((&down["$type"], &down["safe"]), (&json!("changeling.check/1"), &json!(true)));
    assert_eq!(down["state"], json!({ "version": 1, "returns": true }));
    assert!(down["findings"][0].as_str().is_some_and(|found| found.contains("calls is gone")), "{down}");

    let forgotten = check("counter-v1", "counter-version-forgotten", &[]).ends_with(3);
    forgotten.says(&["version 1 was saved as {total:u64}, this code's copy of it is {total:u64,calls:u64}"]);
    let kind = check("counter-v1", "greeter-v1", &["--json"]).ends_with(3).json();
    assert_eq!((&kind["safe"], &kind["refusals"][0]["act"]), (&json!(false), &json!("exports")));
    check("greeter-v1", "greeter-v2", &[]).ends_with(0);
}

#[test]
fn what_an_actor_or_a_service_says_of_itself_is_shown() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    host.call("timer", "every", json!([3_600_000]));
    run(&host, &["status", "timer"]).ends_with(0).says(&["timer", "\"ticking\": true", "\"ticks\": 0"]);
    let document = run(&host, &["status", "timer", "--json"]).ends_with(0).json();
    assert_eq!((&document["$type"], &document["address"]), (&json!("changeling.status/1"), &json!("timer")));
    assert_eq!(document["view"], json!({ "ticks": 0, "ticking": true }));
    // A look is no message.
    assert_eq!((&host.actor("timer")["handled"], &host.actor("timer")["restarts"]), (&json!(1), &json!(0)));

    host.drop_in("greeter", "greeter-v2").settled();
    run(&host, &["status", "greeter"]).ends_with(0).says(&["0.2.0", "\"german\""]);
    run(&host, &["status", "greeter/key"]).ends_with(9).complains(&["greeter/key"]);

    host.drop_in("counter", "counter-v1").settled();
    run(&host, &["status", "counter"]).ends_with(3).complains(&["`counter` refused: its code exports no `status`"]);
    let refused = host.get("/v1/actors/counter/status");
    assert_eq!((refused.status, refused.problem()), (409, "refused"));
    run(&host, &["status", "nobody"]).ends_with(9).complains(&["nobody"]);
}

#[test]
fn a_state_is_shown_or_kept_in_a_file() {
    let host = Host::start();
    host.drop_in("counter", "counter-v2").settled();
    host.call("counter", "increment", json!([300]));
    run(&host, &["state", "counter"]).ends_with(0).says(&["{total:u64,calls:u64}", "\"total\": 300", "\"calls\": 1"]);
    let document = run(&host, &["state", "counter", "--json"]).ends_with(0).json();
    assert_eq!((&document["$type"], &document["version"]), (&json!("changeling.state/1"), &json!(2)));
    assert_eq!(document["value"], json!({ "total": 300, "calls": 1 }));
    run(&host, &["state", "counter", "--save", "kept"]).ends_with(0).complains(&["are in kept"]);
    assert_eq!(std::fs::read(host.dir().join("kept")).expect("it is there"), host.state("counter"));
    run(&host, &["state", "nobody"]).ends_with(9);

    // A guest without the SDK has a form of its own.
    host.drop_in("plain", "plain").settled();
    run(&host, &["state", "plain"]).ends_with(0).says(&["000000  "]);
}

#[test]
fn a_host_is_found_by_where_it_keeps_its_own() {
    let host = Host::start();
    let elsewhere = tempfile::tempdir().expect("a folder");
    let run = |state: &std::path::Path| {
        let mut ps = std::process::Command::new(crate::support::BINARY);
        ps.args(["ps", "--json", "--state"]).arg(state).current_dir(&elsewhere).output().expect("the command runs")
    };

    let found = run(&host.dir().join(".changeling"));
    let none = run(&elsewhere.path().join("own"));

    assert!(found.status.success(), "{}", String::from_utf8_lossy(&found.stderr));
    let words = String::from_utf8_lossy(&none.stderr);
    assert!(none.status.code() == Some(8) && words.contains("no host keeps its own in"), "{words}");
}
