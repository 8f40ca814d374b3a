//! Messages as wasmtime's [`Val`], one allocation or more for every value: for WAVE, and for tests.

use wasmtime::component::{Type, Val};

use crate::reader::Reader;
use crate::shape::{Names, Number, Shape, brief};
use crate::writer::Writer;
use crate::{Error, Malformed};

/// The message of `values`, which are of `types`, if it has no more than `limit` bytes.
///
/// A record's fields may stand in any order, and one that is an option may be left out, as WAVE has it.
///
/// # Errors
/// [`Error::BadArgument`] if the values are not of their types, [`Error::TooLarge`], and [`Error::Unportable`].
pub fn to_packed(types: &[Type], values: &[Val], limit: usize) -> Result<Vec<u8>, Error> {
    if types.len() != values.len() {
        return Err(Error::bad(format!("expected {} values, got {}", types.len(), values.len())));
    }
    let shapes = Shape::all(types)?;
    let mut message = Writer::new(limit);
    for (at, (shape, value)) in shapes.iter().zip(values).enumerate() {
        write(&mut message, shape, value).map_err(|why| why.within(format_args!("[{at}]")))?;
    }
    Ok(message.finish())
}

/// The values, of `types`, that `message` is the tuple of.
///
/// # Errors
/// [`Error::Malformed`] and [`Error::Unportable`].
pub fn from_packed(types: &[Type], message: &[u8]) -> Result<Vec<Val>, Error> {
    let shapes = Shape::all(types)?;
    let mut message = Reader::new(message);
    let values = shapes.iter().map(|shape| read(&mut message, shape)).collect::<Result<_, _>>()?;
    message.end()?;
    Ok(values)
}

