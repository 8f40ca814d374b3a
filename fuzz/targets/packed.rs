//! Packed values: a buffer that anybody could have sent, and memory that a guest passes off as a result.

use std::fmt::Debug;
use std::slice::from_ref;

use changeling_packed::{json, validate, value, wave};
use wasmtime::component::{Type, Val};

use super::liar::{self, FUNCTIONS, LIMIT};

/// The first byte says which type; the second, whether the rest is a message or a guest's memory.
pub fn packed(data: &[u8]) {
    let [which, how, rest @ ..] = data else { return };
    let function = usize::from(*which) % FUNCTIONS;
    if how % 2 == 0 {
        let ty = liar::with(|liar| liar.ty(function));
        message(&ty, rest);
    } else if let Some((value, image)) = rest.split_first_chunk() {
        memory(function, u64::from_le_bytes(*value), &image[..image.len().min(32 << 10)]);
    }
}

/// Valid is what can be read, and it has this one form.
fn message(ty: &Type, message: &[u8]) {
    let types = from_ref(ty);
    let values = match (validate(types, message), value::from_packed(types, message)) {
        (Ok(()), Ok(values)) => values,
        (Err(_), Err(_)) => return,
        other => panic!("{other:?} of {message:?} as {ty:?}"),
    };
    same(&value::to_packed(types, &values, message.len()), message);
    if !message.is_empty() {
        assert!(value::to_packed(types, &values, message.len() - 1).is_err(), "larger than its limit");
    }
    // Not a number is one value in text.
    let has_nan = format!("{values:?}").contains("NaN");
    if let Ok(shown) = json::from_packed(ty, message, 16 << 20) {
        let again = json::parse(shown.to_string().as_bytes()).expect("it is JSON");
        assert_eq!(again, shown);
        let packed = json::to_packed(&[("x", ty.clone())], &vec![again].into(), message.len());
        if !has_nan {
            same(&packed, message);
        }
    }
    let text = wave::from_packed(ty, message).expect("WAVE has a form for these types");
    let packed = wave::to_packed(types, &[&text], message.len());
    if !has_nan {
        same(&packed, message);
    }
}

/// A message is taken from a guest exactly where wasmtime would take the value, and says the same.
fn memory(function: usize, value: u64, image: &[u8]) {
    liar::with(|liar| {
        liar.lies(image, value);
        match (liar.value(function), liar.message(function)) {
            (Ok(value), Ok(message)) => {
                let ty = liar.ty(function);
                assert!(message.len() <= LIMIT, "{} bytes", message.len());
                let values = value::from_packed(&[ty], &message).expect("what is lifted is valid");
                assert!(is_same(&values[0], &value), "{values:?} for {value:?}");
            }
            (Err(_), Err(_)) => {}
            // A `Val` is larger than its bytes, and gives up earlier.
            (Err(why), Ok(_)) if format!("{why:?}").contains("too much data") => {}
            (value, message) => panic!("{value:?} but {message:?}"),
        }
    });
}

fn is_same(one: &Val, other: &Val) -> bool {
    // Where a float is not a number it is not equal to itself.
    one == other || format!("{one:?}") == format!("{other:?}")
}

fn same<E: Debug>(packed: &Result<Vec<u8>, E>, message: &[u8]) {
    match packed {
        Ok(packed) => assert_eq!(packed, message),
        Err(why) => panic!("{why:?} of {message:?}"),
    }
}
