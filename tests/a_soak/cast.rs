//! Who is there: 64 actors and services of ten components, what the manifest says of them, and where they begin.

/// Actors that are called without a pause, or work at the operator's word, or are let be.
pub const WITNESSES: usize = 30;
pub const SCRIBES: usize = 13;
pub const COUNTERS: usize = 7;
pub const LEDGERS: usize = 6;
/// A witness of the component `scribe` that nobody but the operator calls; the last one to be switched.
pub const STAGE: &str = "scribe/zz";
/// A counter that nobody calls: what it holds must never change.
pub const STILL: &str = "counter/zz";
pub const SERVICES: [&str; 5] = ["farewell", "greeter", "herald", "usher", "welcome"];
pub const ACCOUNTS: [&str; 4] = ["ada", "bob", "cyd", "dan"];
pub const DEPOSIT: i64 = 1_000_000;

/// Of each component with actors, how many there are.
pub const POPULATION: [(&str, usize); 4] =
    [("witness", WITNESSES), ("scribe", SCRIBES + 1), ("counter", COUNTERS + 1), ("ledger", LEDGERS)];
/// All that live when nobody is called: with the one of `patient`.
pub const ACTORS: usize = WITNESSES + SCRIBES + 1 + COUNTERS + 1 + LEDGERS + 1;

/// Whoever works on stage is not waited for by a dry run; loops of bad versions are met soon.
pub const MANIFEST: &str = r#"
[host]
settle = "10ms"

[defaults]
drain-timeout = "8s"

[components.witness]
keyed = true

[components.scribe]
keyed = true
verify = "none"
cpu = "30s"

[components.counter]
keyed = true
change-budget = "300ms"

[components.ledger]
keyed = true

[components.patient]
save-limit = "200ms"
hold-timeout = "200ms"
drain-timeout = "300ms"
change-budget = "300ms"
"#;

/// The n-th actor of a component that is called.
pub fn actor(component: &str, n: usize) -> String {
    format!("{component}/{n:02}")
}

/// What each component begins with.
pub fn firsts() -> impl Iterator<Item = (&'static str, &'static str)> {
    let actors = [
        ("witness", "witness-v1"),
        ("scribe", "witness-v1"),
        ("counter", "counter-v1"),
        ("ledger", "ledger-v1"),
        ("patient", "counter-v2"),
    ];
    actors.into_iter().chain(SERVICES.map(|service| (service, "greeter-v1")))
}
