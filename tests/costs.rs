//! Whatever callers send, and however slowly, costs the host no more than is said, and nobody else anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::time::Instant;

use serde_json::Value;

use crate::support::Host;
use crate::support::raw::{PATIENCE, answer, call, connect, head, problem, raw};

const JSON: &str = "Content-Type: application/json\r\n";

#[test]
fn whatever_a_body_holds_is_answered_and_the_host_lives() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("greeter", "greeter-v1").settled();
    let refused = |function: &str, headers: &str, body: &[u8]| {
        let (status, answer) = call(&host, &format!("/v1/call/{function}"), headers, body);
        let what = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
        assert_eq!((status, problem(&answer)), (400, "bad-argument"), "{what}: {answer}");
    };
    let wave = "Content-Type: application/x-wave\r\n";
    let deep = |open: &str| [open.repeat(200_000).as_bytes(), b"1"].concat();
    for open in ["[", "{\"a\":", "[[", "[{\"x\":["] {
        refused("counter/increment", JSON, &deep(open));
    }
    for open in ["(", "[", "some(", "{a: ", "ok("] {
        let text = serde_json::to_vec(&[open.repeat(200_000)]).expect("it is JSON");
        refused("counter/increment", wave, &text);
        refused("greeter/echo-maybe", wave, &text);
    }
    refused("counter/increment", JSON, b"{\"by\": 1, \"by\": 2}");
    refused("counter/increment", JSON, b"[1e400]");
    refused("counter/increment", JSON, format!("[{}]", "9".repeat(1_000_000)).as_bytes());
    refused("counter/increment", JSON, b"[\"\xff\"]");
    refused("counter/increment", JSON, b"[\"\\ud800\"]");
    refused("counter/increment", JSON, b"\0\0\0");
    assert_eq!(host.call("counter", "get", serde_json::json!([])), 0);
}

#[test]
fn what_is_too_large_is_refused_and_that_is_heard() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let body = vec![b' '; 10 << 20];
    let (status, answer) = call(&host, "/v1/call/counter/increment", JSON, &body);
    assert_eq!((status, problem(&answer)), (413, "too-large"), "{answer}");
    // The same in chunks, whose sum nobody says beforehand.
    let chunk = [b"100000\r\n", &body[..1 << 20], b"\r\n"].concat();
    let chunked = [chunk.repeat(10).as_slice(), b"0\r\n\r\n"].concat();
    let more = format!("Transfer-Encoding: chunked\r\n{JSON}");
    let request = [head(&host, "POST /v1/call/counter/increment", &more).as_bytes(), &chunked].concat();
    let (status, answer) = raw(&host, &request);
    assert_eq!((status, problem(&answer)), (413, "too-large"), "{answer}");
    // Headers, by their size and by their number.
    for headers in [format!("X: {}\r\n", "x".repeat(100 << 10)), "X: y\r\n".repeat(500)] {
        assert_eq!(raw(&host, head(&host, "GET /v1/actors", &headers).as_bytes()).0, 431);
    }
    assert_eq!(call(&host, &format!("/v1/call/counter/{}", "x".repeat(100_000)), JSON, b"[]").0, 431);
    assert_eq!(host.call("counter", "get", serde_json::json!([])), 0);
}

#[test]
fn names_are_names_however_they_are_written() {
    let host = Host::with_manifest("[components.counter]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    let wrong = [
        "/v1/call/..%2f..%2fetc%2fpasswd/get",
        "/v1/call/%2e%2e/get",
        "/v1/call/counter%00/get",
        "/v1/call/counter%0a/get",
        "/v1/call/counter/a%2fb/get",
        "/v1/call/counter/a%1b%5b31m/get",
        "/v1/call/counter/%ff/get",
        "/v1/call/counter/%zz/get%",
        "/v1/call/counter/a/get%00",
        "/v1/call/counter/a/%1b%5b31m",
        "/v1/call/counter/a/../get",
        "/v1/call//get",
        "/v1/call/COUNTER/a/get",
        "/v1/call/counter/a/get/more",
    ];
    for path in wrong {
        let (status, body) = call(&host, path, JSON, b"[]");
        assert!((400..405).contains(&status), "{path}: {status} {body}");
        assert!(!body["detail"].to_string().contains("\\u00"), "{path}: {body}");
    }
    let deploys = ["../x", "x%2Fy", "X", "", "x%00", ".hidden", "x%0a", "%2e%2e%2f"];
    for name in deploys {
        let (status, body) =
            call(&host, &format!("/v1/deploy?component={name}"), "", &crate::support::bytes("counter-v1"));
        assert_eq!((status, problem(&body)), (400, "bad-name"), "{name}");
    }
    let (status, _) = call(&host, "/v1/call/counter/na%C3%AFve%20%E2%80%94/increment", JSON, b"[1]");
    assert_eq!(status, 200, "what is printable is a key");
    let files = std::fs::read_dir(host.dir()).expect("the folder").count();
    assert_eq!(files, 3, "the component, the manifest, and the host's own");
}

