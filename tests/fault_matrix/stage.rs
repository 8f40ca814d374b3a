//! What is done in a cell of the matrix, and how it is judged: a counter lives, something goes wrong, and what must not
//! have changed has not, and the next good version is taken.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::{Answer, Brittle, Host, Receipt, bomb, bytes, scripted, variant};

/// What the scripted guest says when it errs or panics.
pub const SCRIPT: &str = "does as the script says";
/// Limits that anything slow or endless meets soon.
pub const HASTY: &str = "[host]\nsettle = \"20ms\"\nstalled = \"200ms\"\n\
                     [components.counter]\ncpu = \"100ms\"\nchange-budget = \"100ms\"\n";
/// Limits that what is slow stays within. Nothing is tried on a copy before, so that what is slow is so when it is live.
const PATIENT: &str = "[host]\nsettle = \"20ms\"\n\
                       [components.counter]\ncpu = \"20s\"\nchange-budget = \"20s\"\nverify = \"none\"\n";
/// What the counter is at before anything goes wrong.
pub const TOTAL: u64 = 40;
/// What one is at whose fault is in its `save`: versions are tried on 0 before they are taken, and must pass.
pub const UNLUCKY: u64 = 13;
pub const YEAR: i64 = 365 * 24 * 3_600 * 1_000;

/// A counter that lives, and what it was before something went wrong.
pub struct Living {
    pub host: Host,
    total: u64,
    before: Value,
    state: Vec<u8>,
}

/// The first version, at its total.
pub fn living(manifest: &str, disk: &str) -> Living {
    Living::of(manifest, disk, &bytes("counter-v1"), TOTAL)
}

/// The upgrades that its table says are in hand.
fn in_hand(host: &Host) -> BTreeSet<u64> {
    crate::support::in_hand(&host.dir().join(".changeling"))
}

/// A good version after a scripted one: with the same exports, and without a fault.
pub fn flawless() -> Vec<u8> {
    scripted("none")
}

impl Living {
    fn of(manifest: &str, disk: &str, version: &[u8], total: u64) -> Self {
        let host = Host::that_may_fail(manifest, disk);
        host.write_file("counter.wasm", version);
        host.receipt_after("counter", 0).settled();
        assert_eq!(host.call("counter", "increment", json!([total])), json!(total));
        // What is written from here on is written for the sake of what comes.
        host.until("that upgrade is over", |host| in_hand(host).is_empty());
        let (before, state) = (host.actor("counter"), host.state("counter"));
        Self { host, total, before, state }
    }

    /// Drops a version in; its receipt.
    pub fn offered(&self, version: &[u8]) -> Receipt {
        let last = self.host.last_receipt("counter");
        self.host.write_file("counter.wasm", version);
        self.host.receipt_after("counter", last)
    }

    /// Drops a version in while calls flow, none of which fails; its receipt.
    fn offered_under_load(&self, version: &[u8]) -> Receipt {
        let calls = self.host.load(2, "counter", "get", json!([]));
        let receipt = self.offered(version);
        calls.end();
        receipt
    }

    /// Nothing has changed: version, state, restarts; and a good version is taken with that state.
    pub fn stays_untouched(self) {
        let Self { host, before, state, .. } = &self;
        let actor = host.actor("counter");
        for of in ["digest", "label", "restarts", "address"] {
            assert_eq!(actor[of], before[of], "{of}");
        }
        assert_eq!(&host.state("counter"), state);
        let total = host.call("counter", "get", json!([]));
        self.goes_on_at(&total);
    }

    /// A good version is taken, with this total, and is all that is kept.
    pub fn goes_on_at(self, total: &Value) {
        self.offered(&next_after(&self.host.actor("counter"))).settled();
        assert_eq!(&self.host.call("counter", "get", json!([])), total);
        let versions = self.host.get("/v1/components").body["components"][0]["versions"].clone();
        assert_eq!(versions.as_array().map(Vec::len), Some(1), "{versions}");
    }
}

