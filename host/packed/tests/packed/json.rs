//! JSON.

use changeling_packed::{Error, TooLarge, json, validate};
use proptest::prelude::*;
use serde_json::{Value, json};
use wasmtime::component::Type;

use crate::generate::{self, Dice, Ty, any_ty};
use crate::guest::{component, imported, pack, reflect, reflect_one, unpack};

fn word(word: &'static str) -> Ty {
    Ty::Word(word)
}

fn in_json(ty: &Type, message: &[u8]) -> Value {
    json::from_packed(ty, message, usize::MAX).unwrap()
}

fn packed(ty: &Ty, value: Value) -> Result<Vec<u8>, String> {
    json::to_packed(&[("x", reflect_one(ty))], &json!([value]), 1 << 20).map_err(|why| why.to_string())
}

/// One value both ways.
#[track_caller]
fn both_ways(ty: &Ty, value: Value, message: &[u8]) {
    assert_eq!(packed(ty, value.clone()).unwrap(), message);
    assert_eq!(in_json(&reflect_one(ty), message), value);
}

#[test]
fn scalars() {
    both_ways(&word("bool"), json!(true), &[1]);
    both_ways(&word("s8"), json!(-1), &[255]);
    both_ways(&word("u64"), json!(u64::MAX), &[255; 8]);
    both_ways(&word("s64"), json!(i64::MIN), &i64::MIN.to_le_bytes());
    both_ways(&word("f32"), json!(0.1), &0.1f32.to_le_bytes());
    both_ways(&word("f64"), json!(-0.0), &(-0.0f64).to_le_bytes());
    both_ways(&word("f64"), json!("nan"), &f64::NAN.to_le_bytes());
    both_ways(&word("f32"), json!("-inf"), &f32::NEG_INFINITY.to_le_bytes());
    both_ways(&word("char"), json!("漢"), &[0x22, 0x6f, 0, 0]);
    both_ways(&word("string"), json!("aé"), b"\x03a\xc3\xa9");
    assert_eq!(packed(&word("u64"), json!("18446744073709551615")).unwrap(), [255; 8]);
    assert_eq!(packed(&word("s64"), json!("-1")).unwrap(), [255; 8]);
    assert_eq!(packed(&word("f64"), json!(3)).unwrap(), 3f64.to_le_bytes());
}

#[test]
fn bytes_are_base64_and_may_be_an_array() {
    let bytes = Ty::List(word("u8").into());
    both_ways(&bytes, json!({"base64": "AQID/w=="}), &[4, 1, 2, 3, 255]);
    assert_eq!(packed(&bytes, json!([1, 2, 3, 255])).unwrap(), [4, 1, 2, 3, 255]);
    both_ways(&Ty::List(word("s8").into()), json!([1, -1]), &[2, 1, 255]);
    both_ways(&Ty::FixedList(word("u8").into(), 2), json!([1, 2]), &[1, 2]);
    assert!(packed(&bytes, json!({"base64": "A"})).unwrap_err().starts_with("[0].base64: expected base64: "));
    let other = r#"[0]: expected {"base64": "…"} or an array of numbers, got another object"#;
    assert_eq!(packed(&bytes, json!({"base64": "AA==", "x": 1})).unwrap_err(), other);
}

#[test]
fn compounds() {
    both_ways(&Ty::Record(vec![word("u8"), word("bool")]), json!({"f0": 7, "f1": false}), &[7, 0]);
    both_ways(&Ty::Tuple(vec![word("u8"), word("bool")]), json!([7, false]), &[7, 0]);
    both_ways(&Ty::Map("string", word("u8").into()), json!([["a", 1], ["b", 2]]), b"\x02\x01a\x01\x01b\x02");
    both_ways(&Ty::Variant(vec![None, Some(word("u8"))]), json!("c0"), &[0]);
    both_ways(&Ty::Variant(vec![None, Some(word("u8"))]), json!({"c1": 9}), &[1, 9]);
    both_ways(&Ty::Enum(300), json!("e299"), &[43, 1]);
    both_ways(&Ty::Flags(10), json!(["g0", "g9"]), &[1, 2]);
    both_ways(&Ty::Result(Some(word("u8").into()), None), json!({"ok": 3}), &[0, 3]);
    both_ways(&Ty::Result(Some(word("u8").into()), None), json!({"err": null}), &[1]);
}

