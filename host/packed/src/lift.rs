//! From a guest's values to a message.
//!
//! Nothing a guest hands over is believed: each pointer is checked against its memory, each byte is paid for with
//! hostcall fuel before it is copied, and so nothing is allocated for a length that a guest merely claims.

use std::slice::Iter;

use wasmtime::component::__internal::wasmtime_environ::component::{StringEncoding, TypeMapIndex};
use wasmtime::component::__internal::{CanonicalAbiInfo, InterfaceType, LiftContext};
use wasmtime::{Result, ValRaw};

use crate::abi::{self, Sum};
use crate::reader::{flag_mask, uint};
use crate::writer::leb128;
use crate::{Malformed, TooLarge};

/// The message that core values stand for.
pub(crate) fn from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, values: &[ValRaw]) -> Result<Vec<u8>> {
    let mut lifting = Lifting::new(cx);
    lifting.flat(ty, &mut values.iter())?;
    Ok(lifting.message)
}

/// The message that lies at `pointer` in the guest's memory.
pub(crate) fn from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, pointer: usize) -> Result<Vec<u8>> {
    let mut lifting = Lifting::new(cx);
    let value = lifting.items(pointer, 1, lifting.cx.types.canonical_abi(&ty))?;
    lifting.load(ty, value)?;
    Ok(lifting.message)
}

struct Lifting<'c, 'm> {
    cx: &'c mut LiftContext<'m>,
    message: Vec<u8>,
}

impl<'c, 'm> Lifting<'c, 'm> {
    fn new(cx: &'c mut LiftContext<'m>) -> Self {
        Lifting { cx, message: Vec::new() }
    }

    /// Pays for `n` more bytes of the message, and makes room where there is none yet.
    #[inline]
    fn pay(&mut self, n: usize) -> Result<(), TooLarge> {
        // Most messages are smaller, or little more than one string or list of bytes: this is their only allocation.
        const SMALL: usize = 128;
        self.cx.consume_fuel(n).map_err(|_| TooLarge)?;
        if self.message.capacity() == 0 {
            self.message = Vec::with_capacity(n.max(SMALL));
        }
        Ok(())
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.pay(bytes.len())?;
        self.message.extend_from_slice(bytes);
        Ok(())
    }

    fn count(&mut self, count: u32) -> Result<()> {
        self.counted(count, &[])
    }

    /// A count and the bytes that follow it.
    fn counted(&mut self, count: u32, bytes: &[u8]) -> Result<()> {
        let (count, len) = leb128(count);
        self.pay(len + bytes.len())?;
        self.message.extend_from_slice(&count[..len]);
        self.message.extend_from_slice(bytes);
        Ok(())
    }

