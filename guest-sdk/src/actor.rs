//! The interfaces that a guest may implement for the host. Writing the `impl`, with [`#[actor]`](macro@crate::actor) on
//! it, is what exports one.

use crate::{ExitReason, Message, Start};

/// Birth and end of an actor. Without it the first state is the type's `Default`.
pub trait Lifecycle: Sized {
    /// The first state. Called once before the first message; not called where a state is taken over.
    ///
    /// # Errors
    /// The actor does not come to be, and whoever wanted it is shown the error.
    fn init(start: Start) -> Result<Self, String>;

    /// Called once before the actor ends in order. It has 5 seconds. Not called after a panic, for a kill, when the code is
    /// replaced, or when the host ends and saves the state for its next start.
    fn terminate(&mut self, _reason: ExitReason) {}
}

/// Messages from the host: timers, and the ends of other actors.
pub trait Info {
    /// One message, in the ordinary order with all others.
    fn handle_info(&mut self, message: Message);
}

/// Whether an actor or a service is well.
pub trait Health {
    /// Asked after a code change, before the new code gets a message; may look, but send nothing and change nothing.
    ///
    /// # Errors
    /// Says what is wrong; people see it.
    fn check(&self) -> Result<(), String>;
}

/// What an actor or a service shows of itself.
pub trait Status {
    /// JSON for people, who see it by `changeling status`; leave secrets out.
    fn view(&self) -> String;
}
