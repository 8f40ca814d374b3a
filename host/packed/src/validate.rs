//! Whether a buffer from outside is a message.

use wasmtime::component::types::Type;

use crate::reader::Reader;
use crate::shape::Shape;
use crate::{Error, Malformed};

/// Checks that `message` is a tuple of values of `types`, whole and in the one form it can have.
///
/// Lowering checks the same, but a guest that has begun a call can then not be called again. Cost: proportional to the
/// message, but for the first few microseconds that go into the types.
///
/// # Errors
/// [`Error::Malformed`], or [`Error::Unportable`] for a type that has no packed form.
pub fn validate(types: &[Type], message: &[u8]) -> Result<(), Error> {
    let shapes = Shape::all(types)?;
    let mut message = Reader::new(message);
    shapes.iter().try_for_each(|shape| shape.skip(&mut message))?;
    Ok(message.end()?)
}

impl Shape {
    /// Reads over one value.
    fn skip(&self, message: &mut Reader<'_>) -> Result<(), Malformed> {
        match self {
            Shape::Bool => message.bool().map(drop),
            Shape::Number(number) => message.bytes(number.width()).map(drop),
            Shape::Char => message.char().map(drop),
            Shape::String => message.str().map(drop),
            Shape::List(element) => {
                let count = message.count()?;
                match **element {
                    Shape::Number(number) => message.bytes(count.saturating_mul(number.width())).map(drop),
                    _ => (0..count).try_for_each(|_| element.skip(message)),
                }
            }
            Shape::FixedList(element, len) => (0..*len).try_for_each(|_| element.skip(message)),
            Shape::Map(entry) => {
                let count = message.count()?;
                (0..count).try_for_each(|_| {
                    entry.0.skip(message)?;
                    entry.1.skip(message)
                })
            }
            Shape::Record(_, parts) | Shape::Tuple(parts) => parts.iter().try_for_each(|part| part.skip(message)),
            Shape::Variant(names, payloads) => {
                let case = message.case(names.discriminant_width(), names.len())?;
                payloads[case].as_ref().map_or(Ok(()), |payload| payload.skip(message))
            }
            Shape::Enum(names) => message.case(names.discriminant_width(), names.len()).map(drop),
            Shape::Option(some) => match message.case(1, 2)? {
                0 => Ok(()),
                _ => some.skip(message),
            },
            Shape::Result(payloads) => {
                let case = message.case(1, 2)?;
                payloads[case].as_ref().map_or(Ok(()), |payload| payload.skip(message))
            }
            Shape::Flags(names) => message.flags(names.len()).map(drop),
        }
    }
}
