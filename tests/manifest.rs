//! A manifest that changes while everything runs: what can be taken up is, nobody who lives loses anything for it, and
//! what has to wait is told by name.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::{Host, variant};

/// So long does a handler work that others wait for, in milliseconds.
const LONG: u64 = 4_000;

/// Writes the manifest and waits for what is told of it.
#[track_caller]
fn declare(host: &Host, manifest: &str) -> Value {
    tells(host, || host.write_file("changeling.toml", manifest.as_bytes()))
}

/// What is told of the manifest next, once this is done.
#[track_caller]
fn tells(host: &Host, act: impl FnOnce()) -> Value {
    let before = of_the_manifest(host).len();
    act();
    host.until("the manifest is told", |host| of_the_manifest(host).len() > before);
    of_the_manifest(host).swap_remove(before)
}

fn of_the_manifest(host: &Host) -> Vec<Value> {
    let mut told = host.happenings();
    told.retain(|event| event["event"] == "declared" || event["event"] == "misdeclared");
    told
}

/// One change, as the event has it.
fn change(section: &str, setting: &str, from: &str, to: &str, holds: &str) -> Value {
    json!({ "section": section, "setting": setting, "from": from, "to": to, "holds": holds })
}

#[test]
fn limits_hold_for_an_actor_that_lives_and_its_state_stays() {
    let host = Host::with_manifest("[components.timer]\ncpu = \"30s\"\nmessage = \"2KiB\"\n");
    host.drop_in("timer", "timer").settled();
    host.call("timer", "every", json!([3_600_000]));
    let long = "x".repeat(3_000);
    assert_eq!(host.try_call("timer", "variable", json!([long])).problem(), "too-large");

    let told = declare(&host, "[components.timer]\ncpu = \"30s\"\nmessage = \"4KiB\"\nmailbox = 1\n");

    let section = "components.timer";
    let mailbox = change(section, "mailbox", "1000", "1", "at-once");
    let message = change(section, "message", "\"2KiB\"", "\"4KiB\"", "at-once");
    assert_eq!(
        (&told["changes"], &told["kept"], &told["gone"]),
        (&json!([mailbox, message]), &json!([]), &json!(false))
    );
    assert_eq!(host.call("timer", "variable", json!([long])), json!(null));
    let work = host.at_work("timer", "slow", json!([LONG]));
    let waits = host.calling("timer", "ticks", json!([]));
    host.until("one waits", |host| host.actor("timer")["mailbox"] == 1);
    assert_eq!(host.try_call("timer", "ticks", json!([])).problem(), "overloaded");
    assert!([work, waits].into_iter().all(|call| call.join().is_ok_and(|answer| answer.status == 200)));
    assert_eq!(host.call("timer", "cancel", json!([])), json!(true), "the timer that it had");

    // The time of one message, of an actor that has been handling them all along.
    declare(&host, "[components.timer]\ncpu = \"20ms\"\n");
    assert_eq!(host.try_call("timer", "slow", json!([10_000])).problem(), "crashed");
    assert_eq!(host.actor("timer")["restarts"], json!(1));
}

#[test]
fn a_memory_limit_below_what_an_actor_has_holds_for_its_growth() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([5]));
    let has = host.actor("counter")["memory"].as_u64().unwrap_or_default();
    assert!(has > 64 << 10, "{has}");
    declare(&host, "[components.counter]\nmemory = \"64KiB\"\n");
    assert_eq!(host.call("counter", "increment", json!([1])), json!(6));
    assert_eq!(host.actor("counter")["memory_limit"], json!(64 << 10));
    // A new instance has no room in it.
    host.drop_in("counter", "counter-v2").ended("refused").says("memory");
    assert_eq!(host.call("counter", "get", json!([])), json!(6));
}

#[test]
fn a_service_goes_by_new_limits_with_its_next_call() {
    let host = Host::with_manifest("[components.greeter]\ncpu = \"60s\"\n");
    host.drop_in("greeter", "greeter-v1").settled();
    let text = "x".repeat(3_000);
    host.call("greeter", "greet", json!([text]));
    declare(&host, "[components.greeter]\ncpu = \"60s\"\nconcurrent-calls = 1\nmessage = \"2KiB\"\n");
    assert_eq!(host.try_call("greeter", "greet", json!([text])).problem(), "too-large");
    // Tried until it is the one that fits.
    let call = host.caller();
    let work = std::thread::spawn(move || {
        let mut tries = std::iter::repeat_with(|| call("greeter", "work", json!([2_000_000_000_u64])));
        tries.find(|answer| answer.problem() != "overloaded")
    });
    host.until("no second call fits", |host| {
        host.try_call("greeter", "greet", json!(["Ada"])).problem() == "overloaded"
    });
    declare(&host, "[components.greeter]\ncpu = \"60s\"\nconcurrent-calls = 100\n");
    assert_eq!(host.call("greeter", "greet", json!(["Ada"])), json!("Hello, Ada!"));
    assert!(work.join().is_ok_and(|answer| answer.is_some_and(|answer| answer.status == 200)));

    // The instance that served these calls has the time of a minute; the next call gets none such.
    declare(&host, "[components.greeter]\ncpu = \"20ms\"\n");
    assert_eq!(host.try_call("greeter", "work", json!([2_000_000_000_u64])).problem(), "crashed");
}