/// A good version that this actor's can be followed by.
pub fn next_after(actor: &Value) -> Vec<u8> {
    match actor["label"].as_str() {
        Some("0.1.0") => variant("counter-v2", "next"),
        Some("0.2.0") => variant("counter-v1", "next"),
        _ => scripted("next"),
    }
}

/// A candidate of which no instance can be had is refused in these words as soon as it is loaded: its shapes are asked for.
pub fn never_starts(script: &str, words: &str) {
    refused_at("compiled", HASTY, script, "instantiation", words);
}

/// A candidate with this fault, which its proof does not meet but the counter's total does, is refused in this act and in
/// these words: when it is rehearsed and, where it need not be, when the actor is switched to it.
pub fn refused(fault: &str, act: &str, words: &str) {
    for (step, manifest) in ["verified", "switching"].into_iter().zip(both_ways(HASTY)) {
        refused_at(step, &manifest, &format!("{fault}@{TOTAL}"), act, words);
    }
}

fn refused_at(step: &str, manifest: &str, script: &str, act: &str, words: &str) {
    let living = living(manifest, "");
    let receipt = living.offered_under_load(&scripted(script)).ended("refused");
    let (_, refused_act, said) = receipt.refusal();
    assert!(refused_act == act && said.contains(words), "{script} in {refused_act}: {said}");
    assert_eq!((&receipt.0["component"], &receipt.0["step"]), (&json!("counter"), &json!(step)), "{script}");
    assert_eq!(receipt.actors("switched"), 0);
    living.stays_untouched();
}

/// The same of a first version: there is no component then, and a good one becomes it.
pub fn not_loaded(script: &str, act: &str, words: &str) {
    let host = Host::that_may_fail(HASTY, "");
    host.write_file("counter.wasm", &scripted(script));
    let receipt = host.receipt_after("counter", 0).ended("refused");
    let (_, refused_act, said) = receipt.refusal();
    assert!(refused_act == act && said.contains(words), "{script} in {refused_act}: {said}");
    assert_eq!(host.try_call("counter", "get", json!([])).problem(), "no-such-component");
    host.drop_in("counter", "counter-v1").settled();
    assert_eq!(host.call("counter", "increment", json!([1])), json!(1));
}

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

/// The disk fails while a version is deployed: it is refused in the system's words, and taken when the disk is well.
pub fn refused_by_the_disk(fault: &str, words: &str) {
    let living = living(HASTY, fault);
    living.host.disk_refuses();
    let refused = living.host.post("/v1/deploy?component=counter&wait=60s", &bytes("counter-v2"));
    assert!(refused.body.to_string().contains(words), "{fault}: {}", refused.body);
    // It was no upgrade yet, or its receipt says so.
    assert!(refused.status == 409 || refused.body["outcome"] == "refused", "{fault}: {refused:?}");
    living.host.disk_takes();
    living.stays_untouched();
}

/// The disk fails when the actor has switched, and the table is to say so: it turns back.
pub fn turned_back_by_the_disk(fault: &str, words: &str) {
    let living = living(HASTY, fault);
    living.host.disk_refuses();
    let receipt = Receipt(living.host.post("/v1/deploy?component=counter&wait=60s", &bytes("counter-v2")).body);
    let receipt = receipt.ended("rolled-back").says(words);
    assert_eq!((receipt.actors("switched"), receipt.actors("turned_back")), (0, 1), "{}", receipt.0);
    living.host.disk_takes();
    living.stays_untouched();
}

/// What is current after a kill, and what there is of the upgrade.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Comes {
    /// It was not in hand yet.
    AsItWas,
    /// The version as it was; the upgrade is *interrupted*.
    Interrupted,
    /// The new version; the upgrade is *interrupted* all the same, since it was not over.
    New,
    /// The new version, and the upgrade has its receipt.
    Settled,
}

