//! A call is answered, or says why not; a caller that leaves harms nobody.

use std::io::Write;
use std::net::TcpStream;

use serde_json::json;

use crate::support::{Host, scripted};

#[test]
fn problems_have_stable_names_and_say_what_to_do() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let problem = |address: &str, function: &str, args| {
        let answer = host.try_call(address, function, args);
        (answer.status, answer.problem().to_owned(), answer.body["detail"].as_str().unwrap_or_default().to_owned())
    };

    let (status, name, _) = problem("nobody", "get", json!([]));
    assert_eq!((status, name.as_str()), (404, "no-such-component"));
    let (status, name, detail) = problem("counter", "incremnt", json!([]));
    assert_eq!((status, name.as_str()), (404, "no-such-function"));
    assert!(detail.contains("increment"), "{detail}");
    let (status, name, _) = problem("counter/alice", "get", json!([]));
    assert_eq!((status, name.as_str()), (404, "no-actor"));
    let (status, name, detail) = problem("counter", "increment", json!(["five"]));
    assert_eq!((status, name.as_str()), (400, "bad-argument"));
    assert!(detail.contains("[0]"), "{detail}");
    let (status, name, _) = problem("Counter", "get", json!([]));
    assert_eq!((status, name.as_str()), (400, "bad-name"));
    for (answer, status, name) in
        [(host.get("/v1/nothing"), 404, "no-such-path"), (host.ask("DELETE", "/v1/actors"), 405, "no-such-method")]
    {
        assert_eq!((answer.status, answer.problem()), (status, name), "{}", answer.body);
        let detail = answer.body["detail"].as_str().unwrap_or_default();
        assert!(detail.contains("`/v1/") && detail.contains("`/openapi.json`"), "{detail}");
    }
}

#[test]
fn a_guest_knows_who_it_is_and_how_long_its_caller_waits() {
    let host = Host::with_manifest("[components.keyed]\nkeyed = true\n");
    host.drop_in("timer", "timer").settled();
    host.drop_in("keyed", "timer").settled();
    let look = |address: &str, within| {
        let answer = host.caller_within(within)(address, "look", json!([]));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let left = answer.body["deadline"].as_u64().expect("its caller gives up some time");
        (answer.body, left)
    };
    for address in ["timer", "keyed/a"] {
        let (seen, left) = look(address, "7s");
        assert_eq!((&seen["address"], &seen["sender"]), (&json!(address), &json!(null)));
        assert_eq!(seen["label"], host.actor(address)["label"]);
        assert!((1..=7_000).contains(&left), "{left} ms of 7 s");
        let (_, left) = look(address, "40s");
        assert!((7_001..=40_000).contains(&left), "{left} ms of 40 s");
    }
}

#[test]
fn who_leaves_has_answered_and_is_gone_or_begins_anew() {
    let host = Host::with_manifest("[components.keyed]\nkeyed = true\n");
    host.drop_in("keyed", "timer").settled();
    assert_eq!(host.call("keyed/a", "leave", json!([null])), json!("goodbye"));
    host.wait_for_log("keyed/a ends: normal");
    host.until("it is gone", |host| host.get("/v1/actors?address=keyed%2Fa").body["actors"] == json!([]));
    assert_eq!(host.call("keyed/a", "leave", json!(["it is enough"])), json!("goodbye"));
    host.wait_for_log("keyed/a ends: error: it is enough");
    host.call("keyed/a", "ticks", json!([]));
    assert_eq!(host.actor("keyed/a")["restarts"], json!(1), "the one before was another");
}

#[test]
fn a_client_that_disconnects_leaves_handler_and_actor_intact() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    let life = |host: &Host| host.actor("timer")["restarts"].clone();
    assert_eq!(life(&host), json!(0));

    // A handler that works for a while, and a client that is gone before it has ended.
    let mut client = TcpStream::connect(host.url().trim_start_matches("http://")).expect("the host listens");
    let (body, token, at) = ("[300]", host.token(), host.url().trim_start_matches("http://"));
    write!(
        client,
        "POST /v1/call/timer/slow HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("the host reads");
    host.until("it works", |host| host.actor("timer")["state"] == "running");
    drop(client);

    // Answered after the handler, by the same actor.
    host.call("timer", "ticks", json!([]));
    let actor = host.actor("timer");
    assert_eq!((&actor["restarts"], &actor["handled"]), (&json!(0), &json!(2)), "{actor}");
}

#[test]
fn a_deadline_bounds_the_wait_and_not_the_handler() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    let late = host.run(&["call", "timer", "slow", "900", "--deadline", "400ms"]);
    assert_eq!(late.status.code(), Some(7), "{}", String::from_utf8_lossy(&late.stderr));

    host.call("timer", "ticks", json!([]));
    assert_eq!(host.actor("timer")["handled"], json!(2));
}

