//! Imports served with messages: how one component's calls reach another.

use std::sync::Arc;

use wasmtime::component::__internal::wasmtime_environ::component::{MAX_FLAT_PARAMS, MAX_FLAT_RESULTS};
use wasmtime::component::LinkerInstance;
use wasmtime::component::types::ComponentFunc;
use wasmtime::{Result, StoreContextMut};

use crate::carriers::{In, Out};
use crate::shape::Shape;

/// What a [`Handler`] answers: the tuple of the function's results. An error is a trap in the guest.
pub type Reply<'a> = Box<dyn Future<Output = Result<Vec<u8>>> + Send + 'a>;

/// Takes the tuple of an import's parameters.
pub type Handler<T> = Arc<dyn for<'a> Fn(StoreContextMut<'a, T>, Vec<u8>) -> Reply<'a> + Send + Sync>;

/// Serves the import `name`, whose type is `func`, with `handler`.
///
/// A reply that is not a value of the result's type is a trap in the guest ([`Malformed`](crate::Malformed)), as are
/// parameters that are not ones of theirs or larger than the store's hostcall fuel allows
/// ([`TooLarge`](crate::TooLarge)).
///
/// # Errors
/// [`Unportable`](crate::Unportable) if a parameter or the result holds a handle, and wasmtime's own if `name` is already
/// defined. A component whose import has another type than `func` is refused when it is linked.
pub fn import<T: Send + 'static>(
    linker: &mut LinkerInstance<'_, T>,
    name: &str,
    func: &ComponentFunc,
    handler: Handler<T>,
) -> Result<()> {
    // Parameters and results past the limit are passed in memory, with no core value that a carrier sees.
    let count = |flat: usize, max: usize| if flat > max { 0 } else { flat };
    let (mut params, mut results) = (0usize, 0usize);
    for (_, ty) in func.params() {
        params = params.saturating_add(Shape::of(&ty)?.flat_count());
    }
    for ty in func.results() {
        results = results.saturating_add(Shape::of(&ty)?.flat_count());
    }
    // `In` and `Out` have to have exactly the core values of the type, so there is one pair for each.
    macro_rules! serve {
        ($($params:literal)*) => {
            match (count(params, MAX_FLAT_PARAMS), count(results, MAX_FLAT_RESULTS)) {
                $(
                    ($params, 0) => serve::<T, $params, 0>(linker, name, handler),
                    ($params, _) => serve::<T, $params, 1>(linker, name, handler),
                )*
                _ => unreachable!("at most 16 core values are passed flat"),
            }
        };
    }
    serve!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16)
}

fn serve<T: Send + 'static, const PARAMS: usize, const RESULTS: usize>(
    linker: &mut LinkerInstance<'_, T>,
    name: &str,
    handler: Handler<T>,
) -> Result<()> {
    linker.func_wrap_async(name, move |store: StoreContextMut<'_, T>, args: In<PARAMS>| {
        let reply = Box::into_pin(handler(store, args.0));
        Box::new(async move { Ok(Out::<RESULTS>(reply.await?)) })
    })
}
