//! Arguments as people write them, in JSON and in WAVE: they are taken, and mean one message, or are refused in words.

use std::fmt::Display;
use std::slice::from_ref;

use changeling_packed::{json as as_json, validate, wave as as_wave};
use wasmtime::component::Type;

use super::liar::{self, FUNCTIONS};

/// A refusal is for people: it says little of a text that may be long.
const LONGEST: usize = 4 << 10;
const LIMIT: usize = 4 << 10;

/// The first byte says which type, the rest is the text.
fn typed(data: &[u8]) -> Option<(Type, &[u8])> {
    let (which, text) = data.split_first()?;
    Some((liar::with(|liar| liar.ty(usize::from(*which) % FUNCTIONS)), text))
}

/// JSON: an array of arguments, or an object.
pub fn json(data: &[u8]) {
    let Some((ty, text)) = typed(data) else { return };
    let value = match as_json::parse(text) {
        Ok(value) => value,
        Err(why) => return is_short(&why),
    };
    let params = [("x", ty.clone())];
    match as_json::to_packed(&params, &value, LIMIT) {
        Ok(message) => {
            means(&ty, &message);
            let shown = as_json::from_packed(&ty, &message, 1 << 20).expect("what was read can be shown");
            let again = as_json::to_packed(&params, &vec![shown].into(), LIMIT);
            assert_eq!(again.as_ref(), Ok(&message), "of {value}");
        }
        Err(why) => is_short(&why),
    }
}

/// WAVE.
pub fn wave(data: &[u8]) {
    let Some((ty, text)) = typed(data) else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    match as_wave::to_packed(from_ref(&ty), &[text], LIMIT) {
        Ok(message) => {
            means(&ty, &message);
            let shown = as_wave::from_packed(&ty, &message).expect("what was read can be shown");
            let again = as_wave::to_packed(from_ref(&ty), &[&shown], LIMIT);
            assert_eq!(again.as_ref(), Ok(&message), "of {text}");
        }
        Err(why) => is_short(&why),
    }
}

fn means(ty: &Type, message: &[u8]) {
    assert!(message.len() <= LIMIT, "{} bytes", message.len());
    assert_eq!(validate(from_ref(ty), message), Ok(()));
}

fn is_short(why: &(impl Display + Sized)) {
    let words = why.to_string();
    assert!(words.len() <= LONGEST, "a refusal of {} bytes: {words:.400}", words.len());
}