fn write(message: &mut Writer, shape: &Shape, value: &Val) -> Result<(), Error> {
    match (shape, value) {
        (Shape::Bool, Val::Bool(bool)) => message.bytes(&[u8::from(*bool)])?,
        (Shape::Number(Number::S8), Val::S8(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Number(Number::U8), Val::U8(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Number(Number::S16), Val::S16(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Number(Number::U16), Val::U16(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Number(Number::S32), Val::S32(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Number(Number::U32), Val::U32(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Number(Number::S64), Val::S64(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Number(Number::U64), Val::U64(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Number(Number::F32), Val::Float32(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Number(Number::F64), Val::Float64(number)) => message.bytes(&number.to_le_bytes())?,
        (Shape::Char, Val::Char(char)) => message.bytes(&u32::from(*char).to_le_bytes())?,
        (Shape::String, Val::String(text)) => message.str(text)?,
        (Shape::List(element), Val::List(items)) => {
            message.count(items.len())?;
            write_items(message, element, items)?;
        }
        (Shape::FixedList(element, len), Val::FixedLengthList(items)) if items.len() == *len as usize => {
            write_items(message, element, items)?;
        }
        (Shape::Map(entry), Val::Map(entries)) => {
            message.count(entries.len())?;
            for (at, (key, value)) in entries.iter().enumerate() {
                write(message, &entry.0, key).map_err(|why| why.within(format_args!("[{at}][0]")))?;
                write(message, &entry.1, value).map_err(|why| why.within(format_args!("[{at}][1]")))?;
            }
        }
        (Shape::Record(names, parts), Val::Record(fields)) => {
            for (name, part) in names.iter().zip(parts) {
                write_field(message, part, fields, name).map_err(|why| why.within(format_args!(".{name}")))?;
            }
            if let Some((stranger, _)) = fields.iter().find(|(name, _)| names.position(name).is_none()) {
                return Err(Error::bad(format!("there is no field `{stranger}`")));
            }
        }
        (Shape::Tuple(parts), Val::Tuple(items)) if items.len() == parts.len() => {
            for (at, (part, item)) in parts.iter().zip(items).enumerate() {
                write(message, part, item).map_err(|why| why.within(format_args!("[{at}]")))?;
            }
        }
        (Shape::Variant(names, payloads), Val::Variant(name, value)) => {
            let case = position(names, name)?;
            message.case(case, names.discriminant_width())?;
            write_payload(message, payloads[case].as_ref(), value.as_deref(), name)?;
        }
        (Shape::Enum(names), Val::Enum(name)) => message.case(position(names, name)?, names.discriminant_width())?,
        (Shape::Option(some), Val::Option(value)) => {
            message.case(usize::from(value.is_some()), 1)?;
            write_payload(message, value.as_ref().map(|_| &**some), value.as_deref(), "some")?;
        }
        (Shape::Result(payloads), Val::Result(value)) => {
            let (case, name, value) = match value {
                Ok(ok) => (0, "ok", ok),
                Err(err) => (1, "err", err),
            };
            message.case(case, 1)?;
            write_payload(message, payloads[case].as_ref(), value.as_deref(), name)?;
        }
        (Shape::Flags(names), Val::Flags(set)) => {
            let bits = set.iter().try_fold(0, |bits, name| Ok::<_, Error>(bits | 1 << position(names, name)?))?;
            message.flags(bits, names.len())?;
        }
        _ => {
            return Err(Error::bad(format!("the value is not a value of {}", brief(&shape.to_string()))));
        }
    }
    Ok(())
}

fn write_items(message: &mut Writer, element: &Shape, items: &[Val]) -> Result<(), Error> {
    for (at, item) in items.iter().enumerate() {
        write(message, element, item).map_err(|why| why.within(format_args!("[{at}]")))?;
    }
    Ok(())
}

fn write_field(message: &mut Writer, part: &Shape, fields: &[(String, Val)], name: &str) -> Result<(), Error> {
    match (fields.iter().find(|(field, _)| field == name), part) {
        (Some((_, value)), _) => write(message, part, value),
        (None, Shape::Option(_)) => Ok(message.case(0, 1)?),
        (None, _) => Err(Error::bad("the field is missing")),
    }
}

fn write_payload(message: &mut Writer, shape: Option<&Shape>, value: Option<&Val>, case: &str) -> Result<(), Error> {
    match (shape, value) {
        (None, None) => Ok(()),
        (Some(shape), Some(value)) => write(message, shape, value).map_err(|why| why.within(format_args!(".{case}"))),
        (Some(_), None) => Err(Error::bad(format!("case `{case}` needs a value"))),
        (None, Some(_)) => Err(Error::bad(format!("case `{case}` has no value"))),
    }
}

fn position(names: &Names, name: &str) -> Result<usize, Error> {
    names.position(name).ok_or_else(|| Error::bad(format!("there is no `{name}`")))
}

fn read(message: &mut Reader<'_>, shape: &Shape) -> Result<Val, Malformed> {
    Ok(match shape {
        Shape::Bool => Val::Bool(message.bool()?),
        Shape::Number(Number::S8) => Val::S8(i8::from_le_bytes(message.array()?)),
        Shape::Number(Number::U8) => Val::U8(u8::from_le_bytes(message.array()?)),
        Shape::Number(Number::S16) => Val::S16(i16::from_le_bytes(message.array()?)),
        Shape::Number(Number::U16) => Val::U16(u16::from_le_bytes(message.array()?)),
        Shape::Number(Number::S32) => Val::S32(i32::from_le_bytes(message.array()?)),
        Shape::Number(Number::U32) => Val::U32(u32::from_le_bytes(message.array()?)),
        Shape::Number(Number::S64) => Val::S64(i64::from_le_bytes(message.array()?)),
        Shape::Number(Number::U64) => Val::U64(u64::from_le_bytes(message.array()?)),
        Shape::Number(Number::F32) => Val::Float32(f32::from_le_bytes(message.array()?)),
        Shape::Number(Number::F64) => Val::Float64(f64::from_le_bytes(message.array()?)),
        Shape::Char => Val::Char(message.char()?),
        Shape::String => Val::String(message.str()?.to_owned()),
        Shape::List(element) => {
            let count = message.count()?;
            Val::List(read_items(message, element, count)?)
        }
        Shape::FixedList(element, len) => Val::FixedLengthList(read_items(message, element, *len as usize)?),
        Shape::Map(entry) => {
            let count = message.count()?;
            let entries = (0..count).map(|_| Ok((read(message, &entry.0)?, read(message, &entry.1)?)));
            Val::Map(entries.collect::<Result<_, _>>()?)
        }
        Shape::Record(names, parts) => {
            let fields = names.iter().zip(parts).map(|(name, part)| Ok((name.to_owned(), read(message, part)?)));
            Val::Record(fields.collect::<Result<_, _>>()?)
        }
        Shape::Tuple(parts) => Val::Tuple(parts.iter().map(|part| read(message, part)).collect::<Result<_, _>>()?),
        Shape::Variant(names, payloads) => {
            let case = message.case(names.discriminant_width(), names.len())?;
            Val::Variant(names.get(case).to_owned(), read_payload(message, payloads[case].as_ref())?)
        }
        Shape::Enum(names) => {
            let case = message.case(names.discriminant_width(), names.len())?;
            Val::Enum(names.get(case).to_owned())
        }
        Shape::Option(some) => {
            let case = message.case(1, 2)?;
            Val::Option(read_payload(message, (case == 1).then_some(&**some))?)
        }
        Shape::Result(payloads) => {
            let case = message.case(1, 2)?;
            let value = read_payload(message, payloads[case].as_ref())?;
            Val::Result(if case == 0 { Ok(value) } else { Err(value) })
        }
        Shape::Flags(names) => {
            let bits = message.flags(names.len())?;
            let set = names.iter().enumerate().filter(|(at, _)| bits & 1 << at != 0);
            Val::Flags(set.map(|(_, name)| name.to_owned()).collect())
        }
    })
}

fn read_items(message: &mut Reader<'_>, element: &Shape, count: usize) -> Result<Vec<Val>, Malformed> {
    (0..count).map(|_| read(message, element)).collect()
}

fn read_payload(message: &mut Reader<'_>, shape: Option<&Shape>) -> Result<Option<Box<Val>>, Malformed> {
    shape.map(|shape| read(message, shape).map(Box::new)).transpose()
}
