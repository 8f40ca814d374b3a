//! Worlds with less usual things in them: one interface on both sides, functions outside any, interfaces without a
//! package, keywords, a name used twice.

use changeling_guest::prelude::*;

guest!(Relay in "relay" from "tests/wit/worlds");

#[state(version = 1)]
#[derive(Default)]
struct Relay {
    sent: u32,
}

#[actor]
impl letters::Guest for Relay {
    fn send(&mut self, to: String, what: String) -> Result<u32, CallError> {
        let weight = weigh(&what).max(scale::zero());
        self.sent += 1;
        relay_post_letters::send(&to, &format!("{what}, {weight} g"))
    }
}

#[actor]
impl stamps::Guest for Relay {
    fn type_(worth: u32) -> String {
        format!("a stamp of {worth}")
    }

    fn count(&self) -> u32 {
        0
    }
}

#[actor(prefix = "relay_")]
impl Guest for Relay {
    fn count(&self) -> u32 {
        self.sent
    }
}

#[test]
fn passes_on_what_it_takes() {
    bindings::mock::weigh(|what| what.len() as u32);
    scale::mock::zero(|| 1);
    relay_post_letters::mock::send(|to, what| {
        assert_eq!((to, what), ("bob", "hello, 5 g"));
        Ok(1)
    });
    let mut relay = Relay::default();
    assert_eq!(relay.send("bob".into(), "hello".into()), Ok(1));
    relay_post_letters::mock::send(|_, _| Err(CallError::Overloaded));
    assert_eq!(relay.send("bob".into(), "hello".into()), Err(CallError::Overloaded));
    assert_eq!((relay.count(), relay.relay_count()), (0, 2));
    assert_eq!(Relay::type_(3), "a stamp of 3");
}
