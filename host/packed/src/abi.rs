//! What lifting and lowering need to know of a compiled component's types.

use wasmtime::component::__internal::wasmtime_environ::component::{ComponentTypes, VariantInfo};
use wasmtime::component::__internal::{CanonicalAbiInfo, InterfaceType};

use crate::{Malformed, Unportable, reader};

/// Refuses a type that holds a handle.
pub(crate) fn portable(types: &ComponentTypes, ty: InterfaceType) -> Result<(), Unportable> {
    match ty {
        InterfaceType::Own(_) => Err(Unportable::handle("own")),
        InterfaceType::Borrow(_) => Err(Unportable::handle("borrow")),
        InterfaceType::Future(_) => Err(Unportable::handle("future")),
        InterfaceType::Stream(_) => Err(Unportable::handle("stream")),
        InterfaceType::ErrorContext(_) => Err(Unportable::handle("error-context")),
        InterfaceType::List(i) => portable(types, types[i].element),
        InterfaceType::FixedLengthList(i) => portable(types, types[i].element),
        InterfaceType::Map(i) => portable(types, types[i].key).and_then(|()| portable(types, types[i].value)),
        InterfaceType::Record(i) => types[i].fields.iter().try_for_each(|field| portable(types, field.ty)),
        InterfaceType::Tuple(i) => types[i].types.iter().try_for_each(|part| portable(types, *part)),
        InterfaceType::Variant(i) => types[i].cases.values().flatten().try_for_each(|part| portable(types, *part)),
        InterfaceType::Option(i) => portable(types, types[i].ty),
        InterfaceType::Result(i) => types[i].ok.iter().chain(&types[i].err).try_for_each(|part| portable(types, *part)),
        InterfaceType::Bool
        | InterfaceType::S8
        | InterfaceType::U8
        | InterfaceType::S16
        | InterfaceType::U16
        | InterfaceType::S32
        | InterfaceType::U32
        | InterfaceType::S64
        | InterfaceType::U64
        | InterfaceType::Float32
        | InterfaceType::Float64
        | InterfaceType::Char
        | InterfaceType::String
        | InterfaceType::Enum(_)
        | InterfaceType::Flags(_) => Ok(()),
    }
}

/// Whether a value's bytes in linear memory are exactly its packed bytes, whatever they are: numbers, and records of
/// numbers without padding.
pub(crate) fn is_plain(types: &ComponentTypes, ty: InterfaceType) -> bool {
    fn all(types: &ComponentTypes, mut parts: impl Iterator<Item = InterfaceType>, whole: &CanonicalAbiInfo) -> bool {
        let mut sum = 0;
        parts.all(|part| {
            sum += size(types, part);
            is_plain(types, part)
        }) && sum == whole.size32 as usize
    }
    match ty {
        InterfaceType::U8
        | InterfaceType::S8
        | InterfaceType::U16
        | InterfaceType::S16
        | InterfaceType::U32
        | InterfaceType::S32
        | InterfaceType::U64
        | InterfaceType::S64
        | InterfaceType::Float32
        | InterfaceType::Float64 => true,
        InterfaceType::Record(i) => all(types, types[i].fields.iter().map(|field| field.ty), &types[i].abi),
        InterfaceType::Tuple(i) => all(types, types[i].types.iter().copied(), &types[i].abi),
        InterfaceType::FixedLengthList(i) => is_plain(types, types[i].element),
        _ => false,
    }
}

/// Bytes of a value in linear memory.
#[inline]
pub(crate) fn size(types: &ComponentTypes, ty: InterfaceType) -> usize {
    types.canonical_abi(&ty).size32 as usize
}

/// What variant, enum, option and result have in common: a discriminant, and for some cases a payload.
#[derive(Clone, Copy)]
pub(crate) struct Sum<'t> {
    ty: InterfaceType,
    types: &'t ComponentTypes,
    cases: usize,
    /// Bytes of the discriminant, in memory and packed.
    pub(crate) width: usize,
    /// Offset of every payload in memory.
    pub(crate) payload_at: usize,
    abi: &'t CanonicalAbiInfo,
}

impl<'t> Sum<'t> {
    /// `ty` as a sum, which it is: it comes last, after everything else that is [`portable`].
    #[inline]
    pub(crate) fn of(types: &'t ComponentTypes, ty: InterfaceType) -> Self {
        let sum = |cases, info: &VariantInfo, abi| Sum {
            ty,
            types,
            cases,
            width: u32::from(info.size) as usize,
            payload_at: info.payload_offset32 as usize,
            abi,
        };
        match ty {
            InterfaceType::Variant(i) => sum(types[i].cases.len(), &types[i].info, &types[i].abi),
            InterfaceType::Enum(i) => sum(types[i].names.len(), &types[i].info, &types[i].abi),
            InterfaceType::Option(i) => sum(2, &types[i].info, &types[i].abi),
            InterfaceType::Result(i) => sum(2, &types[i].info, &types[i].abi),
            other => unreachable!("{other:?} was refused when its function was typed"),
        }
    }

    /// The case that discriminant `found` in a guest's hands stands for.
    #[inline]
    pub(crate) fn check(&self, found: u32) -> Result<usize, Malformed> {
        reader::check_case(found, self.cases)
    }

    /// The case that comes next in a message.
    #[inline]
    pub(crate) fn read(&self, message: &mut reader::Reader<'_>) -> Result<usize, Malformed> {
        message.case(self.width, self.cases)
    }

    /// What case number `case` carries.
    #[inline]
    pub(crate) fn payload(&self, case: usize) -> Option<InterfaceType> {
        match self.ty {
            InterfaceType::Variant(i) => self.types[i].cases.get_index(case).and_then(|(_, payload)| *payload),
            InterfaceType::Option(i) => (case == 1).then_some(self.types[i].ty),
            InterfaceType::Result(i) if case == 0 => self.types[i].ok,
            InterfaceType::Result(i) => self.types[i].err,
            _ => None,
        }
    }

    /// How many core values are left of this sum's after the discriminant and case number `case`'s payload, where the
    /// sum is passed flat.
    #[inline]
    pub(crate) fn unused_flat(&self, case: usize) -> usize {
        let flat = |abi: &CanonicalAbiInfo| abi.flat_count(usize::MAX).expect("a part of what is passed flat is flat");
        let used = self.payload(case).map_or(0, |payload| flat(self.types.canonical_abi(&payload)));
        flat(self.abi) - 1 - used
    }
}