/// The host is killed at this change of its disk while a good version is taken.
pub fn killed_at(fault: &str, comes: Comes) {
    let mut living = living(HASTY, fault);
    living.host.disk_refuses();
    living.host.put("counter", "counter-v2");
    assert!(!living.host.wait().success());
    living.host.disk_takes();
    living.comes_back(comes);
}

/// The host is killed in this act of a slow candidate, which begins with the step after which it is looked for.
pub fn killed_in(script: &str, after: &str) {
    let mut living = living(PATIENT, "");
    living.host.write_file("counter.wasm", &scripted(script));
    living.host.until_upgrade_is("counter", after);
    living.host.kill();
    living.comes_back(if after == "switching" { Comes::Interrupted } else { Comes::AsItWas });
}

/// The same of the current version's `save`.
pub fn killed_while_the_old_saves(script: &str) {
    let mut living = Living::of_unlucky(PATIENT, "", script);
    living.host.write_file("counter.wasm", &flawless());
    living.host.until_upgrade_is("counter", "switching");
    living.host.kill();
    living.comes_back(Comes::Interrupted);
}

impl Living {
    /// After a kill: the version is the one that it must be, its state begins anew, which is said; the upgrade has a true
    /// receipt where it was in hand, and a good version is taken.
    fn comes_back(mut self, comes: Comes) {
        fs::remove_file(self.host.dir().join("counter.wasm")).expect("it was there");
        let in_hand = in_hand(&self.host);
        self.host.start_again();
        let said = self.host.first_lines().join("\n");
        assert!(said.contains("the last host was killed"), "{said}");
        let actor = self.host.actor("counter");
        let (is_new, outcome) = match comes {
            Comes::AsItWas => (false, None),
            Comes::Interrupted => (false, Some("interrupted")),
            Comes::New => (true, Some("interrupted")),
            Comes::Settled => (true, Some("settled")),
        };
        assert_eq!(actor["digest"] != self.before["digest"], is_new, "{actor}");
        let receipts = self.host.receipts("counter");
        let since: Vec<_> = receipts.iter().filter(|it| it.id() > 1).map(|it| (it.id(), Some(it.outcome()))).collect();
        assert_eq!(in_hand.len(), usize::from(outcome.is_some()), "{in_hand:?} are in hand");
        assert_eq!(since, in_hand.into_iter().map(|id| (id, outcome)).collect::<Vec<_>>());
        assert_eq!(self.host.call("counter", "increment", json!([1])), json!(1));
        self.goes_on_at(&json!(1));
    }
}

/// There was nothing before, so there is nothing after.
pub fn killed_in_its_first_init() {
    let mut host = Host::that_may_fail(PATIENT, "");
    host.write_file("counter.wasm", &scripted("init:slow"));
    host.until_upgrade_is("counter", "verified");
    host.kill();
    fs::remove_file(host.dir().join("counter.wasm")).expect("it was there");
    host.start_again();
    assert_eq!(host.try_call("counter", "get", json!([])).problem(), "no-such-component");
    host.drop_in("counter", "counter-v1").settled();
    assert_eq!(host.call("counter", "increment", json!([1])), json!(1));
}

/// The clock goes a year ahead in this act of a slow candidate, which begins with the step; and two years back after it.
pub fn the_clock_jumps_in(script: &str, step: &str) {
    living(PATIENT, "").takes_it_whatever_the_clock_says(&scripted(script), step);
}

/// Its file is removed in this act of a slow candidate: its bytes were copied.
pub fn the_file_vanishes_in(script: &str, step: &str) {
    living(PATIENT, "").takes_it_without_its_file(&scripted(script), step);
}

/// The same in the current version's `save`.
pub fn the_clock_jumps_while_the_old_saves(script: &str) {
    Living::of_unlucky(PATIENT, "", script).takes_it_whatever_the_clock_says(&flawless(), "switching");
}

