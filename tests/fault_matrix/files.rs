//! From the folder to compiled code: files that are no components, and compilers that do not do it.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::stage::{HASTY, Living, TOTAL, living};
use super::table::Comes;
use crate::support::{Host, bomb, bytes};

/// A file of these bytes is told of in these words and changes nothing.
pub fn ignored(file: &[u8], words: &str) {
    ignored_file(words, |host| host.write_file("counter.wasm", file));
}

pub fn half() -> Vec<u8> {
    let whole = bytes("counter-v2");
    whole[..whole.len() / 2].to_vec()
}

pub fn too_large() {
    ignored_file("it has 1099511627776 bytes", |host| {
        File::create(host.dir().join("counter.wasm")).and_then(|file| file.set_len(1 << 40)).expect("a hole");
    });
}

fn ignored_file(words: &str, write: impl Fn(&Host)) {
    let living = living(HASTY, "");
    write(&living.host);
    let line = living.host.wait_for_log(" changes nothing: ");
    assert!(line.contains(words), "{line}");
    assert_eq!(living.host.receipts("counter").len(), 1);
    living.stays_untouched();
}

/// It is waited for: until it is whole, or until it has stopped growing, and then it is taken when it grows on.
pub fn slowly_written() {
    let Living { host, .. } = living(HASTY, "");
    let whole = bytes("counter-v2");
    let (begin, end) = whole.split_at(whole.len() / 2);
    host.write_file("counter.wasm", begin);
    let line = host.wait_for_log(" changes nothing: ");
    assert!(line.contains("it breaks off or is damaged"), "{line}");
    let mut file = File::options().append(true).open(host.dir().join("counter.wasm")).expect("it is there");
    for part in end.chunks(end.len().div_ceil(50)) {
        std::io::Write::write_all(&mut file, part).expect("it is written");
        // The writer's pace, and no wait for the host.
        std::thread::sleep(Duration::from_millis(5));
    }
    let receipt = host.receipt_after("counter", 1).settled();
    assert_eq!((receipt.id(), host.call("counter", "get", json!([]))), (2, json!(TOTAL)));
}

/// The contents count, whatever time a file says it is from.
pub fn old_and_future_files() {
    let Living { host, .. } = living(HASTY, "");
    let year = Duration::from_secs(365 * 24 * 3_600);
    for (guest, time) in [("counter-v2", SystemTime::now() - year), ("counter-v1", SystemTime::now() + year)] {
        let (last, new) = (host.last_receipt("counter"), host.dir().join("new"));
        fs::write(&new, bytes(guest)).expect("it is written");
        File::options().write(true).open(&new).and_then(|file| file.set_modified(time)).expect("its time");
        fs::rename(new, host.dir().join("counter.wasm")).expect("it is there");
        host.receipt_after("counter", last).settled();
        assert_eq!(host.call("counter", "get", json!([])), json!(TOTAL));
    }
}

/// What is gone before it was read was never there; what was read is taken.
pub fn vanishes_as_soon_as_it_is_there() {
    let living = living(HASTY, "");
    for _ in 0..20 {
        living.host.write_file("counter.wasm", &bytes("counter-v2"));
        fs::remove_file(living.host.dir().join("counter.wasm")).expect("it was there");
    }
    living.host.drop_in("other", "counter-v1").settled();
    match living.host.receipts("counter").len() {
        1 => living.stays_untouched(),
        _ => living.goes_on_at(&json!(TOTAL)),
    }
}

/// A candidate that its compiler does not get through is refused in these words.
pub fn not_compiled(candidate: Vec<u8>, setting: &str, words: &str) {
    let living = living(&HASTY.replace("[host]\n", &format!("[host]\n{setting}\n")), "");
    let receipt = living.offered_under_load(&candidate).ended("refused");
    let (_, act, said) = receipt.refusal();
    assert!(act == "compile" && said.contains(words), "{act}: {said}");
    living.stays_untouched();
}

/// Killed from outside, it says nothing of the bytes; the next version is compiled.
pub fn a_compiler_that_dies() {
    let living = living(HASTY, "");
    living.host.write_file("counter.wasm", &bomb::loops(2_000, 2_000));
    living.host.until("it compiles", |host| !host.compilers().is_empty());
    let compiler = living.host.compilers().first().and_then(|pid| Pid::from_raw(i32::try_from(*pid).ok()?));
    kill_process(compiler.expect("it compiles"), Signal::KILL).expect("it is ours");
    living.host.receipt_after("counter", 1).ended("refused").says("the compiler was killed from outside");
    living.stays_untouched();
}

pub fn killed_while_it_is_compiled() {
    let mut living = living(HASTY, "");
    living.host.write_file("counter.wasm", &bomb::loops(2_000, 2_000));
    living.host.until("it compiles", |host| !host.compilers().is_empty());
    living.host.kill();
    living.comes_back(Comes::AsItWas);
}

pub fn goes_on_without_a_cache(fault: &str) {
    let living = living(HASTY, fault);
    living.host.disk_refuses();
    living.offered_under_load(&bytes("counter-v2")).settled();
    living.host.disk_takes();
    living.goes_on_at(&json!(TOTAL));
}

pub fn an_import_that_nobody_provides() {
    let living = living(HASTY, "");
    let receipt = living.offered_under_load(&bytes("teller")).ended("refused");
    assert!(receipt.0.to_string().contains("demo:ledger/accounts"), "{}", receipt.0);
    living.stays_untouched();
}

/// Made code that rotted is made anew, and that is said.
pub fn damaged_code_in_the_cache() {
    let living = living(HASTY, "");
    living.offered(&bytes("counter-v2")).settled();
    living.offered(&bytes("counter-v1")).settled();
    for file in living.host.files("compiled") {
        let mut code = fs::read(&file).expect("it is readable");
        *code.last_mut().expect("it is not empty") ^= 1;
        fs::write(&file, code).expect("it is damaged");
    }
    living.offered(&bytes("counter-v2")).settled();
    living.host.wait_for_log("is made anew");
    assert_eq!(living.host.call("counter", "get", json!([])), json!(TOTAL));
}
