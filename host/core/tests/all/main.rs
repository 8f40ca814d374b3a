//! The decisions, from outside: scripts of a few facts, whole lives out of seeds, and what a fact costs.

mod promises;
mod script;
mod size;