    /// The guest's `len` bytes at `pointer`.
    fn memory(&self, pointer: usize, len: Option<usize>, align: u32) -> Result<&'m [u8], Malformed> {
        if !pointer.is_multiple_of(align as usize) {
            return Err(Malformed::Unaligned { pointer, align });
        }
        len.and_then(|len| pointer.checked_add(len))
            .and_then(|end| self.cx.memory().get(pointer..end))
            .ok_or(Malformed::OutOfBounds(pointer))
    }

    /// The guest's `count` values of one type at `pointer`.
    fn items(&self, pointer: usize, count: usize, abi: &CanonicalAbiInfo) -> Result<&'m [u8], Malformed> {
        self.memory(pointer, count.checked_mul(abi.size32 as usize), abi.align32)
    }

    fn char(&mut self, scalar: u32) -> Result<()> {
        let char = char::from_u32(scalar).ok_or(Malformed::Char(scalar))?;
        self.put(&u32::from(char).to_le_bytes())
    }

    /// Bits without a flag are ignored, as the component model has it.
    fn flags(&mut self, count: usize, bits: u32) -> Result<()> {
        self.put(&(bits & flag_mask(count)).to_le_bytes()[..count.div_ceil(8)])
    }

    fn string(&mut self, pointer: u32, units: u32) -> Result<()> {
        const UTF16: u32 = 1 << 31;
        let (pointer, units_len) = (pointer as usize, units as usize);
        match self.cx.options().string_encoding {
            StringEncoding::Utf8 => {
                let text = self.memory(pointer, Some(units_len), 1)?;
                // Paid for before it is checked: a guest can point to the same text any number of times.
                self.counted(units, text)?;
                str::from_utf8(text).map_err(|_| Malformed::Text("UTF-8"))?;
                Ok(())
            }
            StringEncoding::Utf16 => self.utf16(pointer, units_len),
            StringEncoding::CompactUtf16 if units & UTF16 != 0 => self.utf16(pointer, (units ^ UTF16) as usize),
            StringEncoding::CompactUtf16 => {
                let text = self.memory(pointer, Some(units_len), 2)?;
                self.chars(text.iter().map(|byte| Ok(char::from(*byte))))
            }
        }
    }

    fn utf16(&mut self, pointer: usize, units: usize) -> Result<()> {
        let text = self.memory(pointer, units.checked_mul(2), 2)?;
        let units = text.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
        self.chars(char::decode_utf16(units).map(|char| char.map_err(|_| Malformed::Text("UTF-16"))))
    }

    /// Text that is not in UTF-8 yet, read twice: the first time only for its length, which stands before it.
    fn chars(&mut self, chars: impl Iterator<Item = Result<char, Malformed>> + Clone) -> Result<()> {
        let len = chars.clone().try_fold(0, |len, char| char.map(|char| len + char.len_utf8()))?;
        self.count(u32::try_from(len).map_err(|_| TooLarge)?)?;
        self.pay(len)?;
        for char in chars {
            self.message.extend_from_slice(char?.encode_utf8(&mut [0; 4]).as_bytes());
        }
        Ok(())
    }

    fn list(&mut self, element: InterfaceType, pointer: u32, len: u32) -> Result<()> {
        let types = self.cx.types;
        let items = self.items(pointer as usize, len as usize, types.canonical_abi(&element))?;
        // Only asked of a list that has items: what it costs to look through the type is then paid for by their bytes.
        if len > 0 && abi::is_plain(types, element) {
            return self.counted(len, items);
        }
        self.count(len)?;
        items.chunks_exact(abi::size(types, element)).try_for_each(|item| self.load(element, item))
    }

    fn map(&mut self, map: TypeMapIndex, pointer: u32, len: u32) -> Result<()> {
        let map = &self.cx.types[map];
        let entries = self.items(pointer as usize, len as usize, &map.entry_abi)?;
        self.count(len)?;
        entries.chunks_exact(map.entry_abi.size32 as usize).try_for_each(|entry| {
            self.load(map.key, entry)?;
            self.load(map.value, &entry[map.value_offset32 as usize..])
        })
    }

    /// The value whose bytes in memory `at` begins with.
    fn load(&mut self, ty: InterfaceType, at: &[u8]) -> Result<()> {
        let types = self.cx.types;
        let word = |offset: usize| uint(&at[offset..][..4]);
        match ty {
            InterfaceType::Bool => self.put(&[u8::from(at[0] != 0)]),
            InterfaceType::U8 | InterfaceType::S8 => self.put(&at[..1]),
            InterfaceType::U16 | InterfaceType::S16 => self.put(&at[..2]),
            InterfaceType::U32 | InterfaceType::S32 | InterfaceType::Float32 => self.put(&at[..4]),
            InterfaceType::U64 | InterfaceType::S64 | InterfaceType::Float64 => self.put(&at[..8]),
            InterfaceType::Char => self.char(word(0)),
            InterfaceType::String => self.string(word(0), word(4)),
            InterfaceType::List(i) => self.list(types[i].element, word(0), word(4)),
            InterfaceType::Map(i) => self.map(i, word(0), word(4)),
            InterfaceType::Record(i) => self.load_parts(types[i].fields.iter().map(|field| field.ty), at),
            InterfaceType::Tuple(i) => self.load_parts(types[i].types.iter().copied(), at),
            InterfaceType::FixedLengthList(i) => self.load_parts((0..types[i].size).map(|_| types[i].element), at),
            InterfaceType::Flags(i) => self.flags(types[i].names.len(), uint(&at[..types[i].abi.size32 as usize])),
            _ => {
                let sum = Sum::of(types, ty);
                let case = sum.check(uint(&at[..sum.width]))?;
                self.put(&at[..sum.width])?;
                sum.payload(case).map_or(Ok(()), |payload| self.load(payload, &at[sum.payload_at..]))
            }
        }
    }

    fn load_parts(&mut self, parts: impl Iterator<Item = InterfaceType>, at: &[u8]) -> Result<()> {
        let mut offset = 0;
        for part in parts {
            let place = self.cx.types.canonical_abi(&part).next_field32_size(&mut offset);
            self.load(part, &at[place..])?;
        }
        Ok(())
    }

    /// The value that the next core values stand for.
    fn flat(&mut self, ty: InterfaceType, values: &mut Iter<'_, ValRaw>) -> Result<()> {
        let types = self.cx.types;
        let mut next = || values.next().expect("there are as many values as the type has flat");
        match ty {
            InterfaceType::Bool => self.put(&[u8::from(next().get_u32() != 0)]),
            InterfaceType::U8 | InterfaceType::S8 => self.put(&next().get_u32().to_le_bytes()[..1]),
            InterfaceType::U16 | InterfaceType::S16 => self.put(&next().get_u32().to_le_bytes()[..2]),
            InterfaceType::U32 | InterfaceType::S32 => self.put(&next().get_u32().to_le_bytes()),
            InterfaceType::U64 | InterfaceType::S64 => self.put(&next().get_u64().to_le_bytes()),
            InterfaceType::Float32 => self.put(&next().get_f32().to_le_bytes()),
            InterfaceType::Float64 => self.put(&next().get_f64().to_le_bytes()),
            InterfaceType::Char => self.char(next().get_u32()),
            InterfaceType::String => self.string(next().get_u32(), next().get_u32()),
            InterfaceType::List(i) => self.list(types[i].element, next().get_u32(), next().get_u32()),
            InterfaceType::Map(i) => self.map(i, next().get_u32(), next().get_u32()),
            InterfaceType::Record(i) => types[i].fields.iter().try_for_each(|field| self.flat(field.ty, values)),
            InterfaceType::Tuple(i) => types[i].types.iter().try_for_each(|part| self.flat(*part, values)),
            InterfaceType::FixedLengthList(i) => {
                (0..types[i].size).try_for_each(|_| self.flat(types[i].element, values))
            }
            InterfaceType::Flags(i) => self.flags(types[i].names.len(), next().get_u32()),
            _ => {
                let sum = Sum::of(types, ty);
                let case = sum.check(next().get_u32())?;
                self.put(&(case as u32).to_le_bytes()[..sum.width])?;
                sum.payload(case).map_or(Ok(()), |payload| self.flat(payload, values))?;
                values.by_ref().take(sum.unused_flat(case)).for_each(drop);
                Ok(())
            }
        }
    }
}