#[test]
fn what_an_address_says_wrongly_is_refused_by_name_as_anything_else_is() {
    let host = Host::start();
    let wrong = [
        ("GET /v1/events?since=-1", "since"),
        ("GET /v1/events?sicne=1", "sicne"),
        ("GET /v1/actors?component=counter", "component"),
        ("GET /v1/upgrades?wiat=1s", "wiat"),
        ("GET /v1/upgrades?wait=long", "wait"),
        ("GET /v1/upgrades/first", "first"),
        ("GET /v1/upgrades/1?wait=1s&wait=2s", "wait"),
        ("GET /v1/actors/%ff/state", "UTF-8"),
        ("POST /v1/deploy?component=counter&dry_run=true", "dry_run"),
        ("POST /v1/deploy", "component"),
    ];
    for (line, words) in wrong {
        let (status, body) = raw(&host, head(&host, line, "Content-Length: 0\r\n").as_bytes());
        assert_eq!((status, problem(&body)), (400, "bad-argument"), "{line}: {body}");
        assert!(body["detail"].as_str().is_some_and(|detail| detail.contains(words)), "{line}: {body}");
    }
}

#[test]
fn idle_connections_keep_nobody_out() {
    raise_file_limit();
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let before = host.entries("fd");
    let mut idle = Vec::new();
    for n in 0..2_000 {
        let mut stream = connect(&host);
        // Some have begun to say something.
        if n % 2 == 0 {
            stream.write_all(b"GET /v1/actors HTTP/1.1\r\nHost: ").expect("it is taken");
        }
        idle.push(stream);
        if n % 100 == 0 {
            assert_eq!(call(&host, "/v1/call/counter/increment", JSON, b"[1]").0, 200);
        }
    }
    assert_eq!(call(&host, "/v1/call/counter/get", JSON, b"[]"), (200, serde_json::json!(20)));
    // The oldest were closed, and not one more than had to be; the youngest is still answered.
    host.until("those that were closed are gone", |host| host.entries("fd") <= before + 520);
    assert_eq!(idle[0].read(&mut [0; 64]).unwrap_or(0), 0);
    let mut youngest = idle.pop().expect("two thousand");
    youngest.write_all(head(&host, "GET /v1/actors", "").as_bytes()).expect("it is taken");
    assert_eq!(answer(youngest).0, 200);
    assert!(host.entries("fd") > 400, "{}", host.entries("fd"));
}

fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let more =
        rustix::process::Rlimit { current: limit.maximum.or(Some(10_000)).map(|most| most.min(10_000)), ..limit };
    setrlimit(Resource::Nofile, more).expect("as many as may be");
}

#[test]
fn whoever_is_slow_is_not_waited_for() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let mut headers = connect(&host);
    headers.write_all(b"POST /v1/call/counter/increment HTTP/1.1\r\nHost:").expect("it is taken");
    let mut body = connect(&host);
    let more = format!("{JSON}Content-Length: 100\r\n");
    body.write_all(head(&host, "POST /v1/call/counter/increment", &more).as_bytes()).expect("it is taken");
    body.write_all(b"[").expect("it is taken");
    assert_eq!(host.call("counter", "get", serde_json::json!([])), 0);
    let (status, told) = answer(body);
    assert_eq!((status, problem(&told)), (408, "too-slow"), "{told}");
    assert_eq!(answer(headers).0, 0, "closed without a word");
    assert_eq!(host.call("counter", "get", serde_json::json!([])), 0);
}

