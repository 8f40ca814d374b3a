//! An actor that hands nothing over: it has a birth and an end, and no `state`. New code for it means starting anew.
#![expect(unsafe_code, reason = "the bindings are generated here")]

use std::cell::Cell;

use exports::changeling::actor::lifecycle::{self, ExitReason, Start};
use exports::demo::forgetful::visitors;

wit_bindgen::generate!({ world: "demo:forgetful/app", path: ["../../wit", "wit"], generate_all });

thread_local! {
    static VISITORS: Cell<u64> = const { Cell::new(0) };
}

struct Door;

impl lifecycle::Guest for Door {
    fn init(start: Start) -> Result<(), String> {
        println!("{} opens", start.address);
        Ok(())
    }

    fn terminate(reason: ExitReason) {
        println!("closes after {} visitors: {reason:?}", VISITORS.get());
    }
}

impl visitors::Guest for Door {
    fn come() -> u64 {
        VISITORS.set(VISITORS.get() + 1);
        VISITORS.get()
    }
}

export!(Door);
