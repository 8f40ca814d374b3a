//! The run of an actor: it handles one message after the other until nothing waits, then lets the actor rest.

use std::sync::Arc;

use changeling_core::reason::{CallError, ExitReason};

use super::actor::Actor;
use super::guard::{bounded, guarded};
use super::incarnation::Incarnation;
use super::mailbox::{Entry, Message};
use super::run_queue::yield_now;
use crate::defect::{Defect, is_seeded};
use crate::engine::instance::Fault;

/// Messages that one run handles before it lets the others run.
const BATCH: u32 = 32;

/// Handles `first`, where there is one, then what waits.
pub async fn run(actor: Arc<Actor>, mut incarnation: Box<Incarnation>, first: Option<Message>) {
    let mut next = first.map(Entry::Message);
    // Whoever brought the first message may be polling this on a thread of its own: the rest is for the workers.
    let mut batch = if next.is_some() { BATCH } else { 0 };
    loop {
        let entry = match next.take() {
            Some(entry) => entry,
            None => match actor.next(incarnation) {
                Some((back, entry)) => {
                    incarnation = back;
                    if batch >= BATCH {
                        batch = 0;
                        yield_now().await;
                    }
                    entry
                }
                None => return,
            },
        };
        batch += 1;
        let outcome = handle(&actor, &mut incarnation, entry).await;
        match outcome {
            Ok(None) => {}
            Ok(Some(reason)) => return end(&actor, incarnation, reason).await,
            Err(reason) => return actor.over(incarnation, reason),
        }
    }
}

/// Handles one entry. `Ok(Some(_))` where the guest said that it exits; an error where it is dead.
async fn handle(
    actor: &Arc<Actor>,
    incarnation: &mut Incarnation,
    entry: Entry,
) -> Result<Option<ExitReason>, ExitReason> {
    incarnation.instance.take_up(&actor.terms.now().limits);
    match entry {
        Entry::Message(message) => call(actor, incarnation, message).await?,
        Entry::Timer(id) => timer(actor, incarnation, id).await?,
        // `Actor::next` gives boundaries to their takers.
        Entry::Boundary(_) => {}
    }
    let sandbox = incarnation.instance.sandbox();
    let exit = sandbox.exit.take();
    let changes = sandbox.timers.take_changes();
    actor.stage.clock.hear(actor, incarnation.generation, changes);
    Ok(exit)
}

/// Counts what was handled; before it is answered, so that who was answered is counted.
fn count(actor: &Actor, incarnation: &mut Incarnation) {
    actor.count_handled();
    incarnation.since_switch += 1;
}

async fn call(actor: &Actor, incarnation: &mut Incarnation, message: Message) -> Result<(), ExitReason> {
    let Some(function) = incarnation.instance.code.counterpart(&message.function).cloned() else {
        // A switch waits for such messages; this one was accepted by a version that is gone with a crash.
        message.answer(Err(CallError::NoSuchFunction));
        return Ok(());
    };
    let sandbox = incarnation.instance.sandbox();
    (sandbox.sender, sandbox.deadline) = (message.sender.clone(), message.deadline);
    let kill = incarnation.kill.clone();
    if is_seeded(Defect::MessageDoubled) && incarnation.switched && incarnation.since_switch == 0 {
        _ = incarnation.instance.call(&function, &message.args).await;
    }
    let answer = guarded(kill.or(incarnation.instance.call(&function, &message.args))).await;
    count(actor, incarnation);
    match answer {
        Ok(result) => {
            message.answer(Ok(result));
            Ok(())
        }
        Err(fault) => {
            let reason = fault.reason();
            message.answer(Err(CallError::Crashed(reason.clone())));
            Err(reason)
        }
    }
}

async fn timer(actor: &Actor, incarnation: &mut Incarnation, id: u64) -> Result<(), ExitReason> {
    let sandbox = incarnation.instance.sandbox();
    // One that was cancelled after it fired is no message.
    let Some(timer) = sandbox.timers.deliver(id) else { return Ok(()) };
    (sandbox.sender, sandbox.deadline) = (None, None);
    let kill = incarnation.kill.clone();
    let handled = guarded(kill.or(incarnation.instance.deliver_timer(id, timer.token.clone()))).await;
    count(actor, incarnation);
    handled.map_err(Fault::reason)
}

/// In order: `terminate`, then gone.
pub async fn end(actor: &Arc<Actor>, mut incarnation: Box<Incarnation>, reason: ExitReason) {
    terminate(actor, &mut incarnation, reason.clone()).await;
    actor.over(incarnation, reason);
}

/// `terminate`: one that dies of it is as gone as one that does not.
pub async fn terminate(actor: &Actor, incarnation: &mut Incarnation, reason: ExitReason) {
    if let Err(fault) = bounded(incarnation.instance.terminate(reason)).await {
        tracing::warn!(actor = %actor.address, "it died in terminate: {fault}");
    }
}
