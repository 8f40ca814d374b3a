//! Guests that lie: the codec refuses exactly what wasmtime's own conversion to `Val` refuses.

use changeling_packed::{Malformed, TooLarge};
use proptest::prelude::*;
use wasmtime::component::{Component, Type};

use crate::generate::{Definitions, Dice, Seen, any_ty, check};
use crate::guest::{
    ENCODINGS, ENGINE, Guest, MEMORY, Speaks, World, component, imported, options, reflect_one, unpack,
};

/// The core values a type is passed in, as the component model has it.
fn core_types(ty: &Type) -> Vec<&'static str> {
    let widest = |payloads: Vec<Option<Type>>| {
        let mut joined = vec!["i32"];
        for payload in payloads.iter().flatten() {
            for (at, core) in core_types(payload).into_iter().enumerate().map(|(at, core)| (at + 1, core)) {
                match joined.get_mut(at) {
                    None => joined.push(core),
                    Some(other) if *other == core => {}
                    Some(other) if matches!((*other, core), ("i32", "f32") | ("f32", "i32")) => *other = "i32",
                    Some(other) => *other = "i64",
                }
            }
        }
        joined
    };
    match ty {
        Type::S64 | Type::U64 => vec!["i64"],
        Type::Float32 => vec!["f32"],
        Type::Float64 => vec!["f64"],
        Type::String | Type::List(_) | Type::Map(_) => vec!["i32", "i32"],
        Type::Record(record) => record.fields().flat_map(|field| core_types(&field.ty)).collect(),
        Type::Tuple(tuple) => tuple.types().flat_map(|part| core_types(&part)).collect(),
        Type::FixedLengthList(list) => (0..list.len()).flat_map(|_| core_types(&list.ty())).collect(),
        Type::Variant(variant) => widest(variant.cases().map(|case| case.ty).collect()),
        Type::Option(option) => widest(vec![Some(option.ty())]),
        Type::Result(result) => widest(vec![result.ok(), result.err()]),
        _ => vec!["i32"],
    }
}

pub fn core_types_of(types: &[Type]) -> Vec<&'static str> {
    types.iter().flat_map(core_types).collect()
}

/// A `Val` costs 40 bytes, so that conversion gives up earlier.
pub fn is_out_of_fuel(why: &wasmtime::Error) -> bool {
    format!("{why:?}").contains("too much data")
}

/// Small numbers mostly, so that some of them are pointers, counts and discriminants that hold.
pub fn number(dice: &mut Dice) -> i32 {
    match dice.below(6) {
        0 => dice.roll() as i32,
        1 => 4_194_304 - dice.below(9) as i32,
        _ => dice.below(60) as i32,
    }
}

/// The first 2 KiB of memory, at random.
pub fn image(dice: &mut Dice) -> Vec<u8> {
    let byte = |at| {
        let is_low_byte = at % 4 == 0;
        let most = if dice.one_in(4) { 256 } else { 12 };
        if is_low_byte || dice.one_in(8) { dice.below(most) as u8 } else { 0 }
    };
    (0..2048).map(byte).collect()
}

/// The same, written into memory.
fn filled_with(image: &[u8]) -> String {
    filled(&image.iter().fold(String::new(), |all, byte| format!("{all}\\{byte:02x}")))
}

fn filled(data: &str) -> String {
    format!(
        r#"{MEMORY}
        (core module $data (import "" "memory" (memory 1)) (data (i32.const 0) "{data}"))
        (core instance (instantiate $data (with "" (instance (export "memory" (memory $libc "memory"))))))"#
    )
}

/// Its export `g` returns `value`, and has `data` at the beginning of its memory.
fn returning(definitions: &str, ty: &str, filled: &str, core: &str, value: &str, encoding: &str) -> String {
    let options = options(encoding);
    format!(
        r#"(component {definitions} {filled}
            (core module $g (func (export "g") (result {core}) ({core}.const {value})))
            (core instance $g (instantiate $g))
            (func (export "g") (result {ty}) (canon lift (core func $g "g") {options})))"#
    )
}

