//! Messages as JSON, both ways, without loss, for every type that can be in a message.
//!
//! | type | JSON |
//! |---|---|
//! | `bool` | `true`, `false` |
//! | integers | numbers; 64-bit ones are read from strings too, since many readers of JSON keep 53 bits |
//! | floats | numbers, and `"nan"`, `"inf"`, `"-inf"` |
//! | `char`, `string` | strings |
//! | `list<u8>` | `{"base64": "…"}`; read from an array of numbers too |
//! | other lists, tuples | arrays |
//! | `map` | an array of `[key, value]` |
//! | `record` | an object with a member for each field, none left out |
//! | `variant` | `{"case": value}`, or `"case"` for one without a value |
//! | `enum` | the name as a string |
//! | `flags` | an array of the names that are set |
//! | `option` | `null` or the value, but `{"some": …}` around the value of an option that is an option itself |
//! | `result` | `{"ok": …}` or `{"err": …}`, with `null` for one without a value |
//!
//! All that is lost is which of its many bit patterns a not-a-number had. A [`serde_json::Value`] can't tell of a member
//! that was in the text twice, so read text with [`parse`], which refuses it.

mod from_packed;
mod parse;
mod to_packed;

pub use from_packed::from_packed;
pub use parse::parse;
pub use to_packed::to_packed;
