//! Files that are no components, or are not what their names say: each is told of in words, changes nothing, and the
//! watcher lives on. And very many, and very large ones.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::{Duration, SystemTime};

use rustix::fs::{CWD, FileType, Mode};
use serde_json::json;

use crate::support::{Host, digest, greeting};

const QUICK: &str = "[host]\nsettle = \"20ms\"\nstalled = \"200ms\"\n";
const MIB: u64 = 1 << 20;

/// Makes something of this name in a folder. What it is made of is the greeter's bytes.
type Make = fn(&Path, &[u8]) -> std::io::Result<()>;

/// What it is, its name, how it is made, and what is said of it.
const STRANGE: &[(&str, &str, Make, &str)] = &[
    ("an empty file", "greeter.wasm", |path, _| fs::write(path, b""), "it is empty"),
    ("a text", "greeter.wasm", |path, _| fs::write(path, b"(component)"), "it is text"),
    ("a picture", "greeter.wasm", |path, _| fs::write(path, b"\x89PNG\r\n\x1a\n"), "it is not WebAssembly"),
    ("a core module", "greeter.wasm", |path, _| fs::write(path, b"\0asm\x01\0\0\0"), "it is a core module"),
    ("precompiled code", "greeter.wasm", |path, _| fs::write(path, b"\x7fELF\x02\x01\x01\0"), "it is machine code"),
    ("half of one", "greeter.wasm", |path, it| fs::write(path, &it[..it.len() / 2]), "it breaks off or is damaged"),
    ("all but a byte", "greeter.wasm", |path, it| fs::write(path, &it[..it.len() - 1]), "it breaks off or is damaged"),
    ("a byte too many", "greeter.wasm", |path, it| fs::write(path, [it, b"\x63"].concat()), "is damaged"),
    ("its first bytes", "greeter.wasm", |path, it| fs::write(path, &it[..8]), "first bytes and nothing else"),
    ("one whose end is a hole", "greeter.wasm", |path, it| holed(path, it, 1 << 20), "is damaged"),
    ("a hole of a tebibyte", "greeter.wasm", |path, _| holed(path, b"", 1 << 40), "it has 1099511627776 bytes"),
    ("a hole just not too large", "greeter.wasm", |path, _| holed(path, b"", 64 * MIB), "it is not WebAssembly"),
    ("a component with a hole just not too large", "greeter.wasm", |path, it| holed(path, it, 64 * MIB), "is damaged"),
    ("a pipe", "greeter.wasm", |path, _| node(path, FileType::Fifo), "it is a pipe"),
    ("a socket", "greeter.wasm", |path, _| UnixListener::bind(path).map(drop), "it is a socket"),
    ("a link to a device", "greeter.wasm", |path, _| symlink("/dev/zero", path), "it is a device"),
    ("a link out of the folder", "greeter.wasm", |path, _| symlink("/etc/hostname", path), "leads out of the folder"),
    (
        "a link up and out",
        "greeter.wasm",
        |path, _| symlink("../../etc/passwd", path),
        "it is a symbolic link that leads",
    ),
    ("a link to nothing", "greeter.wasm", |path, _| symlink("nothing", path), "leads nowhere"),
    ("a link to itself", "greeter.wasm", |path, _| symlink("greeter.wasm", path), "leads nowhere"),
    ("a name in other letters", "Greeter.wasm", put, "`greeter.wasm` would do"),
    ("an ending in other letters", "greeter.WASM", put, "`greeter.wasm` would do"),
    ("cargo's name", "my_greeter.wasm", put, "`my-greeter.wasm` would do"),
    ("a name with spaces", "my greeter.wasm", put, "`my-greeter.wasm` would do"),
    ("a number as a name", "42.wasm", put, "must begin with a lower-case letter"),
    ("a label without a name", "@2.wasm", put, "it is empty"),
    ("a name with an empty label", "greeter@.wasm", put, "what follows the @"),
    ("a label that clears the screen", "greeter@\u{1b}[2J.wasm", put, "what follows the @"),
    ("a label of two lines", "greeter@1\n2.wasm", put, "what follows the @"),
    ("a path as a name", "my\\greeter.wasm", put, "is not a name here"),
];

fn put(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    fs::write(path, bytes)
}

/// These bytes, and then nothing up to this size, which takes no room.
fn holed(path: &Path, bytes: &[u8], size: u64) -> std::io::Result<()> {
    fs::write(path, bytes)?;
    File::options().write(true).open(path)?.set_len(size)
}

fn node(path: &Path, kind: FileType) -> std::io::Result<()> {
    Ok(rustix::fs::mknodat(CWD, path, kind, Mode::RUSR | Mode::WUSR, 0)?)
}

/// What was said of files so far: the file's name, and what.
fn said(host: &Host) -> Vec<(String, String)> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let of = |event: &serde_json::Value| event["event"] == "ignored";
    host.happenings()
        .iter()
        .filter(|event| of(event))
        .map(|event| (text(&event["file"]), text(&event["why"])))
        .collect()
}

