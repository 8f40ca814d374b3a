//! Types and values at random.

use std::cell::Cell;
use std::fmt::Write;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use wasmtime::component::{Type, Val};

pub fn cases(cases: u32) -> Config {
    let mut config = Config { failure_persistence: None, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    if config.rng_seed == RngSeed::Random {
        config.rng_seed = RngSeed::Fixed(4650);
    }
    config
}

/// Runs a test that counts what it has seen; `proptest!` is for the others.
pub fn check<S: Strategy>(count: u32, strategy: S, test: impl Fn(S::Value) -> Result<(), TestCaseError>) {
    if let Err(why) = TestRunner::new(cases(count)).run(&strategy, test) {
        panic!("{why}");
    }
}

/// How often each of two things was seen, so that a test can't pass by having looked at one only.
#[derive(Default)]
pub struct Seen(Cell<u32>, Cell<u32>);

impl Seen {
    pub fn count(&self, is_first: bool) {
        let seen = if is_first { &self.0 } else { &self.1 };
        seen.set(seen.get() + 1);
    }

    #[track_caller]
    pub fn both_often(&self) {
        let (first, second) = (self.0.get(), self.1.get());
        assert!(first.min(second) * 10 > first + second, "{first} of one, {second} of the other");
    }
}

/// A type, to be written as WAT.
#[derive(Debug, Clone, PartialEq)]
pub enum Ty {
    Word(&'static str),
    List(Box<Ty>),
    FixedList(Box<Ty>, u32),
    Map(&'static str, Box<Ty>),
    Record(Vec<Ty>),
    Tuple(Vec<Ty>),
    Variant(Vec<Option<Ty>>),
    Enum(u32),
    Option(Box<Ty>),
    Result(Option<Box<Ty>>, Option<Box<Ty>>),
    Flags(u32),
}

const WORDS: [&str; 13] =
    ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64", "char", "string"];
const KEYS: [&str; 11] = ["bool", "s8", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "char", "string"];

/// A type of the component model as it is everywhere.
pub fn ty() -> BoxedStrategy<Ty> {
    nested(false)
}

/// A type of the component model with maps and lists of fixed length.
pub fn any_ty() -> BoxedStrategy<Ty> {
    nested(true)
}

fn nested(with_maps: bool) -> BoxedStrategy<Ty> {
    let leaf = prop_oneof![
        12 => prop::sample::select(&WORDS[..]).prop_map(Ty::Word),
        1 => prop_oneof![1..6u32, Just(256), Just(300)].prop_map(Ty::Enum),
        1 => (1..=32u32).prop_map(Ty::Flags),
    ];
    let deeper = move |part: BoxedStrategy<Ty>| {
        let boxed = part.clone().prop_map(Box::new);
        let usual = prop_oneof![
            2 => boxed.clone().prop_map(Ty::List),
            2 => boxed.clone().prop_map(Ty::Option),
            2 => prop::collection::vec(part.clone(), 1..6).prop_map(Ty::Record),
            1 => prop::collection::vec(part.clone(), 1..5).prop_map(Ty::Tuple),
            2 => prop::collection::vec(prop::option::of(part.clone()), 1..6).prop_map(Ty::Variant),
            1 => part.clone().prop_map(|part| {
                let mut cases = vec![None; 300];
                cases[299] = Some(part);
                Ty::Variant(cases)
            }),
            2 => (prop::option::of(boxed.clone()), prop::option::of(boxed.clone()))
                .prop_map(|(ok, err)| Ty::Result(ok, err)),
        ];
        if !with_maps {
            return usual.boxed();
        }
        prop_oneof![
            12 => usual,
            1 => (boxed.clone(), 1..4u32).prop_map(|(part, len)| Ty::FixedList(part, len)),
            1 => (prop::sample::select(&KEYS[..]), boxed).prop_map(|(key, value)| Ty::Map(key, value)),
        ]
        .boxed()
    };
    leaf.boxed().prop_recursive(3, 24, 5, move |part| deeper(part.boxed())).boxed()
}

/// WAT's types are defined one by one before they are used, and imported where they need a name.
#[derive(Default)]
pub struct Definitions {
    pub text: String,
    count: usize,
}

impl Definitions {
    /// How to refer to `ty`.
    pub fn define(&mut self, ty: &Ty) -> String {
        let numbered =
            |prefix: &str, count: u32| (0..count).fold(String::new(), |all, at| format!("{all} \"{prefix}{at}\""));
        let (body, is_named) = match ty {
            Ty::Word(word) => return (*word).to_owned(),
            Ty::List(part) => (format!("(list {})", self.define(part)), false),
            Ty::FixedList(part, len) => (format!("(list {} {len})", self.define(part)), false),
            Ty::Map(key, value) => (format!("(map {key} {})", self.define(value)), false),
            Ty::Record(parts) => {
                let fields = parts
                    .iter()
                    .enumerate()
                    .fold(String::new(), |all, (at, part)| format!("{all} (field \"f{at}\" {})", self.define(part)));
                (format!("(record{fields})"), true)
            }
            Ty::Tuple(parts) => {
                let parts = parts.iter().fold(String::new(), |all, part| format!("{all} {}", self.define(part)));
                (format!("(tuple{parts})"), false)
            }
            Ty::Variant(payloads) => {
                let cases = payloads.iter().enumerate().fold(String::new(), |all, (at, payload)| {
                    let payload = payload.as_ref().map_or(String::new(), |payload| self.define(payload));
                    format!("{all} (case \"c{at}\" {payload})")
                });
                (format!("(variant{cases})"), true)
            }
            Ty::Enum(cases) => (format!("(enum{})", numbered("e", *cases)), true),
            Ty::Option(part) => (format!("(option {})", self.define(part)), false),
            Ty::Result(ok, err) => {
                let ok = ok.as_ref().map_or(String::new(), |ok| self.define(ok));
                let err = err.as_ref().map_or(String::new(), |err| format!("(error {})", self.define(err)));
                (format!("(result {ok} {err})"), false)
            }
            Ty::Flags(flags) => (format!("(flags{})", numbered("g", *flags)), true),
        };
        let n = self.count;
        self.count += 1;
        writeln!(self.text, "(type $d{n} {body})").unwrap();
        if !is_named {
            return format!("$d{n}");
        }
        writeln!(self.text, "(import \"t{n}\" (type $i{n} (eq $d{n})))").unwrap();
        format!("$i{n}")
    }
}

/// Values and damage, from a seed that is part of the generated case.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Dice(seed | 1)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d).rotate_left(23)
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.roll() % n as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    fn pick<T>(&mut self, mut all: impl ExactSizeIterator<Item = T>) -> T {
        let at = self.below(all.len());
        all.nth(at).unwrap()
    }

    pub fn values(&mut self, types: &[Type]) -> Vec<Val> {
        types.iter().map(|ty| self.value(ty)).collect()
    }

    pub fn value(&mut self, ty: &Type) -> Val {
        let is_edge = self.one_in(4);
        let bits = if is_edge { [0, u64::MAX, 1, 1 << 63, 0x80, 0x7fff][self.below(6)] } else { self.roll() };
        match ty {
            Type::Bool => Val::Bool(bits & 1 == 1),
            Type::S8 => Val::S8(bits as i8),
            Type::U8 => Val::U8(bits as u8),
            Type::S16 => Val::S16(bits as i16),
            Type::U16 => Val::U16(bits as u16),
            Type::S32 => Val::S32(bits as i32),
            Type::U32 => Val::U32(bits as u32),
            Type::S64 => Val::S64(bits as i64),
            Type::U64 => Val::U64(bits),
            Type::Float32 => Val::Float32(f32::from_bits(bits as u32)),
            Type::Float64 => Val::Float64(f64::from_bits(bits)),
            Type::Char => Val::Char(char::from_u32(bits as u32 % 0x11_0000).unwrap_or(char::MAX)),
            Type::String => {
                let len = self.below(if is_edge { 200 } else { 9 });
                Val::String(
                    (0..len).map(|_| ['a', 'é', '𝄞', '漢', '\0', '"', '\\', '\'', 'z'][self.below(9)]).collect(),
                )
            }
            Type::List(list) => {
                let (len, part) = (self.below(if is_edge { 40 } else { 4 }), list.ty());
                Val::List((0..len).map(|_| self.value(&part)).collect())
            }
            Type::FixedLengthList(list) => {
                Val::FixedLengthList((0..list.len()).map(|_| self.value(&list.ty())).collect())
            }
            Type::Map(map) => {
                Val::Map((0..self.below(4)).map(|_| (self.value(&map.key()), self.value(&map.value()))).collect())
            }
            Type::Record(record) => {
                Val::Record(record.fields().map(|field| (field.name.to_owned(), self.value(&field.ty))).collect())
            }
            Type::Tuple(tuple) => Val::Tuple(tuple.types().map(|part| self.value(&part)).collect()),
            Type::Variant(variant) => {
                let case = self.pick(variant.cases());
                Val::Variant(case.name.to_owned(), case.ty.map(|payload| Box::new(self.value(&payload))))
            }
            Type::Enum(cases) => Val::Enum(self.pick(cases.names()).to_owned()),
            Type::Option(option) => Val::Option((bits & 1 == 0).then(|| Box::new(self.value(&option.ty())))),
            Type::Result(result) => {
                let mut payload = |ty: Option<Type>| ty.map(|ty| Box::new(self.value(&ty)));
                Val::Result(if bits & 1 == 0 { Ok(payload(result.ok())) } else { Err(payload(result.err())) })
            }
            Type::Flags(flags) => Val::Flags(flags.names().filter(|_| self.one_in(2)).map(str::to_owned).collect()),
            other => panic!("no value of {other:?}"),
        }
    }

    /// A message cut short, with a bit turned, or with a byte too many.
    pub fn damage(&mut self, message: &[u8]) -> Vec<u8> {
        let mut message = message.to_vec();
        let len = message.len();
        match self.below(3) {
            0 => message.truncate(self.below(len + 1)),
            1 if len > 0 => message[self.below(len)] ^= 1 << self.below(8),
            _ => message.push(self.roll() as u8),
        }
        message
    }
}