#[test]
fn an_end_waits_for_nobody_who_only_waits_itself() {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let asking = |line: &str, more: &str| {
        let mut stream = connect(&host);
        stream.write_all(head(&host, line, more).as_bytes()).expect("it is taken");
        stream
    };
    let list = asking("GET /v1/upgrades?component=counter&after=9&wait=60s", "");
    let one = asking("GET /v1/upgrades/99?wait=60s", "");
    let mut events = asking("GET /v1/events", "Accept: text/event-stream\r\n");
    let half = asking("GET /v1/actors", "X: \r\nContent-Length: 5\r\n");
    // It streams, so the others have been taken as well: an answer begins.
    assert!(events.read(&mut [0; 16]).expect("an answer") > 0);
    host.get("/v1/actors");
    host.signal();
    for waiting in [list, one] {
        let (status, body) = answer(waiting);
        assert_eq!((status, problem(&body)), (503, "stopped"), "{body}");
    }
    let mut rest = Vec::new();
    events.read_to_end(&mut rest).expect("it ends as streams do");
    assert!(rest.ends_with(b"0\r\n\r\n"), "{}", String::from_utf8_lossy(&rest));
    drop(half);
    assert!(host.wait().success());
    assert!(!host.log_so_far().iter().any(|line| line.contains("were cut")), "requests were cut");
}

#[test]
fn a_stream_from_the_beginning_gives_every_event_once_and_in_order() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    // More than a page of them.
    for n in 0..300 {
        assert_eq!(host.deploy("counter", format!("not a component {n}").as_bytes()).status, 409);
        host.post("/v1/actors/counter/restart", b"");
    }
    let last = host.happenings().len();
    assert!(last > 256, "{last}");
    let mut stream = connect(&host);
    let more = "Accept: text/event-stream\r\nLast-Event-ID: 0\r\n";
    stream.write_all(head(&host, "GET /v1/events", more).as_bytes()).expect("it is taken");
    // The stream goes on, and so would the test.
    let until = Instant::now() + PATIENCE;
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|_| Instant::now() < until);
    let ids = lines.filter_map(|line| line.strip_prefix("id: ").and_then(|id| id.parse::<usize>().ok()));
    assert_eq!(ids.take(last).collect::<Vec<_>>(), (1..=last).collect::<Vec<_>>());
}

#[test]
fn nobody_writes_into_the_log_but_the_host() {
    let mut host = Host::with_text_log();
    host.drop_in("counter", "counter-v1").settled();
    let evil = "%1b%5b31m%0aFORGED%0d%c2%9b";
    for path in [
        format!("/v1/call/{evil}/get"),
        format!("/v1/call/counter/{evil}"),
        format!("/v1/call/counter/{evil}/get"),
        format!("/v1/deploy?component={evil}"),
        format!("/v1/deploy?component=counter&file={evil}&label={evil}"),
    ] {
        let (status, _) = call(&host, &path, JSON, b"[\"\x1b[31m\\u001b\nFORGED\"]");
        assert!((400..410).contains(&status), "{path}: {status}");
    }
    let refused = host.post(
        &format!("/v1/deploy?component=counter&wait=60s&file={evil}"),
        &crate::support::bytes("counter-change-errs"),
    );
    assert_eq!(refused.body["outcome"], "refused", "{refused:?}");
    raw(&host, b"GET /\x1b[31m HTTP/1.1\r\nHost: \x1b\r\n\r\n");
    raw(&host, head(&host, "GET /v1/actors", "X: \u{1b}[31m\r\n").as_bytes());
    host.write_file("bad\u{1b}[31m\nFORGED.wasm", b"nothing");
    let is_told = |event: &Value| event["file"].as_str().is_some_and(|file| file.contains("FORGED.wasm"));
    host.until("the file is told of", |host| host.happenings().iter().any(is_told));
    assert!(host.interrupt().success());
    let log = host.log_so_far();
    assert!(log.len() > 10, "{log:?}");
    for line in log {
        assert!(!line.starts_with("FORGED") && !line.chars().any(char::is_control), "{line:?}");
    }
}
