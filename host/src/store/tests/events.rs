//! The log.

use super::*;

fn trouble(n: u64) -> Happening {
    Happening::Trouble { what: n.to_string(), why: "line\nbreak \u{1b}[31m".to_owned() }
}

fn seqs(events: &Events, since: u64) -> Vec<u64> {
    events.since(since, 1_000).unwrap().iter().map(|it| it.seq).collect()
}

#[test]
fn are_numbered_across_restarts_one_a_line() {
    let place = Place::new();
    let store = place.open();
    assert_eq!((store.events.last(), seqs(&store.events, 0)), (0, vec![]));
    let first = store.events.append(WallTime(0), trouble(1)).unwrap().record;
    assert_eq!((first.seq, first.time.as_str()), (1, "1970-01-01T00:00:00.000Z"));
    drop(store);
    let store = place.open();
    store.events.append(WallTime(u64::MAX), trouble(2)).unwrap().written.unwrap();
    assert_eq!(fs::read_to_string(place.state().join("events.jsonl")).unwrap().lines().count(), 2);
    assert_eq!((seqs(&store.events, 0), seqs(&store.events, 1), seqs(&store.events, 9)), (vec![1, 2], vec![2], vec![]));
    assert_eq!(store.events.since(0, 1).unwrap(), [first]);
}

#[test]
fn two_files_take_turns() {
    let place = Place::new();
    let events = place.open().events.bounded(1_000);
    for n in 1..=100 {
        events.append(WallTime(n), trouble(n)).unwrap().written.unwrap();
    }
    let kept = seqs(&events, 0);
    assert!(kept.len() > 8 && kept.len() < 30, "{kept:?}");
    assert_eq!(kept, (101 - kept.len() as u64..=100).collect::<Vec<_>>());
    for name in ["events.jsonl", "events.1.jsonl"] {
        assert!(fs::metadata(place.state().join(name)).unwrap().len() <= 1_000);
    }
    drop(events);
    let store = place.open();
    assert_eq!((store.events.last(), seqs(&store.events, 98)), (100, vec![99, 100]));
    assert_eq!(seqs(&store.events, 0), kept);
}

#[test]
fn a_torn_end_is_cut_and_told() {
    let place = Place::new();
    let store = place.open();
    store.events.append(WallTime(1), trouble(1)).unwrap().written.unwrap();
    drop(store);
    let path = place.state().join("events.jsonl");
    let mut text = fs::read(&path).unwrap();
    text.extend_from_slice(b"not json\n{\"seq\":2,\"time\":");
    fs::write(&path, text).unwrap();
    let (store, notes) = Store::open(&place.state()).unwrap();
    assert!(notes[0].contains("its last 16 bytes are no whole line"), "{notes:?}");
    store.events.append(WallTime(2), trouble(2)).unwrap().written.unwrap();
    assert_eq!(seqs(&store.events, 0), [1, 2]);
}

#[test]
fn one_that_is_too_large_is_refused_and_the_log_goes_on() {
    let place = Place::new();
    let store = place.open();
    let big = Happening::Trouble { what: "x".repeat(1 << 20), why: String::new() };
    assert!(matches!(store.events.append(WallTime(1), big), Err(Error::TooLarge { .. })));
    assert_eq!(store.events.append(WallTime(1), trouble(1)).unwrap().record.seq, 1);
}

#[test]
fn a_log_that_cannot_be_ours_is_removed_and_told() {
    let place = Place::new();
    drop(place.open());
    fs::File::create(place.state().join("events.jsonl")).unwrap().set_len(1 << 30).unwrap();
    let (store, notes) = Store::open(&place.state()).unwrap();
    assert!(notes[0].ends_with("it was removed"), "{notes:?}");
    assert_eq!(store.events.append(WallTime(1), trouble(1)).unwrap().record.seq, 1);
}