pub fn the_file_vanishes_while_the_old_saves(script: &str) {
    Living::of_unlucky(PATIENT, "", script).takes_it_without_its_file(&flawless(), "switching");
}

/// The same while an actor that is at work is waited for, to be switched.
pub fn the_clock_jumps_while_one_is_at_work() {
    let (living, work) = at_work();
    living.takes_it_whatever_the_clock_says(&flawless(), "switching");
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
}

pub fn the_file_vanishes_while_one_is_at_work() {
    let (living, work) = at_work();
    living.takes_it_without_its_file(&flawless(), "switching");
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
}

fn at_work() -> (Living, JoinHandle<Answer>) {
    let living = Living::of(PATIENT, "", &scripted("ask:slow"), TOTAL);
    living.host.prepare(&flawless());
    let work = living.host.at_work("counter", "ask", json!([]));
    (living, work)
}

impl Living {
    /// Something happens to the world while this version is on its way, in this step; it is taken all the same.
    fn takes_it_while(&self, version: &[u8], step: &str, happens: impl FnOnce(&Host)) -> Receipt {
        let last = self.host.last_receipt("counter");
        self.host.write_file("counter.wasm", version);
        happens_in(&self.host, "counter", step, happens);
        self.host.receipt_after("counter", last).settled()
    }

    fn takes_it_whatever_the_clock_says(self, version: &[u8], step: &str) {
        let receipt = self.takes_it_while(version, step, |host| host.clock_jumps(YEAR));
        let pause = receipt.0["pause_us"]["max"].as_u64().expect("it paused");
        assert!(pause < 60_000_000, "a pause of a year: {}", receipt.0);
        self.host.clock_jumps(-YEAR);
        self.goes_on();
    }

    fn takes_it_without_its_file(self, version: &[u8], step: &str) {
        let file = self.host.dir().join("counter.wasm");
        self.takes_it_while(version, step, |_| fs::remove_file(file).expect("it was there"));
        self.goes_on();
    }

    /// With the total that it had before.
    fn goes_on(self) {
        let total = self.total;
        self.goes_on_at(&json!(total));
    }
}

/// The upgrade that is on its way comes to this step, and is in it still when something has happened.
fn happens_in(host: &Host, component: &str, step: &str, happens: impl FnOnce(&Host)) {
    host.until_upgrade_is(component, step);
    happens(host);
    let events = host.happenings();
    let is_step = |event: &&Value| event["event"] == "upgrading" && event["component"] == component;
    assert_eq!(events.iter().rev().find(is_step).map(|event| &event["step"]), Some(&json!(step)), "it was too late");
}

pub fn an_error_is_an_answer() {
    let living = Living::of(HASTY, "", &scripted("ask:err"), TOTAL);
    let said = living.host.call("counter", "ask", json!([]));
    assert_eq!(said, json!({"err": format!("ask {SCRIPT}")}));
    living.stays_untouched();
}

/// Its caller is told so, the actor begins anew, and a good version is taken.
pub fn crashes(script: &str, words: &str) {
    let living = Living::of(HASTY, "", &scripted(script), TOTAL);
    let answer = living.host.try_call("counter", "ask", json!([]));
    assert_eq!((answer.status, answer.problem()), (500, "crashed"), "{}", answer.body);
    assert!(answer.body.to_string().contains(words), "{script}: {}", answer.body);
    assert_eq!(living.host.call("counter", "increment", json!([1])), json!(1));
    assert_eq!(living.host.actor("counter")["restarts"], json!(1));
    living.goes_on_at(&json!(1));
}

/// A caller that gives up hears so at once; the actor works on to its end, and nobody else gets that answer.
pub fn a_late_answer_is_dropped() {
    let living = Living::of(PATIENT, "", &scripted("ask:slow"), TOTAL);
    let late = living.host.run(&["call", "counter", "ask", "--deadline", "50ms"]);
    assert_eq!(late.status.code(), Some(7), "{}", String::from_utf8_lossy(&late.stderr));
    assert_eq!(living.host.call("counter", "get", json!([])), json!(TOTAL));
    living.stays_untouched();
}

