//! The contract's bindings, and its border with the core's words.

use changeling_core::contract;
use changeling_core::reason::ExitReason;

use super::words::cut;

#[expect(missing_docs, reason = "generated; the contract's own text documents each item")]
mod bindings {
    wasmtime::component::bindgen!({
        path: "../wit",
        inline: "
            package changeling:host;
            world everything {
                include changeling:actor/host@0.1.0;
                include changeling:actor/has-state@0.1.0;
                include changeling:actor/has-lifecycle@0.1.0;
                include changeling:actor/has-info@0.1.0;
                include changeling:actor/has-health@0.1.0;
                include changeling:actor/has-status@0.1.0;
            }
        ",
        world: "changeling:host/everything",
        imports: { default: trappable },
        exports: { default: async },
    });
}

pub use bindings::changeling::actor::{log, process, types};
pub use bindings::exports::changeling::actor::{health, info, lifecycle, state, status};

/// The interfaces of the contract that the host provides to guests.
pub const PROVIDED: [&str; 3] =
    ["changeling:actor/log@0.1.0", "changeling:actor/process@0.1.0", "changeling:actor/types@0.1.0"];

impl From<types::ExitReason> for ExitReason {
    fn from(reason: types::ExitReason) -> Self {
        use types::ExitReason as Wit;
        match reason {
            Wit::Normal => Self::Normal,
            Wit::Shutdown => Self::Shutdown,
            Wit::Killed => Self::Killed,
            Wit::Error(words) => Self::Error(cut(words)),
            Wit::Trap(words) => Self::Trap(cut(words)),
            Wit::Limit(words) => Self::Limit(cut(words)),
            Wit::NoActor => Self::NoActor,
            Wit::NoConnection => Self::NoConnection,
        }
    }
}

impl From<ExitReason> for types::ExitReason {
    fn from(reason: ExitReason) -> Self {
        match reason {
            ExitReason::Normal => Self::Normal,
            ExitReason::Shutdown => Self::Shutdown,
            ExitReason::Killed => Self::Killed,
            ExitReason::Error(words) => Self::Error(words),
            ExitReason::Trap(words) => Self::Trap(words),
            ExitReason::Limit(words) => Self::Limit(words),
            ExitReason::NoActor => Self::NoActor,
            ExitReason::NoConnection => Self::NoConnection,
        }
    }
}

impl From<state::Shape> for contract::Shape {
    fn from(shape: state::Shape) -> Self {
        Self { version: shape.version, structure: shape.structure }
    }
}

impl From<state::ShapeSet> for contract::ShapeSet {
    fn from(set: state::ShapeSet) -> Self {
        let each = |shapes: Vec<state::Shape>| shapes.into_iter().map(Into::into).collect();
        Self { current: set.current.into(), reads: each(set.reads), writes: each(set.writes) }
    }
}
