//! However a file is written, each content that comes to rest in the folder is seen once, and what a receipt names is
//! what runs. Programs are played by their system calls, so that none of them need be installed.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime};

use rustix::fs::{AtFlags, CWD};
use serde_json::json;

use crate::support::{Host, digest, greeting};

/// A time from long ago, which some writers give their files.
fn long_ago() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)
}

/// A way to bring these bytes to this path, where another version lies.
type Writer = fn(&Path, &[u8]) -> std::io::Result<()>;

const WRITERS: &[(&str, Writer)] = &[
    ("cp writes over it in place", |path, bytes| fs::write(path, bytes)),
    ("cp -p writes over it and gives it the old time", |path, bytes| {
        fs::write(path, bytes)?;
        File::options().write(true).open(path)?.set_modified(long_ago())
    }),
    ("mv within the file system renames over it", |path, bytes| {
        let elsewhere = path.with_file_name("build-output");
        fs::write(&elsewhere, bytes)?;
        File::options().write(true).open(&elsewhere)?.set_modified(long_ago())?;
        fs::rename(&elsewhere, path)
    }),
    ("mv from another file system removes it, copies and keeps the time", |path, bytes| {
        fs::remove_file(path)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        in_pieces(&mut file, bytes, 4_096)?;
        file.set_modified(long_ago())
    }),
    ("rsync writes a hidden one beside it and renames that", |path, bytes| {
        let hidden = path.with_file_name(".greeter.wasm.Xk3b9Q");
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&hidden)?;
        in_pieces(&mut file, bytes, 32 << 10)?;
        file.set_modified(long_ago())?;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
        drop(file);
        fs::rename(&hidden, path)
    }),
    ("vim makes the old one a backup and writes a new one", |path, bytes| {
        let backup = path.with_file_name("greeter.wasm~");
        fs::rename(path, &backup)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
        in_pieces(&mut file, bytes, 8_192)?;
        file.sync_all()?;
        file.set_permissions(fs::Permissions::from_mode(0o644))?;
        drop(file);
        fs::remove_file(&backup)
    }),
    ("vim with `backupcopy` copies the old one and writes in place", |path, bytes| {
        let backup = path.with_file_name("greeter.wasm~");
        fs::copy(path, &backup)?;
        let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
        in_pieces(&mut file, bytes, 8_192)?;
        file.sync_all()?;
        drop(file);
        fs::remove_file(&backup)
    }),
    ("git checkout removes it and writes a new one", |path, bytes| {
        fs::remove_file(path)?;
        OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
    }),
    ("tar removes it, writes a new one in blocks, and gives it the old time", |path, bytes| {
        fs::remove_file(path)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        in_pieces(&mut file, bytes, 10_240)?;
        file.set_modified(long_ago())?;
        file.set_permissions(fs::Permissions::from_mode(0o644))
    }),
    ("install removes it, writes a new one, and makes it executable", |path, bytes| {
        fs::remove_file(path)?;
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.set_permissions(fs::Permissions::from_mode(0o755))
    }),
    ("a slow line brings 1 KiB each 10 ms", |path, bytes| {
        let mut file = File::create(path)?;
        for piece in bytes.chunks(1_024) {
            file.write_all(piece)?;
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }),
    ("a downloader makes room first and fills it from the end", |path, bytes| {
        let file = File::create(path)?;
        file.set_len(bytes.len() as u64)?;
        for (n, piece) in bytes.chunks(16 << 10).enumerate().collect::<Vec<_>>().into_iter().rev() {
            file.write_all_at(piece, (n * (16 << 10)) as u64)?;
        }
        Ok(())
    }),
    ("dd writes over the old bytes and cuts nothing", |path, bytes| {
        let mut file = OpenOptions::new().write(true).open(path)?;
        file.seek(SeekFrom::Start(0))?;
        in_pieces(&mut file, bytes, 512)
    }),
    ("a linker writes half, looks at it, and opens it again for the rest", |path, bytes| {
        let (first, rest) = bytes.split_at(bytes.len() / 2);
        fs::write(path, first)?;
        fs::read(path)?;
        OpenOptions::new().append(true).open(path)?.write_all(rest)
    }),
    ("ln gives it another file's name", |path, bytes| {
        let built = path.with_file_name("linked-output");
        fs::write(&built, bytes)?;
        fs::remove_file(path)?;
        fs::hard_link(&built, path)
    }),
    ("ln -sf puts a link to another file in its place", |path, bytes| {
        fs::write(path.with_file_name("target-of-a-link"), bytes)?;
        let link = path.with_file_name(".link");
        symlink("target-of-a-link", &link)?;
        fs::rename(&link, path)
    }),
    ("what a link leads to is written anew", |path, bytes| fs::write(path, bytes)),
    ("renameat2 swaps it with another", |path, bytes| {
        let other = path.with_file_name("other-output");
        fs::write(&other, bytes)?;
        Ok(rustix::fs::renameat_with(CWD, path, CWD, &other, rustix::fs::RenameFlags::EXCHANGE)?)
    }),
    ("a file without a name gets one", |path, bytes| {
        let flags = rustix::fs::OFlags::TMPFILE | rustix::fs::OFlags::WRONLY;
        let folder = path.parent().expect("it lies in a folder");
        let mut file = File::from(rustix::fs::openat(CWD, folder, flags, rustix::fs::Mode::from_raw_mode(0o644))?);
        file.write_all(bytes)?;
        fs::remove_file(path)?;
        use std::os::fd::AsRawFd;
        let own = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(rustix::fs::linkat(CWD, own, CWD, path, AtFlags::SYMLINK_FOLLOW)?)
    }),
];

