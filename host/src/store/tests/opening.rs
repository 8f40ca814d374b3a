//! Taking the folder, and refusing to.

use std::io::Write as _;

use super::*;

#[test]
fn makes_folders_for_our_user_alone() {
    let place = Place::new();
    let _store = place.open();
    for name in [".", "versions", "compiled", "receipts", "parked"] {
        assert_eq!(place.mode(name), 0o700, "{name}");
    }
    assert_eq!(place.mode("lock"), 0o600);
}

#[test]
fn repairs_a_mode_and_says_so() {
    let place = Place::new();
    drop(place.open());
    fs::set_permissions(place.state(), fs::Permissions::from_mode(0o777)).unwrap();
    let (_store, notes) = Store::open(&place.state()).unwrap();
    assert_eq!(place.mode("."), 0o700);
    assert!(notes[0].ends_with("had mode 0777; it is 0700 now"), "{notes:?}");
}

#[test]
fn refuses_a_link_and_a_file_in_its_place() {
    let place = Place::new();
    fs::create_dir(place.dir.path().join("elsewhere")).unwrap();
    symlink("elsewhere", place.state()).unwrap();
    assert!(place.refusal().contains("symbolic link"), "{}", place.refusal());
    fs::remove_file(place.state()).unwrap();
    fs::write(place.state(), "").unwrap();
    assert!(place.refusal().contains("not a folder"), "{}", place.refusal());
}

#[test]
fn refuses_a_link_in_the_place_of_a_folder_of_its_own() {
    let place = Place::new();
    drop(place.open());
    fs::remove_dir(place.state().join("compiled")).unwrap();
    symlink("versions", place.state().join("compiled")).unwrap();
    assert!(place.refusal().contains("compiled cannot be used: it is a symbolic link"), "{}", place.refusal());
}

#[test]
fn refuses_a_second_host_and_names_the_first() {
    let place = Place::new();
    let first = place.open();
    let words = place.refusal();
    let pid = format!("(process {})", std::process::id());
    assert!(words.contains(&pid) && words.contains(".changeling is in use by another host"), "{words}");
    drop(first);
    place.open();
}

#[test]
fn waits_for_a_lock_that_a_host_left_to_a_child_when_it_was_killed() {
    let place = Place::new();
    drop(place.open());
    let mut ended = std::process::Command::new("true").spawn().unwrap();
    ended.wait().unwrap();
    let lock = fs::File::options().write(true).truncate(true).open(place.state().join("lock")).unwrap();
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).unwrap();
    (&lock).write_all(ended.id().to_string().as_bytes()).unwrap();
    let (opened, is_open) = std::sync::mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(|| opened.send(Store::open(&place.state()).map(drop)).unwrap());
        assert!(is_open.recv_timeout(std::time::Duration::from_millis(50)).is_err(), "it waits");
        drop(lock);
        is_open.recv().unwrap().unwrap();
    });
}

#[test]
fn a_missing_parent_is_named() {
    let place = Place::new();
    let words = Store::open(&place.dir.path().join("no/such")).unwrap_err().to_string();
    assert!(words.contains("no/such: No such file or directory"), "{words}");
}

#[test]
fn removes_what_was_half_written() {
    let place = Place::new();
    drop(place.open());
    fs::write(place.state().join("versions/.new-1-0"), "half").unwrap();
    fs::write(place.state().join(".new-1-1"), "half").unwrap();
    let _store = place.open();
    assert_eq!(place.names("versions"), Vec::<String>::new());
    assert!(!place.state().join(".new-1-1").exists());
}

#[test]
fn goes_on_in_its_own_folder_when_that_is_renamed() {
    let place = Place::new();
    let store = place.open();
    let moved = place.dir.path().join("moved");
    fs::rename(place.state(), &moved).unwrap();
    fs::create_dir(place.state()).unwrap();
    let staged = store.versions.stage_bytes(b"bytes", 10).unwrap();
    assert_eq!(store.versions.read(&staged.digest).unwrap(), b"bytes");
    assert!(moved.join(format!("versions/{}.wasm", staged.digest)).exists());
}

#[test]
fn a_full_disk_is_told_with_path_words_and_remedy() {
    let error = Error::System { act: "write", path: "/x/table.json".into(), cause: io::Error::from_raw_os_error(28) };
    let words = error.to_string();
    assert!(words.starts_with("cannot write /x/table.json: No space left on device"), "{words}");
    assert!(words.ends_with("make room there, or put the state elsewhere with --state"), "{words}");
}