#[test]
fn a_made_up_result() {
    let accepted = Seen::default();
    check(400, (any_ty(), prop::sample::select(&ENCODINGS[..]), any::<u64>()), |(ty, encoding, seed)| {
        let mut dice = Dice::new(seed);
        let mut definitions = Definitions::default();
        let name = definitions.define(&ty);
        let (filled, value) = (filled_with(&image(&mut dice)), number(&mut dice).to_string());
        let component = ["i32", "i64", "f32", "f64"].iter().find_map(|core| {
            Component::new(&ENGINE, returning(&definitions.text, &name, &filled, core, &value, encoding)).ok()
        });
        let component = component.expect("a result is one core value");
        let values = Guest::new(&component, World::default(), Speaks::Val).unwrap().call_values(&[]);
        let mut guest = Guest::new(&component, World::default(), Speaks::Packed).unwrap();
        match (values, guest.call(&[])) {
            (Ok(values), Ok(message)) => {
                accepted.count(true);
                prop_assert_eq!(unpack(&guest.result_types(), &message), values);
            }
            (Err(why), _) if is_out_of_fuel(&why) => {}
            (Err(_), Err(_)) => accepted.count(false),
            (values, message) => prop_assert!(false, "{:?} but {:?}", values, message),
        }
        Ok(())
    });
    accepted.both_often();
}

#[test]
fn made_up_arguments() {
    let accepted = Seen::default();
    check(400, (any_ty(), prop::sample::select(&ENCODINGS[..]), any::<u64>()), |(ty, encoding, seed)| {
        let mut dice = Dice::new(seed);
        let mut cores = core_types(&reflect_one(&ty));
        if cores.len() > 16 {
            cores = vec!["i32"];
        }
        let mut definitions = Definitions::default();
        let name = definitions.define(&ty);
        let filled = filled_with(&image(&mut dice));
        let args = cores.iter().fold(String::new(), |all, core| format!("{all} ({core}.const {})", number(&mut dice)));
        let component = component(&format!(
            r#"(component {} (import "f" (func $f (param "x" {name}))) {filled}
                (core func $lowered (canon lower (func $f) {}))
                (core module $g (import "" "f" (func $f (param {}))) (func (export "g") {args} call $f))
                (core instance $g (instantiate $g (with "" (instance (export "f" (func $lowered))))))
                (func (export "g") (canon lift (core func $g "g"))))"#,
            definitions.text,
            options(encoding),
            cores.join(" "),
        ));
        let types: Vec<_> = imported(&component).params().map(|(_, ty)| ty).collect();
        let mut by_value = Guest::new(&component, World::default(), Speaks::Val).unwrap();
        let mut by_message = Guest::new(&component, World::default(), Speaks::Packed).unwrap();
        match (by_value.call_values(&[]), by_message.call(&[])) {
            (Ok(_), Ok(_)) => {
                accepted.count(true);
                prop_assert_eq!(&unpack(&types, &by_message.store.data().args), &by_value.store.data().arg_values);
            }
            (Err(why), _) if is_out_of_fuel(&why) => {}
            (Err(_), Err(_)) => accepted.count(false),
            (values, message) => prop_assert!(false, "{:?} but {:?}", values, message),
        }
        Ok(())
    });
    accepted.both_often();
}

fn result_of(ty: &str, encoding: &str, data: &str, value: &str) -> wasmtime::Result<Vec<u8>> {
    let component = component(&returning("", ty, &filled(data), "i32", value, encoding));
    Guest::new(&component, World::default(), Speaks::Packed).unwrap().call(&[])
}

fn refused(ty: &str, encoding: &str, data: &str, value: &str) -> Malformed {
    let why = result_of(ty, encoding, data, value).unwrap_err();
    *why.downcast_ref::<Malformed>().unwrap_or_else(|| panic!("{ty}: {why:?}"))
}

