//! From an address to a mailbox, and back with the answer. The one way for a message from outside.

use std::sync::Arc;
use std::time::Instant;

use changeling_core::Event;
use changeling_core::id::Address;
use changeling_core::reason::CallError;
use futures_channel::oneshot;

use super::actor::{Actor, Posted};
use super::mailbox::{Message, Reply};
use super::run;
use super::stage::Stage;
use super::terms::Terms;
use crate::engine::code::{Code, Function};

/// Finds who answers. Clones share it.
#[derive(Clone)]
pub struct Router {
    /// Who is where, and all else that runs share.
    pub stage: Arc<Stage>,
}

/// A call that is ready to go: its function found, its arguments packed.
pub struct Call {
    /// To whom.
    pub target: Address,
    /// What, as [`Router::find`] gave it.
    pub function: Arc<Function>,
    /// The arguments, packed.
    pub args: Vec<u8>,
    /// When the caller stops waiting; bounds the wait, never the handler.
    pub deadline: Instant,
}

impl Router {
    /// The version whose functions an address answers with now, and what is set for it.
    ///
    /// # Errors
    /// `no-such-component`.
    pub fn find(&self, address: &Address) -> Result<(Arc<Code>, Arc<Terms>), CallError> {
        if let Some(actor) = self.stage.directory.shown(address) {
            return Ok((actor.code(), actor.terms.clone()));
        }
        let published = self.stage.directory.component(&address.component).ok_or(CallError::NoSuchComponent)?;
        Ok((published.code, published.terms))
    }

    /// Sends a call and waits for its answer; a function without a result is a cast, answered when it is in the mailbox.
    ///
    /// # Errors
    /// Why there is no answer, in the words of `call-error`.
    pub async fn call(&self, call: Call) -> Reply {
        let is_cast = call.function.result.is_none();
        let (reply, answer) = match is_cast {
            true => (None, None),
            false => {
                let (to, answer) = oneshot::channel();
                (Some(to), Some(answer))
            }
        };
        let message = Message {
            function: call.function,
            args: call.args,
            sender: None,
            deadline: (!is_cast).then_some(call.deadline),
            reply,
        };
        self.post(&call.target, message)?;
        let Some(answer) = answer else { return Ok(Vec::new()) };
        wait(answer, call.deadline).await
    }

    fn post(&self, target: &Address, message: Message) -> Result<(), CallError> {
        let directory = &self.stage.directory;
        if let Some(actor) = directory.shown(target) {
            return self.post_to(&actor, message);
        }
        let published = directory.component(&target.component).ok_or(CallError::NoSuchComponent)?;
        if let Some(service) = published.service {
            return match target.key {
                None => service.post(message),
                Some(_) => Err(CallError::NoActor),
            };
        }
        let make = || Actor::new(target.clone(), published.code.clone(), published.terms.clone(), self.stage.clone());
        let actor = directory.actor_or(target, make)?;
        self.post_to(&actor, message)
    }

    fn post_to(&self, actor: &Arc<Actor>, message: Message) -> Result<(), CallError> {
        match actor.post(message)? {
            Posted::Queued => Ok(()),
            Posted::Wanted => {
                self.stage.news.tell(Event::Wanted { address: actor.address.clone() });
                Ok(())
            }
            Posted::Run(incarnation, message) => {
                self.stage.queue.run_here(run::run(actor.clone(), incarnation, Some(message)));
                Ok(())
            }
        }
    }
}

/// The answer, where it comes in time. No timer is made for one that is there already.
async fn wait(mut answer: oneshot::Receiver<Reply>, deadline: Instant) -> Reply {
    if let Ok(Some(reply)) = answer.try_recv() {
        return reply;
    }
    match tokio::time::timeout_at(deadline.into(), answer).await {
        Ok(Ok(reply)) => reply,
        // Its actor went without answering: the host is ending.
        Ok(Err(_)) => Err(CallError::Stopped),
        Err(_) => Err(CallError::DeadlineExceeded),
    }
}
