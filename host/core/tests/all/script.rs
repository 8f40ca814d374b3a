//! Small scripts: facts in, one a line; acts out, as text. Each says what becomes of one row of the specification.

mod again;
mod crowd;
mod declared;
mod ends;
mod folder;
mod judged;
mod lives;
mod loads;
mod races;
mod requests;
mod stage;
mod switches;
mod turns_back;
