//! Bytes under their digest.

use super::*;

/// The SHA-256 of "abc", from FIPS 180.
const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

#[test]
fn are_kept_under_their_digest() {
    let place = Place::new();
    let store = place.open();
    let staged = store.versions.stage_bytes(b"abc", 3).unwrap();
    assert_eq!((staged.digest.to_string().as_str(), staged.size), (ABC, 3));
    assert_eq!(store.versions.read(&staged.digest).unwrap(), b"abc");
    assert_eq!(store.versions.stage_bytes(b"abc", 3).unwrap(), staged);
    assert_eq!(place.names("versions"), [format!("{ABC}.wasm")]);
    assert_eq!(place.mode(&format!("versions/{ABC}.wasm")), 0o600);
    assert_eq!(store.versions.list().unwrap(), [staged.digest]);
    for _ in 0..2 {
        assert!(!store.versions.forget(&staged.digest).unwrap(), "it was staged, and nobody has taken it");
        store.versions.taken(&staged.digest);
    }
    assert!(store.versions.forget(&staged.digest).unwrap());
    assert!(!store.versions.forget(&staged.digest).unwrap());
    assert!(store.versions.read(&staged.digest).unwrap_err().is_missing());
}

#[test]
fn past_the_limit_leave_nothing() {
    let place = Place::new();
    let store = place.open();
    let words = store.versions.stage(io::repeat(0), 100_000).unwrap_err().to_string();
    assert_eq!(words, "the component is larger than 100000 bytes, the most that is taken");
    assert_eq!(place.names("versions"), Vec::<String>::new());
}

#[test]
fn whose_source_fails_leave_nothing() {
    struct Fails;
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the cable was pulled"))
        }
    }
    let place = Place::new();
    let store = place.open();
    let words = store.versions.stage(b"half".chain(Fails), 100).unwrap_err().to_string();
    assert!(words.ends_with("the cable was pulled"), "{words}");
    assert_eq!(place.names("versions"), Vec::<String>::new());
}

#[test]
fn that_rot_are_found_out_and_healed_by_the_same_bytes() {
    let place = Place::new();
    let store = place.open();
    let staged = store.versions.stage_bytes(b"abc", 3).unwrap();
    place.damage(&format!("versions/{ABC}.wasm"));
    assert!(matches!(store.versions.read(&staged.digest), Err(Error::Damaged { .. })));
    store.versions.stage_bytes(b"abc", 3).unwrap();
    assert_eq!(store.versions.read(&staged.digest).unwrap(), b"abc");
}

#[test]
fn planted_pipes_and_links_are_refused_at_once() {
    let place = Place::new();
    let store = place.open();
    let digest: Digest = ABC.parse().unwrap();
    let path = place.state().join(format!("versions/{ABC}.wasm"));
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(store.versions.read(&digest).unwrap_err().to_string().contains("not a regular file"));
    fs::remove_file(&path).unwrap();
    symlink("/etc/passwd", &path).unwrap();
    assert!(store.versions.read(&digest).unwrap_err().to_string().contains("symbolic link"));
}

#[test]
fn the_same_bytes_from_many_at_once_are_one_version() {
    let place = Place::new();
    let store = place.open();
    let bytes = vec![7; 300_000];
    let stage = || store.versions.stage_bytes(&bytes, 300_000).unwrap();
    let staged = std::thread::scope(|scope| [(); 8].map(|()| scope.spawn(stage)).map(|it| it.join().unwrap()));
    assert_eq!(staged, [staged[0]; 8]);
    assert_eq!(store.versions.list().unwrap().len(), 1);
    assert_eq!(place.names("versions").len(), 1);
}
