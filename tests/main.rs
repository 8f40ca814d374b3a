//! What changeling promises, through the edges that a user has: the folder, the commands, HTTP. One module a promise.
//!
//! Hosts are the real binary on a folder of their own, guests are real components. Nothing here sleeps until something
//! should have happened: it waits until the host says so, or shows it.

mod support;

// Tests begin in the order of their names, and this one takes longest.
mod a_soak;
mod bombs;
mod cache;
mod callers;
mod calls;
mod cli;
mod costs;
mod crowd;
mod defects;
mod disk_faults;
mod docs;
mod fault_matrix;
mod first;
mod fuzz;
mod hold;
mod hostile;
mod idle;
mod kept;
mod kinds;
mod layers;
mod manifest;
mod metrics;
mod misbehaving;
mod new;
mod offers;
mod openapi;
mod order;
mod restart;
mod rollback;
mod strange_files;
mod strange_folders;
mod sudden_death;
mod swap;
mod timers;
mod writers;
