//! The envelope that the SDK puts around a saved state, read where the bytes begin with its magic; bytes without it are
//! the guest's own affair, and only its `code-change` can object to them.
//!
//! Little-endian: `CHS1`, envelope version u16, reserved u16, state version u32, the first 8 bytes of the SHA-256 of the
//! structure's text, length u32, CRC-32 u32; then the state.

use sha2::{Digest, Sha256};

use super::words::cut;

const MAGIC: &[u8; 4] = b"CHS1";
const HEADER: usize = 28;

/// What is in the envelope; none where there is none.
pub fn content(bytes: &[u8]) -> Option<&[u8]> {
    bytes.get(HEADER..).filter(|_| bytes.starts_with(MAGIC))
}

/// Whether a saved state is of the version and structure that were asked for.
///
/// # Errors
/// One sentence where it says otherwise, or is cut short.
pub fn check(bytes: &[u8], version: u32, structure: Option<&str>) -> Result<(), String> {
    let Some(rest) = bytes.strip_prefix(MAGIC) else { return Ok(()) };
    if bytes.len() < HEADER {
        return Err(format!("the saved state has an envelope of {} bytes where {HEADER} are needed", bytes.len()));
    }
    let word = |at: usize| u32::from_le_bytes([rest[at], rest[at + 1], rest[at + 2], rest[at + 3]]);
    let (says, length) = (word(4), word(16));
    if says != version {
        return Err(format!("version {version} was asked for, and the saved state says that it is version {says}"));
    }
    if length as usize != bytes.len() - HEADER {
        return Err(format!("the saved state is {} bytes long and says {length}", bytes.len() - HEADER));
    }
    match structure {
        Some(text) if Sha256::digest(text.as_bytes())[..8] != rest[8..16] => Err(format!(
            "the saved state is not of the structure {text}, which its code gave for version {version}",
            text = cut(text.to_owned())
        )),
        _ => Ok(()),
    }
}
