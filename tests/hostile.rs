//! Guests that do their worst: they trap, loop, recurse, hoard and flood at every entry, and lie about what they return.
//! Each is ended or refused for it with a reason, and hurts nobody else.

mod bare;
mod bounds;
mod entries;
pub mod floods;
pub mod guest;
mod lies;
mod lives;
mod storms;

use serde_json::{Value, json};

use crate::support::{Host, Load, Receipt};

/// A counter that somebody calls without a pause, beside whatever else its host has to bear.
struct Neighbour<'a> {
    host: &'a Host,
    load: Load,
}

impl<'a> Neighbour<'a> {
    fn of(host: &'a Host) -> Self {
        host.drop_in("neighbour", "counter-v1").settled();
        Self { host, load: host.load(1, "neighbour", "increment", json!([1])) }
    }

    /// Every call was answered, in its one life.
    #[track_caller]
    fn ends_well(self) {
        let made = self.load.end();
        assert_eq!(self.host.call("neighbour", "get", json!([])), json!(made));
        assert_eq!(self.host.actor("neighbour")["restarts"], json!(0));
    }
}

/// Offers a component over HTTP, and waits for its receipt.
#[track_caller]
fn offer(host: &Host, component: &str, bytes: &[u8]) -> Receipt {
    let answer = host.post(&format!("/v1/deploy?component={component}&wait=60s"), bytes);
    assert!(answer.body["outcome"].is_string(), "{answer:?}");
    Receipt(answer.body)
}

/// A call that its actor died of; in these words.
#[track_caller]
fn crashes(host: &Host, address: &str, function: &str, args: Value) -> String {
    let answer = host.try_call(address, function, args);
    assert_eq!((answer.status, answer.problem()), (500, "crashed"), "{}", answer.body);
    answer.body["reason"].as_str().expect("it has a reason").to_owned()
}