#[test]
fn bounds_on_births_and_ways_of_upgrades_hold_from_the_next_one_on() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\nactors = 1\n");
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter/a", "increment", json!([5]));
    assert_eq!(host.try_call("counter/b", "get", json!([])).problem(), "overloaded");

    let told = declare(&host, "[components.counter]\nkeyed = true\nactors = 2\nverify = \"none\"\n");

    let section = "components.counter";
    let actors = change(section, "actors", "1", "2", "births");
    assert_eq!(told["changes"], json!([actors, change(section, "verify", "100", "\"none\"", "upgrades")]));
    assert_eq!(host.call("counter/b", "get", json!([])), json!(0));
    assert_eq!(host.try_call("counter/c", "get", json!([])).problem(), "overloaded");
    let receipt = host.drop_in("counter", "counter-v2").settled();
    assert_eq!(
        receipt.0["rehearsal"],
        json!({"tried": 0, "passed": 0, "round_trips": 0, "round_trips_differ": 0, "not_tried": 2})
    );
    assert_eq!(host.call("counter/a", "get", json!([])), json!(5));

    // Fewer than there are: nobody ends for it.
    let told = declare(&host, "[components.counter]\nkeyed = true\nactors = 1\nstrategy = \"restart\"\n");
    assert_eq!(told["changes"].as_array().map(Vec::len), Some(3), "{told}");
    assert_eq!(host.call("counter/a", "get", json!([])), json!(5));
    host.drop_in_variant("counter", "counter-v2", "again").settled().says("as was asked");
    assert_eq!(host.call("counter/a", "get", json!([])), json!(0));
}

#[test]
fn an_upgrade_in_hand_ends_by_the_settings_it_began_with_and_that_is_told() {
    let host = Host::with_manifest("[components.timer]\ncpu = \"30s\"\nverify = \"none\"\n");
    host.prepare(&variant("timer", "2"));
    host.drop_in("timer", "timer").settled();
    host.call("timer", "every", json!([3_600_000]));
    let last = host.last_receipt("timer");
    let work = host.at_work("timer", "slow", json!([LONG]));
    host.put_variant("timer", "timer", "2");
    host.until_upgrade_is("timer", "switching");

    let told = declare(&host, "[components.timer]\ncpu = \"30s\"\nverify = \"none\"\nstrategy = \"restart\"\n");

    assert!(!work.is_finished());
    let why = told["kept"][0]["why"].as_str().unwrap_or_default();
    assert!(told["kept"][0]["component"] == "timer" && why.contains("is in hand"), "{told}");
    let receipt = host.receipt_after("timer", last).settled();
    assert!(receipt.0["bytes"].as_u64() > Some(0), "its state went over: {}", receipt.0);
    assert_eq!(host.call("timer", "cancel", json!([])), json!(true));
    host.drop_in_variant("timer", "timer", "3").settled().says("as was asked");
}

#[test]
fn keys_stay_while_actors_live_and_come_when_the_component_is_loaded_again() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([5]));

    let told = declare(&host, "[components.counter]\nkeyed = true\n");

    assert_eq!(told["changes"], json!([change("components.counter", "keyed", "false", "true", "unpeopled")]));
    let why = told["kept"][0]["why"].as_str().unwrap_or_default();
    assert!(why.starts_with("`keyed` stays false while its actor lives: remove the component"), "{told}");
    host.wait_for_log("`keyed` stays false");
    assert_eq!(host.try_call("counter/a", "get", json!([])).problem(), "no-actor");
    assert_eq!(host.call("counter", "get", json!([])), json!(5));
    assert!(host.run(&["remove", "counter"]).status.success());
    host.drop_in_variant("counter", "counter-v1", "again").settled();
    assert_eq!(host.call("counter/a", "get", json!([])), json!(0));
    assert_eq!(host.try_call("counter", "get", json!([])).problem(), "no-actor");
}

