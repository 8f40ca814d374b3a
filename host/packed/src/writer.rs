//! Writing a message up to a limit.

use crate::TooLarge;

/// A message that is being written, never longer than its limit.
pub(crate) struct Writer {
    message: Vec<u8>,
    limit: usize,
}

impl Writer {
    /// An empty message of at most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Writer { message: Vec::new(), limit }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), TooLarge> {
        if bytes.len() > self.room() {
            return Err(TooLarge);
        }
        self.message.extend_from_slice(bytes);
        Ok(())
    }

    /// How many bytes may still follow.
    pub(crate) fn room(&self) -> usize {
        self.limit - self.message.len()
    }

    /// A number of items. More than a `u32` can count would be past any limit.
    pub(crate) fn count(&mut self, count: usize) -> Result<(), TooLarge> {
        let (bytes, len) = leb128(u32::try_from(count).map_err(|_| TooLarge)?);
        self.bytes(&bytes[..len])
    }

    pub(crate) fn str(&mut self, text: &str) -> Result<(), TooLarge> {
        self.count(text.len())?;
        self.bytes(text.as_bytes())
    }

    /// Case number `case`, which is less than 2^32, in `width` bytes.
    pub(crate) fn case(&mut self, case: usize, width: usize) -> Result<(), TooLarge> {
        self.bytes(&(case as u32).to_le_bytes()[..width])
    }

    /// The bits of `count` flags, 1 to 32.
    pub(crate) fn flags(&mut self, bits: u32, count: usize) -> Result<(), TooLarge> {
        self.bytes(&bits.to_le_bytes()[..count.div_ceil(8)])
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.message
    }
}

/// The shortest LEB128 form, and its length.
#[inline]
pub(crate) fn leb128(mut value: u32) -> ([u8; 5], usize) {
    let mut bytes = [0; 5];
    for at in 0..5 {
        bytes[at] = value as u8 & 0x7f;
        value >>= 7;
        if value == 0 {
            return (bytes, at + 1);
        }
        bytes[at] |= 0x80;
    }
    unreachable!("five times seven bits hold a u32")
}
