//! The second counter, with a fault of the test's choice in it: whoever writes `ACT:FAULT` over the dots after `script:`
//! in the component's bytes has made one that fails so in that act. `ACT:FAULT@N` fails only where the total is N, so
//! that a version can prove itself on other states first. As it is built it has no fault.

#![expect(unsafe_code, reason = "a start that fails, and text that is none, are faults to test")]

use std::time::{Duration, Instant};

use changeling_guest::prelude::*;
use changeling_guest::state::{Saved, ShapeSet};

guest!(Counter from "wit");

/// Read by nobody but [`fails`]; found in the bytes by what it begins with.
static SCRIPT: [u8; 40] = *b"script:.................................";

/// Longer than any limit that a test sets, and not endless.
const SLOW: Duration = Duration::from_secs(2);
/// Longer than anybody waits, and no work.
const ENDLESS: Duration = Duration::from_secs(3_600);

/// Fails in this act, if the script says so: it is the error to answer with, or never comes back, or only late, or
/// gives true for the caller to answer with something that is none.
fn fails(act: &str, total: u64) -> Result<bool, String> {
    let script = std::hint::black_box(&SCRIPT);
    let script = str::from_utf8(script).unwrap_or_default().trim_start_matches("script:").trim_end_matches('.');
    let Some((of, fault)) = script.split_once(':').filter(|(of, _)| *of == act) else { return Ok(false) };
    let (fault, at) = fault.split_once('@').map_or((fault, None), |(fault, at)| (fault, at.parse::<u64>().ok()));
    if at.is_some_and(|at| at != total) {
        return Ok(false);
    }
    match fault {
        "err" => Err(format!("{of} does as the script says")),
        "wrong" => Ok(true),
        "trap" => panic!("{of} does as the script says"),
        "loop" => loop {
            std::hint::black_box(act);
        },
        "allocate" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(std::hint::black_box(Vec::<u8>::with_capacity(1 << 20)));
            }
        }
        "slow" => {
            let begin = Instant::now();
            while begin.elapsed() < SLOW {}
            Ok(false)
        }
        "wait" => {
            std::thread::sleep(ENDLESS);
            Ok(false)
        }
        _ => panic!("{of} has no fault called {fault}"),
    }
}

/// Bytes that are no text, said to be one.
fn no_text() -> String {
    // SAFETY: it is none, and is handed over at once, unread: whoever lifts it finds out.
    unsafe { String::from_utf8_unchecked(vec![0xff, 0xfe, 0xfd]) }
}

/// The error of an act that can answer with one.
fn err_of(act: &str, total: u64) -> Result<(), String> {
    match fails(act, total)? {
        true => Err(no_text()),
        false => Ok(()),
    }
}

/// Runs when the component is instantiated.
#[unsafe(no_mangle)]
extern "C" fn _initialize() {
    _ = fails("start", 0);
}

/// What the second counter keeps.
#[state(version = 2, from = v1::Counter, down)]
#[derive(Clone, Copy, Default)]
struct Books {
    total: u64,
    calls: u64,
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
}

impl State for Counter {
    const VERSION: u32 = Books::VERSION;

    fn shapes() -> ShapeSet {
        let mut shapes = Books::shapes();
        if let Ok(true) = fails("shapes", 0) {
            shapes.current.structure = "x".repeat((64 << 10) + 1);
        }
        shapes
    }

    fn read(saved: &Saved<'_>) -> Result<Self, String> {
        let books = Books::read(saved)?;
        err_of("code-change", books.total)?;
        Ok(Self { books })
    }

    fn save(&self, version: u32) -> Result<Vec<u8>, String> {
        match fails("save", self.books.total)? {
            true => Ok(b"a drawing of a cat".to_vec()),
            false if version < Self::VERSION && fails("down", self.books.total)? => {
                Books { total: self.books.total + 1, ..self.books }.save(version)
            }
            false => self.books.save(version),
        }
    }
}

#[actor]
impl Lifecycle for Counter {
    fn init(_start: Start) -> Result<Self, String> {
        err_of("init", 0)?;
        Ok(Self { books: Books::default() })
    }
}

#[actor]
impl Health for Counter {
    fn check(&self) -> Result<(), String> {
        err_of("health", self.books.total)
    }
}

#[actor]
impl counter::Guest for Counter {
    fn increment(&mut self, by: u64) -> u64 {
        self.books.total += by;
        self.books.calls += 1;
        self.books.total
    }

    fn get(&self) -> u64 {
        self.books.total
    }

    fn calls(&self) -> u64 {
        self.books.calls
    }
}

#[actor]
impl oracle::Guest for Counter {
    fn ask(&mut self) -> Result<String, String> {
        match fails("ask", self.books.total)? {
            true => Ok(no_text()),
            false => Ok("nothing will go wrong".to_owned()),
        }
    }
}
