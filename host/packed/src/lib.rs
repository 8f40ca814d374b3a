//! Component-model values as one contiguous buffer, directed by their type.
//!
//! A message is the parameters, or the results, of one call: a tuple of values, one after the other, without padding and
//! without names. wasmtime lifts it straight from one component's memory ([`PackedFunc`] for exports, [`import`] for
//! imports) and lowers it into another's; it lies in mailboxes, on disk and on the wire as it is, and its length is its
//! size for every limit.
//!
//! | type | bytes |
//! |---|---|
//! | `bool` | one, 0 or 1 |
//! | integers, floats | little-endian, as wide as the type |
//! | `char` | its scalar value as a `u32` |
//! | `string`, `list`, `map` | a count (LEB128 of a `u32`, shortest form), then UTF-8, the items, or each key with its value |
//! | `record`, `tuple`, `list<T, N>` | the parts in order |
//! | `variant`, `enum`, `option`, `result` | the case's number (1, 2 or 4 bytes, by the number of cases), then its payload |
//! | `flags` | one bit each, as few bytes as hold them |
//!
//! Every value has exactly one such form. The form carries no type, so that whoever stores or sends a message keeps its
//! type's [`signature::fingerprint`] with it, and whoever takes one from outside checks it first ([`validate`]).
//! Resources, futures, streams and error contexts stand for something inside one component and have no such form
//! ([`portable`]).
//!
//! For people there are [`json`] and [`wave`].
//!
//! # Size limit
//! Every byte of a message that is lifted from a guest is paid for with the store's hostcall fuel before it is copied:
//! `Store::set_hostcall_fuel(n)` makes `n` bytes the largest message that guest can hand over, to the byte, in a result
//! or in the arguments of an import; past it the call fails with [`TooLarge`]. The fuel is taken afresh for each.
#![warn(missing_docs)]

mod abi;
mod carriers;
mod error;
mod func;
mod import;
pub mod json;
mod lift;
mod lower;
mod reader;
mod shape;
pub mod signature;
mod validate;
pub mod value;
pub mod wave;
mod writer;

pub use error::{BadArgument, Error, Malformed, TooLarge, Unportable};
pub use func::PackedFunc;
pub use import::{Handler, Reply, import};
pub use shape::portable;
pub use validate::validate;
