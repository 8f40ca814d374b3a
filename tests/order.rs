//! What one sender sends is handled in the order sent, whatever is swapped meanwhile; and so is what a ledger books.

use serde_json::json;

use crate::support::Host;

#[test]
fn the_messages_of_each_sender_stay_in_order_over_swaps() {
    const SENDERS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let host = Host::start();
    host.drop_in("recorder", "recorder-v1").settled();
    // The recorder errs on a number that is not the next one.
    let load = host.load_of(SENDERS.len(), |(sender, number)| ("recorder", "note", json!([SENDERS[sender], number])));
    for swap in 0..10 {
        host.drop_in("recorder", if swap % 2 == 0 { "recorder-v2" } else { "recorder-v1" }).settled();
    }
    for (sender, made) in load.end_each().into_iter().enumerate() {
        assert_eq!(host.call("recorder", "last", json!([SENDERS[sender]])), json!(made));
    }
}

#[test]
fn transfers_make_no_money_and_lose_none_over_swaps() {
    const ACCOUNTS: [&str; 4] = ["ada", "bob", "cyd", "dan"];
    let host = Host::start();
    host.drop_in("ledger", "ledger-v1").settled();
    for account in ACCOUNTS {
        assert_eq!(host.call("ledger", "open", json!([account, 1_000_000])), json!({"ok": null}));
    }
    let load = host.load_of(8, |(client, number)| match number % 8 {
        0 => ("ledger", "total", json!([])),
        _ => ("ledger", "transfer", json!([ACCOUNTS[client % 4], ACCOUNTS[(client + 1) % 4], 1])),
    });
    for swap in 0..6 {
        host.drop_in("ledger", if swap % 2 == 0 { "ledger-v2" } else { "ledger-v1" }).settled();
        assert_eq!(host.call("ledger", "total", json!([])), json!(4_000_000));
        let refused = host.call("ledger", "transfer", json!(["ada", "nobody", 1]));
        assert_eq!(refused, json!({"err": {"no-such-account": "nobody"}}));
    }
    load.end();
    assert_eq!(host.call("ledger", "total", json!([])), json!(4_000_000));

    // What only the second one can hold is not given up for the first: it says why.
    host.drop_in("ledger", "ledger-v2").settled();
    assert_eq!(host.call("ledger", "open", json!(["eve", 0])), json!({"ok": null}));
    assert_eq!(host.call("ledger", "set-overdraft", json!(["eve", 10])), json!({"ok": null}));
    assert_eq!(host.call("ledger", "transfer", json!(["eve", "ada", 7])), json!({"ok": -7}));
    host.drop_in("ledger", "ledger-v1").refused_with(&["eve is overdrawn, and version 1 knows no overdraft"]);
    assert_eq!(host.call("ledger", "balance", json!(["eve"])), json!({"ok": -7}));
}