pub fn killed_in_a_call() {
    let mut living = Living::of(PATIENT, "", &scripted("ask:slow"), TOTAL);
    // Its caller hears nothing any more.
    drop(living.host.at_work("counter", "ask", json!([])));
    living.host.kill();
    living.comes_back(Comes::AsItWas);
}

pub fn calls_need_no_disk(fault: &str) {
    let living = living(HASTY, fault);
    living.host.disk_refuses();
    for n in 1..=20 {
        assert_eq!(living.host.call("counter", "increment", json!([1])), json!(TOTAL + n));
    }
    living.host.disk_takes();
    living.goes_on_at(&json!(TOTAL + 20));
}

pub fn the_clock_jumps_in_a_call() {
    let living = Living::of(PATIENT, "", &scripted("ask:slow"), TOTAL);
    for jump in [YEAR, -YEAR] {
        let work = living.host.at_work("counter", "ask", json!([]));
        living.host.clock_jumps(jump);
        let answer = work.join().expect("it is answered");
        assert_eq!((answer.status, &answer.body), (200, &json!({"ok": "nothing will go wrong"})));
    }
    living.stays_untouched();
}

pub fn a_file_that_is_gone_is_not_missed() {
    let mut living = living(HASTY, "");
    fs::remove_file(living.host.dir().join("counter.wasm")).expect("it was there");
    assert_eq!(living.host.call("counter", "get", json!([])), json!(TOTAL));
    assert!(living.host.interrupt().success());
    living.host.start_again();
    living.stays_untouched();
}

/// The manifest, and how versions are tried: on a copy first, or on the actor itself at once.
fn both_ways(manifest: &str) -> [String; 2] {
    ["\"all\"", "\"none\""].map(|verify| format!("{manifest}verify = {verify}\n"))
}

/// A `save` that errs leaves the actor as it was, with the upgrade refused; it goes over when it can be saved.
pub fn refused_by_the_old(script: &str, words: &str) {
    refused_for_the_old(script, "save", words);
}

/// The same where the bytes are nothing that a newer version can read.
pub fn refused_by_the_new(script: &str, act: &str) {
    refused_for_the_old(script, act, "");
}

fn refused_for_the_old(script: &str, act: &str, words: &str) {
    for manifest in both_ways(HASTY) {
        let living = Living::of_unlucky(&manifest, "", script);
        let receipt = living.offered_under_load(&flawless()).ended("refused");
        let (whose, refused_act, said) = receipt.refusal();
        assert_eq!((whose, refused_act), (Some("counter"), act), "{said}");
        assert!(said.contains(words), "{said}");
        assert_eq!(living.host.actor("counter")["restarts"], json!(0));
        assert_eq!(living.host.call("counter", "increment", json!([1])), json!(UNLUCKY + 1));
        living.goes_on_at(&json!(UNLUCKY + 1));
    }
}

/// A `save` that dies loses the state that it was to save, and the receipt says so; the actor begins anew.
pub fn lost_by_the_old(script: &str, words: &str) {
    for manifest in both_ways(HASTY) {
        let living = Living::of_unlucky(&manifest, "", script);
        let receipt = living.offered_under_load(&flawless()).ended("refused").says("state is lost").says(words);
        let (whose, act, said) = receipt.refusal();
        assert_eq!((whose, act), (Some("counter"), "save"), "{said}");
        assert_eq!(living.host.actor("counter")["restarts"], json!(1));
        assert_eq!(living.host.call("counter", "increment", json!([1])), json!(1));
        living.goes_on_at(&json!(1));
    }
}

