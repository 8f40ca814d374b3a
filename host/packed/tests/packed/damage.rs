//! A damaged message is refused, or it is another message; and `validate` says the same as lowering does.

use changeling_packed::{Malformed, validate};
use proptest::prelude::*;

use crate::generate::{self, Dice, any_ty};
use crate::guest::{ENCODINGS, Guest, Speaks, World, imported, pack, passing_params, passing_result, reflect, unpack};

proptest! {
    #![proptest_config(generate::cases(150))]

    #[test]
    fn damaged_arguments_are_refused_or_are_others(
        types in prop::collection::vec(any_ty(), 0..5),
        encoding in prop::sample::select(&ENCODINGS[..]),
        seed: u64,
    ) {
        let component = passing_params(&types, encoding);
        let types: Vec<_> = imported(&component).params().map(|(_, ty)| ty).collect();
        let mut dice = Dice::new(seed);
        let values = dice.values(&types);
        let message = pack(&types, &values);
        prop_assert_eq!(validate(&types, &message), Ok(()));
        for _ in 0..6 {
            let damaged = dice.damage(&message);
            let mut guest = Guest::new(&component, World::default(), Speaks::Packed).unwrap();
            match guest.call(&damaged) {
                Ok(_) => {
                    prop_assert_eq!(&guest.store.data().args, &damaged);
                    prop_assert_eq!(validate(&types, &damaged), Ok(()));
                }
                Err(why) => {
                    prop_assert!(why.downcast_ref::<Malformed>().is_some(), "{:?}", why);
                    prop_assert!(validate(&types, &damaged).is_err());
                }
            }
        }
    }

    #[test]
    fn a_damaged_reply_is_refused_or_is_another(ty in any_ty(), seed: u64) {
        let (component, _) = passing_result(&ty, "utf8");
        let types: Vec<_> = imported(&component).results().collect();
        let mut dice = Dice::new(seed);
        let values = dice.values(&types);
        for _ in 0..4 {
            let damaged = dice.damage(&pack(&types, &values));
            let world = World { reply: damaged.clone(), ..World::default() };
            let mut guest = Guest::new(&component, world, Speaks::Packed).unwrap();
            match guest.call(&[]) {
                Ok(answer) => prop_assert_eq!(answer, damaged),
                Err(why) => prop_assert!(why.downcast_ref::<Malformed>().is_some(), "{:?}", why),
            }
        }
    }
}

proptest! {
    #![proptest_config(generate::cases(500))]

    #[test]
    fn what_is_valid_has_one_form(types in prop::collection::vec(any_ty(), 0..4), seed: u64) {
        let types = reflect(&types);
        let mut dice = Dice::new(seed);
        let values = dice.values(&types);
        let mut message = pack(&types, &values);
        for _ in 0..20 {
            if validate(&types, &message).is_ok() {
                prop_assert_eq!(&pack(&types, &unpack(&types, &message)), &message);
            }
            message = dice.damage(&message);
        }
    }
}
