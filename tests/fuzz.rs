//! What is fuzzed, driven plainly: each input of the corpus, and what becomes of them by chance. By command for as long as
//! one likes; with coverage to guide it, cargo-fuzz runs the same in `fuzz/`.

#[path = "../fuzz/targets/mod.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::bytes;

/// Larger ones are cut: they would only take longer. The largest of the corpus, a guest of the SDK, is half of it.
const LARGEST: usize = 128 << 10;

/// Something that takes any bytes.
struct Target {
    name: &'static str,
    run: fn(&[u8]),
    inputs: Vec<Vec<u8>>,
    /// What these inputs are made of, beside bytes.
    words: &'static [&'static [u8]],
}

const JSON: &[&[u8]] = &[
    b"null",
    b"true",
    b"[",
    b"]",
    b"{",
    b"}",
    b"\"",
    b",",
    b":",
    b"-",
    b"1e308",
    b"-0.0",
    b"18446744073709551616",
    b"\"x\":",
    b"{\"base64\":\"AA==\"}",
    b"{\"ok\":",
    b"{\"err\":",
    b"{\"some\":",
    b"\"nan\"",
    b"\"-inf\"",
    b"\\ud800",
    b"\\u0000",
    b"\"none\"",
    b"{\"many\":[",
    b"{\"x\":1,\"y\":2}",
    b"\"name\"",
    b"[[[[[[[[",
];
const WAVE: &[&[u8]] = &[
    b"some(",
    b"none",
    b"ok(",
    b"err(",
    b")",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"'",
    b"nan",
    b"-inf",
    b"%ok",
    b"\\u{10ffff}",
    b"\\u{d800}",
    b"//",
    b"\"\"\"",
    b"many([",
    b"dot({x: 1, y: 2})",
    b"18446744073709551616",
    b"1e999",
    b"name:",
    b"{a, b}",
    b"((((((((",
];
/// Sections, types and instructions.
const WASM: &[&[u8]] = &[
    b"\0asm",
    b"\x0d\0\x01\0",
    b"\x01\0\0\0",
    b"\xff\xff\xff\xff\x0f",
    b"\x80\x80\x80\x80\x10",
    b"\x03\x40\x0c\x00\x0b\x0b",
    b"\x00\x0b",
    b"\x40\x00",
    b"\xfc\x0a\0\0",
    b"cabi_realloc",
    b"changeling:actor/state@0.1.0",
    b"version",
];

impl Target {
    /// With the inputs of its corpus, and of the folder that `CHANGELING_FUZZ_INPUTS` names, if it is about files.
    fn new(name: &'static str) -> Self {
        let (run, words) = match name {
            "packed" => (targets::packed as fn(&[u8]), &[][..]),
            "load" => (targets::load as _, WASM),
            "json" => (targets::json as _, JSON),
            "wave" => (targets::wave as _, WAVE),
            other => panic!("nothing is called {other}"),
        };
        let mut inputs = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(name));
        if name == "load" {
            inputs.push(bytes("counter-v1"));
            inputs.extend(
                std::env::var_os("CHANGELING_FUZZ_INPUTS").map(|folder| files(folder.as_ref())).into_iter().flatten(),
            );
        }
        assert!(!inputs.is_empty(), "there is no corpus of {name}");
        Self { name, run, inputs, words }
    }

    /// Where what is run lies while it runs: a crash may take all of this with it.
    fn running(&self) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("fuzz-{}", self.name))
    }

    fn each(&self) {
        self.inputs.iter().for_each(|input| self.run(input));
    }

    fn run(&self, input: &[u8]) {
        let file = self.running();
        std::fs::write(&file, input).expect("it can be written");
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (self.run)(input))) {
            eprintln!("the input lies in {}", file.display());
            resume_unwind(panic);
        }
        std::fs::remove_file(file).expect("it can be removed");
    }

    /// Runs inputs that chance makes of these until it is told to stop; how many there were.
    fn by_chance(&self, seed: u64, goes_on: impl Fn(u64) -> bool) -> u64 {
        let mut chance = Chance(seed);
        let mut made = 0;
        while goes_on(made) {
            let mut input = chance.one_of(&self.inputs).clone();
            for _ in 0..=chance.below(4) {
                self.change(&mut input, &mut chance);
            }
            self.run(&input);
            made += 1;
        }
        made
    }

    fn change(&self, input: &mut Vec<u8>, chance: &mut Chance) {
        let at = chance.below(input.len() + 1);
        let len = chance.below(16).min(input.len() - at);
        match chance.below(8) {
            0 if at < input.len() => input[at] ^= 1 << chance.below(8),
            1 if at < input.len() => input[at] = *chance.one_of(&[0, 1, 0x7f, 0x80, 0xff]),
            2 if at < input.len() => input[at] = chance.next() as u8,
            3 => _ = input.drain(at..at + len),
            4 => {
                let again = input[at..at + len].to_vec();
                input.splice(at..at, again);
            }
            5 if !self.words.is_empty() => {
                let word = *chance.one_of(self.words);
                input.splice(at..at + len, word.iter().copied());
            }
            6 => {
                // The end of another one.
                let other = chance.one_of(&self.inputs);
                input.truncate(at);
                input.extend_from_slice(&other[chance.below(other.len() + 1)..]);
            }
            _ => input.insert(at, chance.next() as u8),
        }
        input.truncate(LARGEST);
    }

    fn for_as_long_as_one_likes(&self) {
        let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
        let seconds = number("CHANGELING_FUZZ_SECONDS").unwrap_or(60);
        let seed = number("CHANGELING_SEED").unwrap_or_else(|| u64::from(std::process::id()));
        let end = Instant::now() + Duration::from_secs(seconds);
        self.each();
        let made = self.by_chance(seed, |_| Instant::now() < end);
        println!("{}: {made} inputs in {seconds} s, CHANGELING_SEED={seed}", self.name);
    }
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|why| panic!("{}: {why}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).expect("an input")).collect()
}

/// SplitMix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Each input of the corpus, and so many that chance makes of them.
fn shortly(name: &'static str, count: u64) {
    let target = Target::new(name);
    target.each();
    target.by_chance(4650, |made| made < count);
}

#[test]
fn packed_values() {
    shortly("packed", 10_000);
}

#[test]
fn files_of_components() {
    shortly("load", 300);
}

#[test]
fn arguments_in_json() {
    shortly("json", 5_000);
}

#[test]
fn arguments_in_wave() {
    shortly("wave", 5_000);
}

#[test]
#[ignore = "long: as many seconds as CHANGELING_FUZZ_SECONDS says"]
fn fuzz_packed() {
    Target::new("packed").for_as_long_as_one_likes();
}

#[test]
#[ignore = "long: as many seconds as CHANGELING_FUZZ_SECONDS says"]
fn fuzz_load() {
    Target::new("load").for_as_long_as_one_likes();
}

#[test]
#[ignore = "long: as many seconds as CHANGELING_FUZZ_SECONDS says"]
fn fuzz_json() {
    Target::new("json").for_as_long_as_one_likes();
}

#[test]
#[ignore = "long: as many seconds as CHANGELING_FUZZ_SECONDS says"]
fn fuzz_wave() {
    Target::new("wave").for_as_long_as_one_likes();
}
