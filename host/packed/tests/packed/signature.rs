//! Texts of types.

use changeling_packed::signature::{MAX_TEXT, func_text, type_text};
use changeling_packed::{Unportable, portable};
use proptest::prelude::*;
use wasmtime::component::Type;
use wasmtime::component::types::ComponentFunc;

use crate::generate::{self, Ty, any_ty};
use crate::guest::{component, imported, reflect, reflect_one};

fn func(definitions: &str, func: &str) -> ComponentFunc {
    imported(&component(&format!(r#"(component {definitions} (import "f" (func {func})))"#)))
}

#[test]
fn every_type_has_its_text() {
    let definitions = r#"
        (type $c (variant (case "idle") (case "waiting" (option u32))))
        (import "c" (type $state (eq $c)))
        (type $m (flags "read" "write"))
        (import "m" (type $mode (eq $m)))
        (type $k (enum "left" "right"))
        (import "k" (type $side (eq $k)))
        (type $j (record (field "id" u64) (field "tags" (list string)) (field "state" $state) (field "mode" $mode)))
        (import "j" (type $job (eq $j)))"#;
    let text = |ty: &str| type_text(&func(definitions, &format!(r#"(param "x" {ty})"#)).params().next().unwrap().1);
    let job = "record{id:u64,tags:list<string>,state:variant{idle,waiting(option<u32>)},mode:flags{read,write}}";
    assert_eq!(text("$job").unwrap(), job);
    assert_eq!(text("$side").unwrap(), "enum{left,right}");
    assert_eq!(text("(tuple bool char f32 f64)").unwrap(), "tuple<bool,char,f32,f64>");
    assert_eq!(text("(result)").unwrap(), "result");
    assert_eq!(text("(result u8)").unwrap(), "result<u8>");
    assert_eq!(text("(result (error string))").unwrap(), "result<_,string>");
    assert_eq!(text("(result s8 (error s16))").unwrap(), "result<s8,s16>");
    assert_eq!(text("(map string (list u16 4))").unwrap(), "map<string,list<u16,4>>");
}

#[test]
fn a_function_has_its_parameters_names_in_its_text() {
    assert_eq!(func_text(&func("", "")).unwrap(), "func()");
    let counter = func("", r#"(param "by" u64) (param "note" (option string)) (result u64)"#);
    assert_eq!(func_text(&counter).unwrap(), "func(by:u64,note:option<string>)->u64");
    let handle = func(r#"(import "r" (type $r (sub resource)))"#, r#"(param "log" (list (borrow $r)))"#);
    let why = func_text(&handle).unwrap_err();
    assert_eq!(why.to_string(), "log[]: borrow is a handle, and handles cannot be sent in a message");
}

/// wasmtime compares the names of enums and flags as sets; their numbers, and so their messages, differ.
#[test]
fn the_order_of_names_is_part_of_a_type() {
    let of = |names: &str, kind: &str| {
        let definitions = format!(r#"(type $d ({kind} {names})) (import "d" (type $t (eq $d)))"#);
        func(&definitions, r#"(param "x" $t)"#).params().next().unwrap().1
    };
    for kind in ["enum", "flags"] {
        let (forth, back) = (of(r#""a" "b""#, kind), of(r#""b" "a""#, kind));
        assert_ne!(type_text(&forth).unwrap(), type_text(&back).unwrap());
    }
}

/// Each level doubles: some hundred bytes of WAT, and a text of gigabytes.
#[test]
fn a_type_too_broad_to_write_out_is_refused() {
    let definitions = (1..14).fold("(type $d0 (tuple u8 u8))".to_owned(), |all, at| {
        format!("{all}(type $d{at} (tuple $d{} $d{}))", at - 1, at - 1)
    });
    let ty = |level: usize| func(&definitions, &format!(r#"(param "x" $d{level})"#)).params().next().unwrap().1;
    assert_eq!(portable(&ty(6)), Ok(()));
    assert_eq!(type_text(&ty(13)), Err(Unportable::TooBroad));
    assert_eq!(portable(&ty(13)), Err(Unportable::TooBroad));
    let twice = func(&definitions, r#"(param "x" $d11) (param "y" $d11)"#);
    assert!(type_text(&twice.params().next().unwrap().1).unwrap().len() > MAX_TEXT / 2);
    assert_eq!(func_text(&twice), Err(Unportable::TooBroad));
}

/// The text as it should be, from the type's description.
fn text_of(ty: &Ty) -> String {
    let join = |parts: Vec<String>| parts.join(",");
    let names = |prefix: &str, count: u32| join((0..count).map(|at| format!("{prefix}{at}")).collect());
    match ty {
        Ty::Word(word) => (*word).to_owned(),
        Ty::List(part) => format!("list<{}>", text_of(part)),
        Ty::FixedList(part, len) => format!("list<{},{len}>", text_of(part)),
        Ty::Map(key, value) => format!("map<{key},{}>", text_of(value)),
        Ty::Record(parts) => {
            let parts = parts.iter().enumerate().map(|(at, part)| format!("f{at}:{}", text_of(part)));
            format!("record{{{}}}", join(parts.collect()))
        }
        Ty::Tuple(parts) => format!("tuple<{}>", join(parts.iter().map(text_of).collect())),
        Ty::Variant(payloads) => {
            let cases = payloads.iter().enumerate().map(|(at, payload)| {
                payload.as_ref().map_or(format!("c{at}"), |payload| format!("c{at}({})", text_of(payload)))
            });
            format!("variant{{{}}}", join(cases.collect()))
        }
        Ty::Enum(cases) => format!("enum{{{}}}", names("e", *cases)),
        Ty::Option(part) => format!("option<{}>", text_of(part)),
        Ty::Result(None, None) => "result".to_owned(),
        Ty::Result(Some(ok), None) => format!("result<{}>", text_of(ok)),
        Ty::Result(None, Some(err)) => format!("result<_,{}>", text_of(err)),
        Ty::Result(Some(ok), Some(err)) => format!("result<{},{}>", text_of(ok), text_of(err)),
        Ty::Flags(flags) => format!("flags{{{}}}", names("g", *flags)),
    }
}

proptest! {
    #![proptest_config(generate::cases(400))]

    #[test]
    fn the_text_is_what_the_type_is(ty in any_ty()) {
        prop_assert_eq!(type_text(&reflect_one(&ty)).unwrap(), text_of(&ty));
    }

    /// Also across components, where a type has another place in another table.
    #[test]
    fn types_are_equal_exactly_when_their_texts_are(
        (one, other) in prop_oneof![any_ty().prop_map(|ty| (ty.clone(), ty)), (any_ty(), any_ty()), close()],
    ) {
        let a: Type = reflect(std::slice::from_ref(&one)).remove(0);
        let b: Type = reflect(&[Ty::Option(Ty::Word("char").into()), other.clone()]).remove(1);
        let is_same_text = type_text(&a).unwrap() == type_text(&b).unwrap();
        prop_assert_eq!(is_same_text, a == b);
        prop_assert_eq!(is_same_text, one == other);
    }
}

/// Two small types of one kind, likely to differ in a detail.
fn close() -> impl Strategy<Value = (Ty, Ty)> {
    let word = || prop::sample::select(vec!["u8", "s8"]).prop_map(Ty::Word);
    let kind = move |kind: usize| {
        (prop::option::of(word()), prop::option::of(word()), 1..3u32).prop_map(move |(a, b, n)| match kind {
            0 => Ty::Result(a.map(Box::new), b.map(Box::new)),
            1 => Ty::Variant(vec![a, b]),
            2 => Ty::Record(a.into_iter().chain(b).chain([Ty::Enum(n)]).collect()),
            3 => Ty::Tuple(a.into_iter().chain(b).chain([Ty::Flags(n)]).collect()),
            _ => Ty::FixedList(a.unwrap_or(Ty::Word("char")).into(), n),
        })
    };
    (0..5usize).prop_flat_map(move |at| (kind(at), kind(at)))
}
