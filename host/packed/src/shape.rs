//! A reflected type as a tree of its own.
//!
//! wasmtime's reflection hands out a part of a type at a time, each a handle that shares the component's type table, and
//! finds the n-th case of a variant by walking there. That is right for looking at a type once; walking a value of a
//! hundred thousand items with it is not. So a type is taken over whole first, refused if it can't be in a message or is
//! too broad, and values are walked along the tree. Its depth is at most 100, which wasmtime sees to.

use wasmtime::component::types::Type;

use crate::Unportable;
use crate::reader::discriminant_width;
use crate::signature::MAX_TEXT;

/// Whether values of a type can be messages.
///
/// # Errors
/// If the type holds a handle, saying which and where, or if it is too broad to be written out.
pub fn portable(ty: &Type) -> Result<(), Unportable> {
    Shape::of(ty).map(drop)
}

/// A type, with all its parts.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Bool,
    Number(Number),
    Char,
    String,
    List(Box<Shape>),
    FixedList(Box<Shape>, u32),
    Map(Box<(Shape, Shape)>),
    Record(Names, Vec<Shape>),
    Tuple(Vec<Shape>),
    Variant(Names, Vec<Option<Shape>>),
    Enum(Names),
    Option(Box<Shape>),
    Result(Box<[Option<Shape>; 2]>),
    Flags(Names),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
}

impl Number {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Number::S8 => "s8",
            Number::U8 => "u8",
            Number::S16 => "s16",
            Number::U16 => "u16",
            Number::S32 => "s32",
            Number::U32 => "u32",
            Number::S64 => "s64",
            Number::U64 => "u64",
            Number::F32 => "f32",
            Number::F64 => "f64",
        }
    }

    /// In bytes.
    pub(crate) fn width(self) -> usize {
        match self {
            Number::S8 | Number::U8 => 1,
            Number::S16 | Number::U16 => 2,
            Number::S32 | Number::U32 | Number::F32 => 4,
            Number::S64 | Number::U64 | Number::F64 => 8,
        }
    }
}

/// The names of fields, cases or flags, in the order of their declaration.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    declared: Vec<Box<str>>,
    /// Positions in `declared`, by name: there may be thousands of names, and a value may ask for one per byte.
    sorted: Vec<u32>,
}

impl Names {
    pub(crate) fn new<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let declared: Vec<Box<str>> = names.map(Box::from).collect();
        let mut sorted: Vec<u32> = (0..declared.len() as u32).collect();
        sorted.sort_unstable_by_key(|at| &declared[*at as usize]);
        Names { declared, sorted }
    }

    pub(crate) fn len(&self) -> usize {
        self.declared.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        self.declared.iter().map(|name| &**name)
    }

    pub(crate) fn get(&self, at: usize) -> &str {
        &self.declared[at]
    }

    pub(crate) fn position(&self, name: &str) -> Option<usize> {
        let found = self.sorted.binary_search_by_key(&name, |at| &self.declared[*at as usize]);
        found.ok().map(|at| self.sorted[at] as usize)
    }

    /// Bytes of one discriminant, where these are the names of cases.
    pub(crate) fn discriminant_width(&self) -> usize {
        discriminant_width(self.len())
    }
}

impl Shape {
    pub(crate) fn of(ty: &Type) -> Result<Shape, Unportable> {
        Expansion { room: MAX_TEXT }.shape(ty)
    }

    pub(crate) fn all<'t>(types: impl IntoIterator<Item = &'t Type>) -> Result<Vec<Shape>, Unportable> {
        types.into_iter().map(Shape::of).collect()
    }

    /// How many core values a value of this type is passed in, where it is passed flat.
    pub(crate) fn flat_count(&self) -> usize {
        let sum = |parts: &[Shape]| parts.iter().fold(0usize, |sum, part| sum.saturating_add(part.flat_count()));
        let widest = |parts: &[Option<Shape>]| {
            parts.iter().flatten().map(Shape::flat_count).max().unwrap_or(0).saturating_add(1)
        };
        match self {
            Shape::Bool | Shape::Number(_) | Shape::Char | Shape::Enum(_) | Shape::Flags(_) => 1,
            Shape::String | Shape::List(_) | Shape::Map(_) => 2,
            Shape::FixedList(element, len) => element.flat_count().saturating_mul(*len as usize),
            Shape::Record(_, parts) | Shape::Tuple(parts) => sum(parts),
            Shape::Variant(_, payloads) => widest(payloads),
            Shape::Option(some) => some.flat_count().saturating_add(1),
            Shape::Result(payloads) => widest(&payloads[..]),
        }
    }
}

/// Takes a type over while its text has room. A type of a few hundred bytes can have billions of parts when each of its
/// names is expanded wherever it is used.
struct Expansion {
    /// Bytes of text left.
    room: usize,
}