fn in_pieces(file: &mut File, bytes: &[u8], of: usize) -> std::io::Result<()> {
    bytes.chunks(of).try_for_each(|piece| file.write_all(piece))
}

fn word(n: usize) -> String {
    format!("W{n:04}")
}

#[test]
fn whoever_writes_it_each_content_is_seen_once_and_runs() {
    let host = Host::start();
    host.write_file("greeter.wasm", &greeting("First"));
    host.receipt_after("greeter", 0).settled();
    for (n, (way, write)) in WRITERS.iter().enumerate() {
        let (last, bytes) = (host.last_receipt("greeter"), greeting(&word(n)));
        write(&host.dir().join("greeter.wasm"), &bytes).unwrap_or_else(|e| panic!("{way}: {e}"));
        let receipt = host.receipt_after("greeter", last).settled();
        assert_eq!(receipt.0["to"]["digest"], digest(&bytes), "{way}");
        assert_eq!(host.call("greeter", "greet", json!(["you"])), json!(format!("{}, you!", word(n))), "{way}");
    }
    // What was written last lies under a further name: whatever was to be said before that has been said.
    fs::copy(host.dir().join("greeter.wasm"), host.dir().join("greeter@end.wasm")).expect("it is copied");
    host.wait_for_log("greeter@end.wasm changes nothing");
    assert_eq!(host.receipts("greeter").len(), WRITERS.len() + 1, "one each, and the first");
    let odd: Vec<_> = host.happenings().into_iter().filter(|event| event["file"] == "greeter.wasm").collect();
    assert!(odd.is_empty(), "{odd:?}");
}

#[test]
fn a_file_that_is_put_back_while_its_successor_is_on_its_way_runs_again() {
    let host = Host::start();
    let (old, new) = (greeting("Older"), greeting("Newer"));
    host.write_file("greeter.wasm", &old);
    host.receipt_after("greeter", 0).settled();
    for _ in 0..3 {
        let last = host.last_receipt("greeter");
        host.write_file("greeter.wasm", &new);
        host.until("it is on its way", |host| {
            let is_new = |event: &serde_json::Value| event["event"] == "upgrading" && event["step"] == "compiled";
            let begun = host.happenings().iter().filter(|event| is_new(event)).count();
            begun > host.receipts("greeter").len() || host.last_receipt("greeter") > last
        });
        host.write_file("greeter.wasm", &old);
        File::options()
            .write(true)
            .open(host.dir().join("greeter.wasm"))
            .and_then(|it| it.set_modified(long_ago()))
            .expect("its time is set");
        host.until("the old one runs again", |host| {
            host.receipts("greeter").first().is_some_and(|r| r.0["to"]["digest"] == digest(&old) && r.id() > last)
        });
        assert_eq!(host.call("greeter", "greet", json!(["you"])), json!("Older, you!"));
    }
}