impl Living {
    /// A scripted one whose fault is in what it does at the unlucky total.
    fn of_unlucky(manifest: &str, disk: &str, script: &str) -> Self {
        let host = Host::that_may_fail(manifest, disk);
        host.write_file("counter.wasm", &scripted(script));
        host.receipt_after("counter", 0).settled();
        assert_eq!(host.call("counter", "increment", json!([UNLUCKY])), json!(UNLUCKY));
        host.until("that upgrade is over", |host| in_hand(host).is_empty());
        let before = host.actor("counter");
        Self { host, total: UNLUCKY, before, state: Vec::new() }
    }
}

const SHORT: &str = "save-limit = \"100ms\"\nhold-timeout = \"100ms\"\ndrain-timeout = \"300ms\"\n";

/// The upgrade waits as long as was said, and the one who saves is named; nobody else waits for it. It saves on where it
/// was, and its callers wait no longer than they want to.
pub fn an_endless_save_is_waited_for_no_longer_than_said() {
    for manifest in both_ways(&format!("{HASTY}{SHORT}")) {
        let (living, receipt) = saving_on(&manifest);
        assert_eq!(living.host.call("other", "increment", json!([1])), json!(1));
        let late = living.host.run(&["call", "counter", "get", "--deadline", "50ms"]);
        assert_eq!(late.status.code(), Some(7), "{}", String::from_utf8_lossy(&late.stderr));
        let actor = living.host.actor("counter");
        assert_eq!((&actor["digest"], &actor["restarts"]), (&living.before["digest"], &json!(0)));
        assert_ne!(actor["digest"], receipt.0["to"]["digest"]);
    }
}

/// When it has had all the time of the processors that a `save` may take, it dies of that, which is told, and begins anew
/// on what is current.
pub fn an_endless_save_ends() {
    let (living, receipt) = saving_on(&format!("{HASTY}{SHORT}verify = \"none\"\n"));
    living.host.until_within(ENDLESS, "it has begun anew", |host| {
        host.actor("counter")["digest"] == receipt.0["to"]["digest"] && host.actor("counter")["state"] == "idle"
    });
    let crash = living.host.happenings().into_iter().find(|event| event["event"] == "crashed").expect("it died");
    assert!(crash["address"] == "counter" && crash.to_string().contains("of CPU"), "{crash}");
    assert_eq!(living.host.actor("counter")["restarts"], json!(1));
    assert_eq!(living.host.call("counter", "increment", json!([1])), json!(1));
    living.goes_on_at(&json!(1));
}

/// Longer than a minute of CPU takes, beside others.
const ENDLESS: Duration = Duration::from_secs(600);

/// One whose `save` has no end, past the upgrade that gave up on it; and the receipt of that.
fn saving_on(manifest: &str) -> (Living, Receipt) {
    let living = Living::of_unlucky(manifest, "", "save:loop@13");
    living.host.drop_in("other", "counter-v1").settled();
    let receipt = living.offered(&flawless()).ended("partial");
    assert_eq!(receipt.0["holders"], json!(["counter"]));
    (living, receipt)
}

/// It runs on to its end, and the actor goes on; it goes over when its `save` is quick again.
pub fn a_slow_save_is_not_now() {
    for manifest in both_ways(&format!("{HASTY}{SHORT}")) {
        let living = Living::of_unlucky(&manifest, "", "save:slow@13");
        let receipt = living.offered(&flawless()).ended("partial");
        assert_eq!((receipt.actors("switched"), receipt.actors("not_now")), (0, 1));
        assert_eq!(receipt.0["holders"], json!(["counter"]));
        assert_eq!(living.host.call("counter", "increment", json!([1])), json!(UNLUCKY + 1));
        living.host.until("it has gone over", |host| host.actor("counter")["digest"] == receipt.0["to"]["digest"]);
        assert_eq!(living.host.call("counter", "get", json!([])), json!(UNLUCKY + 1));
        assert_eq!(living.host.actor("counter")["restarts"], json!(0));
    }
}

