//! How the last host ended.

use super::*;

#[test]
fn tells_the_first_start_a_graceful_end_and_a_kill() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(store.alive.begin(WallTime(0)).unwrap(), LastEnd::None);
    store.alive.end(WallTime(1)).unwrap();
    store.alive.note(7, WallTime(1)).unwrap();
    drop(store);

    let store = place.open();
    assert_eq!(store.alive.begin(WallTime(2)).unwrap(), LastEnd::Graceful);
    store.alive.note(12, WallTime(3_000)).unwrap();
    store.alive.note(12, WallTime(9_000)).unwrap();
    drop(store);

    let killed =
        |actors: Option<u64>, counted: Option<&str>| LastEnd::Killed { actors, counted: counted.map(str::to_owned) };
    let store = place.open();
    let last = store.alive.begin(WallTime(10_000)).unwrap();
    assert_eq!(last, killed(Some(12), Some("1970-01-01T00:00:03.000Z")));
    drop(store);

    fs::write(place.state().join("alive.json"), "").unwrap();
    assert_eq!(place.open().alive.begin(WallTime(11_000)).unwrap(), killed(None, None));
}
