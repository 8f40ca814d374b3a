//! The four types that stand for a whole parameter or result list in wasmtime's typed calls.
//!
//! wasmtime chooses between core values ("flat") and memory by a carrier's static type; here the run-time type decides:
//!
//! | carrier | its core values | what it does with them |
//! |---|---|---|
//! | [`Args`], parameters of an export | 16, the most there can be | fills as many as the type has; if that is more than 16, allocates the tuple in the guest and passes its address in the first |
//! | [`Ret`], result of an export | 1 | takes the value from it, or follows the address in it |
//! | [`In`], parameters of an import | exactly as many as the type has, 0 if it is passed in memory | lifts them; in memory, wasmtime has checked the address and hands over the place |
//! | [`Out`], result of an import | likewise, 0 or 1 | likewise |
//!
//! So wasmtime's own memory paths, which would use a carrier's static size, are reached only where it doesn't matter.
#![expect(unsafe_code, reason = "a type is made known to wasmtime's typed calls by unsafe traits")]

use std::mem::MaybeUninit;

use wasmtime::component::__internal::wasmtime_environ::component::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS};
use wasmtime::component::__internal::{CanonicalAbiInfo, InstanceType, InterfaceType, LiftContext, LowerContext};
use wasmtime::component::{ComponentNamedList, ComponentType, Lift, Lower};
use wasmtime::{Result, ValRaw, bail, ensure};

use crate::{abi, lift, lower};

/// Parameters for an export.
pub(crate) struct Args<'m>(pub(crate) &'m [u8]);

/// Result of an export.
pub(crate) struct Ret(pub(crate) Vec<u8>);

/// Parameters that an import receives, in `N` core values.
pub(crate) struct In<const N: usize>(pub(crate) Vec<u8>);

/// Result that an import returns, in `N` core values.
pub(crate) struct Out<const N: usize>(pub(crate) Vec<u8>);

/// Never used to place anything, see above.
const NO_PLACE: CanonicalAbiInfo = CanonicalAbiInfo::ZERO;

/// The part of `typecheck` that all four share: a tuple without handles.
fn check(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
    ensure!(matches!(ty, InterfaceType::Tuple(_)), "a message stands for a whole parameter or result list");
    Ok(abi::portable(types.types, *ty)?)
}

/// The same for a carrier that has to have exactly the core values of its type, of which there are at most `max`.
fn check_exact(ty: &InterfaceType, types: &InstanceType<'_>, max: usize, slots: usize) -> Result<()> {
    check(ty, types)?;
    let flat = types.types.canonical_abi(ty).flat_count(max).unwrap_or(0);
    ensure!(flat == slots, "the function passes {flat} core values, its import was declared with {slots}");
    Ok(())
}

// SAFETY, for the four `ComponentType`s: `Lower` is an array of `ValRaw`, as it has to be. `typecheck` accepts tuples
// without handles only, so that no right to a resource is made up or lost, and where wasmtime takes the number of core
// values from `Lower` it makes sure that this is the type's own.
unsafe impl ComponentType for Args<'_> {
    type Lower = [ValRaw; MAX_FLAT_PARAMS];
    const ABI: CanonicalAbiInfo = NO_PLACE;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        check(ty, types)
    }
}

// SAFETY: as above.
unsafe impl ComponentType for Ret {
    type Lower = [ValRaw; MAX_FLAT_RESULTS];
    const ABI: CanonicalAbiInfo = NO_PLACE;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        check(ty, types)
    }
}

// SAFETY: as above.
unsafe impl<const N: usize> ComponentType for In<N> {
    type Lower = [ValRaw; N];
    const ABI: CanonicalAbiInfo = NO_PLACE;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        check_exact(ty, types, MAX_FLAT_PARAMS, N)
    }
}

// SAFETY: as above.
unsafe impl<const N: usize> ComponentType for Out<N> {
    type Lower = [ValRaw; N];
    const ABI: CanonicalAbiInfo = NO_PLACE;

