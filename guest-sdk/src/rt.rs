//! What the macros name: where a guest's state lives between two messages, and how its first one comes about.
//! Not for guests.

use std::cell::RefCell;

#[cfg(not(target_arch = "wasm32"))]
pub use crate::testing::mock;
pub use crate::{bindings::*, state};
pub use serde;
pub use wit_bindgen;

/// Where the one actor of an instance keeps its state.
pub struct Slot<T>(RefCell<Option<T>>);

impl<T> Slot<T> {
    /// Nothing is in it until the actor begins.
    #[must_use]
    pub const fn empty() -> Self {
        Self(RefCell::new(None))
    }
}

/// What the host's calls run on: the state of an actor, or a service itself.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not what this crate's `guest!` names",
    label = "not the guest",
    note = "write `guest!({Self});`"
)]
pub trait Subject: Sized + 'static {
    /// Runs a function on it.
    fn with<R>(run: impl FnOnce(&mut Self) -> R) -> R;
}

/// A guest that has a state.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is a service: it has no state, no birth and no messages from the host",
    label = "needs an actor",
    note = "write `guest!({Self});` without `service`, and put `#[state(version = 1)]` on the type"
)]
pub trait Actor: Sized + 'static {
    /// Looks at where the state is.
    fn slot<R>(look: impl FnOnce(&Slot<Self>) -> R) -> R;

    /// The state of an actor that has neither been born by `init` nor taken over another's.
    fn first() -> Self;

    /// From here on the actor has this state.
    fn begin(state: Self) {
        Self::slot(|slot| *slot.0.borrow_mut() = Some(state));
    }

    /// Runs one message on the state.
    fn handle<R>(run: impl FnOnce(&mut Self) -> R) -> R {
        Self::slot(|slot| {
            let mut state = slot.0.try_borrow_mut().expect("an actor handles one message at a time");
            run(state.get_or_insert_with(Self::first))
        })
    }
}

/// How the first state comes about, chosen when the guest is compiled: by its `init`, else by its `Default`, else the
/// guest does not compile. The more references a method needs, the earlier the compiler takes it.
pub mod first {
    use std::marker::PhantomData;

    use crate::Lifecycle;

    pub struct Of<T>(PhantomData<T>);

    impl<T> Of<T> {
        #[must_use]
        #[expect(clippy::new_without_default, reason = "made in one place, by a macro")]
        pub const fn new() -> Self {
            Self(PhantomData)
        }
    }

    pub trait ByInit<T> {
        fn first(&self) -> T;
    }

    impl<T: Lifecycle> ByInit<T> for &&Of<T> {
        fn first(&self) -> T {
            panic!("a message came before `init`")
        }
    }

    pub trait ByDefault<T> {
        fn first(&self) -> T;
    }

    impl<T: Default> ByDefault<T> for &Of<T> {
        fn first(&self) -> T {
            T::default()
        }
    }

    #[diagnostic::on_unimplemented(
        message = "`{Self}` has no first state",
        label = "how does it begin?",
        note = "derive `Default`, or write `#[actor] impl Lifecycle for {Self} {{ … }}`"
    )]
    pub trait Begins {}

    pub trait ByNothing<T> {
        fn first(&self) -> T
        where
            T: Begins;
    }

    impl<T> ByNothing<T> for Of<T> {
        fn first(&self) -> T
        where
            T: Begins,
        {
            unreachable!("nothing implements Begins")
        }
    }
}

/// Runs once per instance, before the first export: from here on log records and panics reach the host.
#[cfg(target_arch = "wasm32")]
pub extern "C" fn start() {
    crate::logger::install();
}
