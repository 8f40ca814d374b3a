//! The cache of machine code.

use super::*;

fn digest(n: u8) -> Digest {
    Digest([n; 32])
}

#[test]
fn code_comes_back_as_it_was_put() {
    let place = Place::new();
    let store = place.open();
    assert!(store.compiled.load(&digest(1), "engine 1").unwrap().is_none());
    store.compiled.keep(&digest(1), "engine 1", b"code").unwrap();
    let entry = store.compiled.load(&digest(1), "engine 1").unwrap().unwrap();
    assert_eq!((entry.size, fs::read(entry.path()).unwrap()), (4, b"code".to_vec()));
    assert!(store.compiled.load(&digest(1), "engine 2").unwrap().is_none());
    assert!(store.compiled.load(&digest(2), "engine 1").unwrap().is_none());
    store.compiled.forget(&digest(1)).unwrap();
    assert!(store.compiled.load(&digest(1), "engine 1").unwrap().is_none());
    assert_eq!(fs::read(entry.path()).unwrap(), b"code", "who has it open keeps it");
    assert_eq!(place.names("compiled"), Vec::<String>::new());
}

#[test]
fn whatever_is_done_to_an_entry_is_reported_once_and_the_entry_removed() {
    let place = Place::new();
    let store = place.open();
    for file in [0, 1] {
        store.compiled.keep(&digest(1), "e", b"code").unwrap();
        let path = place.state().join("compiled").join(&place.names("compiled")[file]);
        let whole = fs::read(&path).unwrap();
        let flipped = (0..whole.len()).map(|at| whole.iter().enumerate().map(|(n, b)| b ^ u8::from(n == at)).collect());
        let cut = (0..whole.len()).map(|len| whole[..len].to_vec());
        for damaged in flipped.chain(cut).chain([[&whole[..], b"0"].concat(), vec![0xff; 100]]) {
            store.compiled.keep(&digest(1), "e", b"code").unwrap();
            fs::write(&path, &damaged).unwrap();
            assert!(matches!(store.compiled.load(&digest(1), "e"), Err(Error::Damaged { .. })), "{damaged:?}");
            assert!(store.compiled.load(&digest(1), "e").unwrap().is_none());
        }
    }
}

#[test]
fn an_entry_under_anothers_name_is_not_taken_for_the_others() {
    let place = Place::new();
    let store = place.open();
    let names = |wanted: &str| -> Vec<_> {
        place.names("compiled").into_iter().filter(|name| name.ends_with(wanted)).collect()
    };
    let file = |name: &str| place.state().join("compiled").join(name);
    for (version, engine) in [(digest(2), "e"), (digest(1), "another engine")] {
        store.compiled.keep(&digest(1), "e", b"code").unwrap();
        let from = names(".cwasm");
        store.compiled.keep(&version, engine, b"other").unwrap();
        let to = names(".cwasm").into_iter().find(|name| !from.contains(name)).unwrap();
        fs::rename(file(&from[0]), file(&to)).unwrap();
        fs::rename(file(&format!("{}.sha256", from[0])), file(&format!("{to}.sha256"))).unwrap();
        assert!(matches!(store.compiled.load(&version, engine), Err(Error::Damaged { .. })));
        assert!(store.compiled.load(&version, engine).unwrap().is_none());
    }
}

#[test]
fn past_the_bound_the_one_used_longest_ago_goes() {
    let place = Place::new();
    let compiled = place.open().compiled.bounded(3_000);
    let code = [7; 900];
    for n in 1..=3 {
        compiled.keep(&digest(n), "e", &code).unwrap();
        let entry = compiled.load(&digest(n), "e").unwrap().unwrap();
        let used = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(n.into());
        let file = fs::File::options().append(true).open(entry.path()).unwrap();
        file.set_modified(used).unwrap();
    }
    compiled.load(&digest(1), "e").unwrap().unwrap();
    compiled.keep(&digest(4), "e", &code).unwrap();
    let there: Vec<_> = (1..=4).filter(|n| compiled.load(&digest(*n), "e").unwrap().is_some()).collect();
    assert_eq!(there, [1, 3, 4]);
}

#[test]
fn an_entry_larger_than_the_bound_stays_until_the_next() {
    let place = Place::new();
    let compiled = place.open().compiled.bounded(10);
    compiled.keep(&digest(1), "e", &[0; 100]).unwrap();
    assert!(compiled.load(&digest(1), "e").unwrap().is_some());
    compiled.keep(&digest(2), "e", &[0; 100]).unwrap();
    assert!(compiled.load(&digest(1), "e").unwrap().is_none());
}
