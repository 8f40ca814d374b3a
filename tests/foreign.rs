//! Guests in C, Python and JavaScript: those that meet the contract keep their state when their code is replaced, those
//! that know nothing of it are hosted as they are. What a language needs is not needed for anything else here, so its
//! tests are ignored where that is missing, and the reason is where their kind stands.
//!
//! With `FOREIGN_TOOLS=required` they fail there instead.

#[path = "foreign/tools.rs"]
mod tools;

#[expect(dead_code, unused_imports, reason = "the other tests use the rest")]
mod support;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};
use serde_json::{Value, json};

use support::{Host, Receipt};
use tools::{C, JAVASCRIPT, Language, PYTHON, STARLINGMONKEY};

fn main() -> ExitCode {
    let mut trials = Vec::new();
    for language in [&C, &PYTHON, &JAVASCRIPT] {
        let mut add = |test: fn(&Language), name: &str| {
            trials.push(trial(format!("{}::{name}", language.name), language.missing(), move || test(language)));
        };
        add(an_actor_keeps_its_state, "an_actor_keeps_its_state_when_its_code_is_replaced");
        add(a_stranger_is_a_service, "a_component_that_knows_nothing_of_its_host_is_a_service");
    }
    trials.push(trial("python::reaches_nothing_outside".into(), PYTHON.missing(), reaches_nothing_outside));
    let engines = JAVASCRIPT.missing().or(STARLINGMONKEY.missing());
    trials.push(trial("javascript::a_service_changes_its_engine".into(), engines, a_service_changes_its_engine));
    let any = engines.or(C.missing()).or(PYTHON.missing());
    trials.push(trial("an_actor_changes_its_language".into(), any, an_actor_changes_its_language));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// Ignored where a tool is missing; whoever runs it all the same is told what.
fn trial(name: String, missing: Option<&'static str>, test: impl FnOnce() + Send + 'static) -> Trial {
    let Some(tool) = missing else {
        return Trial::test(name, || {
            test();
            Ok(())
        });
    };
    let is_required = std::env::var("FOREIGN_TOOLS").is_ok_and(|value| value == "required");
    Trial::test(name, move || Err(format!("{tool} is not on this machine; see docs/guests.md").into()))
        .with_kind(format!("{tool} is not on this machine"))
        .with_ignored_flag(!is_required)
}

/// Drops a version into the folder and waits for its receipt; an interpreter takes its time to be compiled.
#[track_caller]
fn drop_in(host: &Host, component: &str, bytes: &[u8]) -> Receipt {
    let last = host.last_receipt(component);
    host.write_file(&format!("{component}.wasm"), bytes);
    for _ in 0..5 {
        let found = host.get(&format!("/v1/upgrades?component={component}&after={last}&wait=60s"));
        if let Some(receipt) = found.body["upgrades"].get(0) {
            return Receipt(receipt.clone());
        }
    }
    panic!("no receipt came for {component}")
}

fn book(title: &str, authors: &[&str], year: u16) -> Value {
    json!({"title": title, "authors": authors, "year": year})
}

/// What a command prints, which must succeed.
#[track_caller]
fn told(host: &Host, args: &[&str]) -> String {
    let output = host.run(args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn an_actor_keeps_its_state(language: &Language) {
    let mut host = Host::start();
    drop_in(&host, "library", &language.wasm("library", "v1")).settled();
    host.wait_for_log("library opens");
    let omens = book("Good Omens", &["Terry Pratchett", "Neil Gaiman"], 1990);
    let sult = book("Sult – 飢え 🦴", &["Knut Hamsun"], 1890);
    assert_eq!(host.call("library", "add", json!([omens])), json!({"ok": 1}));
    assert_eq!(host.call("library", "add", json!([sult])), json!({"ok": 2}));
    let broken = host.call("library", "add", json!([book("Two\nlines", &[], 2000)]));
    assert_eq!(broken, json!({"err": "a title or a name has control characters"}));
    assert_eq!(host.call("library", "by", json!(["Neil Gaiman"])), json!([omens]));
    assert_eq!(host.call("library", "by", json!(["nobody"])), json!([]));
    assert_eq!(host.try_call("library", "lend", json!(["Good Omens"])).problem(), "no-such-function");
    let first = "1990\tGood Omens\tTerry Pratchett\tNeil Gaiman\n1890\tSult – 飢え 🦴\tKnut Hamsun\n";
    assert_eq!(String::from_utf8_lossy(&host.state("library")), first);

    let receipt = drop_in(&host, "library", &language.wasm("library", "v2")).settled();

    assert_eq!((receipt.actors("switched"), &receipt.0["bytes"]), (1, &json!(first.len())));
    assert_eq!(
        told(&host, &["call", "library", "by", "\"Knut Hamsun\""]),
        "[{title: \"Sult – 飢え 🦴\", authors: [\"Knut Hamsun\"], year: 1890}]"
    );
    assert_eq!(told(&host, &["call", "library", "lend", "\"Good Omens\""]), "ok(1)");
    host.wait_for_log("lent title=Good Omens");
    assert_eq!(host.call("library", "lend", json!(["Emma"])), json!({"err": "there is no Emma"}));
    let again = host.call("library", "add", json!([omens]));
    assert_eq!(again, json!({"err": "there are two of Good Omens"}));
    let second = "1990\t1\tGood Omens\tTerry Pratchett\tNeil Gaiman\n1890\t0\tSult – 飢え 🦴\tKnut Hamsun\n";
    assert_eq!(String::from_utf8_lossy(&host.state("library")), second);

    // The way back, where a book may be there twice; and so not forth again.
    drop_in(&host, "library", &language.wasm("library", "v1")).settled();
    assert_eq!(String::from_utf8_lossy(&host.state("library")), first);
    assert_eq!(host.call("library", "add", json!([omens])), json!({"ok": 3}));
    let refused = drop_in(&host, "library", &language.wasm("library", "v2")).ended("refused");
    assert_eq!(refused.refusal(), (Some("library"), "code-change", "there are two of Good Omens"));
    assert_eq!(host.call("library", "by", json!(["Terry Pratchett"])), json!([omens, omens]));

    // And over an end of the host.
    assert!(host.interrupt().success());
    host.start_again();
    assert_eq!(host.call("library", "by", json!(["Knut Hamsun"])), json!([sult]));
    told(&host, &["stop", "library"]);
    host.wait_for_log("closes with 3 books");
}

fn a_stranger_is_a_service(language: &Language) {
    let host = Host::start();
    drop_in(&host, "words", &language.wasm("words", "v1")).settled();
    assert_eq!(host.get("/v1/components").body["components"][0]["kind"], "service");
    assert_eq!(host.call("words", "count", json!([" to be\tor  not "])), json!(4));
    assert_eq!(host.call("words", "longest", json!(["être ou naïveté"])), json!("naïveté"));
    assert_eq!(host.call("words", "longest", json!([""])), json!(null));
    assert_eq!(host.try_call("words", "initials", json!(["a"])).problem(), "no-such-function");

    drop_in(&host, "words", &language.wasm("words", "v2")).settled();

    assert_eq!(host.call("words", "count", json!(["to be or not"])), json!(4));
    assert_eq!(host.call("words", "initials", json!(["être 飢え 🦴 x"])), json!(["ê", "飢", "🦴", "x"]));
    assert_eq!(told(&host, &["call", "words", "longest", "\"to be or not\""]), "some(\"not\")");
}

/// Interpreters import files and sockets, so these are there for every guest, with nothing behind them.
fn reaches_nothing_outside() {
    let host = Host::start();
    drop_in(&host, "probe", &PYTHON.wasm("probe", "v1")).settled();
    let got = host.call("probe", "try", json!([]));
    let [files, sockets] = [["FileNotFoundError"; 3], ["gaierror", "PermissionError", "PermissionError"]];
    assert_eq!(got, json!([files.as_slice(), &sockets, &["environment {}"]].concat()));
}

fn a_service_changes_its_engine() {
    let host = Host::start();
    drop_in(&host, "words", &JAVASCRIPT.wasm("words", "v1")).settled();
    assert_eq!(host.call("words", "count", json!(["to be or not"])), json!(4));

    drop_in(&host, "words", &STARLINGMONKEY.wasm("words", "v2")).settled();

    assert_eq!(host.call("words", "count", json!(["to be or not"])), json!(4));
    assert_eq!(host.call("words", "initials", json!(["être 飢え 🦴 x"])), json!(["ê", "飢", "🦴", "x"]));
}

fn an_actor_changes_its_language() {
    let host = Host::start();
    let sult = book("Sult", &["Knut Hamsun"], 1890);
    drop_in(&host, "library", &C.wasm("library", "v1")).settled();
    host.call("library", "add", json!([sult]));

    for (loans, language) in [(1, &JAVASCRIPT), (2, &STARLINGMONKEY), (3, &PYTHON), (4, &C)] {
        let receipt = drop_in(&host, "library", &language.wasm("library", "v2")).settled();
        assert_eq!(receipt.actors("switched"), 1, "{}", language.name);
        assert_eq!(host.call("library", "lend", json!(["Sult"])), json!({"ok": loans}), "{}", language.name);
    }
    assert_eq!(host.call("library", "by", json!(["Knut Hamsun"])), json!([sult]));

    drop_in(&host, "library", &JAVASCRIPT.wasm("words", "v1")).refused_with(&["is an actor", "this is a service"]);
    assert_eq!(host.call("library", "lend", json!(["Sult"])), json!({"ok": 5}));
}