#[test]
fn an_environment_is_for_new_instances_and_its_values_are_told_to_nobody() {
    let host = Host::with_manifest("[components.timer]\nenv = { MODE = \"first\" }\n");
    host.drop_in("timer", "timer").settled();
    assert_eq!(host.call("timer", "variable", json!(["MODE"])), json!("first"));

    let told = declare(&host, "[components.timer]\nenv = { MODE = \"second\", MORE = \"hush\" }\n");

    let env = change("components.timer", "env", "{ MODE = … }", "{ MODE = …, MORE = … }", "instances");
    assert_eq!(told["changes"], json!([env]));
    let line = host.wait_for_log("[components.timer] env");
    assert!(line.contains("changeling restart ADDRESS") && !line.contains("hush"), "{line}");
    assert_eq!(host.call("timer", "variable", json!(["MORE"])), json!(null));
    assert!(host.run(&["restart", "timer"]).status.success());
    assert_eq!(host.call("timer", "variable", json!(["MORE"])), json!("hush"));
}

#[test]
fn a_living_actor_that_never_looked_keeps_its_environment_too() {
    let host = Host::with_manifest("[components.timer]\nenv = { MODE = \"first\" }\n");
    host.drop_in("timer", "timer").settled();
    declare(&host, "[components.timer]\nenv = { MODE = \"second\" }\n");
    assert_eq!(host.call("timer", "variable", json!(["MODE"])), json!("first"));
}

#[test]
fn what_belongs_to_the_whole_host_waits_for_its_next_start() {
    let mut host = Host::with_manifest("[http]\nlisten = \"127.0.0.1:1\"\n");
    let told = declare(&host, "[host]\nwatch = false\n[http]\nlisten = \"127.0.0.1:2\"\n");
    let listen = change("http", "listen", "\"127.0.0.1:1\"", "\"127.0.0.1:2\"", "start");
    assert_eq!(told["changes"], json!([change("host", "watch", "true", "false", "start"), listen]));
    host.drop_in("counter", "counter-v1").settled();
    // Back to what the host runs with.
    let told = declare(&host, "[host]\nwatch = true\n[http]\nlisten = \"127.0.0.1:2\"\n");
    assert_eq!(told["changes"], json!([change("host", "watch", "false", "true", "at-once")]));

    // Also where the folder is not watched, the manifest is.
    declare(&host, "[host]\nwatch = false\n");
    assert!(host.interrupt().success());
    host.start_again();
    let told = declare(&host, "[host]\nwatch = false\n[components.counter]\nmailbox = 3\n");
    assert_eq!(told["changes"], json!([change("components.counter", "mailbox", "1000", "3", "at-once")]));
}

#[test]
fn calls_are_opened_and_closed_and_wait_as_long_as_is_said() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    let stranger = || {
        let answer = ureq::post(format!("{}/v1/call/timer/ticks", host.url()))
            .config()
            .http_status_as_error(false)
            .build()
            .content_type("application/json")
            .send("[]");
        answer.expect("the host answers").status().as_u16()
    };
    assert_eq!(stranger(), 401);
    declare(&host, "[http]\nopen-calls = true\ndeadline = \"1ms\"\n");
    assert_eq!(stranger(), 200);
    assert_eq!(host.try_call("timer", "slow", json!([500])).problem(), "deadline-exceeded");
    declare(&host, "[http]\nopen-calls = false\n");
    assert_eq!(stranger(), 401);
    assert_eq!(host.try_call("timer", "slow", json!([50])).status, 200);
}

#[test]
fn tokens_come_and_go_with_the_manifest() {
    let host = Host::start();
    let secret = "0123456789abcdef0123456789abcdef";
    host.write_file("ops.token", secret.as_bytes());
    let private = std::fs::Permissions::from_mode(0o600);
    std::fs::set_permissions(host.dir().join("ops.token"), private).expect("the file is ours");
    let with = |token: &str| {
        let asked = ureq::get(format!("{}/v1/actors", host.url())).config().http_status_as_error(false).build();
        let answer = asked.header("authorization", format!("Bearer {token}")).call();
        answer.expect("the host answers").status().as_u16()
    };
    let ops = || with(secret);
    assert_eq!(ops(), 401);
    declare(&host, "[http.tokens.ops]\nfile = \"ops.token\"\nmay = [\"read\"]\n");
    assert_eq!(ops(), 200);
    let wrong = declare(&host, "[http.tokens.ops]\nfile = \"nowhere.token\"\nmay = [\"admin\"]\n");
    assert_eq!(wrong["event"], json!("misdeclared"));
    assert!(wrong["why"].as_str().is_some_and(|why| why.contains("nowhere.token of the token `ops`")), "{wrong}");
    assert_eq!(ops(), 200);
    let good = declare(&host, "[http.tokens.ops]\nfile = \"ops.token\"\nmay = [\"read\"]\n");
    assert_eq!(good["event"], json!("declared"));
    // Another secret in the same file is taken with whatever changes in the manifest, be it a word to the reader.
    let next = secret.to_uppercase();
    host.write_file("ops.token", next.as_bytes());
    host.write_file("changeling.toml", b"# rotated\n[http.tokens.ops]\nfile = \"ops.token\"\nmay = [\"read\"]\n");
    host.until("the new secret is taken", |_| with(&next) == 200);
    assert_eq!(ops(), 401);
    declare(&host, "");
    assert_eq!(with(&next), 401);
}