    fn typecheck(ty: &InterfaceType, types: &InstanceType<'_>) -> Result<()> {
        check_exact(ty, types, MAX_FLAT_RESULTS, N)
    }
}

// SAFETY, for the four: a list of named parts is passed as a tuple, and `typecheck` accepts nothing else.
unsafe impl ComponentNamedList for Args<'_> {}
// SAFETY: as above.
unsafe impl ComponentNamedList for Ret {}
// SAFETY: as above.
unsafe impl<const N: usize> ComponentNamedList for In<N> {}
// SAFETY: as above.
unsafe impl<const N: usize> ComponentNamedList for Out<N> {}

// SAFETY: every core value that the callee's signature has is written before `Ok` is returned, because the walk follows
// the type that the signature was compiled from; memory is written through bounds-checked slices only.
unsafe impl Lower for Args<'_> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        slots: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        let slots: &mut [MaybeUninit<ValRaw>; MAX_FLAT_PARAMS] = slots.as_mut();
        let abi = cx.types.canonical_abi(&ty);
        if abi.flat_count(MAX_FLAT_PARAMS).is_some() {
            return lower::to_flat(cx, ty, self.0, slots);
        }
        let place = cx.realloc(0, 0, abi.align32, abi.size32 as usize)?;
        lower::to_memory(cx, ty, self.0, place)?;
        slots[0].write(ValRaw::i64(place as i64));
        Ok(())
    }

    fn linear_lower_to_memory<T>(&self, _: &mut LowerContext<'_, T>, _: InterfaceType, _: usize) -> Result<()> {
        bail!("parameters are lowered to core values only")
    }
}

// SAFETY: as for `Args`; the place in memory that wasmtime hands over is checked by it with the run-time type, and written
// through bounds-checked slices only.
unsafe impl<const N: usize> Lower for Out<N> {
    fn linear_lower_to_flat<T>(
        &self,
        cx: &mut LowerContext<'_, T>,
        ty: InterfaceType,
        slots: &mut MaybeUninit<Self::Lower>,
    ) -> Result<()> {
        let slots: &mut [MaybeUninit<ValRaw>; N] = slots.as_mut();
        lower::to_flat(cx, ty, &self.0, slots)
    }

    fn linear_lower_to_memory<T>(&self, cx: &mut LowerContext<'_, T>, ty: InterfaceType, place: usize) -> Result<()> {
        lower::to_memory(cx, ty, &self.0, place)
    }
}

// SAFETY: only the core values that the type has are read, and memory through bounds-checked slices only.
unsafe impl Lift for Ret {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, values: &Self::Lower) -> Result<Self> {
        let is_flat = cx.types.canonical_abi(&ty).flat_count(MAX_FLAT_RESULTS).is_some();
        let message = if is_flat {
            lift::from_flat(cx, ty, values)
        } else {
            lift::from_memory(cx, ty, values[0].get_u32() as usize)
        };
        message.map(Ret)
    }

    fn linear_lift_from_memory(_: &mut LiftContext<'_>, _: InterfaceType, _: &[u8]) -> Result<Self> {
        bail!("a result is lifted from core values only")
    }
}

// SAFETY: as for `Ret`.
unsafe impl<const N: usize> Lift for In<N> {
    fn linear_lift_from_flat(cx: &mut LiftContext<'_>, ty: InterfaceType, values: &Self::Lower) -> Result<Self> {
        lift::from_flat(cx, ty, values).map(In)
    }

    /// `bytes` is as long as `ABI` says, and so empty; it tells where the parameters are.
    fn linear_lift_from_memory(cx: &mut LiftContext<'_>, ty: InterfaceType, bytes: &[u8]) -> Result<Self> {
        let place = bytes.as_ptr().addr().wrapping_sub(cx.memory().as_ptr().addr());
        lift::from_memory(cx, ty, place).map(In)
    }
}
