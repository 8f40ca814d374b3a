//! The bytes of a saved state: a header that says what they are, then the state in postcard.
//!
//! | bytes | what | |
//! |---|---|---|
//! | 0..4 | magic | `CHS1` |
//! | 4..6 | version of the envelope | 1 |
//! | 6..8 | reserved | 0 |
//! | 8..12 | version of the state | |
//! | 12..20 | structure | first 8 bytes of the SHA-256 of its text |
//! | 20..24 | length of what follows the header | in bytes |
//! | 24..28 | CRC-32 (IEEE) of what follows the header | |
//!
//! Numbers are little-endian. Foreign and damaged bytes give a sentence, never a panic and never a wrong state.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::shape::{Shape, fingerprint, structure_of};

const MAGIC: [u8; 4] = *b"CHS1";
const ENVELOPE_VERSION: u16 = 1;
const HEADER_BYTES: usize = 28;

/// The state is written behind room for its header, so that its bytes are not copied once more.
pub(super) fn seal<T: Shape + Serialize>(version: u32, state: &T) -> Result<Vec<u8>, String> {
    let written = postcard::to_extend(state, vec![0; HEADER_BYTES]);
    let mut bytes = written.map_err(|why| format!("the state cannot be saved: {why}"))?;
    let payload = &bytes[HEADER_BYTES..];
    let length = u32::try_from(payload.len()).map_err(|_| "the state is larger than 4 GiB".to_owned())?;
    let checksum = crc32(payload);
    bytes[0..4].copy_from_slice(&MAGIC);
    bytes[4..6].copy_from_slice(&ENVELOPE_VERSION.to_le_bytes());
    bytes[8..12].copy_from_slice(&version.to_le_bytes());
    bytes[12..20].copy_from_slice(&fingerprint(&structure_of::<T>()));
    bytes[20..24].copy_from_slice(&length.to_le_bytes());
    bytes[24..28].copy_from_slice(&checksum.to_le_bytes());
    Ok(bytes)
}

/// A saved state, its header checked.
#[derive(Debug, Clone, Copy)]
pub struct Saved<'a> {
    version: u32,
    structure: [u8; 8],
    payload: &'a [u8],
}

impl<'a> Saved<'a> {
    /// Looks at the header.
    ///
    /// # Errors
    /// Says what is wrong with the bytes.
    pub fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let (Some(header), true) = (bytes.first_chunk::<HEADER_BYTES>(), bytes.starts_with(&MAGIC)) else {
            return Err("these bytes are not a state that changeling-guest has saved".to_owned());
        };
        let envelope = u16::from_le_bytes([header[4], header[5]]);
        if envelope != ENVELOPE_VERSION {
            return Err(format!("the state is in envelope {envelope}, and this code only knows {ENVELOPE_VERSION}"));
        }
        let payload = &bytes[HEADER_BYTES..];
        let length = number(header, 20) as usize;
        if payload.len() != length {
            return Err(format!("the state is damaged: it has {} bytes and should have {length}", payload.len()));
        }
        if crc32(payload) != number(header, 24) {
            return Err("the state is damaged: its checksum does not match".to_owned());
        }
        let mut structure = [0; 8];
        structure.copy_from_slice(&header[12..20]);
        Ok(Self { version: number(header, 8), structure, payload })
    }

    /// The version that the state was saved in.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The state, which must have been saved as just this type.
    ///
    /// # Errors
    /// Says so where the structures differ or the bytes do not fit.
    pub fn decode<T: Shape + DeserializeOwned>(&self) -> Result<T, String> {
        let structure = structure_of::<T>();
        if fingerprint(&structure) != self.structure {
            return Err(format!(
                "version {} was saved with another structure than this code's copy of it, {structure}",
                self.version
            ));
        }
        decode(self.version, self.payload)
    }
}

fn number(header: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
}

fn decode<T: DeserializeOwned>(version: u32, payload: &[u8]) -> Result<T, String> {
    match postcard::take_from_bytes(payload) {
        Ok((state, [])) => Ok(state),
        Ok((_, rest)) => Err(format!("version {version} of the state has {} bytes too many", rest.len())),
        Err(why) => Err(format!("version {version} of the state cannot be read: {why}")),
    }
}

/// One table of 1 KiB: states are large enough for it to matter, and guests small enough for more tables to matter.
static CRC_TABLE: [u32; 256] = crc_table();

const fn crc_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, byte| CRC_TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8))
}
