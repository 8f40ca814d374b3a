//! A manifest that changes, and those who hold terms of it.

use std::time::Duration;

use super::*;

fn config(text: &str) -> Config {
    Config::parse("changeling.toml", text).unwrap()
}

fn name(text: &str) -> ComponentName {
    ComponentName::new(text).unwrap()
}

#[test]
fn whoever_has_terms_hears_of_later_ones() {
    let all = TermsOf::new(config("[components.a]\nmailbox = 5"));
    let (a, b) = (all.of(&name("a")), all.of(&name("b")));
    assert_eq!((a.now().bounds.messages, b.now().bounds.messages), (5, 1_000));
    let (of_a, of_b) = (a.limits(), b.limits());
    all.declare(config("[defaults]\ncpu = \"2s\"\n[components.a]\nmailbox = 6\ncpu = \"1s\""));
    assert_eq!((a.now().bounds.messages, b.limits().cpu), (6, Duration::from_secs(2)));
    assert!(Arc::ptr_eq(&of_a, &a.limits()), "limits that are the same stay the very same");
    assert!(!Arc::ptr_eq(&of_b, &b.limits()));
    assert!(Arc::ptr_eq(&a, &all.of(&name("a"))));
    assert_eq!(all.of(&name("c")).limits().cpu, Duration::from_secs(2), "who comes later comes by the newest");
}

#[test]
fn terms_that_nobody_holds_are_forgotten() {
    let all = TermsOf::new(config(""));
    let held = all.of(&name("held"));
    for n in 0..100 {
        drop(all.of(&name(&format!("c{n}"))));
    }
    assert!(all.lock().given.len() <= 2);
    assert!(Arc::ptr_eq(&held, &all.of(&name("held"))));
}
