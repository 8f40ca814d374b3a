//! From a message to JSON.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Number as JsonNumber, Value};
use wasmtime::component::Type;

use crate::reader::Reader;
use crate::shape::{Number, Shape};
use crate::{Error, TooLarge};

/// The one value, of type `ty`, that `message` is the tuple of.
///
/// A message can be a thousand times larger as JSON in memory, where each record has its fields' names; `limit` says,
/// roughly, how many bytes of memory the value may take.
///
/// # Errors
/// [`Error::Malformed`], [`Error::TooLarge`] as soon as the limit is reached, and [`Error::Unportable`].
pub fn from_packed(ty: &Type, message: &[u8], limit: usize) -> Result<Value, Error> {
    let shape = Shape::of(ty)?;
    let mut reading = Reading { message: Reader::new(message), room: limit };
    let value = reading.value(&shape)?;
    reading.message.end()?;
    Ok(value)
}

struct Reading<'m> {
    message: Reader<'m>,
    /// Bytes of memory left.
    room: usize,
}

impl Reading<'_> {
    /// Charges `bytes` of memory before they are taken.
    fn charge(&mut self, bytes: usize) -> Result<(), TooLarge> {
        self.room = self.room.checked_sub(bytes).ok_or(TooLarge)?;
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<Value, Error> {
        self.charge(text.len())?;
        Ok(Value::String(text.to_owned()))
    }

    fn value(&mut self, shape: &Shape) -> Result<Value, Error> {
        self.charge(size_of::<Value>())?;
        Ok(match shape {
            Shape::Bool => Value::Bool(self.message.bool()?),
            Shape::Number(number) => self.number(*number)?,
            Shape::Char => {
                let char = self.message.char()?;
                self.string(char.encode_utf8(&mut [0; 4]))?
            }
            Shape::String => {
                let text = self.message.str()?;
                self.string(text)?
            }
            Shape::List(element) => {
                let count = self.message.count()?;
                match **element {
                    Shape::Number(Number::U8) => self.base64(count)?,
                    _ => self.items(element, count)?,
                }
            }
            Shape::FixedList(element, len) => self.items(element, *len as usize)?,
            Shape::Map(entry) => {
                let count = self.message.count()?;
                let entries = (0..count).map(|_| {
                    self.charge(size_of::<Value>())?;
                    Ok(Value::Array(vec![self.value(&entry.0)?, self.value(&entry.1)?]))
                });
                Value::Array(entries.collect::<Result<_, Error>>()?)
            }
            Shape::Record(names, parts) => {
                let mut object = Map::new();
                for (name, part) in names.iter().zip(parts) {
                    self.member(&mut object, name, part)?;
                }
                Value::Object(object)
            }
            Shape::Tuple(parts) => {
                let items = parts.iter().map(|part| self.value(part));
                Value::Array(items.collect::<Result<_, _>>()?)
            }
            Shape::Variant(names, payloads) => {
                let case = self.message.case(names.discriminant_width(), names.len())?;
                match &payloads[case] {
                    Some(payload) => self.object(names.get(case), payload)?,
                    None => self.string(names.get(case))?,
                }
            }
            Shape::Enum(names) => {
                let case = self.message.case(names.discriminant_width(), names.len())?;
                self.string(names.get(case))?
            }
            Shape::Option(some) => match (self.message.case(1, 2)?, &**some) {
                (0, _) => Value::Null,
                (_, Shape::Option(_)) => self.object("some", some)?,
                (_, some) => self.value(some)?,
            },
            Shape::Result(payloads) => {
                let case = self.message.case(1, 2)?;
                let name = ["ok", "err"][case];
                match &payloads[case] {
                    Some(payload) => self.object(name, payload)?,
                    None => self.object_of(name, Value::Null)?,
                }
            }
            Shape::Flags(names) => {
                let bits = self.message.flags(names.len())?;
                let set = names.iter().enumerate().filter(|(at, _)| bits & 1 << at != 0);
                let set = set.map(|(_, name)| {
                    self.charge(size_of::<Value>())?;
                    self.string(name)
                });
                Value::Array(set.collect::<Result<_, _>>()?)
            }
        })
    }

    fn number(&mut self, number: Number) -> Result<Value, Error> {
        let message = &mut self.message;
        Ok(match number {
            Number::S8 => i8::from_le_bytes(message.array()?).into(),
            Number::U8 => u8::from_le_bytes(message.array()?).into(),
            Number::S16 => i16::from_le_bytes(message.array()?).into(),
            Number::U16 => u16::from_le_bytes(message.array()?).into(),
            Number::S32 => i32::from_le_bytes(message.array()?).into(),
            Number::U32 => u32::from_le_bytes(message.array()?).into(),
            Number::S64 => i64::from_le_bytes(message.array()?).into(),
            Number::U64 => u64::from_le_bytes(message.array()?).into(),
            Number::F32 => float(widened(f32::from_le_bytes(message.array()?))),
            Number::F64 => float(f64::from_le_bytes(message.array()?)),
        })
    }

    fn items(&mut self, element: &Shape, count: usize) -> Result<Value, Error> {
        (0..count).map(|_| self.value(element)).collect::<Result<_, _>>().map(Value::Array)
    }

    fn base64(&mut self, count: usize) -> Result<Value, Error> {
        let bytes = self.message.bytes(count)?;
        self.charge(count.div_ceil(3) * 4)?;
        self.object_of("base64", Value::String(BASE64_STANDARD.encode(bytes)))
    }

    /// An object with one member.
    fn object(&mut self, name: &str, shape: &Shape) -> Result<Value, Error> {
        let mut object = Map::new();
        self.member(&mut object, name, shape)?;
        Ok(Value::Object(object))
    }

    fn object_of(&mut self, name: &str, value: Value) -> Result<Value, Error> {
        self.charge(NODE + name.len())?;
        Ok(Value::Object(Map::from_iter([(name.to_owned(), value)])))
    }

    fn member(&mut self, object: &mut Map<String, Value>, name: &str, shape: &Shape) -> Result<(), Error> {
        // A node of the map has room for several members, and the first one pays for it.
        let node = if object.is_empty() { NODE } else { NODE / 8 };
        self.charge(node + name.len())?;
        let value = self.value(shape)?;
        object.insert(name.to_owned(), value);
        Ok(())
    }
}

/// What the first member of an object takes, in bytes: room for eleven names and values in a node of its map.
const NODE: usize = 11 * (size_of::<Value>() + size_of::<String>());

fn float(float: f64) -> Value {
    match JsonNumber::from_f64(float) {
        Some(number) => Value::Number(number),
        None if float.is_nan() => "nan".into(),
        None if float > 0.0 => "inf".into(),
        None => "-inf".into(),
    }
}

/// The number with the fewest digits that is the same as an `f32`: 0.1, not 0.10000000149011612.
fn widened(float: f32) -> f64 {
    match float.to_string().parse() {
        Ok(short) if short as f32 == float => short,
        _ => float.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::widened;

    #[test]
    fn an_f32_keeps_its_digits_and_its_value() {
        assert_eq!(widened(0.1).to_string(), "0.1");
        assert_eq!(widened(-0.0).to_string(), "-0");
        // A stride that is coprime to two visits all exponents.
        for bits in (0..u32::MAX).step_by(1_000_003) {
            let float = f32::from_bits(bits);
            assert!(float.is_nan() || (widened(float) as f32).to_bits() == bits, "{float}");
        }
    }
}
