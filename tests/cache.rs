//! Compiled code that is kept: whatever lies there instead is never run, but made anew, and that is said. A disk that keeps
//! none is no reason to serve nobody.

use std::fs;
use std::path::PathBuf;

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::support::{Brittle, Host, bytes, stage};

/// A host that has served a counter and ended, with the one entry of its cache.
fn ended() -> (Host, PathBuf) {
    let mut host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    assert_eq!(host.call("counter", "increment", json!([5])), json!(5));
    host.interrupt();
    let entry = entries(&host)[0].clone();
    (host, entry)
}

fn entries(host: &Host) -> Vec<PathBuf> {
    let mut entries = host.files("compiled");
    entries.retain(|path| path.extension().is_some_and(|it| it == "cwasm"));
    entries
}

/// Starts it again: the counter goes on, with code that was made anew, and was it said why.
#[track_caller]
fn goes_on(host: &mut Host, entry: &PathBuf, why: &str) {
    let was = fs::read(entry).ok();
    host.start_again();
    let said = host.first_lines().iter().any(|line| line.contains("is made anew") && line.contains(why));
    assert!(said, "`{why}` is not said: {:?}", host.first_lines());
    assert_eq!(host.call("counter", "increment", json!([1])), json!(6));
    assert_ne!(fs::read(entry).ok(), was, "it is the same");
}

#[test]
fn an_entry_that_was_changed_or_cut_is_made_anew() {
    for damage in [
        |bytes: &mut Vec<u8>| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        },
        |bytes: &mut Vec<u8>| bytes.truncate(bytes.len() - 1),
        |bytes: &mut Vec<u8>| bytes.clear(),
    ] {
        let (mut host, entry) = ended();
        let mut bytes = fs::read(&entry).expect("an entry");
        damage(&mut bytes);
        fs::write(&entry, bytes).expect("it is written");
        goes_on(&mut host, &entry, "not those that were written");
    }
}

#[test]
fn the_code_of_another_version_under_this_ones_name_is_not_run() {
    let (mut host, entry) = ended();
    host.start_again();
    host.drop_in("other", "greeter-v1").settled();
    host.interrupt();
    let other = entries(&host).into_iter().find(|path| *path != entry).expect("another entry");
    for ending in ["", ".sha256"] {
        let with = |path: &PathBuf| format!("{}{ending}", path.display());
        fs::copy(with(&other), with(&entry)).expect("it is copied");
    }
    goes_on(&mut host, &entry, "not those that were written");
}

/// As if another build had written it, its digest and all.
#[test]
fn an_entry_of_another_engine_is_made_anew() {
    let (mut host, entry) = ended();
    let mut bytes = fs::read(&entry).expect("an entry");
    // It names the version of the engine, after its length, and then the machine.
    let names_it = |at: &[u8]| at.starts_with(b"\0\x0248") && at[5..].starts_with(std::env::consts::ARCH.as_bytes());
    let at = bytes.windows(16).position(names_it).expect("it names its engine");
    bytes[at + 3] = b'7';
    keep(&entry, &bytes);
    goes_on(&mut host, &entry, "cannot be mapped");
}

#[test]
fn what_is_no_code_at_all_is_made_anew() {
    let (mut host, entry) = ended();
    keep(&entry, b"\x7fELF and nothing else");
    goes_on(&mut host, &entry, "cannot be mapped");
}

/// Writes an entry as a host would.
fn keep(entry: &PathBuf, bytes: &[u8]) {
    let name = entry.file_name().and_then(|it| it.to_str()).expect("a name");
    let digest = Sha256::new_with_prefix(name).chain_update(bytes).finalize();
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    fs::write(entry, bytes).expect("it is written");
    fs::write(format!("{}.sha256", entry.display()), digest).expect("it is written");
}

#[test]
fn a_disk_that_has_no_room_for_compiled_code_serves_all_the_same() {
    for refusal in ["enospc:compiled/", "erofs:compiled/", "eio:write:compiled/", "enospc:rename:compiled/"] {
        let dir = stage();
        let mut host = Brittle::start(dir.path(), refusal);
        let first = host.ask("GET", "/v1/upgrades?component=counter&wait=60s", &[]).expect("it lives").body;
        assert_eq!(first["upgrades"][0]["outcome"], "settled", "{refusal}: {first}");
        let second = host.ask("POST", "/v1/deploy?component=counter&wait=60s", &bytes("counter-v2"));
        assert_eq!(second.expect("it lives").body["outcome"], "settled", "{refusal}");
        let counted = host.call("counter", "increment", &json!([3])).expect("it lives");
        assert_eq!((counted.status, counted.body), (200, json!(3)), "{refusal}");
        let end = host.end();
        assert!(end.code == Some(0) && end.log.contains("is not kept, and made anew at the next start"), "{}", end.log);
        let mut again = Brittle::start(dir.path(), refusal);
        let counted = again.call("counter", "increment", &json!([1])).expect("it lives");
        assert_eq!((counted.status, counted.body), (200, json!(4)), "{refusal}");
        assert_eq!(again.end().code, Some(0));
    }
}
