//! While an actor begins: until a first load is published nobody is there, and who calls meanwhile takes no actor away.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::support::{Answer, Host, bytes};

/// Callers that call without a pause, whatever they are answered.
struct Stubborn {
    stop: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<Answer>>>,
}

impl Stubborn {
    fn at(host: &Host, address: &'static str, function: &'static str, args: &Value) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let client = |_| {
            let (call, stop, args) = (host.caller(), stop.clone(), args.clone());
            std::thread::spawn(move || {
                let mut answers = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    answers.push(call(address, function, args.clone()));
                }
                answers
            })
        };
        Self { stop: stop.clone(), clients: (0..4).map(client).collect() }
    }

    /// What they were answered: how many by a handler, and in which words the others.
    fn end(self) -> (u64, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let answers = self.clients.into_iter().flat_map(|client| client.join().expect("it was answered"));
        let (served, not): (Vec<_>, Vec<_>) = answers.partition(|answer| answer.status == 200);
        let mut words: Vec<_> = not.iter().map(|answer| answer.problem().to_owned()).collect();
        words.sort();
        words.dedup();
        (served.len() as u64, words)
    }
}

/// A folder lies where the table is to be written; where.
fn no_table(host: &Host) -> PathBuf {
    let table = host.dir().join(".changeling/table.json");
    // A table may be on its way there.
    host.until("a folder lies there", |_| {
        _ = std::fs::remove_file(&table);
        std::fs::create_dir(&table).is_ok()
    });
    table
}

#[test]
fn who_calls_while_the_actor_begins_takes_nothing_from_it() {
    let host = Host::start();
    let callers = Stubborn::at(&host, "counter", "increment", &json!([1]));

    host.drop_in("counter", "counter-init-slow").settled();

    host.call("counter", "increment", json!([1]));
    let (served, words) = callers.end();
    assert_eq!(words, ["no-such-component"]);
    assert_eq!(host.call("counter", "get", json!([])), json!(served + 1));
}

#[test]
fn a_version_that_is_refused_has_served_nobody() {
    let host = Host::start();
    let callers = Stubborn::at(&host, "counter", "increment", &json!([1]));
    host.drop_in("counter", "counter-init-errs").refused_with(&["no seats left"]);
    assert_eq!(callers.end(), (0, vec!["no-such-component".to_owned()]));

    // It lives already, and the table that would make it current cannot be written.
    let table = no_table(&host);
    for _ in 0..5 {
        let callers = Stubborn::at(&host, "counter", "increment", &json!([1]));
        let last = host.last_receipt("counter");
        host.deploy("counter", &bytes("counter-v1"));
        host.receipt_after("counter", last).refused_with(&["table: ", "it is not a regular file"]);
        assert_eq!(callers.end(), (0, vec!["no-such-component".to_owned()]));
    }
    std::fs::remove_dir(&table).expect("it is empty");
    host.deploy("counter", &bytes("counter-v1"));
    host.until("it serves", |host| host.try_call("counter", "get", json!([])).status == 200);
    assert_eq!(host.call("counter", "get", json!([])), json!(0));
}

#[test]
fn a_service_serves_while_the_actor_after_it_begins_and_is_refused() {
    let host = Host::start();
    host.drop_in("odd", "stranger").settled();
    let table = no_table(&host);
    let callers = Stubborn::at(&host, "odd", "count", &json!(["to be or not"]));
    let last = host.last_receipt("odd");
    host.deploy("odd", &bytes("counter-init-slow"));

    host.receipt_after("odd", last).refused_with(&["table: ", "it is not a regular file"]);

    let (served, words) = callers.end();
    assert!(served > 0 && words.is_empty(), "{served}: {words:?}");
    std::fs::remove_dir(&table).expect("it is empty");
    host.deploy("odd", &bytes("counter-init-slow"));
    host.until("the actor serves", |host| host.try_call("odd", "increment", json!([1])).status == 200);
    assert_eq!(host.try_call("odd", "count", json!(["to be or not"])).problem(), "no-such-function");
}

#[test]
fn who_calls_an_actor_that_begins_and_is_to_go_keeps_nobody_from_ending_it() {
    let host = Host::start();
    host.drop_in("counter", "counter-init-slow").settled();
    let mut restart = host.spawn(&["restart", "counter"]);
    host.until("it begins anew", |host| host.actor("counter")["state"] == "stopped");
    let mut remove = host.spawn(&["remove", "counter"]);
    // Until that is written, it is called as before.
    host.until("it is to go", |host| host.get("/v1/components").body["components"][0]["current"].is_null());

    assert_eq!(host.try_call("counter", "get", json!([])).problem(), "no-such-component");

    host.until("it is gone", |host| host.get("/v1/components").body["components"] == json!([]));
    assert!(remove.wait().is_ok_and(|status| status.success()));
    assert!(restart.wait().is_ok());
}
