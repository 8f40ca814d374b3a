//! An actor without the SDK: what any language with component tooling can do. Its state has no structure that the host
//! could read, only a version.
#![expect(unsafe_code, reason = "the bindings are generated here")]

use std::cell::Cell;

use exports::changeling::actor::lifecycle::{self, ExitReason, Start};
use exports::changeling::actor::state::{self, Change, Shape, ShapeSet};
use exports::demo::plain::tally;

wit_bindgen::generate!({ world: "demo:plain/app", path: ["../../wit", "wit"], generate_all });

thread_local! {
    static SUM: Cell<i64> = const { Cell::new(0) };
}

struct Tally;

fn shape() -> Shape {
    Shape { version: 1, structure: String::new() }
}

impl state::Guest for Tally {
    fn shapes() -> ShapeSet {
        ShapeSet { current: shape(), reads: vec![shape()], writes: vec![shape()] }
    }

    fn save(version: u32) -> Result<Vec<u8>, String> {
        match version {
            1 => Ok(SUM.get().to_le_bytes().to_vec()),
            _ => Err(format!("there is no version {version}")),
        }
    }

    fn code_change(_change: Change, state: Vec<u8>) -> Result<(), String> {
        let bytes = state.try_into().map_err(|state: Vec<u8>| format!("a sum has 8 bytes, not {}", state.len()))?;
        SUM.set(i64::from_le_bytes(bytes));
        Ok(())
    }
}

impl lifecycle::Guest for Tally {
    fn init(start: Start) -> Result<(), String> {
        let sum = start.args.map_or(Ok(0), |text| text.parse().map_err(|why| format!("{text} is no sum: {why}")))?;
        SUM.set(sum);
        println!("{} begins with {sum}", start.address);
        Ok(())
    }

    fn terminate(reason: ExitReason) {
        println!("ends with {}: {reason:?}", SUM.get());
    }
}

impl tally::Guest for Tally {
    fn add(amount: i64) -> i64 {
        SUM.set(SUM.get() + amount);
        SUM.get()
    }

    fn sum() -> i64 {
        SUM.get()
    }
}

export!(Tally);
