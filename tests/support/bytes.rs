//! Guests as bytes, and bytes of their own for the same guest.

use super::wasm;

/// The bytes of the component that the package `name` becomes.
pub fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(wasm(name)).expect("the guest is built")
}

/// The same in bytes of its own: with a section at its end that nobody reads, called `mark`.
pub fn variant(name: &str, mark: &str) -> Vec<u8> {
    const CUSTOM: u8 = 0;
    let mut bytes = bytes(name);
    let length = u8::try_from(mark.len()).ok().filter(|length| *length < 0x7f).expect("a short mark");
    bytes.extend([CUSTOM, length + 1, length]);
    bytes.extend(mark.as_bytes());
    bytes
}
