//! Checked reading of a message. Nothing of it is believed: not its counts, its discriminants, its text or its end.

use crate::Malformed;

/// What is left of a message.
pub(crate) struct Reader<'m>(&'m [u8]);

impl<'m> Reader<'m> {
    pub(crate) fn new(message: &'m [u8]) -> Self {
        Reader(message)
    }

    /// The next `n` bytes.
    #[inline]
    pub(crate) fn bytes(&mut self, n: usize) -> Result<&'m [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(Malformed::Truncated)?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.0 = rest;
        Ok(*taken)
    }

    /// A number of things that each take a byte or more, so never one past the bytes that are left.
    #[inline]
    pub(crate) fn count(&mut self) -> Result<usize, Malformed> {
        let mut count = 0u64;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.array()?;
            count |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                let is_shortest = byte != 0 || shift == 0;
                let fits = count <= u64::from(u32::MAX) && count <= self.0.len() as u64;
                return if is_shortest && fits { Ok(count as usize) } else { Err(Malformed::Count) };
            }
        }
        Err(Malformed::Count)
    }

    #[inline]
    pub(crate) fn bool(&mut self) -> Result<bool, Malformed> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(Malformed::Bool(other)),
        }
    }

    pub(crate) fn char(&mut self) -> Result<char, Malformed> {
        let scalar = u32::from_le_bytes(self.array()?);
        char::from_u32(scalar).ok_or(Malformed::Char(scalar))
    }

    pub(crate) fn str(&mut self) -> Result<&'m str, Malformed> {
        let len = self.count()?;
        str::from_utf8(self.bytes(len)?).map_err(|_| Malformed::Text("UTF-8"))
    }

    /// Which of `cases` cases, written in `width` bytes.
    #[inline]
    pub(crate) fn case(&mut self, width: usize, cases: usize) -> Result<usize, Malformed> {
        check_case(uint(self.bytes(width)?), cases)
    }

    /// The bits of `count` flags, 1 to 32.
    pub(crate) fn flags(&mut self, count: usize) -> Result<u32, Malformed> {
        let bits = uint(self.bytes(count.div_ceil(8))?);
        if bits & !flag_mask(count) == 0 { Ok(bits) } else { Err(Malformed::Flags) }
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.0.is_empty() { Ok(()) } else { Err(Malformed::LeftOver(self.0.len())) }
    }
}

/// A discriminant as the number of a case.
#[inline]
pub(crate) fn check_case(found: u32, cases: usize) -> Result<usize, Malformed> {
    if (found as usize) < cases { Ok(found as usize) } else { Err(Malformed::Discriminant { found, cases }) }
}

/// One to four little-endian bytes as a number.
#[inline]
pub(crate) fn uint(bytes: &[u8]) -> u32 {
    let mut wide = [0; 4];
    wide[..bytes.len()].copy_from_slice(bytes);
    u32::from_le_bytes(wide)
}

/// The bits that `count` flags, 1 to 32, can set.
pub(crate) fn flag_mask(count: usize) -> u32 {
    u32::MAX >> (32 - count)
}

/// How many bytes the discriminant of a type with so many cases has.
pub(crate) fn discriminant_width(cases: usize) -> usize {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::Writer;

    #[test]
    fn counts_come_back_and_have_one_form() {
        for count in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
            let mut message = Writer::new(usize::MAX);
            assert_eq!(message.count(count), Ok(()));
            let mut bytes = message.finish();
            bytes.resize(bytes.len() + count, 0);
            assert_eq!(Reader::new(&bytes).count(), Ok(count));
        }
        for longer_than_needed in [&[0x80, 0][..], &[0x81, 0, 7], &[0x80, 0x80, 0x80, 0x80, 0]] {
            assert_eq!(Reader::new(longer_than_needed).count(), Err(Malformed::Count));
        }
        assert_eq!(Reader::new(&[0xff; 9]).count(), Err(Malformed::Count), "more than 32 bits");
        assert_eq!(Reader::new(&[2, 0]).count(), Err(Malformed::Count), "more than follows");
        assert_eq!(Reader::new(&[0x80]).count(), Err(Malformed::Truncated));
    }

    #[test]
    fn only_what_the_type_has_is_read() {
        assert_eq!(Reader::new(&[2]).bool(), Err(Malformed::Bool(2)));
        assert_eq!(Reader::new(&[0, 0xd8, 0, 0]).char(), Err(Malformed::Char(0xd800)));
        assert_eq!(Reader::new(&[1, 0xff]).str(), Err(Malformed::Text("UTF-8")));
        assert_eq!(Reader::new(&[3]).case(1, 3), Err(Malformed::Discriminant { found: 3, cases: 3 }));
        assert_eq!(Reader::new(&[0b1000]).flags(3), Err(Malformed::Flags));
        assert_eq!(Reader::new(&[0xff; 4]).flags(32), Ok(u32::MAX));
        assert_eq!(Reader::new(&[0]).end(), Err(Malformed::LeftOver(1)));
    }
}