#[test]
fn a_wrong_manifest_is_told_in_its_place_and_changes_nothing() {
    let good = "[components.counter]\nmessage = \"2KiB\"\n";
    let host = Host::with_manifest(good);
    host.drop_in("counter", "counter-v1").settled();

    let told = declare(&host, "[components.counter]\nmessage = \"1KiB\"\n  mailbx = 5\n");

    assert_eq!(told["event"], "misdeclared");
    let mistake = &told["mistakes"][0];
    assert_eq!((&mistake["line"], &mistake["column"]), (&json!(3), &json!(3)), "{told}");
    assert!(mistake["words"].as_str().is_some_and(|words| words.ends_with("did you mean `mailbox`?")), "{told}");
    assert_eq!(told["mistakes"].as_array().map(Vec::len), Some(1));
    host.wait_for_log("changeling.toml:3:3: there is no `mailbx`");
    let shown = host.run(&["events"]);
    assert!(String::from_utf8_lossy(&shown.stdout).contains("changeling.toml:3:3: there is no `mailbx`"));
    // What held holds on, for those who live and for those who come.
    assert_eq!(host.actor("counter")["memory_limit"], json!(64 << 20));
    host.drop_in("greeter", "greeter-v1").settled();

    let told = declare(&host, good);
    assert_eq!((&told["event"], &told["changes"]), (&json!("declared"), &json!([])), "it is good again");
}

#[test]
fn a_manifest_that_is_removed_is_one_without_settings() {
    let host = Host::with_manifest("[components.counter]\nmailbox = 5\n");
    let told = tells(&host, || fs::remove_file(host.dir().join("changeling.toml")).expect("it was there"));
    let back = change("components.counter", "mailbox", "5", "1000", "at-once");
    assert_eq!((&told["gone"], &told["changes"]), (&json!(true), &json!([back])));
    host.wait_for_log("changeling.toml is gone");
}

#[test]
fn a_manifest_elsewhere_is_followed_and_one_that_an_editor_puts_in_its_place_too() {
    let elsewhere = tempfile::tempdir().expect("a folder for the test");
    let path = elsewhere.path().join("production.toml");
    fs::write(&path, "[components.counter]\nactors = 5\n").expect("it is written");
    let host = Host::with_options(&["--manifest", path.to_str().expect("a path that is text")]);
    // It is no manifest here.
    host.write_file("changeling.toml", b"nonsense");

    let edit = |text: &str| edit_like_an_editor(&path, text);
    let told = tells(&host, || edit("[components.counter]\nactors = 6\n"));
    assert_eq!(told["changes"], json!([change("components.counter", "actors", "5", "6", "births")]));
    assert_eq!(told["file"], path.to_str().map(Value::from).unwrap_or_default());
    let told = tells(&host, || edit("[components.counter]\nactors = 7\n"));
    assert_eq!(told["changes"], json!([change("components.counter", "actors", "6", "7", "births")]));
}

/// The old file becomes the backup, the new one is written under another name and moved to where the old one was.
fn edit_like_an_editor(path: &Path, text: &str) {
    let (backup, new) = (path.with_extension("toml~"), path.with_extension("new"));
    fs::rename(path, &backup).expect("it is moved");
    fs::write(&new, text).expect("it is written");
    fs::rename(&new, path).expect("it is moved");
    fs::remove_file(&backup).expect("it was there");
}

#[test]
fn a_manifest_that_others_can_write_grants_nothing_and_that_is_told() {
    let host = Host::with_manifest("[http]\nopen-calls = true\n");
    let open = |mode| {
        use std::os::unix::fs::PermissionsExt;
        let path = host.dir().join("changeling.toml");
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
    };
    let told = tells(&host, || open(0o666));
    assert_eq!(told["changes"], json!([change("http", "open-calls", "true", "false", "at-once")]));
    host.until("the reason is told", |host| {
        host.happenings()
            .iter()
            .any(|it| it["event"] == "trouble" && it["why"].to_string().contains("withheld: open calls"))
    });
    let told = tells(&host, || open(0o644));
    assert_eq!(told["changes"], json!([change("http", "open-calls", "false", "true", "at-once")]));
}
