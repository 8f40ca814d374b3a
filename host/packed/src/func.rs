//! An export that is called with and answers messages.

use wasmtime::component::{Func, TypedFunc};
use wasmtime::{AsContext, AsContextMut, Result};

use crate::carriers::{Args, Ret};

/// An export of an instance, whatever its type.
///
/// Like [`Func`] it is a name for something in a store, and panics with another store.
#[derive(Clone, Copy)]
pub struct PackedFunc(TypedFunc<Args<'static>, Ret>);

impl PackedFunc {
    /// # Errors
    /// [`Unportable`](crate::Unportable) if a parameter or the result holds a handle.
    pub fn new(func: Func, store: impl AsContext) -> Result<Self> {
        Ok(PackedFunc(func.typed(store)?))
    }

    /// Calls it with `args`, the tuple of its parameters, and returns the tuple of its results (none or one).
    ///
    /// The result is as large as the store's hostcall fuel allows at most; see the [crate's](crate) documentation.
    ///
    /// # Errors
    /// A guest's trap, or what its memory limit or its imports refused. [`Malformed`](crate::Malformed) if `args` is not
    /// a value of the parameters' type or the guest returned what is not one of the result's, and
    /// [`TooLarge`](crate::TooLarge) if the result is past the limit (all to be had by `downcast_ref`). After any of them
    /// the instance is not to be called again: it may have been left in the middle of a call, and what it had allocated
    /// for it is never freed.
    pub async fn call_async(&self, store: impl AsContextMut<Data: Send>, args: &[u8]) -> Result<Vec<u8>> {
        let func: TypedFunc<Args<'_>, Ret> = self.0;
        Ok(func.call_async(store, Args(args)).await?.0)
    }
}
