//! The structure of a type as text, and a number for it.
//!
//! A name that a type was given says nothing about its values, so it is replaced by what it stands for; names of fields,
//! cases, flags and parameters stay. There are no spaces. Two types have the same text exactly when a message of one is
//! a message of the other and means the same:
//!
//! ```text
//! record{id:u64,tags:list<string>,state:variant{idle,waiting(option<u32>)},mode:flags{read,write}}
//! ```
//!
//! Compare texts, or their fingerprints, and not reflected types themselves: wasmtime takes two enums, or two flags types,
//! for equal that declare the same names in different orders.

use std::fmt;

use sha2::{Digest, Sha256};
use wasmtime::component::types::{ComponentFunc, Type};

use crate::Unportable;
use crate::shape::{Names, Shape};

/// Bytes of the longest text a type may have. Written out, a type of a few hundred bytes can be longer than any memory.
pub const MAX_TEXT: usize = 64 * 1024;

/// The structure of a type: `list<record{id:u64,name:string}>`.
///
/// # Errors
/// If the type holds a handle, or the text would be longer than [`MAX_TEXT`].
pub fn type_text(ty: &Type) -> Result<String, Unportable> {
    Ok(Shape::of(ty)?.to_string())
}

/// The structure of a function, its parameters' names with it: `func(by:u64)->u64`, `func()`.
///
/// # Errors
/// If a parameter, named in the error's path, or the result holds a handle, or if the text would be longer than
/// [`MAX_TEXT`].
pub fn func_text(func: &ComponentFunc) -> Result<String, Unportable> {
    let mut text = String::from("func(");
    for (at, (name, ty)) in func.params().enumerate() {
        let shape = Shape::of(&ty).map_err(|why| why.within(format_args!("{name}")))?;
        append(&mut text, format_args!("{}{name}:{shape}", if at == 0 { "" } else { "," }))?;
    }
    append(&mut text, format_args!(")"))?;
    for ty in func.results() {
        append(&mut text, format_args!("->{}", Shape::of(&ty).map_err(|why| why.within(format_args!("result")))?))?;
    }
    Ok(text)
}

fn append(text: &mut String, more: fmt::Arguments<'_>) -> Result<(), Unportable> {
    text.push_str(&more.to_string());
    if text.len() <= MAX_TEXT { Ok(()) } else { Err(Unportable::TooBroad) }
}

/// The first eight bytes of a text's SHA-256, the first of them the highest. It stays the same for ever: it stands in
/// stored messages and in those of other hosts.
pub fn fingerprint(text: &str) -> u64 {
    let digest = Sha256::digest(text.as_bytes());
    u64::from_be_bytes(*digest.first_chunk().expect("a SHA-256 has 32 bytes"))
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Bool => f.write_str("bool"),
            Shape::Number(number) => f.write_str(number.name()),
            Shape::Char => f.write_str("char"),
            Shape::String => f.write_str("string"),
            Shape::List(element) => write!(f, "list<{element}>"),
            Shape::FixedList(element, len) => write!(f, "list<{element},{len}>"),
            Shape::Map(entry) => write!(f, "map<{},{}>", entry.0, entry.1),
            Shape::Record(names, parts) => {
                write_all(f, "record{", names.iter().zip(parts), |f, (name, part)| write!(f, "{name}:{part}"), "}")
            }
            Shape::Tuple(parts) => write_all(f, "tuple<", parts, |f, part| write!(f, "{part}"), ">"),
            Shape::Variant(names, payloads) => {
                let cases = names.iter().zip(payloads);
                write_all(
                    f,
                    "variant{",
                    cases,
                    |f, (name, payload)| match payload {
                        Some(payload) => write!(f, "{name}({payload})"),
                        None => f.write_str(name),
                    },
                    "}",
                )
            }
            Shape::Enum(names) => write_names(f, "enum{", names),
            Shape::Option(some) => write!(f, "option<{some}>"),
            Shape::Result(payloads) => match &**payloads {
                [None, None] => f.write_str("result"),
                [Some(ok), None] => write!(f, "result<{ok}>"),
                [None, Some(err)] => write!(f, "result<_,{err}>"),
                [Some(ok), Some(err)] => write!(f, "result<{ok},{err}>"),
            },
            Shape::Flags(names) => write_names(f, "flags{", names),
        }
    }
}

fn write_names(f: &mut fmt::Formatter<'_>, open: &str, names: &Names) -> fmt::Result {
    write_all(f, open, names.iter(), |f, name| f.write_str(name), "}")
}

fn write_all<I>(
    f: &mut fmt::Formatter<'_>,
    open: &str,
    parts: impl IntoIterator<Item = I>,
    write: impl Fn(&mut fmt::Formatter<'_>, I) -> fmt::Result,
    close: &str,
) -> fmt::Result {
    f.write_str(open)?;
    for (at, part) in parts.into_iter().enumerate() {
        if at > 0 {
            f.write_str(",")?;
        }
        write(f, part)?;
    }
    f.write_str(close)
}

#[cfg(test)]
mod tests {
    use super::fingerprint;

    #[test]
    fn fingerprints_are_the_beginning_of_sha_256() {
        assert_eq!(fingerprint("abc"), 0xba78_16bf_8f01_cfea);
        assert_eq!(fingerprint(""), 0xe3b0_c442_98fc_1c14);
    }
}
