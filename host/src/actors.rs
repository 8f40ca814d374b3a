//! Where messages travel and guests run: mailboxes, leases, runs and the threads that carry them, services, timers, and
//! the acts of an upgrade on one actor.
//!
//! Forward only: [`router`] finds the [`actor`], which is accepted by its [`mailbox`] or run at once; [`run`] handles
//! message after message and gives the answers. Nothing is decided here about versions or restarts: facts go out as
//! [`Event`](changeling_core::Event)s, and orders come in as calls of [`birth`], [`handover`], [`back`] and [`rehearse`].

pub mod actor;
pub mod back;
pub mod birth;
pub mod directory;
pub mod guard;
pub mod handover;
pub mod held;
pub mod incarnation;
pub mod kill;
pub mod look;
pub mod mailbox;
pub mod park;
pub mod rehearse;
pub mod router;
pub mod run;
pub mod run_queue;
pub mod service;
pub mod stage;
pub mod terms;
