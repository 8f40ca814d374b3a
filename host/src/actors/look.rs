//! Looking at a live actor between two messages, on somebody's behalf: its state as it would hand it over. It goes on
//! afterwards as if nobody had looked.

use std::sync::Arc;
use std::time::Duration;

use changeling_core::reason::CallError;
use futures_channel::oneshot;

use super::actor::Actor;
use super::guard::bounded;
use super::held::Held;
use crate::engine::instance::AtStake;

/// A saved state.
#[derive(Debug, Clone)]
pub struct State {
    /// Its version.
    pub version: u32,
    /// Its structure; empty where the code does not say.
    pub structure: String,
    /// The label of the code that saved it.
    pub label: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// Takes a copy of an actor's state. The look runs to its end even where nobody waits for it any more.
///
/// # Errors
/// Why there is none.
pub async fn state(actor: Arc<Actor>, patience: Duration) -> Result<State, CallError> {
    let (to, answer) = oneshot::channel();
    let queue = actor.stage.queue.clone();
    queue.spawn(async move {
        // Whoever asked may have gone.
        _ = to.send(look(&actor, patience).await);
    });
    answer.await.unwrap_or(Err(CallError::Stopped))
}

async fn look(actor: &Arc<Actor>, patience: Duration) -> Result<State, CallError> {
    let taken = tokio::time::timeout(patience, between_two_messages(actor)).await;
    let mut incarnation = taken.map_err(|_| CallError::DeadlineExceeded)?.ok_or(CallError::NoActor)?;
    let version = incarnation.instance.code.version.clone();
    let Some(shapes) = version.shapes else {
        incarnation.give_back();
        return Err(CallError::Refused("its code exports no `state`".into()));
    };
    let shape = shapes.current;
    match bounded(incarnation.instance.save(shape.version, AtStake::Live)).await {
        Ok(saved) => {
            incarnation.give_back();
            let (label, structure) = (version.label, shape.structure);
            let state = |bytes| State { version: shape.version, structure, label, bytes };
            saved.map(state).map_err(CallError::Refused)
        }
        Err(fault) => {
            let reason = fault.reason();
            incarnation.over(reason.clone());
            Err(CallError::Crashed(reason))
        }
    }
}

/// In this life, or in the next one where this ends meanwhile. None where there will be no other.
async fn between_two_messages(actor: &Arc<Actor>) -> Option<Held> {
    loop {
        match actor.take_any().await {
            None if !actor.is_shut() => {}
            taken => return taken,
        }
    }
}
