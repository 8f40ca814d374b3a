//! Guests as bytes, and bytes of their own for the same guest.

use sha2::{Digest, Sha256};

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

/// A service that greets with this word of five letters, so that its answers show which bytes run. All such versions have
/// the same size.
pub fn greeting(word: &str) -> Vec<u8> {
    const GREETING: &[u8] = b"Hello, ";
    assert_eq!(word.len(), GREETING.len() - 2);
    let mut bytes = bytes("greeter-v1");
    let mut found = bytes.windows(GREETING.len()).enumerate().filter(|(_, it)| *it == GREETING).map(|(at, _)| at);
    let (at, None) = (found.next().expect("it greets"), found.next()) else { panic!("it greets in two places") };
    bytes[at..at + word.len()].copy_from_slice(word.as_bytes());
    bytes
}

/// A witness in bytes of their own, which it says with every answer.
pub fn marked(guest: &str, mark: u64) -> Vec<u8> {
    const MARK: &[u8] = b"mark 00000000";
    let mut bytes = bytes(guest);
    let mut found = bytes.windows(MARK.len()).enumerate().filter(|(_, it)| *it == MARK).map(|(at, _)| at);
    let (at, None) = (found.next().expect("it bears a mark"), found.next()) else { panic!("it bears two marks") };
    bytes[at..at + MARK.len()].copy_from_slice(format!("mark {mark:08}").as_bytes());
    bytes
}

/// The SHA-256 of these bytes, as receipts write it.
pub fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The second counter with this fault: `ACT:FAULT`, or `ACT:FAULT@TOTAL` (see `guests/faulty/scripted`).
pub fn scripted(script: &str) -> Vec<u8> {
    const SCRIPT: &[u8] = b"script:......";
    let mut bytes = bytes("counter-scripted");
    let at = bytes.windows(SCRIPT.len()).position(|it| it == SCRIPT).expect("it has a script") + "script:".len();
    bytes[at..at + script.len()].copy_from_slice(script.as_bytes());
    bytes
}