#[test]
fn a_crash_is_answered_with_its_reason_and_the_actor_starts_again() {
    let host = Host::start();
    host.drop_in("timer", "timer").settled();
    let crashed = host.try_call("timer", "boom", json!([]));
    assert_eq!((crashed.status, crashed.problem()), (500, "crashed"), "{}", crashed.body);
    host.call("timer", "ticks", json!([]));
    assert_eq!(host.actor("timer")["restarts"], json!(1));

    let spinning = host.try_call("timer", "spin", json!([]));
    assert_eq!(spinning.problem(), "crashed");
    assert!(spinning.body["reason"].as_str().is_some_and(|r| r.starts_with("limit: ")), "{}", spinning.body);
    let growing = host.try_call("timer", "grow", json!([]));
    assert!(growing.body["reason"].as_str().is_some_and(|r| r.contains("memory")), "{}", growing.body);
}

#[test]
fn a_state_that_is_asked_for_while_its_actor_is_born_is_waited_for() {
    let host = Host::with_manifest("[components.slow]\nkeyed = true\ncpu = \"20s\"\n");
    host.write_file("slow.wasm", &scripted("init:slow"));
    host.receipt_after("slow", 0).settled();
    let birth = host.calling("slow/a", "get", json!([]));
    let actors = |host: &Host| host.get("/v1/actors?address=slow").body["actors"].clone();
    host.until("its birth is under way", |host| actors(host)[0]["state"] == "stopped");
    let young = host.state("slow/a");
    assert!(birth.join().is_ok_and(|answer| answer.status == 200));
    assert_eq!(young, host.state("slow/a"));
}

#[test]
fn the_command_line_speaks_wave_and_json() {
    let host = Host::start();
    host.drop_in("greeter", "greeter-v1").settled();
    let out = |args: &[&str]| {
        let run = host.run(args);
        assert_eq!(run.status.code(), Some(0), "{args:?}: {}", String::from_utf8_lossy(&run.stderr));
        String::from_utf8(run.stdout).expect("text").trim().to_owned()
    };
    let numbers = "{a: 1, b: -1, c: 2, d: -2, e: 3, f: -3, g: 4, h: -4, i: 0.5, j: -0.25}";
    assert_eq!(out(&["call", "greeter", "echo-numbers", numbers]), numbers);
    assert_eq!(out(&["call", "greeter", "echo-maybe", "some(none)"]), "some(none)");
    assert_eq!(out(&["call", "greeter", "echo-outcome", "ok(3)"]), "ok(3)");
    assert_eq!(out(&["call", "greeter", "echo-shape", "--json", r#"[{"circle": 2.5}]"#]), r#"{"circle":2.5}"#);
    assert_eq!(out(&["call", "greeter", "echo-rights", "--json", r#"[["read","run"]]"#]), r#"["read","run"]"#);

    let err = host.run(&["call", "greeter", "echo-outcome", "err(\"no\")"]);
    assert_eq!(err.status.code(), Some(4));
    assert_eq!(String::from_utf8_lossy(&err.stdout).trim(), "err(\"no\")");
    let nobody = host.run(&["call", "nobody", "get"]);
    assert_eq!(nobody.status.code(), Some(9));
    assert!(nobody.stdout.is_empty());
}

#[test]
fn whoever_asks_wrongly_is_told_what_there_is() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let said = |args: &[&str]| String::from_utf8(host.run(args).stderr).expect("text").trim().to_owned();
    let nope = "error: `counter` has no function `nope`; it has ";
    assert!(said(&["call", "counter", "nope"]).starts_with(nope), "{}", said(&["call", "counter", "nope"]));
    assert_eq!(
        said(&["call", "counter", "incremnt", "1"]),
        "error: `counter` has no function `incremnt`; there is one called `increment`"
    );
    assert_eq!(
        said(&["call", "counter", "increment"]),
        "error: `increment` of `counter` cannot take that: expected 1 argument, got 0; it takes (by: u64)"
    );
}

#[test]
fn a_result_that_is_too_large_as_text_says_so_and_a_large_one_comes() {
    let host = Host::with_manifest("[components.greeter]\nmessage = \"16MiB\"\n");
    host.drop_in("greeter", "greeter-v1").settled();
    // Half a million small things take a multiple of their bytes.
    let things = |many: usize| json!([vec![json!(["", null]); many]]);
    let large = host.try_call("greeter", "echo-nested", things(50_000));
    assert_eq!((large.status, &large.body), (200, &things(50_000)[0]));
    let refused = host.try_call("greeter", "echo-nested", things(500_000));
    assert_eq!((refused.status, refused.problem()), (500, "result-too-large"), "{:?}", refused.body["detail"]);
    assert!(refused.body["detail"].as_str().is_some_and(|why| why.contains("more than 32 MiB as text")), "{refused:?}");
    assert_eq!(host.call("greeter", "echo-truth", json!([true])), json!(true));
}
