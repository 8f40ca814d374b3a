//! Looking at a live actor between two messages, on somebody's behalf: its state as it would hand it over, and what it
//! shows of itself. It goes on afterwards as if nobody had looked.

use std::sync::Arc;
use std::time::Duration;

use changeling_core::reason::CallError;
use futures_channel::oneshot;

use super::actor::Actor;
use super::guard::{self, bounded};
use super::held::Held;
use super::run_queue::RunQueue;
use super::service::Service;
use crate::engine::instance::{AtStake, Fault};

/// How long a busy actor is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

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

/// What an actor or a service shows of itself.
#[derive(Debug, Clone)]
pub struct Status {
    /// The label of the code that says so.
    pub label: String,
    /// In the guest's own words: JSON, where it keeps to the contract.
    pub view: String,
}

/// Takes a copy of an actor's state. The look runs to its end even where nobody waits for it any more.
///
/// # Errors
/// Why there is none.
pub async fn state(actor: Arc<Actor>) -> Result<State, CallError> {
    let queue = actor.stage.queue.clone();
    to_its_end(&queue, async move { saved(&actor).await }).await
}

/// Asks an actor what it shows of itself. The look runs to its end even where nobody waits for it any more.
///
/// # Errors
/// Why it shows nothing.
pub async fn status(actor: Arc<Actor>) -> Result<Status, CallError> {
    let queue = actor.stage.queue.clone();
    to_its_end(&queue, async move { shown(&actor).await }).await
}

/// The same of a service, which any of its instances can say.
///
/// # Errors
/// Why it shows nothing.
pub async fn status_of_service(service: Arc<Service>) -> Result<Status, CallError> {
    let queue = service.stage.queue.clone();
    to_its_end(&queue, async move { service.status().await }).await
}

async fn to_its_end<T: Send + 'static>(
    queue: &RunQueue,
    look: impl Future<Output = Result<T, CallError>> + Send + 'static,
) -> Result<T, CallError> {
    let (to, answer) = oneshot::channel();
    queue.spawn(async move {
        // Whoever asked may have gone.
        _ = to.send(look.await);
    });
    answer.await.unwrap_or(Err(CallError::Stopped))
}

/// In this life, or in the next one where this ends meanwhile.
async fn take(actor: &Arc<Actor>) -> Result<Held, CallError> {
    let between_two_messages = async {
        loop {
            match actor.take_any().await {
                None if !actor.is_shut() => {}
                taken => return taken,
            }
        }
    };
    let taken = tokio::time::timeout(PATIENCE, between_two_messages).await;
    taken.map_err(|_| CallError::DeadlineExceeded)?.ok_or(CallError::NoActor)
}

async fn saved(actor: &Arc<Actor>) -> Result<State, CallError> {
    let mut held = take(actor).await?;
    let version = held.instance.code.version.clone();
    let Some(shapes) = version.shapes else {
        held.give_back();
        return Err(CallError::Refused("its code exports no `state`".into()));
    };
    let shape = shapes.current;
    let saved = guard::save(&mut held.instance, shape.version, AtStake::Live).await;
    let bytes = after(held, saved.map(|saved| saved.map_err(|not| not.words)))?;
    Ok(State { version: shape.version, structure: shape.structure, label: version.label, bytes })
}

async fn shown(actor: &Arc<Actor>) -> Result<Status, CallError> {
    let mut held = take(actor).await?;
    let label = held.instance.code.version.label.clone();
    let shown = bounded(held.instance.status()).await;
    Ok(Status { label, view: after(held, shown)? })
}

/// It goes on as if nobody had looked, or has died of it.
fn after<T>(held: Held, seen: Result<Result<T, String>, Fault>) -> Result<T, CallError> {
    match seen {
        Ok(seen) => {
            held.give_back();
            seen.map_err(CallError::Refused)
        }
        Err(fault) => {
            let reason = fault.reason();
            held.over(reason.clone());
            Err(CallError::Crashed(reason))
        }
    }
}
