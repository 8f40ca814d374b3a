//! Who comes to no boundary keeps an old version in service, and is named; but so may only four. A fifth upgrade waits.

use serde_json::{Value, json};

use crate::support::Host;

/// Saving takes these longer than an upgrade waits for it, once they have handled a message.
const SLOW: &str = "counter-live-save-slow";
const HASTY: &str = "[components.counter]\nkeyed = true\nverify = \"none\"\n\
                     save-limit = \"100ms\"\ndrain-timeout = \"200ms\"\n";

#[test]
fn a_fifth_upgrade_waits_says_for_whom_and_begins_by_itself() {
    let host = Host::with_manifest(HASTY);
    host.drop_in_variant("counter", SLOW, "1").settled();
    for (at, next) in [("counter/a", "2"), ("counter/b", "3"), ("counter/c", "4"), ("counter/d", "5")] {
        host.call(at, "increment", json!([7]));
        host.drop_in_variant("counter", SLOW, next).ended("partial");
    }
    let last = host.last_receipt("counter");
    let component = || host.get("/v1/components").body["components"][0].clone();
    assert_eq!(component()["waiting"], json!(null));

    host.put_variant("counter", SLOW, "6");

    let names_all =
        |text: &str| ["counter/a", "counter/b", "counter/c", "counter/d"].iter().all(|at| text.contains(at));
    let why = || component()["waiting"]["why"].as_str().unwrap_or_default().to_owned();
    // For a moment it only waits for its turn.
    host.until("it waits for all of them", |_| names_all(&why()));
    let why = why();
    assert!(component()["versions"].as_array().is_some_and(|versions| versions.len() == 5));
    let is_told = |event: &Value| event["event"] == "waiting" && event["reason"] == json!(why);
    host.until("that is told", |host| host.happenings().iter().any(is_told));
    let shown = String::from_utf8(host.run(&["components", "counter"]).stdout).expect("text");
    assert!(shown.contains("waiting") && names_all(&shown), "{shown}");
    assert_eq!(host.last_receipt("counter"), last);

    assert_eq!(host.post("/v1/actors/counter%2Fa/restart", &[]).status, 204);

    let receipt = host.receipt_after("counter", last).ended("partial");
    assert_eq!((receipt.actors("switched"), receipt.actors("not_now")), (1, 3));
    assert_eq!(host.actor("counter/a")["digest"], receipt.0["to"]["digest"]);
    assert_eq!(component()["waiting"], json!(null));
    for at in ["counter/b", "counter/c", "counter/d"] {
        assert_eq!(host.call(at, "get", json!([])), json!(7));
    }
}
