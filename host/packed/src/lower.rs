//! From a message to a guest's values.
//!
//! A message may come from a disk or another host, so every read of it is checked; what the guest is made to allocate is
//! in proportion to the bytes the message really has.
#![expect(unsafe_code, reason = "a string lowered by wasmtime arrives in two slots that only it knows to be filled")]

use std::mem::MaybeUninit;
use std::slice::IterMut;

use wasmtime::component::__internal::wasmtime_environ::component::TypeMapIndex;
use wasmtime::component::__internal::{CanonicalAbiInfo, InterfaceType, LowerContext};
use wasmtime::component::Lower;
use wasmtime::{Result, ValRaw};

use crate::TooLarge;
use crate::abi::{self, Sum};
use crate::reader::Reader;

/// Lowers the whole message to core values, as many as the type has flat.
pub(crate) fn to_flat<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    message: &[u8],
    slots: &mut [MaybeUninit<ValRaw>],
) -> Result<()> {
    let mut lowering = Lowering { cx, message: Reader::new(message) };
    lowering.flat(ty, &mut slots.iter_mut())?;
    Ok(lowering.message.end()?)
}

/// Lowers the whole message to a place in memory that is known to be in bounds and aligned.
pub(crate) fn to_memory<T>(
    cx: &mut LowerContext<'_, T>,
    ty: InterfaceType,
    message: &[u8],
    place: usize,
) -> Result<()> {
    let mut lowering = Lowering { cx, message: Reader::new(message) };
    lowering.store(ty, place)?;
    Ok(lowering.message.end()?)
}

struct Lowering<'c, 'g, 'm, T: 'static> {
    cx: &'c mut LowerContext<'g, T>,
    message: Reader<'m>,
}