/// A state that finds no room in memory and none on disk is not left: its actor stays where it is.
pub fn kept_states_need_a_disk(fault: &str, words: &str) {
    let manifest = HASTY.replace("[host]\n", "[host]\nkept-states = \"0B\"\n");
    let living = living(&manifest, fault);
    living.host.disk_refuses();
    let receipt = living.offered_under_load(&bytes("counter-v2")).ended("refused").says(words);
    assert_eq!(receipt.actors("switched"), 0);
    living.host.disk_takes();
    living.stays_untouched();
}

/// What is parked and cannot be restored stays there and is named; the actor begins anew.
pub fn stays_parked(script: &str, words: &str) {
    let mut living = Living::of(HASTY, "", &scripted(script), TOTAL);
    assert!(living.host.interrupt().success());
    living.host.start_again();
    living.begins_anew_and_names_it(words);
}

pub fn a_damaged_state_stays_parked() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    let parked = living.host.files("parked");
    let [parked] = parked.as_slice() else { panic!("not one is parked: {parked:?}") };
    let mut state = fs::read(parked).expect("it is readable");
    *state.last_mut().expect("it is not empty") ^= 1;
    fs::write(parked, state).expect("it is damaged");
    living.host.start_again();
    living.begins_anew_and_names_it("checksum");
}

impl Living {
    fn begins_anew_and_names_it(mut self, words: &str) {
        self.host.until("it is said", |host| {
            let named = |event: &Value| event["what"] == "the parked state of counter";
            host.happenings().iter().any(|event| named(event) && event.to_string().contains(words))
        });
        let parked = self.host.files("parked");
        let [parked] = parked.as_slice() else { panic!("not one is parked: {parked:?}") };
        let lost = fs::read(parked).expect("it is readable");
        assert_eq!(self.host.call("counter", "increment", json!([1])), json!(1));
        // The next one that is parked does not take its place.
        assert!(self.host.interrupt().success());
        let files = self.host.files("parked");
        assert!(
            files.len() == 2 && files.iter().any(|file| fs::read(file).is_ok_and(|bytes| bytes == lost)),
            "{files:?}"
        );
        self.host.start_again();
        self.goes_on_at(&json!(1));
    }
}

/// It is restored once more, and is no more than it was.
pub fn killed_before_it_is_no_longer_parked() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    assert_eq!(Brittle::start(living.host.dir(), "kill:remove:parked").end_of_itself().code, None);
    living.host.start_again();
    living.host.until("nothing is parked", |host| host.files("parked").is_empty());
    living.stays_untouched();
}

/// It runs all the same, that is said, and it is never restored from what is older than it.
pub fn a_parked_state_that_cannot_be_removed() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    let mut host = Brittle::start(living.host.dir(), "eacces:remove:parked");
    assert_eq!(host.call("counter", "increment", &json!([1])).map(|answer| answer.body), Some(json!(TOTAL + 1)));
    let end = host.end();
    assert!(end.code == Some(0) && end.log.contains("is not removed yet"), "{}", end.log);
    living.host.start_again();
    living.goes_on_at(&json!(TOTAL + 1));
}

pub fn the_clock_jumps_while_it_is_parked() {
    let mut living = living(HASTY, "");
    for jump in [YEAR, -YEAR] {
        assert!(living.host.interrupt().success());
        living.host.clock_jumps(jump);
        living.host.start_again();
        assert_eq!(living.host.call("counter", "get", json!([])), json!(TOTAL));
    }
    living.stays_untouched();
}

pub fn the_file_vanishes_while_it_is_parked() {
    let mut living = living(HASTY, "");
    assert!(living.host.interrupt().success());
    fs::remove_file(living.host.dir().join("counter.wasm")).expect("it was there");
    living.host.start_again();
    living.stays_untouched();
}