#[test]
fn bad_pointers_are_named() {
    assert_eq!(result_of("string", "utf8", r"\08\00\00\00\02\00\00\00hi", "0").unwrap(), b"\x02hi");
    assert_eq!(refused("string", "utf8", "", "2"), Malformed::Unaligned { pointer: 2, align: 4 });
    assert_eq!(refused("string", "utf8", "", "4194300"), Malformed::OutOfBounds(4_194_300));
    assert_eq!(refused("string", "utf8", "", "-8"), Malformed::OutOfBounds(0xffff_fff8));
    let (far, long) = (r"\ff\ff\ff\ff\02\00\00\00", r"\08\00\00\00\ff\ff\ff\ff");
    assert_eq!(refused("string", "utf8", far, "0"), Malformed::OutOfBounds(0xffff_ffff));
    assert_eq!(refused("string", "utf8", long, "0"), Malformed::OutOfBounds(8));
    assert_eq!(refused("string", "utf16", long, "0"), Malformed::OutOfBounds(8));
    assert_eq!(refused("string", "latin1+utf16", r"\08\00\00\00\01\00\40\80", "0"), Malformed::OutOfBounds(8));
    assert_eq!(refused("(list u64)", "utf8", r"\08\00\00\00\00\00\00\20", "0"), Malformed::OutOfBounds(8));
    let odd = r"\05\00\00\00\01\00\00\00";
    assert_eq!(refused("(list u64)", "utf8", odd, "0"), Malformed::Unaligned { pointer: 5, align: 8 });
    assert_eq!(refused("string", "utf16", odd, "0"), Malformed::Unaligned { pointer: 5, align: 2 });
    assert_eq!(refused("string", "latin1+utf16", odd, "0"), Malformed::Unaligned { pointer: 5, align: 2 });
}

#[test]
fn bad_text_and_bad_cases_are_named() {
    let (bytes, surrogate) = (r"\08\00\00\00\02\00\00\00\ff\fe", r"\08\00\00\00\01\00\00\00\00\d8");
    assert_eq!(refused("string", "utf8", bytes, "0"), Malformed::Text("UTF-8"));
    assert_eq!(refused("string", "utf16", surrogate, "0"), Malformed::Text("UTF-16"));
    assert_eq!(result_of("string", "latin1+utf16", bytes, "0").unwrap(), "\u{4}ÿþ".as_bytes());
    assert_eq!(refused("char", "utf8", "", "0xd800"), Malformed::Char(0xd800));
    assert_eq!(refused("(result)", "utf8", "", "2"), Malformed::Discriminant { found: 2, cases: 2 });
    assert_eq!(refused("(option u8)", "utf8", r"\02", "0"), Malformed::Discriminant { found: 2, cases: 2 });
    let list = r"\08\00\00\00\01\00\00\00\07";
    assert_eq!(refused("(list (option u8))", "utf8", list, "0"), Malformed::Discriminant { found: 7, cases: 2 });
}

#[test]
fn bits_past_a_small_type_are_ignored() {
    assert_eq!(result_of("bool", "utf8", "", "7").unwrap(), [1]);
    assert_eq!(result_of("u8", "utf8", "", "0x1ff").unwrap(), [255]);
}

/// 16 lists of 16 lists, and so on six deep, that are all the same one: 16 million bytes from 100.
#[test]
fn lists_that_share_their_bytes_end_with_the_fuel() {
    let mut data = String::new();
    for level in 0..5 {
        let next = (level + 1) * 128;
        (0..16).for_each(|_| data.push_str(&format!(r"\{:02x}\{:02x}\00\00\10\00\00\00", next & 255, next >> 8)));
    }
    data.push_str(&r"\00".repeat(16));
    data.push_str(&r"\00".repeat(1024 - 656));
    data.push_str(r"\00\00\00\00\10\00\00\00");
    let ty = "$d5";
    let definitions = (0..6).fold(String::new(), |all, at| {
        let part = if at == 0 { "u8".to_owned() } else { format!("$d{}", at - 1) };
        format!("{all}(type $d{at} (list {part}))")
    });
    let component = component(&returning(&definitions, ty, &filled(&data), "i32", "1024", "utf8"));
    let mut guest = Guest::new(&component, World::default(), Speaks::Packed).unwrap();
    assert_eq!(guest.call(&[]).unwrap().len(), (16usize.pow(7) - 1) / 15, "every list, with a count of one byte");

    let mut guest = Guest::new(&component, World::default(), Speaks::Packed).unwrap();
    guest.store.set_hostcall_fuel(1 << 20);
    let why = guest.call(&[]).unwrap_err();
    assert!(why.downcast_ref::<TooLarge>().is_some(), "{why:?}");
}
