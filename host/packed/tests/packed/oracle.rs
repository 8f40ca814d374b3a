//! Whoever speaks in messages and whoever speaks in `Val`, on either side of a guest, they understand each other.

use proptest::prelude::*;

use crate::generate::{Dice, Seen, any_ty, check};
use crate::guest::{BOTH, ENCODINGS, Guest, Speaks, World, imported, pack, passing_params, passing_result, unpack};

#[test]
fn parameters_agree() {
    let in_memory = Seen::default();
    let types = prop::collection::vec(any_ty(), 0..12);
    check(250, (types, prop::sample::select(&ENCODINGS[..]), any::<u64>()), |(types, encoding, seed)| {
        let component = passing_params(&types, encoding);
        let types: Vec<_> = imported(&component).params().map(|(_, ty)| ty).collect();
        in_memory.count(crate::hostile::core_types_of(&types).len() > 16);
        let mut dice = Dice::new(seed);
        for _ in 0..3 {
            let values = dice.values(&types);
            let message = pack(&types, &values);
            prop_assert_eq!(&unpack(&types, &message), &values);
            for host in BOTH {
                let mut used = Vec::new();
                for caller in BOTH {
                    let mut guest = Guest::new(&component, World::default(), host).unwrap();
                    match caller {
                        Speaks::Packed => prop_assert!(guest.call(&message).unwrap().is_empty()),
                        Speaks::Val => prop_assert!(guest.call_values(&values).unwrap().is_empty()),
                    }
                    match host {
                        Speaks::Packed => prop_assert_eq!(&guest.store.data().args, &message),
                        Speaks::Val => prop_assert_eq!(&guest.store.data().arg_values, &values),
                    }
                    used.push(guest.used());
                }
                prop_assert_eq!(&used[0], &used[1]);
            }
        }
        Ok(())
    });
    in_memory.both_often();
}

#[test]
fn results_agree() {
    let in_memory = Seen::default();
    check(250, (any_ty(), prop::sample::select(&ENCODINGS[..]), any::<u64>()), |(ty, encoding, seed)| {
        let (component, is_in_memory) = passing_result(&ty, encoding);
        in_memory.count(is_in_memory);
        let types: Vec<_> = imported(&component).results().collect();
        let mut dice = Dice::new(seed);
        for _ in 0..3 {
            let values = dice.values(&types);
            let message = pack(&types, &values);
            for host in BOTH {
                for caller in BOTH {
                    let world = World { reply: message.clone(), reply_values: values.clone(), ..World::default() };
                    let mut guest = Guest::new(&component, world, host).unwrap();
                    match caller {
                        Speaks::Packed => prop_assert_eq!(&guest.call(&[]).unwrap(), &message),
                        Speaks::Val => prop_assert_eq!(&guest.call_values(&[]).unwrap(), &values),
                    }
                }
            }
        }
        Ok(())
    });
    in_memory.both_often();
}
