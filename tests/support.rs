//! A host to test, and the words to do it with.

pub mod bomb;
mod brittle;
mod bytes;
mod guests;
mod host;
mod judge;
mod load;
mod play;
mod points;
pub mod raw;
mod receipt;
pub mod recording;

pub use brittle::{Brittle, End};
pub use bytes::{bytes, digest, greeting, marked, scripted, variant};
pub use guests::wasm;
pub use host::{Answer, BINARY, Host, lives};
pub use judge::judge;
pub use load::Load;
pub use play::{Told, copy, cut_off, digest_of, in_hand, is_of_the_disk, is_whole, receipts_follow_each_other, stage};
pub use points::{Points, each};
pub use receipt::Receipt;
