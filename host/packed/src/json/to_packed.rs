//! From what a person wrote to a message, or to a sentence that says where it is wrong.
//!
//! The walk follows the type and takes from the JSON what the type asks for, so its depth is the type's.

use std::borrow::Borrow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value};
use wasmtime::component::Type;

use crate::shape::{Names, Number, Shape, brief};
use crate::writer::Writer;
use crate::{Error, TooLarge};

/// The message of `args`, an array of arguments or an object with one member for each of `params`, if the message has no
/// more than `limit` bytes.
///
/// # Errors
/// [`Error::BadArgument`] with the place and a sentence, [`Error::TooLarge`] as soon as the limit is reached, and
/// [`Error::Unportable`].
pub fn to_packed<N: AsRef<str>>(params: &[(N, Type)], args: &Value, limit: usize) -> Result<Vec<u8>, Error> {
    let shapes = Shape::all(params.iter().map(|(_, ty)| ty))?;
    let mut message = Writer::new(limit);
    match args {
        Value::Array(args) => {
            exactly(params.len(), "argument", args.len())?;
            write_parts(&mut message, &shapes, args)?;
        }
        Value::Object(args) => {
            let names = Names::new(params.iter().map(|(name, _)| name.as_ref()));
            // A path begins with the parameter's name, not with a dot.
            write_members(&mut message, &names, &shapes, args, "parameter").map_err(|mut why| {
                if let Error::BadArgument(bad) = &mut why {
                    bad.path.drain(..usize::from(bad.path.starts_with('.')));
                }
                why
            })?;
        }
        other => {
            return Err(expected("an array of arguments or an object with the parameters' names", other));
        }
    }
    Ok(message.finish())
}

fn write(message: &mut Writer, shape: &Shape, value: &Value) -> Result<(), Error> {
    match shape {
        Shape::Bool => match value {
            Value::Bool(bool) => message.bytes(&[u8::from(*bool)])?,
            other => return Err(expected("a bool", other)),
        },
        Shape::Number(number) => write_number(message, *number, value)?,
        Shape::Char => message.bytes(&u32::from(char(value)?).to_le_bytes())?,
        Shape::String => match value {
            Value::String(text) => message.str(text)?,
            other => return Err(expected("a string", other)),
        },
        Shape::List(element) => match (&**element, value) {
            (Shape::Number(Number::U8), Value::Object(object)) => write_base64(message, object)?,
            (element, value) => {
                let items = array(value)?;
                message.count(items.len())?;
                write_items(message, element, items)?;
            }
        },
        Shape::FixedList(element, len) => {
            let items = array(value)?;
            exactly(*len as usize, "item", items.len())?;
            write_items(message, element, items)?;
        }
        Shape::Map(entry) => {
            let entries = array(value)?;
            message.count(entries.len())?;
            for (at, pair) in entries.iter().enumerate() {
                write_entry(message, entry, pair).map_err(|why| why.within(format_args!("[{at}]")))?;
            }
        }
        Shape::Record(names, parts) => match value {
            Value::Object(fields) => write_members(message, names, parts, fields, "field")?,
            other => return Err(expected("an object", other)),
        },
        Shape::Tuple(parts) => {
            let items = array(value)?;
            exactly(parts.len(), "item", items.len())?;
            write_parts(message, parts, items)?;
        }
        Shape::Variant(names, payloads) => write_variant(message, names, payloads, value)?,
        Shape::Enum(names) => match value {
            Value::String(name) => message.case(position(names, name, "case")?, names.discriminant_width())?,
            other => return Err(expected("the name of a case", other)),
        },
        Shape::Option(some) => write_option(message, some, value)?,
        Shape::Result(payloads) => write_result(message, payloads, value)?,
        Shape::Flags(names) => message.flags(flags(names, value)?, names.len())?,
    }
    Ok(())
}

fn write_number(message: &mut Writer, number: Number, value: &Value) -> Result<(), Error> {
    match number {
        Number::S8 => message.bytes(&integer::<i8>(value, "an s8")?.to_le_bytes())?,
        Number::U8 => message.bytes(&integer::<u8>(value, "a u8")?.to_le_bytes())?,
        Number::S16 => message.bytes(&integer::<i16>(value, "an s16")?.to_le_bytes())?,
        Number::U16 => message.bytes(&integer::<u16>(value, "a u16")?.to_le_bytes())?,
        Number::S32 => message.bytes(&integer::<i32>(value, "an s32")?.to_le_bytes())?,
        Number::U32 => message.bytes(&integer::<u32>(value, "a u32")?.to_le_bytes())?,
        Number::S64 => message.bytes(&wide_integer::<i64>(value, "an s64")?.to_le_bytes())?,
        Number::U64 => message.bytes(&wide_integer::<u64>(value, "a u64")?.to_le_bytes())?,
        Number::F32 => {
            let wide = float(value, "an f32")?;
            let narrow = wide as f32;
            if narrow.is_infinite() && wide.is_finite() {
                return Err(expected("an f32", value));
            }
            message.bytes(&narrow.to_le_bytes())?;
        }
        Number::F64 => message.bytes(&float(value, "an f64")?.to_le_bytes())?,
    }
    Ok(())
}

