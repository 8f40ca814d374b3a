//! The host ends and starts again; actors go on where they were.

use serde_json::json;

use crate::support::Host;

#[test]
fn after_an_interrupt_every_counter_goes_on_where_it_was() {
    let mut host = Host::with_manifest("[components.keyed]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("keyed", "counter-v2").settled();
    host.call("counter", "increment", json!([3]));
    for n in 1..=5 {
        host.call(&format!("keyed/k{n}"), "increment", json!([n]));
    }

    assert!(host.interrupt().success());
    host.start_again();

    assert_eq!(host.call("counter", "get", json!([])), json!(3));
    for n in 1..=5 {
        assert_eq!(host.call(&format!("keyed/k{n}"), "get", json!([])), json!(n));
    }
}

#[test]
fn what_the_table_says_is_current_comes_back_not_what_lies_in_the_folder() {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("counter", "counter-v2").settled();
    assert!(host.interrupt().success());
    std::fs::remove_file(host.dir().join("counter.wasm")).expect("it lay there");
    host.start_again();

    assert_eq!(host.call("counter", "calls", json!([])), json!(0));
}

#[test]
fn after_a_kill_the_host_serves_again_and_says_what_was_lost() {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    host.call("counter", "increment", json!([3]));
    host.kill();
    host.start_again();

    assert_eq!(host.call("counter", "get", json!([])), json!(0));
}

#[test]
fn a_second_host_on_the_same_folder_refuses_to_start() {
    let host = Host::start();
    let second = host.run(&["run", "--listen", "127.0.0.1:0", "."]);
    assert_eq!(second.status.code(), Some(1));
    let words = String::from_utf8_lossy(&second.stderr);
    assert!(words.contains("changeling"), "{words}");
}
