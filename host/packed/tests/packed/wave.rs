//! WAVE.

use changeling_packed::{Error, wave};
use proptest::prelude::*;

use crate::generate::{self, Dice, Ty, ty};
use crate::guest::{pack, reflect, reflect_one};

proptest! {
    #![proptest_config(generate::cases(300))]

    #[test]
    fn what_is_written_is_read_again(ty in ty(), seed: u64) {
        let ty = reflect_one(&ty);
        let value = Dice::new(seed).value(&ty);
        let message = pack(std::slice::from_ref(&ty), std::slice::from_ref(&value));
        let text = wave::from_packed(&ty, &message).unwrap();
        let again = wave::to_packed(std::slice::from_ref(&ty), &[&text], usize::MAX).unwrap();
        // Not a number is one value in WAVE.
        prop_assert_eq!(&wave::from_packed(&ty, &again).unwrap(), &text);
        if !text.contains("nan") {
            prop_assert_eq!(again, message);
        }
    }
}

#[test]
fn arguments_are_read_one_by_one() {
    let types = reflect(&[Ty::Word("u8"), Ty::Option(Ty::Word("string").into()), Ty::Record(vec![Ty::Enum(2)])]);
    let message = wave::to_packed(&types, &["5", r#"some("x")"#, "{f0: e1}"], 100).unwrap();
    assert_eq!(message, [5, 1, 1, b'x', 1]);
    let why = wave::to_packed(&types, &["5", "some(3)", "{f0: e1}"], 100).unwrap_err();
    assert!(why.to_string().starts_with("[1]: expected option<string>, got `some(3)` ("), "{why}");
    let why = wave::to_packed(&reflect(&[Ty::Word("string")]), &["Ada"], 100).unwrap_err();
    assert!(why.to_string().starts_with("[0]: expected string, got `Ada` ("), "{why}");
    assert!(why.to_string().ends_with("; a text stands in double quotes"), "{why}");
    let why = wave::to_packed(&types, &["5"], 100).unwrap_err();
    assert_eq!(why.to_string(), "expected 3 arguments, got 1");
    assert!(matches!(wave::to_packed(&types, &["5", r#"some("xyz")"#, "{f0: e1}"], 4), Err(Error::TooLarge(_))));
}

#[test]
fn a_refusal_is_short_however_long_the_text_is() {
    let long = "c".repeat(8 << 10);
    for text in [long.clone(), format!("{{{long}: 1}}"), format!("{{{long}, {long}}}"), format!("\"{long}\"")] {
        for ty in [Ty::Enum(3), Ty::Record(vec![Ty::Word("u8")]), Ty::Flags(3), Ty::Word("u8")] {
            let why = wave::to_packed(&[reflect_one(&ty)], &[&text], 100).unwrap_err().to_string();
            assert!(why.len() < 1_000 && why.contains('…'), "{} bytes: {why:.400}", why.len());
        }
    }
}

#[test]
fn a_type_without_a_form_is_refused_by_name() {
    let ty = reflect_one(&Ty::List(Ty::Map("string", Ty::Word("u8").into()).into()));
    let sentence = "WAVE has no form for map<string,u8>, JSON has";
    assert_eq!(wave::from_packed(&ty, &[0]).unwrap_err().to_string(), sentence);
    let why = wave::to_packed(std::slice::from_ref(&ty), &["[]"], 100).unwrap_err();
    assert_eq!(why.to_string(), format!("[0]: {sentence}"));
}
