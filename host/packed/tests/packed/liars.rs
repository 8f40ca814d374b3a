//! Ten thousand results that nobody means: bytes at random where a result should lie. The codec takes exactly those that
//! wasmtime's own conversion to `Val` takes, and refuses the others by what is wrong with them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use changeling_packed::{Malformed, PackedFunc, TooLarge};
use proptest::prelude::*;
use wasmtime::Store;
use wasmtime::component::{Component, Func, Instance, Linker, Type, Val};

use crate::generate::{Definitions, Dice, Seen, Ty, any_ty, check};
use crate::guest::{ENCODINGS, ENGINE, MEMORY, component, options, reflect, run, unpack};
use crate::hostile::{core_types_of, image, is_out_of_fuel, number};

/// Components, types in each, and results of each type.
const BATCHES: u32 = 10;
const TYPES: usize = 10;
const RESULTS: usize = 100;

/// Results of all of these types, as the exports `g0`, `g1` …: what `put` has left in memory, and `returns` said.
fn liar(types: &[Ty], encoding: &str) -> Component {
    let mut definitions = Definitions::default();
    let (mut functions, mut exports) = (String::new(), String::new());
    let options = options(encoding);
    for (n, (ty, reflected)) in types.iter().zip(reflect(types)).enumerate() {
        let (core, value) = match core_types_of(&[reflected])[..] {
            ["i64"] => ("i64", "(global.get $value)"),
            ["f64"] => ("f64", "(f64.reinterpret_i64 (global.get $value))"),
            ["f32"] => ("f32", "(f32.reinterpret_i32 (i32.wrap_i64 (global.get $value)))"),
            // A small one, or a pointer to one that takes more than one core value.
            _ => ("i32", "(i32.wrap_i64 (global.get $value))"),
        };
        functions.push_str(&format!(r#"(func (export "g{n}") (result {core}) {value})"#));
        exports.push_str(&format!(
            r#"(func (export "g{n}") (result {}) (canon lift (core func $it "g{n}") {options}))"#,
            definitions.define(ty)
        ));
    }
    let definitions = definitions.text;
    component(&format!(
        r#"(component {definitions} {MEMORY}
            (core module $m
                (import "" "memory" (memory 1))
                (global $value (mut i64) (i64.const 0))
                (func (export "put") (param i32 i32)
                    (memory.copy (i32.const 0) (local.get 0) (local.get 1)))
                (func (export "returns") (param i64) (global.set $value (local.get 0)))
                {functions})
            (core instance $it (instantiate $m (with "" (instance (export "memory" (memory $libc "memory"))))))
            (type $bytes (list u8))
            (func (export "put") (param "image" $bytes) (canon lift (core func $it "put") {options}))
            (func (export "returns") (param "value" u64) (canon lift (core func $it "returns") {options}))
            {exports})"#
    ))
}

struct Liar {
    store: Store<()>,
    instance: Instance,
}

impl Liar {
    fn new(component: &Component) -> Self {
        let mut store = Store::new(&ENGINE, ());
        store.set_hostcall_fuel(1 << 20);
        let instance = run(Linker::new(&ENGINE).instantiate_async(&mut store, component)).unwrap();
        Self { store, instance }
    }

    fn func(&mut self, name: &str) -> Func {
        self.instance.get_func(&mut self.store, name).unwrap()
    }

    fn packed(&mut self, name: &str, args: &[u8]) -> wasmtime::Result<Vec<u8>> {
        let func = self.func(name);
        let func = PackedFunc::new(func, &self.store)?;
        run(func.call_async(&mut self.store, args))
    }

    fn values(&mut self, name: &str) -> wasmtime::Result<Vec<Val>> {
        let func = self.func(name);
        let mut results = [Val::Bool(false)];
        run(func.call_async(&mut self.store, &[], &mut results))?;
        Ok(results.to_vec())
    }

    fn types(&mut self, name: &str) -> Vec<Type> {
        let func = self.func(name);
        func.ty(&self.store).results().collect()
    }

    /// What its functions return from now on.
    fn lies(&mut self, image: &[u8], value: i64) {
        let count = [image.len() as u8 | 0x80, (image.len() >> 7) as u8];
        self.packed("put", &[&count, image].concat()).unwrap();
        self.packed("returns", &value.to_le_bytes()).unwrap();
    }
}

/// What lies in memory, and what is returned: aligned mostly, and every second time with anything behind the first few
/// bytes, so that there is something wrong with text and characters too.
fn lie(dice: &mut Dice) -> (Vec<u8>, i64) {
    let (mut image, value) = (image(dice), number(dice));
    if dice.one_in(2) {
        image[24..].fill_with(|| dice.roll() as u8);
    }
    (image, if dice.one_in(4) { value } else { value & !7 }.into())
}

/// What was wrong with it, in a word.
fn in_a_word(why: &wasmtime::Error) -> &'static str {
    match why.downcast_ref::<Malformed>() {
        Some(Malformed::Unaligned { .. }) => "unaligned",
        Some(Malformed::OutOfBounds(_)) => "out of bounds",
        Some(Malformed::Text(_)) => "text",
        Some(Malformed::Char(_)) => "char",
        Some(Malformed::Discriminant { .. }) => "discriminant",
        None if why.is::<TooLarge>() => "too large",
        other => panic!("{other:?}: {why:?}"),
    }
}

#[test]
fn ten_thousand_made_up_results() {
    let (accepted, wrong) = (Seen::default(), RefCell::new(BTreeMap::<_, u32>::new()));
    // Text and characters are seldom what goes wrong first in what is large.
    let small = [Ty::Word("string"), Ty::List(Ty::Word("char").into())];
    let types = prop::collection::vec(any_ty(), TYPES - small.len()).prop_map(move |any| [&small[..], &any].concat());
    check(BATCHES, (types, prop::sample::select(&ENCODINGS[..]), any::<u64>()), |(types, encoding, seed)| {
        let component = liar(&types, encoding);
        let mut dice = Dice::new(seed);
        for n in 0..TYPES {
            let g = format!("g{n}");
            let (mut by_value, mut by_message) = (Liar::new(&component), Liar::new(&component));
            let types = by_message.types(&g);
            for _ in 0..RESULTS {
                let (image, value) = lie(&mut dice);
                by_value.lies(&image, value);
                by_message.lies(&image, value);
                match (by_value.values(&g), by_message.packed(&g, &[])) {
                    (Ok(values), Ok(message)) => {
                        accepted.count(true);
                        prop_assert_eq!(unpack(&types, &message), values);
                    }
                    (Err(why), _) if is_out_of_fuel(&why) => {}
                    (Err(_), Err(why)) => {
                        accepted.count(false);
                        *wrong.borrow_mut().entry(in_a_word(&why)).or_default() += 1;
                    }
                    (values, message) => prop_assert!(false, "{:?} but {:?}", values, message),
                }
            }
        }
        Ok(())
    });
    accepted.both_often();
    let wrong = wrong.into_inner();
    for word in ["unaligned", "out of bounds", "text", "char", "discriminant"] {
        assert!(wrong.get(word).is_some_and(|seen| *seen >= 10), "{word} was seen too seldom: {wrong:?}");
    }
}
