//! The second counter, but for one fault. Each package here is this file and the fault that it names `Broken`.

use changeling_guest::prelude::*;
use changeling_guest::state::{Saved, ShapeSet};

use super::Broken;

guest!(Counter from "../../counter/v2/wit");

/// Where the second counter may go wrong; everything else is as it should be.
pub trait Fault {
    fn init() -> Result<Books, String> {
        Ok(Books::default())
    }

    fn take_over(books: Books) -> Result<Books, String> {
        Ok(books)
    }

    /// `live`: this instance has handled a message.
    fn save(books: &Books, live: bool, version: u32) -> Result<Vec<u8>, String> {
        let _ = live;
        books.save(version)
    }

    fn increment(books: &mut Books, by: u64) {
        books.total += by;
        books.calls += 1;
    }
}

/// What the second counter keeps.
#[state(version = 2, from = v1::Counter, down)]
#[derive(Default)]
pub struct Books {
    pub total: u64,
    pub calls: u64,
}

mod v1 {
    use changeling_guest::prelude::*;

    #[state(version = 1)]
    pub struct Counter {
        pub total: u64,
    }
}

impl From<v1::Counter> for Books {
    fn from(old: v1::Counter) -> Self {
        Self { total: old.total, calls: 0 }
    }
}

impl From<Books> for v1::Counter {
    fn from(new: Books) -> Self {
        Self { total: new.total }
    }
}

struct Counter {
    books: Books,
    live: bool,
}

impl State for Counter {
    const VERSION: u32 = Books::VERSION;

    fn shapes() -> ShapeSet {
        Books::shapes()
    }

    fn read(saved: &Saved<'_>) -> Result<Self, String> {
        let books = Broken::take_over(Books::read(saved)?)?;
        Ok(Self { books, live: false })
    }

    fn save(&self, version: u32) -> Result<Vec<u8>, String> {
        Broken::save(&self.books, self.live, version)
    }
}

#[actor]
impl Lifecycle for Counter {
    fn init(_start: Start) -> Result<Self, String> {
        Ok(Self { books: Broken::init()?, live: false })
    }
}

#[actor]
impl counter::Guest for Counter {
    fn increment(&mut self, by: u64) -> u64 {
        self.live = true;
        Broken::increment(&mut self.books, by);
        self.books.total
    }

    fn get(&mut self) -> u64 {
        self.live = true;
        self.books.total
    }

    fn calls(&mut self) -> u64 {
        self.live = true;
        self.books.calls
    }
}
