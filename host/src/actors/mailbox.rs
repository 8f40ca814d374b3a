//! The mailbox of one address: messages in order, within bounds, and the system lane beside them. It outlives the
//! instances that handle it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use changeling_core::id::Address;
use changeling_core::reason::CallError;
use futures_channel::oneshot;

use super::held::Held;
use crate::defect::{Defect, is_seeded};
use crate::engine::code::{Code, Function};
use crate::engine::room::Room;

/// What a caller gets: the packed result, or why there is none.
pub type Reply = Result<Vec<u8>, CallError>;

/// A call or a cast on its way.
pub struct Message {
    /// What is called, as the version knew it that accepted the message.
    pub function: Arc<Function>,
    /// The arguments, packed by that function's type.
    pub args: Vec<u8>,
    /// Which actor calls; none for the outside.
    pub sender: Option<Address>,
    /// When the caller stops waiting.
    pub deadline: Option<Instant>,
    /// Where the answer goes; none for a cast.
    pub reply: Option<oneshot::Sender<Reply>>,
}

impl Message {
    /// Whether its caller has gone away: then it need not be handled.
    pub fn is_abandoned(&self) -> bool {
        self.reply.as_ref().is_some_and(oneshot::Sender::is_canceled)
    }

    /// Answers it.
    pub fn answer(self, reply: Reply) {
        if let Some(to) = self.reply {
            // A caller that left does not want it.
            _ = to.send(reply);
        }
    }

    fn size(&self) -> usize {
        self.args.len()
    }
}

/// One place in the queue.
pub enum Entry {
    /// From a caller.
    Message(Message),
    /// A timer fired. Its room was taken when it was set, so none is ever refused.
    Timer(u64),
    /// Whoever waits for the messages before it to be handled takes the lease here.
    Boundary(Taker),
}

/// Somebody who wants the actor between two messages.
pub type Taker = oneshot::Sender<Held>;

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Messages.
    pub messages: usize,
    /// Their bytes.
    pub bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { messages: 1_000, bytes: 4 << 20 }
    }
}

/// The queue and the system lane.
pub struct Mailbox {
    queue: VecDeque<Entry>,
    system: VecDeque<Taker>,
    messages: usize,
    bytes: usize,
    room: Room,
}

/// What comes next.
pub enum Next {
    /// From the system lane, which overtakes.
    Taker(Taker),
    /// From the queue.
    Entry(Entry),
    /// Nothing waits.
    Nothing,
}

impl Mailbox {
    /// An empty one.
    pub fn new(room: Room) -> Self {
        Self { queue: VecDeque::new(), system: VecDeque::new(), messages: 0, bytes: 0, room }
    }

    /// Messages that wait.
    pub fn len(&self) -> usize {
        self.messages
    }

    /// Whether a message waits.
    pub fn has_messages(&self) -> bool {
        self.messages > 0
    }

    /// Whether nothing at all waits.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.system.is_empty()
    }

    /// Puts a message at the end, where so much may wait.
    ///
    /// # Errors
    /// Gives it back where it is over the bounds, the mailbox's or the host's.
    pub fn push(&mut self, message: Message, bounds: Bounds) -> Result<(), Message> {
        if !self.has_room_for(&message, bounds) {
            // Those whose callers left hold no place against the living.
            self.drop_abandoned();
            if !self.has_room_for(&message, bounds) {
                return Err(message);
            }
        }
        if !self.room.queue(message.size()) {
            return Err(message);
        }
        self.messages += 1;
        self.bytes += message.size();
        self.queue.push_back(Entry::Message(message));
        Ok(())
    }

    fn has_room_for(&self, message: &Message, bounds: Bounds) -> bool {
        self.messages < bounds.messages && self.bytes + message.size() <= bounds.bytes
    }

    /// Puts a fired timer, or somebody who waits for the queue's end, at the end.
    pub fn push_unbounded(&mut self, entry: Entry) {
        self.queue.push_back(entry);
    }

    /// Puts somebody into the system lane, before those who wait there already where it is `urgent`.
    pub fn push_system(&mut self, taker: Taker, urgent: bool) {
        if urgent { self.system.push_front(taker) } else { self.system.push_back(taker) }
    }

    /// Takes out what comes next; abandoned messages are skipped.
    pub fn take_next(&mut self) -> Next {
        if let Some(taker) = self.system.pop_front() {
            return Next::Taker(taker);
        }
        while let Some(entry) = self.pop() {
            if let Entry::Message(message) = &entry {
                self.leaves(message.size());
                if message.is_abandoned() && !is_seeded(Defect::DeadlineIgnored) {
                    continue;
                }
            }
            return Next::Entry(entry);
        }
        Next::Nothing
    }

    fn pop(&mut self) -> Option<Entry> {
        if is_seeded(Defect::OrderBroken) { self.queue.pop_back() } else { self.queue.pop_front() }
    }

    /// A message of that size is in the queue no more.
    fn leaves(&mut self, size: usize) {
        self.messages -= 1;
        self.bytes -= size;
        self.room.leave(size);
    }

    fn drop_abandoned(&mut self) {
        for entry in std::mem::take(&mut self.queue) {
            match entry {
                Entry::Message(message) if message.is_abandoned() => self.leaves(message.size()),
                kept => self.queue.push_back(kept),
            }
        }
    }

    /// The first queued function that a version does not serve as it was accepted.
    pub fn unserved_by(&self, code: &Code) -> Option<Arc<Function>> {
        self.queue.iter().find_map(|entry| match entry {
            Entry::Message(m) if !m.is_abandoned() && code.counterpart(&m.function).is_none() => {
                Some(m.function.clone())
            }
            _ => None,
        })
    }

    /// What belonged to an incarnation that is over: its undelivered timers, and those who wanted it.
    pub fn forget_incarnation(&mut self) {
        self.queue.retain(|entry| matches!(entry, Entry::Message(_)));
        self.system.clear();
    }

    /// Takes out every message.
    pub fn drain(&mut self) -> Vec<Message> {
        self.system.clear();
        self.room.leave(self.bytes);
        (self.messages, self.bytes) = (0, 0);
        let taken = std::mem::take(&mut self.queue);
        taken.into_iter().filter_map(|e| if let Entry::Message(m) = e { Some(m) } else { None }).collect()
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.room.leave(self.bytes);
    }
}