/// Another file comes into its place, or other bytes into the file, again and again, of the same size and with the same
/// time, while versions are checked, loaded and switched to.
fn swaps_while_it_is_loaded(swaps: usize) {
    let host = Host::with_manifest("[host]\nsettle = \"10ms\"\nrescan = \"100ms\"\n");
    let versions: Vec<_> = (0..12).map(|n| greeting(&word(n))).collect();
    let digests: Vec<_> = versions.iter().map(|bytes| digest(bytes)).collect();
    host.write_file("greeter.wasm", &versions[0]);
    host.receipt_after("greeter", 0).settled();
    let (is_over, last) = (AtomicBool::new(false), Mutex::new(0));
    std::thread::scope(|scope| {
        let (path, hidden) = (host.dir().join("greeter.wasm"), host.dir().join(".next"));
        let (versions, last, is_over) = (&versions, &last, &is_over);
        scope.spawn(move || {
            for n in 0..swaps {
                let which = (n * 7 + n / 3) % versions.len();
                let into = if n % 2 == 0 { &hidden } else { &path };
                fs::write(into, &versions[which]).expect("it is written");
                let file = File::options().write(true).open(into).expect("it is there");
                file.set_modified(long_ago()).expect("its time is set");
                drop(file);
                if n % 2 == 0 {
                    fs::rename(&hidden, &path).expect("it is renamed");
                }
                *last.lock().expect("nobody panicked") = which;
                // In bunches, with pauses in which one may settle.
                std::thread::sleep(Duration::from_millis([0, 0, 1, 0, 3, 0, 12, 25][n % 8]));
            }
            is_over.store(true, Ordering::Release);
        });
        let runs = || {
            let found = host.get("/v1/components").body;
            let all = found["components"].as_array().cloned().unwrap_or_default();
            let greeter = all.into_iter().find(|it| it["name"] == "greeter").expect("it is there");
            greeter["current"]["digest"].as_str().map(str::to_owned)
        };
        while !is_over.load(Ordering::Acquire) {
            let before = runs();
            let answer = host.call("greeter", "greet", json!(["you"]));
            if runs() == before {
                let is_its = |n: &usize| answer == json!(format!("{}, you!", word(*n)));
                let answered = (0..versions.len()).find(is_its).expect("one of the versions answers");
                assert_eq!(Some(&digests[answered]), before.as_ref(), "another one runs than is said");
            }
        }
    });
    let last = last.into_inner().expect("nobody panicked");
    host.until("what lies there runs", |host| {
        host.call("greeter", "greet", json!(["you"])) == json!(format!("{}, you!", word(last)))
    });
    host.until("all is over", |host| host.receipts("greeter")[0].0["to"]["digest"] == digests[last]);
    let receipts = host.receipts("greeter");
    assert!(receipts.len() > 3, "hardly any came to rest: {}", receipts.len());
    for receipt in receipts {
        let to = receipt.0["to"]["digest"].as_str().expect("it has one").to_owned();
        assert!(digests.contains(&to), "a mixture was taken: {}", receipt.0);
        assert!(["settled", "superseded"].contains(&receipt.outcome()), "{}", receipt.0);
    }
}

#[test]
fn what_a_receipt_names_is_what_runs_however_files_are_swapped() {
    swaps_while_it_is_loaded(400);
}

#[test]
#[ignore = "long: 10,000 swaps take a minute or two"]
fn what_a_receipt_names_is_what_runs_through_ten_thousand_swaps() {
    let swaps = std::env::var("CHANGELING_SWAPS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    swaps_while_it_is_loaded(swaps);
}
