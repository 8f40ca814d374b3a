//! A graceful end of one actor: what waits is handled within its time, what is left is answered `stopped`, then the state
//! is saved instead of `terminate` being called.

use std::sync::Arc;
use std::time::{Duration, Instant};

use changeling_core::id::{Digest, Generation};
use changeling_core::reason::{CallError, ExitReason};

use super::actor::Actor;
use super::guard;
use super::incarnation::Incarnation;
use super::run::terminate;
use crate::engine::envelope;
use crate::engine::instance::AtStake;

/// What is written for the next start.
#[derive(Debug, Clone)]
pub struct Parked {
    /// The version that saved it.
    pub digest: Digest,
    /// The state and its version; none where the version has no `state`.
    pub state: Option<(u32, Vec<u8>)>,
    /// What the actor was started with.
    pub args: Option<String>,
    /// Its timers: id, time left, token.
    pub timers: Vec<(u64, Duration, String)>,
}

/// How long the message in hand may still take when the time for the queue is over.
const LAST_WAIT: Duration = Duration::from_secs(5);

/// Ends an actor and gives what its next life goes on with.
///
/// # Errors
/// Why there is nothing to go on with. None where it was over already.
pub async fn park(actor: &Arc<Actor>, generation: Generation, drain: Duration) -> Option<Result<Parked, String>> {
    actor.close(CallError::Stopped);
    let drained = tokio::time::timeout(drain, actor.take_after_queue(generation)).await;
    let incarnation = match drained {
        Ok(taken) => taken,
        // Out of time: at the next boundary, whatever still waits.
        Err(_) => match tokio::time::timeout(LAST_WAIT, actor.take(generation, true)).await {
            Ok(taken) => taken,
            Err(_) => {
                // It exits, and that is told instead.
                actor.kill(generation);
                return None;
            }
        },
    };
    let mut incarnation = incarnation?;
    let parked = save(actor, &mut incarnation).await;
    incarnation.parked();
    Some(parked)
}

async fn save(actor: &Actor, incarnation: &mut Incarnation) -> Result<Parked, String> {
    let code = incarnation.instance.code.clone();
    let state = match &code.version.shapes {
        None => None,
        Some(shapes) => {
            let version = shapes.current.version;
            let saved = guard::save(&mut incarnation.instance, version, AtStake::Live).await;
            let bytes = saved.map_err(|fault| format!("save: {fault}"))?.map_err(|not| format!("save: {not}"))?;
            envelope::check(&bytes, version, code.structure_of(version))?;
            Some((version, bytes))
        }
    };
    if state.is_none() {
        terminate(actor, incarnation, ExitReason::Shutdown).await;
    }
    let timers = match state {
        Some(_) => incarnation.instance.sandbox().timers.remaining(Instant::now()),
        None => Vec::new(),
    };
    Ok(Parked { digest: code.version.digest, state, args: incarnation.args.clone(), timers })
}