fn integer<I: TryFrom<i128>>(value: &Value, what: &str) -> Result<I, Error> {
    let number = value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from));
    number.and_then(|number| I::try_from(number).ok()).ok_or_else(|| expected(what, value))
}

fn wide_integer<I: TryFrom<i128>>(value: &Value, what: &str) -> Result<I, Error> {
    let Value::String(digits) = value else {
        return integer(value, what);
    };
    let number = digits.parse::<i128>().ok();
    number.and_then(|number| I::try_from(number).ok()).ok_or_else(|| expected(what, value))
}

fn float(value: &Value, what: &str) -> Result<f64, Error> {
    match value {
        Value::Number(number) => number.as_f64().ok_or_else(|| expected(what, value)),
        Value::String(word) => match word.as_str() {
            "nan" => Ok(f64::NAN),
            "inf" => Ok(f64::INFINITY),
            "-inf" => Ok(f64::NEG_INFINITY),
            _ => Err(expected(what, value)),
        },
        _ => Err(expected(what, value)),
    }
}

fn char(value: &Value) -> Result<char, Error> {
    let text = value.as_str().ok_or_else(|| expected("a string of one character", value))?;
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(char), None) => Ok(char),
        _ => Err(expected("a string of one character", value)),
    }
}

fn write_base64(message: &mut Writer, object: &Map<String, Value>) -> Result<(), Error> {
    let (Some(Value::String(text)), 1) = (object.get("base64"), object.len()) else {
        return Err(Error::bad(r#"expected {"base64": "…"} or an array of numbers, got another object"#));
    };
    // Four characters make at least one byte, so text this long needs no decoding to be refused.
    if text.len() / 4 > message.room() {
        return Err(TooLarge.into());
    }
    let bytes = BASE64_STANDARD.decode(text).map_err(|why| {
        Error::bad(format!("expected base64: {}", why.to_string().to_lowercase())).within(format_args!(".base64"))
    })?;
    message.count(bytes.len())?;
    Ok(message.bytes(&bytes)?)
}

fn write_items(message: &mut Writer, element: &Shape, items: &[Value]) -> Result<(), Error> {
    for (at, item) in items.iter().enumerate() {
        write(message, element, item).map_err(|why| why.within(format_args!("[{at}]")))?;
    }
    Ok(())
}

fn write_parts(message: &mut Writer, parts: &[Shape], items: &[Value]) -> Result<(), Error> {
    for (at, (part, item)) in parts.iter().zip(items).enumerate() {
        write(message, part, item).map_err(|why| why.within(format_args!("[{at}]")))?;
    }
    Ok(())
}

fn write_entry(message: &mut Writer, entry: &(Shape, Shape), pair: &Value) -> Result<(), Error> {
    let Value::Array(pair) = pair else {
        return Err(expected("a [key, value] pair", pair));
    };
    let [key, value] = &pair[..] else {
        return Err(Error::bad(format!("expected a [key, value] pair, got an array of {}", pair.len())));
    };
    write(message, &entry.0, key).map_err(|why| why.within(format_args!("[0]")))?;
    write(message, &entry.1, value).map_err(|why| why.within(format_args!("[1]")))
}

/// Writes an object's members in the order that `names` has them; it must have all of them and no others.
fn write_members(
    message: &mut Writer,
    names: &Names,
    parts: &[Shape],
    members: &Map<String, Value>,
    noun: &str,
) -> Result<(), Error> {
    // A wrong name is the likelier mistake than a missing one, and leads to it.
    for name in members.keys() {
        position(names, name, noun)?;
    }
    for (name, part) in names.iter().zip(parts) {
        let value = members.get(name).ok_or_else(|| Error::bad(format!("the {noun} `{name}` is missing")))?;
        write(message, part, value).map_err(|why| why.within(format_args!(".{name}")))?;
    }
    Ok(())
}

fn write_variant(message: &mut Writer, names: &Names, payloads: &[Option<Shape>], value: &Value) -> Result<(), Error> {
    let (name, value) = match value {
        Value::String(name) => (name, None),
        Value::Object(object) => only_member(object, "case")?,
        other => return Err(expected(r#""case" or {"case": value}"#, other)),
    };
    let case = position(names, name, "case")?;
    message.case(case, names.discriminant_width())?;
    match (&payloads[case], value) {
        (None, None) => Ok(()),
        (Some(payload), Some(value)) => {
            write(message, payload, value).map_err(|why| why.within(format_args!(".{name}")))
        }
        (Some(payload), None) => {
            Err(Error::bad(format!(r#"case `{name}` needs a value, {{"{name}": {}}}"#, brief(&payload.to_string()))))
        }
        (None, Some(_)) => Err(Error::bad(format!(r#"case `{name}` has no value, it is just "{name}""#))),
    }
}

fn write_option(message: &mut Writer, some: &Shape, value: &Value) -> Result<(), Error> {
    if value.is_null() {
        return Ok(message.case(0, 1)?);
    }
    message.case(1, 1)?;
    if !matches!(some, Shape::Option(_)) {
        return write(message, some, value);
    }
    match value {
        Value::Object(object) if object.len() == 1 && object.contains_key("some") => {
            write(message, some, &object["some"]).map_err(|why| why.within(format_args!(".some")))
        }
        other => Err(expected(r#"null or {"some": value}"#, other)),
    }
}

fn write_result(message: &mut Writer, payloads: &[Option<Shape>; 2], value: &Value) -> Result<(), Error> {
    let what = r#"{"ok": value} or {"err": value}"#;
    let Value::Object(object) = value else {
        return Err(expected(what, value));
    };
    let (case, name, value) = match (object.get("ok"), object.get("err"), object.len()) {
        (Some(ok), None, 1) => (0, "ok", ok),
        (None, Some(err), 1) => (1, "err", err),
        _ => return Err(expected(what, value)),
    };
    message.case(case, 1)?;
    match (&payloads[case], value) {
        (Some(payload), value) => write(message, payload, value),
        (None, Value::Null) => Ok(()),
        (None, other) => Err(expected("null", other)),
    }
    .map_err(|why| why.within(format_args!(".{name}")))
}

fn flags(names: &Names, value: &Value) -> Result<u32, Error> {
    let Value::Array(set) = value else {
        return Err(expected("an array of the flags that are set", value));
    };
    let mut bits = 0u32;
    for (at, name) in set.iter().enumerate() {
        let bit = flag(names, name, bits).map_err(|why| why.within(format_args!("[{at}]")))?;
        bits |= bit;
    }
    Ok(bits)
}

fn flag(names: &Names, name: &Value, others: u32) -> Result<u32, Error> {
    let name = name.as_str().ok_or_else(|| expected("the name of a flag", name))?;
    let bit = 1 << position(names, name, "flag")?;
    if others & bit == 0 { Ok(bit) } else { Err(Error::bad(format!("the flag `{name}` is there twice"))) }
}

fn array(value: &Value) -> Result<&[Value], Error> {
    value.as_array().map(Borrow::borrow).ok_or_else(|| expected("an array", value))
}

fn only_member<'v>(object: &'v Map<String, Value>, noun: &str) -> Result<(&'v String, Option<&'v Value>), Error> {
    match object.iter().next() {
        Some((name, value)) if object.len() == 1 => Ok((name, Some(value))),
        _ => Err(Error::bad(format!("expected an object with one {noun}, got one with {}", object.len()))),
    }
}

fn exactly(wanted: usize, noun: &str, got: usize) -> Result<(), Error> {
    let plural = if wanted == 1 { "" } else { "s" };
    if wanted == got { Ok(()) } else { Err(Error::bad(format!("expected {wanted} {noun}{plural}, got {got}"))) }
}

/// Which of `names` is `name`, else the one that was probably meant.
fn position(names: &Names, name: &str, noun: &str) -> Result<usize, Error> {
    names.position(name).ok_or_else(|| {
        let meant = nearest(names, name).map_or(String::new(), |meant| format!(", did you mean `{meant}`?"));
        Error::bad(format!("there is no {noun} `{}`{meant}", brief(name)))
    })
}

fn nearest<'n>(names: &'n Names, name: &str) -> Option<&'n str> {
    // Comparing costs the product of the lengths, and nobody mistypes more than this.
    const LONGEST: usize = 64;
    if name.len() > LONGEST {
        return None;
    }
    let similar =
        names.iter().filter(|known| known.len() <= LONGEST).map(|known| (strsim::jaro_winkler(known, name), known));
    similar.filter(|(likeness, _)| *likeness > 0.7).max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, known)| known)
}

fn expected(what: &str, value: &Value) -> Error {
    let got = match value {
        Value::Null => "null".to_owned(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the string \"{}\"", brief(text)),
        Value::Array(_) => "an array".to_owned(),
        Value::Object(_) => "an object".to_owned(),
    };
    Error::bad(format!("expected {what}, got {got}"))
}