impl Expansion {
    fn shape(&mut self, ty: &Type) -> Result<Shape, Unportable> {
        Ok(match ty {
            Type::Bool => self.word("bool", Shape::Bool)?,
            Type::S8 => self.number(Number::S8)?,
            Type::U8 => self.number(Number::U8)?,
            Type::S16 => self.number(Number::S16)?,
            Type::U16 => self.number(Number::U16)?,
            Type::S32 => self.number(Number::S32)?,
            Type::U32 => self.number(Number::U32)?,
            Type::S64 => self.number(Number::S64)?,
            Type::U64 => self.number(Number::U64)?,
            Type::Float32 => self.number(Number::F32)?,
            Type::Float64 => self.number(Number::F64)?,
            Type::Char => self.word("char", Shape::Char)?,
            Type::String => self.word("string", Shape::String)?,
            Type::List(list) => {
                self.charge("list<>".len())?;
                Shape::List(self.part(&list.ty(), format_args!("[]"))?.into())
            }
            Type::FixedLengthList(list) => {
                self.charge("list<,>".len() + list.len().to_string().len())?;
                Shape::FixedList(self.part(&list.ty(), format_args!("[]"))?.into(), list.len())
            }
            Type::Map(map) => {
                self.charge("map<,>".len())?;
                let key = self.part(&map.key(), format_args!("[].0"))?;
                Shape::Map(Box::new((key, self.part(&map.value(), format_args!("[].1"))?)))
            }
            Type::Record(record) => {
                self.names("record{}".len(), record.fields().map(|field| field.name))?;
                let parts = record.fields().map(|field| {
                    self.charge(":".len())?;
                    self.part(&field.ty, format_args!(".{}", field.name))
                });
                let parts = parts.collect::<Result<_, _>>()?;
                Shape::Record(Names::new(record.fields().map(|field| field.name)), parts)
            }
            Type::Tuple(tuple) => {
                self.charge("tuple<>".len() + commas(tuple.types().len()))?;
                let parts = tuple.types().enumerate().map(|(at, part)| self.part(&part, format_args!(".{at}")));
                Shape::Tuple(parts.collect::<Result<_, _>>()?)
            }
            Type::Variant(variant) => {
                self.names("variant{}".len(), variant.cases().map(|case| case.name))?;
                let payloads = variant.cases().map(|case| {
                    let Some(payload) = &case.ty else { return Ok(None) };
                    self.charge("()".len())?;
                    self.part(payload, format_args!(".{}", case.name)).map(Some)
                });
                let payloads = payloads.collect::<Result<_, _>>()?;
                Shape::Variant(Names::new(variant.cases().map(|case| case.name)), payloads)
            }
            Type::Enum(cases) => {
                self.names("enum{}".len(), cases.names())?;
                Shape::Enum(Names::new(cases.names()))
            }
            Type::Option(option) => {
                self.charge("option<>".len())?;
                Shape::Option(self.part(&option.ty(), format_args!(".some"))?.into())
            }
            Type::Result(result) => {
                let (ok, err) = (result.ok(), result.err());
                self.charge(match (&ok, &err) {
                    (None, None) => "result".len(),
                    (Some(_), None) => "result<>".len(),
                    (None, Some(_)) => "result<_,>".len(),
                    (Some(_), Some(_)) => "result<,>".len(),
                })?;
                let ok = ok.map(|ok| self.part(&ok, format_args!(".ok"))).transpose()?;
                let err = err.map(|err| self.part(&err, format_args!(".err"))).transpose()?;
                Shape::Result(Box::new([ok, err]))
            }
            Type::Flags(flags) => {
                self.names("flags{}".len(), flags.names())?;
                Shape::Flags(Names::new(flags.names()))
            }
            Type::Own(_) => return Err(Unportable::handle("own")),
            Type::Borrow(_) => return Err(Unportable::handle("borrow")),
            Type::Future(_) => return Err(Unportable::handle("future")),
            Type::Stream(_) => return Err(Unportable::handle("stream")),
            Type::ErrorContext => return Err(Unportable::handle("error-context")),
        })
    }

    fn charge(&mut self, text: usize) -> Result<(), Unportable> {
        self.room = self.room.checked_sub(text).ok_or(Unportable::TooBroad)?;
        Ok(())
    }

    fn word(&mut self, word: &str, shape: Shape) -> Result<Shape, Unportable> {
        self.charge(word.len()).map(|()| shape)
    }

    fn number(&mut self, number: Number) -> Result<Shape, Unportable> {
        self.word(number.name(), Shape::Number(number))
    }

    /// Charges a word with brackets and the names between them.
    fn names<'n>(&mut self, frame: usize, names: impl ExactSizeIterator<Item = &'n str>) -> Result<(), Unportable> {
        self.charge(frame + commas(names.len()))?;
        names.into_iter().try_for_each(|name| self.charge(name.len()))
    }

    fn part(&mut self, ty: &Type, step: std::fmt::Arguments<'_>) -> Result<Shape, Unportable> {
        self.shape(ty).map_err(|why| why.within(step))
    }
}

fn commas(parts: usize) -> usize {
    parts.saturating_sub(1)
}

/// The beginning of a text, on one line, for a sentence about it.
pub(crate) fn brief(text: &str) -> String {
    const LONGEST: usize = 40;
    let mut brief: String = text.chars().take(LONGEST).flat_map(char::escape_debug).collect();
    if text.chars().nth(LONGEST).is_some() {
        brief.push('…');
    }
    brief
}