#[test]
fn whatever_is_dropped_is_told_by_name_changes_nothing_and_the_next_good_file_is_taken() {
    let host = Host::with_manifest(QUICK);
    let good = greeting("First");
    host.write_file("greeter@good.wasm", &good);
    host.receipt_after("greeter", 0).settled();
    for (n, (what, name, make, told)) in STRANGE.iter().enumerate() {
        let path = host.dir().join(name);
        make(&path, &good).unwrap_or_else(|e| panic!("{what}: {e}"));
        let line = host.wait_for_log(" changes nothing: ");
        assert!(line.contains(told), "{what}: {line}");
        fs::remove_file(&path).expect("it is removed");
        host.write_file(&format!("greeter@{n}.wasm"), &good);
        let line = host.wait_for_log(" changes nothing: ");
        assert!(
            line.contains(&format!("greeter@{n}.wasm changes nothing: greeter runs these bytes")),
            "{what}: {line}"
        );
    }
    let said = said(&host);
    assert_eq!(said.len(), 2 * STRANGE.len(), "each is told once: {said:?}");
    for ((what, name, _, told), (file, why)) in STRANGE.iter().zip(said.iter().step_by(2)) {
        assert!(*file == name.escape_debug().to_string() && why.contains(told), "{what}: {file}: {why}");
    }
    assert_eq!(host.receipts("greeter").len(), 1, "nothing else was tried");
    assert_eq!(host.call("greeter", "greet", json!(["you"])), json!("First, you!"));
    host.write_file("greeter.wasm", &greeting("Later"));
    host.receipt_after("greeter", 1).settled();
    assert_eq!(host.call("greeter", "greet", json!(["you"])), json!("Later, you!"));
}

#[test]
fn what_is_nobodys_business_is_passed_over_in_silence() {
    let host = Host::with_manifest(QUICK);
    let good = greeting("First");
    let names =
        [".greeter.wasm", "greeter.wasm~", "greeter.wasm.tmp", "greeter.wasm.part", "greeter.cwasm", "README.md"];
    names.iter().for_each(|name| host.write_file(name, &good));
    fs::create_dir(host.dir().join("folder.wasm")).expect("a folder");
    symlink("folder.wasm", host.dir().join("link-to-a-folder.wasm")).expect("a link");
    host.write_file("folder.wasm/inner.wasm", &good);
    host.write_file("greeter.wasm", &good);
    let receipt = host.receipt_after("greeter", 0).settled();
    fs::remove_file(host.dir().join("greeter.wasm")).expect("it is removed");
    host.write_file("greeter@2.wasm", &good);
    host.wait_for_log("greeter@2.wasm changes nothing");
    assert_eq!(host.call("greeter", "greet", json!(["you"])), json!("First, you!"), "a removal stops nothing");
    assert_eq!(receipt.id(), 1);
    let others: Vec<_> = host.happenings().into_iter().filter(|it| it["file"].is_string()).collect();
    assert!(others.iter().all(|it| it["file"] == "greeter@2.wasm"), "{others:?}");
}

#[test]
fn a_name_that_is_no_text_costs_no_time_and_is_told() {
    let host = Host::start();
    let name = OsStr::from_bytes(b"caf\xe9.wasm");
    fs::write(host.dir().join(name), greeting("First")).expect("it is written");
    host.wait_for_log("its name is not UTF-8");
    // Half a file is told of two seconds later, which a watcher that looked at the other without end would have used up.
    let before = host.cpu();
    host.write_file("half.wasm", &greeting("First")[..50_000]);
    host.wait_for_log("half.wasm changes nothing");
    let used = host.cpu() - before;
    assert!(used < Duration::from_secs(1), "{used:?} of two seconds");
}

#[test]
fn of_a_thousand_files_at_once_each_is_seen_once_and_the_newest_runs() {
    const COUNT: usize = 1_000;
    let host = Host::start();
    host.write_file("other.wasm", &greeting("Other"));
    host.receipt_after("other", 0).settled();
    let before = host.resident();
    let began = SystemTime::now();
    let bytes = |n: usize| greeting(&format!("V{n:04}"));
    for n in 0..COUNT {
        let path = host.dir().join(format!("greeter@{n:04}.wasm"));
        fs::write(&path, bytes(n)).expect("it is written");
        let file = File::options().write(true).open(&path).expect("it is there");
        file.set_modified(began + Duration::from_millis(n as u64)).expect("its time is set");
    }
    let most = Cell::new(0);
    let is_last = |host: &Host| {
        most.set(host.resident().max(most.get()));
        host.receipts("greeter").first().is_some_and(|it| it.0["to"]["digest"] == digest(&bytes(COUNT - 1)))
    };
    host.until("the newest has a receipt", is_last);
    assert_eq!(host.call("greeter", "greet", json!(["you"])), json!(format!("V{:04}, you!", COUNT - 1)));
    let found = host.get("/v1/upgrades?component=greeter&limit=2000").body;
    let receipts = found["upgrades"].as_array().expect("a list");
    let seen: BTreeSet<_> = receipts.iter().filter_map(|it| it["to"]["digest"].as_str()).collect();
    assert_eq!((receipts.len(), seen.len()), (COUNT, COUNT), "each once");
    assert!(said(&host).is_empty(), "{:?}", said(&host));
    let (grown, size) = (most.get().saturating_sub(before), bytes(0).len() as u64);
    assert!(
        grown < COUNT as u64 * size / 2,
        "{} MiB more while files of {} MiB were taken",
        grown / MIB,
        COUNT as u64 * size / MIB
    );
}

#[test]
fn large_files_are_looked_at_one_at_a_time() {
    let host = Host::with_manifest(QUICK);
    let good = greeting("First");
    host.write_file("greeter.wasm", &good);
    host.receipt_after("greeter", 0).settled();
    let before = host.resident();
    for n in 0..20 {
        let size = if n % 2 == 0 { 1 << 40 } else { 60 * MIB };
        holed(&host.dir().join(format!("large@{n}.wasm")), &good, size).expect("it is made");
    }
    let most = Cell::new(0);
    host.until("all are told of", |host| {
        most.set(host.resident().max(most.get()));
        said(host).len() == 20
    });
    let grown = most.get().saturating_sub(before) / MIB;
    assert!(grown < 160, "{grown} MiB more");
}