impl<T> Lowering<'_, '_, '_, T> {
    #[inline]
    fn write(&mut self, place: usize, bytes: &[u8]) {
        self.cx.as_slice_mut()[place..][..bytes.len()].copy_from_slice(bytes);
    }

    /// Moves the next `N` bytes as they are.
    #[inline]
    fn copy<const N: usize>(&mut self, place: usize) -> Result<()> {
        let bytes: [u8; N] = self.message.array()?;
        self.write(place, &bytes);
        Ok(())
    }

    /// Room in the guest for `count` values of one type.
    fn allocate(&mut self, count: usize, abi: &CanonicalAbiInfo) -> Result<usize> {
        let bytes = count.checked_mul(abi.size32 as usize).ok_or(TooLarge)?;
        self.cx.realloc(0, 0, abi.align32, bytes)
    }

    fn list(&mut self, element: InterfaceType) -> Result<(usize, usize)> {
        let types = self.cx.types;
        let (count, abi) = (self.message.count()?, types.canonical_abi(&element));
        let size = abi.size32 as usize;
        // The bytes are taken before the room for them, so that a message cut short costs the guest nothing.
        if count > 0 && abi::is_plain(types, element) {
            let items = self.message.bytes(count.checked_mul(size).ok_or(TooLarge)?)?;
            let place = self.allocate(count, abi)?;
            self.write(place, items);
            return Ok((place, count));
        }
        let place = self.allocate(count, abi)?;
        (0..count).try_for_each(|item| self.store(element, place + item * size))?;
        Ok((place, count))
    }

    fn map(&mut self, map: TypeMapIndex) -> Result<(usize, usize)> {
        let map = &self.cx.types[map];
        let count = self.message.count()?;
        let place = self.allocate(count, &map.entry_abi)?;
        for entry in 0..count {
            let entry = place + entry * map.entry_abi.size32 as usize;
            self.store(map.key, entry)?;
            self.store(map.value, entry + map.value_offset32 as usize)?;
        }
        Ok((place, count))
    }

    /// Lowers the next value to `place`, which is known to be in bounds and aligned.
    fn store(&mut self, ty: InterfaceType, place: usize) -> Result<()> {
        let types = self.cx.types;
        match ty {
            InterfaceType::Bool => {
                let bool = self.message.bool()?;
                self.write(place, &[u8::from(bool)]);
            }
            InterfaceType::U8 | InterfaceType::S8 => self.copy::<1>(place)?,
            InterfaceType::U16 | InterfaceType::S16 => self.copy::<2>(place)?,
            InterfaceType::U32 | InterfaceType::S32 | InterfaceType::Float32 => self.copy::<4>(place)?,
            InterfaceType::U64 | InterfaceType::S64 | InterfaceType::Float64 => self.copy::<8>(place)?,
            InterfaceType::Char => {
                let char = self.message.char()?;
                self.write(place, &u32::from(char).to_le_bytes());
            }
            InterfaceType::String => self.message.str()?.linear_lower_to_memory(self.cx, ty, place)?,
            InterfaceType::List(i) => {
                let list = self.list(types[i].element)?;
                self.write_pair(place, list);
            }
            InterfaceType::Map(i) => {
                let map = self.map(i)?;
                self.write_pair(place, map);
            }
            InterfaceType::Record(i) => self.store_parts(types[i].fields.iter().map(|field| field.ty), place)?,
            InterfaceType::Tuple(i) => self.store_parts(types[i].types.iter().copied(), place)?,
            InterfaceType::FixedLengthList(i) => {
                self.store_parts((0..types[i].size).map(|_| types[i].element), place)?;
            }
            InterfaceType::Flags(i) => {
                let bits = self.message.flags(types[i].names.len())?;
                self.write(place, &bits.to_le_bytes()[..types[i].abi.size32 as usize]);
            }
            _ => {
                let sum = Sum::of(types, ty);
                let case = sum.read(&mut self.message)?;
                self.write(place, &(case as u32).to_le_bytes()[..sum.width]);
                if let Some(payload) = sum.payload(case) {
                    self.store(payload, place + sum.payload_at)?;
                }
            }
        }
        Ok(())
    }

    fn write_pair(&mut self, place: usize, (pointer, count): (usize, usize)) {
        self.write(place, &(pointer as u32).to_le_bytes());
        self.write(place + 4, &(count as u32).to_le_bytes());
    }

    fn store_parts(&mut self, parts: impl Iterator<Item = InterfaceType>, place: usize) -> Result<()> {
        let mut offset = 0;
        for part in parts {
            let part_at = place + self.cx.types.canonical_abi(&part).next_field32_size(&mut offset);
            self.store(part, part_at)?;
        }
        Ok(())
    }

    /// Lowers the next value to the next slots.
    fn flat(&mut self, ty: InterfaceType, slots: &mut IterMut<'_, MaybeUninit<ValRaw>>) -> Result<()> {
        let types = self.cx.types;
        let mut push = |value: ValRaw| {
            slots.next().expect("there are as many slots as the type has flat").write(value);
        };
        match ty {
            InterfaceType::Bool => push(ValRaw::u32(u32::from(self.message.bool()?))),
            InterfaceType::U8 => push(ValRaw::u32(u32::from(u8::from_le_bytes(self.message.array()?)))),
            InterfaceType::S8 => push(ValRaw::i32(i32::from(i8::from_le_bytes(self.message.array()?)))),
            InterfaceType::U16 => push(ValRaw::u32(u32::from(u16::from_le_bytes(self.message.array()?)))),
            InterfaceType::S16 => push(ValRaw::i32(i32::from(i16::from_le_bytes(self.message.array()?)))),
            InterfaceType::U32 | InterfaceType::S32 => push(ValRaw::u32(u32::from_le_bytes(self.message.array()?))),
            InterfaceType::U64 | InterfaceType::S64 => push(ValRaw::u64(u64::from_le_bytes(self.message.array()?))),
            InterfaceType::Float32 => push(ValRaw::f32(u32::from_le_bytes(self.message.array()?))),
            InterfaceType::Float64 => push(ValRaw::f64(u64::from_le_bytes(self.message.array()?))),
            InterfaceType::Char => push(ValRaw::u32(u32::from(self.message.char()?))),
            InterfaceType::String => {
                let mut pair = MaybeUninit::<[ValRaw; 2]>::uninit();
                self.message.str()?.linear_lower_to_flat(self.cx, ty, &mut pair)?;
                // SAFETY: `Lower for str` has filled both slots when it returns `Ok`.
                unsafe { pair.assume_init() }.into_iter().for_each(push);
            }
            InterfaceType::List(i) => push_pair(push, self.list(types[i].element)?),
            InterfaceType::Map(i) => push_pair(push, self.map(i)?),
            InterfaceType::Record(i) => types[i].fields.iter().try_for_each(|field| self.flat(field.ty, slots))?,
            InterfaceType::Tuple(i) => types[i].types.iter().try_for_each(|part| self.flat(*part, slots))?,
            InterfaceType::FixedLengthList(i) => {
                (0..types[i].size).try_for_each(|_| self.flat(types[i].element, slots))?;
            }
            InterfaceType::Flags(i) => push(ValRaw::u32(self.message.flags(types[i].names.len())?)),
            _ => {
                let sum = Sum::of(types, ty);
                let case = sum.read(&mut self.message)?;
                push(ValRaw::u32(case as u32));
                if let Some(payload) = sum.payload(case) {
                    self.flat(payload, slots)?;
                }
                // The guest reads as many slots as the widest case has, and must find nothing of the host's in them.
                slots.by_ref().take(sum.unused_flat(case)).for_each(|slot| {
                    slot.write(ValRaw::u64(0));
                });
            }
        }
        Ok(())
    }
}

fn push_pair(mut push: impl FnMut(ValRaw), (pointer, count): (usize, usize)) {
    push(ValRaw::i64(pointer as i64));
    push(ValRaw::i64(count as i64));
}
