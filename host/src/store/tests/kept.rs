//! Kept states: whole or refused, and gone with whoever kept them.

use super::*;

#[test]
fn is_what_was_written_and_goes_when_it_is_dropped() {
    let place = Place::new();
    let store = place.open();
    let (one, two) = (store.kept.write(b"one").unwrap(), store.kept.write(b"").unwrap());
    assert_eq!((one.read().unwrap(), two.read().unwrap()), (b"one".to_vec(), Vec::new()));
    assert_eq!((place.mode("kept"), place.names("kept").len()), (0o700, 2));
    let name = place.names("kept")[0].clone();
    assert_eq!(place.mode(&format!("kept/{name}")), 0o600);
    drop(one);
    assert_eq!(place.names("kept").len(), 1);
    drop(two);
    assert_eq!(place.names("kept"), Vec::<String>::new());
}

#[test]
fn damage_is_named_and_never_a_state() {
    let place = Place::new();
    let store = place.open();
    let kept = store.kept.write(b"a state").unwrap();
    let file = format!("kept/{}", place.names("kept")[0]);
    let path = place.state().join(&file);
    place.damage(&file);
    assert!(kept.read().unwrap_err().to_string().contains(&format!("{} is damaged", path.display())));
    for other in [&b"a stat"[..], b"a state and more", b""] {
        fs::write(&path, other).unwrap();
        assert!(matches!(kept.read(), Err(Error::Damaged { .. })));
    }
    fs::remove_file(&path).unwrap();
    assert!(kept.read().unwrap_err().is_missing());
}

#[test]
fn what_an_earlier_host_left_is_removed_at_the_next_start() {
    let place = Place::new();
    let store = place.open();
    std::mem::forget(store.kept.write(b"left").unwrap());
    drop(store);
    fs::write(place.state().join("kept/.new-1-1"), b"half").unwrap();
    assert_eq!(place.names("kept").len(), 2);
    let store = place.open();
    assert_eq!(place.names("kept"), Vec::<String>::new());
    drop(store);

    // What is none of ours keeps no host from starting.
    fs::create_dir(place.state().join("kept/folder")).unwrap();
    let (_, notes) = Store::open(&place.state()).unwrap();
    assert!(matches!(&notes[..], [note] if note.contains("kept/folder")), "{notes:?}");
}

#[test]
fn a_folder_that_takes_nothing_is_named() {
    let place = Place::new();
    let store = place.open();
    fs::remove_dir(place.state().join("kept")).unwrap();
    let words = store.kept.write(b"a state").unwrap_err().to_string();
    assert!(words.contains("cannot write") && words.contains("kept"), "{words}");
}
