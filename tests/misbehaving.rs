//! A bad version changes nothing: it is refused with a reason, and the current one runs on with its state.

use serde_json::json;

use crate::support::Host;

/// Every one of these is refused when it is dropped beside a counter that lives, with these words in its receipt.
const REFUSED: &[(&str, &[&str])] = &[
    ("change-errs", &["code-change", "\"counter\""]),
    ("change-traps", &["code-change"]),
    ("change-loops", &["code-change", "CPU"]),
    ("change-allocates", &["code-change", "memory"]),
    ("save-errs", &["save"]),
    ("save-loops", &["save"]),
    ("save-lies", &["save", "version"]),
    ("save-huge", &["save", "larger"]),
    ("save-garbage", &["code-change"]),
    ("never-left", &["left"]),
    ("init-traps", &["init"]),
    ("unhealthy", &["health"]),
];

#[test]
fn a_changed_struct_with_the_old_number_is_refused_with_both_structures() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let receipt = host.drop_in("counter", "counter-version-forgotten");
    receipt.refused_with(&["version 1 was saved as {total:u64}", "this code's copy of it is {total:u64,calls:u64}"]);
}

#[test]
fn each_is_refused_by_name_and_the_current_version_is_untouched() {
    // A loop is found out at the limit; the defaults would only take longer.
    let host = Host::with_manifest("[components.counter]\nsave-limit = \"300ms\"\nchange-budget = \"300ms\"\n");
    host.drop_in("counter", "counter-v2").settled();
    host.call("counter", "increment", json!([40]));
    let before = host.state("counter");
    for (guest, words) in REFUSED {
        let receipt = host.drop_in("counter", &format!("counter-{guest}"));
        receipt.refused_with(words);
        assert_eq!(host.state("counter"), before, "{guest} changed the state");
    }
    assert_eq!(host.call("counter", "get", json!([])), json!(40));
    assert_eq!(host.actor("counter")["label"], json!("0.2.0"));
}