#[test]
fn an_option_is_wrapped_where_its_value_could_be_null() {
    let one = Ty::Option(word("u8").into());
    let two = Ty::Option(one.clone().into());
    let three = Ty::Option(two.clone().into());
    both_ways(&one, json!(null), &[0]);
    both_ways(&one, json!(5), &[1, 5]);
    both_ways(&two, json!(null), &[0]);
    both_ways(&two, json!({"some": null}), &[1, 0]);
    both_ways(&two, json!({"some": 5}), &[1, 1, 5]);
    both_ways(&three, json!({"some": {"some": null}}), &[1, 1, 0]);
    assert_eq!(packed(&two, json!(5)).unwrap_err(), r#"[0]: expected null or {"some": value}, got the number 5"#);
}

#[test]
fn wrong_values_are_told_from_right_ones() {
    let wrong = |ty: Ty, value: Value| packed(&ty, value).unwrap_err();
    assert_eq!(wrong(word("u8"), json!(256)), "[0]: expected a u8, got the number 256");
    assert_eq!(wrong(word("u8"), json!(1.5)), "[0]: expected a u8, got the number 1.5");
    assert_eq!(wrong(word("u8"), json!("1")), r#"[0]: expected a u8, got the string "1""#);
    assert_eq!(wrong(word("u64"), json!(-1)), "[0]: expected a u64, got the number -1");
    assert_eq!(wrong(word("f32"), json!(1e300)), "[0]: expected an f32, got the number 1e+300");
    assert_eq!(wrong(word("char"), json!("ab")), r#"[0]: expected a string of one character, got the string "ab""#);
    let long = wrong(word("bool"), json!("é".repeat(1000)));
    assert_eq!(long, format!(r#"[0]: expected a bool, got the string "{}…""#, "é".repeat(40)));
    let tuple = Ty::Tuple(vec![word("u8"); 2]);
    assert_eq!(wrong(tuple, json!([1])), "[0]: expected 2 items, got 1");
    let variant = || Ty::Variant(vec![None, Some(word("u8"))]);
    assert_eq!(wrong(variant(), json!({"c0": null})), r#"[0]: case `c0` has no value, it is just "c0""#);
    assert_eq!(wrong(variant(), json!("c1")), r#"[0]: case `c1` needs a value, {"c1": u8}"#);
    assert_eq!(wrong(Ty::Flags(3), json!(["g1", "g1"])), "[0][1]: the flag `g1` is there twice");
    let map = Ty::Map("string", word("u8").into());
    assert_eq!(wrong(map, json!([["a"]])), "[0][0]: expected a [key, value] pair, got an array of 1");
    let result = Ty::Result(None, None);
    let sentence = r#"[0]: expected {"ok": value} or {"err": value}, got an object"#;
    assert_eq!(wrong(result, json!({"ok": null, "err": null})), sentence);
}

#[test]
fn a_mistake_is_said_with_its_place_and_the_nearest_name() {
    let component = component(
        r#"(component
            (type $i (record (field "name" string) (field "amount" u32)))
            (import "i" (type $item (eq $i)))
            (type $o (record (field "items" (list $item))))
            (import "o" (type $order (eq $o)))
            (import "f" (func (param "order" $order) (param "urgent" bool))))"#,
    );
    let func = imported(&component);
    let params: Vec<(&str, Type)> = func.params().collect();
    let wrong = |args: Value| json::to_packed(&params, &args, 1 << 20).unwrap_err().to_string();
    let item = json!({"name": "nail", "amount": 3});
    let args = json!({"urgent": true, "order": {"items": [item]}});
    assert_eq!(json::to_packed(&params, &args, 1 << 20).unwrap(), b"\x01\x04nail\x03\0\0\0\x01");
    assert_eq!(json::to_packed(&params, &json!([args["order"], true]), 11).unwrap().len(), 11);
    assert_eq!(json::to_packed(&params, &args, 10), Err(Error::TooLarge(TooLarge)));

    let bad = json!([{"items": [item, item, item, {"name": 5, "amount": 3}]}, true]);
    assert_eq!(wrong(bad), "[0].items[3].name: expected a string, got the number 5");
    let bad = json!({"order": {"items": [{"name": "x", "amuont": 3}]}, "urgent": true});
    assert_eq!(wrong(bad), "order.items[0]: there is no field `amuont`, did you mean `amount`?");
    assert_eq!(wrong(json!({"order": {"items": []}})), "the parameter `urgent` is missing");
    assert_eq!(wrong(json!({"order": {}, "urgent": true})), "order: the field `items` is missing");
    assert_eq!(wrong(json!({"0rder": {}})), "there is no parameter `0rder`, did you mean `order`?");
    assert_eq!(wrong(json!([1])), "expected 2 arguments, got 1");
    let not_args = "expected an array of arguments or an object with the parameters' names, got null";
    assert_eq!(wrong(json!(null)), not_args);
}

#[test]
fn text_with_a_member_twice_is_refused() {
    let text = r#"[{"a": [1, -1, 1.5, true, null, "x"], "b": {"a": 18446744073709551615}}]"#;
    assert_eq!(json::parse(text.as_bytes()), Ok(serde_json::from_str(text).unwrap()));
    let wrong = |text: &str| json::parse(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(wrong(r#"[{"a": 1, "b": 2, "a": 1}]"#), "expected JSON: `a` is there twice at line 1 column 21");
    assert_eq!(wrong("[1"), "expected JSON: EOF while parsing a list at line 1 column 2");
    assert!(wrong(&"[".repeat(10_000)).contains("recursion limit"));
}

#[test]
fn json_takes_no_more_memory_than_it_may() {
    let ty = reflect_one(&Ty::List(Ty::Record(vec![word("bool")]).into()));
    let mut message = vec![0xa0, 0x8d, 0x06];
    message.resize(3 + 100_000, 1);
    assert_eq!(json::from_packed(&ty, &message, 10 << 20), Err(Error::TooLarge(TooLarge)));
    assert!(json::from_packed(&ty, &message, usize::MAX).is_ok());
    let bytes = reflect_one(&Ty::List(word("u8").into()));
    assert_eq!(json::from_packed(&bytes, &message, 100_000), Err(Error::TooLarge(TooLarge)));
}

proptest! {
    #![proptest_config(generate::cases(400))]

    #[test]
    fn every_value_comes_back(types in prop::collection::vec(any_ty(), 0..4), seed: u64) {
        let types = reflect(&types);
        let values = Dice::new(seed).values(&types);
        let args = types.iter().zip(&values).map(|(ty, value)| {
            in_json(ty, &pack(std::slice::from_ref(ty), std::slice::from_ref(value)))
        });
        let args: Vec<Value> = args.collect();
        let named: Vec<(String, Type)> = types.iter().enumerate().map(|(at, ty)| (format!("p{at}"), ty.clone())).collect();
        let by_name: Value = named.iter().map(|(name, _)| name.clone()).zip(args.iter().cloned()).collect();
        // As text, too: that is how they travel.
        let text = serde_json::to_string(&args).unwrap();
        for args in [Value::Array(args), by_name, json::parse(text.as_bytes()).unwrap()] {
            let message = json::to_packed(&named, &args, usize::MAX).unwrap();
            // `Val` takes all not-a-numbers for equal.
            prop_assert_eq!(&unpack(&types, &message), &values, "{}", text);
            prop_assert_eq!(json::to_packed(&named, &args, message.len()), Ok(message.clone()));
            if !message.is_empty() {
                prop_assert_eq!(json::to_packed(&named, &args, message.len() - 1), Err(Error::TooLarge(TooLarge)));
            }
        }
    }

    #[test]
    fn any_json_is_an_argument_or_a_sentence(ty in any_ty(), value in any_json()) {
        let ty = reflect_one(&ty);
        match json::to_packed(&[("x", ty.clone())], &json!([value]), 1 << 16) {
            Ok(message) => prop_assert_eq!(validate(&[ty], &message), Ok(())),
            Err(why) => prop_assert!(why.to_string().len() < 500, "{}", why),
        }
    }

    /// Right JSON with something wrong put in somewhere.
    #[test]
    fn nearly_right_json_is_an_argument_or_a_sentence(ty in any_ty(), seed: u64, wrong in any_json()) {
        let ty = reflect_one(&ty);
        let mut dice = Dice::new(seed);
        let value = dice.value(&ty);
        let mut args = json!([in_json(&ty, &pack(std::slice::from_ref(&ty), &[value]))]);
        spoil(&mut args[0], &mut dice, wrong);
        match json::to_packed(&[("x", ty.clone())], &args, 1 << 16) {
            Ok(message) => prop_assert_eq!(validate(&[ty], &message), Ok(())),
            Err(Error::BadArgument(bad)) => prop_assert!(bad.path.starts_with("[0]"), "{}", bad),
            Err(why) => prop_assert_eq!(why, Error::TooLarge(TooLarge)),
        }
    }

    #[test]
    fn any_bytes_are_a_value_or_malformed(ty in any_ty(), bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let ty = reflect_one(&ty);
        let is_valid = validate(std::slice::from_ref(&ty), &bytes).is_ok();
        prop_assert_eq!(json::from_packed(&ty, &bytes, usize::MAX).is_ok(), is_valid);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let names =
        prop::sample::select(vec!["f0", "f1", "c0", "c1", "e0", "g0", "ok", "err", "some", "base64", "nan", "p0"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u8>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        names.clone().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |part| {
        prop_oneof![
            prop::collection::vec(part.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((names.clone(), part), 0..4)
                .prop_map(|members| { members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }),
        ]
    })
}

fn spoil(value: &mut Value, dice: &mut Dice, wrong: Value) {
    match value {
        Value::Array(items) if !items.is_empty() && !dice.one_in(4) => {
            let at = dice.below(items.len());
            spoil(&mut items[at], dice, wrong);
        }
        Value::Object(members) if !members.is_empty() && !dice.one_in(4) => {
            let at = dice.below(members.len());
            spoil(members.values_mut().nth(at).unwrap(), dice, wrong);
        }
        other => *other = wrong,
    }
}
