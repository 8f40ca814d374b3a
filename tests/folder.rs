//! The folder is a mail slot.

use serde_json::json;

use crate::support::Host;

#[test]
fn what_is_no_component_is_named_and_changes_nothing() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([2]));

    host.write_file("counter.wasm", b"\0asm\x01\0\0\0");
    let line = host.wait_for_log("counter.wasm");
    assert!(line.contains("core module"), "{line}");
    host.write_file("Counter.wasm", b"");
    host.wait_for_log("Counter.wasm");

    assert_eq!(host.call("counter", "get", json!([])), json!(2));
}

#[test]
fn the_same_bytes_again_change_nothing_and_that_is_said() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.put("counter@again", "counter-v1");
    let line = host.wait_for_log("counter@again.wasm");
    assert!(line.contains("changes nothing"), "{line}");
    assert_eq!(host.receipts("counter").len(), 1);
}
