//! Messages as WAVE, the text form of component values that the command line speaks: `5`, `"text"`, `{x: 1}`, `some(3)`.
//!
//! WAVE has no form for maps, and none that is read for lists of fixed length: a type that has one is refused by name, and
//! [`json`](crate::json) is the way. Not a number is one value in WAVE, whatever its bits were. A value takes far more
//! memory on the way than it has bytes, so this is not for bulk.

use wasmtime::component::{Type, Val};

use crate::shape::{Shape, brief};
use crate::{Error, value};

/// The message of `args`, one text for each of `types`, if it has no more than `limit` bytes.
///
/// # Errors
/// [`Error::BadArgument`] with the position of the argument and what WAVE has to say, [`Error::TooLarge`], and
/// [`Error::Unportable`].
pub fn to_packed(types: &[Type], args: &[&str], limit: usize) -> Result<Vec<u8>, Error> {
    if types.len() != args.len() {
        let plural = if types.len() == 1 { "" } else { "s" };
        return Err(Error::bad(format!("expected {} argument{plural}, got {}", types.len(), args.len())));
    }
    let mut values = Vec::with_capacity(args.len());
    for (at, (ty, text)) in types.iter().zip(args).enumerate() {
        let value = parse(ty, text).map_err(|why| why.within(format_args!("[{at}]")))?;
        values.push(value);
    }
    value::to_packed(types, &values, limit)
}

fn parse(ty: &Type, text: &str) -> Result<Val, Error> {
    let shape = Shape::of(ty)?;
    refuse_unspeakable(&shape)?;
    Val::from_wave(ty, text).map_err(|why| {
        let hint = match shape {
            Shape::String if !text.trim_start().starts_with('"') => "; a text stands in double quotes",
            Shape::Char if !text.trim_start().starts_with('\'') => "; a character stands in single quotes",
            _ => "",
        };
        let why = cut(&why.to_string());
        Error::bad(format!("expected {}, got `{}` ({why}){hint}", brief(&shape.to_string()), brief(text)))
    })
}

/// What the reader of WAVE says may quote the text, however long that is.
fn cut(why: &str) -> String {
    const LONGEST: usize = 200;
    match why.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &why[..end]),
        None => why.to_owned(),
    }
}

/// The one value, of type `ty`, that `message` is the tuple of.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Unportable`], and [`Error::BadArgument`] for a type that WAVE has no form for.
pub fn from_packed(ty: &Type, message: &[u8]) -> Result<String, Error> {
    refuse_unspeakable(&Shape::of(ty)?)?;
    let values = value::from_packed(std::slice::from_ref(ty), message)?;
    values[0].to_wave().map_err(|why| Error::bad(why.to_string()))
}

fn refuse_unspeakable(shape: &Shape) -> Result<(), Error> {
    match shape {
        Shape::Map(_) | Shape::FixedList(..) => {
            Err(Error::bad(format!("WAVE has no form for {}, JSON has", brief(&shape.to_string()))))
        }
        Shape::List(part) | Shape::Option(part) => refuse_unspeakable(part),
        Shape::Record(_, parts) | Shape::Tuple(parts) => parts.iter().try_for_each(refuse_unspeakable),
        Shape::Variant(_, payloads) => payloads.iter().flatten().try_for_each(refuse_unspeakable),
        Shape::Result(payloads) => payloads.iter().flatten().try_for_each(refuse_unspeakable),
        _ => Ok(()),
    }
}
