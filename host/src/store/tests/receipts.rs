//! Receipts and their chain.

use super::*;

/// What version 1 of the stored form looks like: must load for ever.
const FIRST: &str = include_str!("../fixtures/receipt-1.json");

fn ids(store: &Store) -> Vec<u64> {
    store.receipts.newest(100).items.iter().map(|it| it.id.0).collect()
}

#[test]
fn the_first_form_loads() {
    let place = Place::new();
    drop(place.open());
    fs::write(place.state().join("receipts/0000000007.json"), FIRST).unwrap();
    let read = place.open().receipts.read(UpgradeId(7)).unwrap();
    assert_eq!((read.outcome, read.actors.switched, read.refusals.len()), (Outcome::Partial, 99, 1));
    assert_eq!(read.asked_by, Source::Deploy { from: "counter.wasm".to_owned() });
}

#[test]
fn each_carries_the_digest_of_the_one_finalised_before() {
    let place = Place::new();
    let store = place.open();
    let first = store.receipts.append(receipt(2)).unwrap();
    let second = store.receipts.append(receipt(1)).unwrap();
    assert_eq!(first.previous, None);
    let text = fs::read(place.state().join("receipts/0000000002.json")).unwrap();
    assert_eq!(second.previous, Some(crate::store::versions::sha256(&text)));
    drop(store);
    let store = place.open();
    let third = store.receipts.append(receipt(3)).unwrap();
    assert!(third.previous.is_some());
    assert_eq!(ids(&store), [3, 1, 2]);
    let chain = store.receipts.verify().unwrap();
    assert_eq!((chain.receipts, chain.faults), (3, vec![]));
    assert_eq!(chain.head.map(|it| it.short().len()), Some(8));
}

#[test]
fn one_that_stands_is_final() {
    let place = Place::new();
    let store = place.open();
    store.receipts.append(receipt(1)).unwrap();
    let again = Receipt { outcome: Outcome::Interrupted, ..receipt(1) };
    assert_eq!(store.receipts.append(again).unwrap().outcome, Outcome::Settled);
}

#[test]
fn the_oldest_go_and_the_chain_still_holds() {
    let place = Place::new();
    let store = place.open();
    let receipts = store.receipts.keeping(3);
    for id in [2, 1, 4, 3, 5] {
        receipts.append(receipt(id)).unwrap();
    }
    assert_eq!(place.names("receipts"), ["0000000003.json", "0000000004.json", "0000000005.json"]);
    assert_eq!(receipts.verify().unwrap().faults, Vec::<String>::new());
}

#[test]
fn a_change_or_a_removal_shows() {
    for after_start in [false, true] {
        let place = Place::new();
        let mut store = place.open();
        for id in 1..=4 {
            store.receipts.append(receipt(id)).unwrap();
        }
        let path = place.state().join("receipts/0000000002.json");
        let text = fs::read_to_string(&path).unwrap().replace("\"bytes\": 0", "\"bytes\": 1");
        fs::write(&path, text).unwrap();
        if after_start {
            drop(store);
            store = place.open();
        }
        let faults = store.receipts.verify().unwrap().faults;
        assert!(faults.iter().any(|it| it.starts_with("receipt 3 follows one with the digest")), "{faults:?}");
        fs::remove_file(&path).unwrap();
        let faults = store.receipts.verify().unwrap().faults;
        assert!(faults.iter().any(|it| it.starts_with("receipt 3 follows one with the digest")), "{faults:?}");
        assert_eq!(store.receipts.newest(1).items[0].id, UpgradeId(4));
    }
}

#[test]
fn damage_is_named_and_not_fatal() {
    let place = Place::new();
    let store = place.open();
    for id in 1..=3 {
        store.receipts.append(receipt(id)).unwrap();
    }
    fs::write(place.state().join("receipts/0000000002.json"), "{").unwrap();
    let listing = store.receipts.newest(10);
    assert_eq!((listing.items.len(), listing.damaged.len()), (2, 1));
    assert!(listing.damaged[0].to_string().contains("0000000002.json is damaged"));
    drop(store);
    let (store, notes) = Store::open(&place.state()).unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    assert_eq!(ids(&store), [3, 1]);
    store.receipts.append(receipt(4)).unwrap();
    assert_eq!(ids(&store), [4, 3, 1]);
}