/// It is named and goes over when its work is done.
pub fn who_is_at_work_is_not_waited_for_for_ever() {
    let living = Living::of(&format!("{PATIENT}{SHORT}"), "", &scripted("ask:slow"), TOTAL);
    living.host.prepare(&flawless());
    let work = living.host.at_work("counter", "ask", json!([]));
    let receipt = living.offered(&flawless()).ended("partial");
    assert_eq!(receipt.0["holders"], json!(["counter"]));
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    living.host.until("it has gone over", |host| host.actor("counter")["digest"] == receipt.0["to"]["digest"]);
    assert_eq!(living.host.call("counter", "get", json!([])), json!(TOTAL));
}

/// That is said, and they go at the next start.
pub fn bytes_that_cannot_be_removed(fault: &str, words: &str) {
    let mut living = living(HASTY, fault);
    living.host.disk_refuses();
    living.offered(&scripted("code-change:err")).ended("refused");
    let said = living.host.wait_for_log("were not removed");
    assert!(said.contains(words), "{said}");
    assert_eq!(living.host.files("versions").len(), 2);
    living.host.disk_takes();
    assert!(living.host.interrupt().success());
    living.host.start_again();
    living.host.until("they are gone", |host| host.files("versions").len() == 1);
    living.stays_untouched();
}

/// The older version is there until its last call has ended, and no longer.
pub fn a_call_in_flight_is_waited_for() {
    let (host, work) = in_flight("drain-timeout = \"200ms\"\n", 4_000_000_000);
    let receipt = host.drop_in("greeter", "greeter-v2");
    assert!(["settled", "partial"].contains(&receipt.outcome()), "{}", receipt.0);
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    host.until("the older one is gone", |host| versions_of_greeter(host) == 1);
}

pub fn the_clock_jumps_while_a_call_is_in_flight() {
    drained_while(|host| host.clock_jumps(YEAR)).clock_jumps(-YEAR);
}

pub fn the_file_vanishes_while_a_call_is_in_flight() {
    drained_while(|host| fs::remove_file(host.dir().join("greeter.wasm")).expect("it was there"));
}

/// The newer version is published and the older one waits for its last call, when something happens to the world.
fn drained_while(happens: impl FnOnce(&Host)) -> Host {
    let (host, work) = in_flight("", 2_000_000_000);
    host.put("greeter", "greeter-v2");
    happens_in(&host, "greeter", "published", happens);
    assert_eq!(versions_of_greeter(&host), 2);
    host.receipt_after("greeter", 2).settled();
    assert!(work.join().is_ok_and(|answer| answer.status == 200));
    assert_eq!(versions_of_greeter(&host), 1);
    host
}

/// A service that is at a call of so many rounds, and the version after it prepared.
fn in_flight(setting: &str, rounds: u64) -> (Host, JoinHandle<Answer>) {
    let manifest = format!("[host]\nsettle = \"20ms\"\n[components.greeter]\ncpu = \"60s\"\n{setting}");
    let host = Host::that_may_fail(&manifest, "");
    host.prepare(&bytes("greeter-v2"));
    host.drop_in("greeter", "greeter-v1").settled();
    let work = host.calling("greeter", "work", json!([rounds]));
    let gauge = "changeling_service_calls_in_flight{component=\\\"greeter\\\"} 1";
    host.until("it works", |host| host.get("/metrics").body.to_string().contains(gauge));
    (host, work)
}

fn versions_of_greeter(host: &Host) -> usize {
    let found = host.get("/v1/components/greeter").body;
    found["versions"].as_array().expect("a list").len()
}

pub fn killed_before_bytes_are_removed() {
    let mut living = living(HASTY, "kill:remove:versions");
    living.host.disk_refuses();
    living.host.write_file("counter.wasm", &scripted("code-change:err"));
    assert!(!living.host.wait().success());
    living.host.disk_takes();
    fs::remove_file(living.host.dir().join("counter.wasm")).expect("it was there");
    living.host.start_again();
    living.host.until("they are gone", |host| host.files("versions").len() == 1);
    assert_eq!(living.host.call("counter", "increment", json!([1])), json!(1));
    living.goes_on_at(&json!(1));
}
