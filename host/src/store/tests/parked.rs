//! Sleeping actors and their stored form.

use super::*;

/// What version 1 of the stored form looks like: must load for ever.
const FIRST: &[u8] = include_bytes!("../fixtures/actor-1.parked");

fn actor(address: &str) -> ParkedActor {
    ParkedActor {
        head: ParkedHead {
            address: address.parse().unwrap(),
            digest: Digest([3; 32]),
            state_version: Some(2),
            args: Some("{}".to_owned()),
            restarts: 4,
            timers: vec![ParkedTimer { id: 9, remaining_ms: 1_500, token: "tick".to_owned() }],
        },
        state: Some(b"CHS1 state".to_vec()),
    }
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn file_of(place: &Place) -> String {
    format!("parked/{}", place.names("parked")[0])
}

#[test]
fn come_back_as_they_were() {
    let place = Place::new();
    let store = place.open();
    let (one, two) = (actor("session/ålice"), ParkedActor { state: None, ..actor("counter") });
    store.parked.write(&actor("session/ålice")).unwrap();
    store.parked.write(&one).unwrap();
    store.parked.write(&two).unwrap();
    store.parked.sync().unwrap();
    let listing = store.parked.list().unwrap();
    assert_eq!((listing.items, listing.damaged.len()), (vec![two.head.clone(), one.head.clone()], 0));
    assert_eq!(store.parked.read(&one.head.address).unwrap(), Some(one));
    assert_eq!(store.parked.read(&two.head.address).unwrap(), Some(two));
    assert_eq!(store.parked.read(&address("other")).unwrap(), None);
    assert!(store.parked.forget(&address("counter")).unwrap());
    assert!(!store.parked.forget(&address("counter")).unwrap());
    assert_eq!(store.parked.list().unwrap().items.len(), 1);
}

#[test]
fn what_is_set_aside_is_no_longer_there_and_is_never_written_over() {
    let place = Place::new();
    let store = place.open();
    let counter = address("counter");
    assert_eq!(store.parked.set_aside(&counter).unwrap(), None);
    let states = [&b"first"[..], b"second", b"third"];
    let set_aside = states.map(|state| {
        store.parked.write(&ParkedActor { state: Some(state.to_vec()), ..actor("counter") }).unwrap();
        store.parked.set_aside(&counter).unwrap().unwrap()
    });
    assert_eq!(store.parked.read(&counter).unwrap(), None);
    assert_eq!(store.parked.list().unwrap().items, Vec::new());
    for (path, state) in set_aside.iter().zip(states) {
        assert!(fs::read(path).unwrap().ends_with(state));
    }
}

#[test]
fn the_first_form_loads_and_stands() {
    let place = Place::new();
    let store = place.open();
    store.parked.write(&actor("session/ålice")).unwrap();
    let path = place.state().join(file_of(&place));
    assert_eq!(fs::read(&path).unwrap(), FIRST);
    fs::write(&path, FIRST).unwrap();
    assert_eq!(store.parked.read(&address("session/ålice")).unwrap(), Some(actor("session/ålice")));
}

#[test]
fn any_damage_is_named() {
    let place = Place::new();
    let store = place.open();
    store.parked.write(&actor("session/ålice")).unwrap();
    let path = place.state().join(file_of(&place));
    for cut in 0..FIRST.len() {
        fs::write(&path, &FIRST[..cut]).unwrap();
        assert_eq!(store.parked.list().unwrap().damaged.len(), 1, "cut at {cut}");
    }
    for at in 0..FIRST.len() {
        let mut bytes = FIRST.to_vec();
        bytes[at] ^= 0x80;
        fs::write(&path, bytes).unwrap();
        assert!(store.parked.read(&address("session/ålice")).is_err(), "byte {at}");
    }
}

#[test]
fn a_file_under_another_name_is_not_taken_for_that_actor() {
    let place = Place::new();
    let store = place.open();
    store.parked.write(&actor("counter")).unwrap();
    let path = place.state().join(file_of(&place));
    fs::write(&path, FIRST).unwrap();
    assert!(store.parked.read(&address("counter")).unwrap_err().to_string().ends_with("it holds session/ålice"));
}
