//! Guests that are made for one attack: a well-behaved actor, but for what one of its entries does.

use std::sync::LazyLock;

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{PackageId, Resolve};

/// A way into a guest that a host goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    /// The start function of its core module.
    Start,
    /// `state.shapes`.
    Shapes,
    /// `state.save`.
    Save,
    /// `state.code-change`.
    CodeChange,
    /// `lifecycle.init`.
    Init,
    /// `lifecycle.terminate`.
    Terminate,
    /// `info.handle-info`.
    HandleInfo,
    /// `health.check`.
    Health,
    /// `status.view`.
    Status,
    /// `work.deed`, a function of its own.
    Deed,
    /// Its allocator, which the host calls for what it passes in.
    Realloc,
    /// What the host calls when it has taken the result of `work.echo`.
    PostReturn,
}

/// Every one.
pub const ENTRIES: [Entry; 12] = [
    Entry::Start,
    Entry::Shapes,
    Entry::Save,
    Entry::CodeChange,
    Entry::Init,
    Entry::Terminate,
    Entry::HandleInfo,
    Entry::Health,
    Entry::Status,
    Entry::Deed,
    Entry::Realloc,
    Entry::PostReturn,
];

impl Entry {
    fn mark(self) -> &'static str {
        match self {
            Self::Start => ";;START",
            Self::Shapes => ";;SHAPES",
            Self::Save => ";;SAVE",
            Self::CodeChange => ";;CODE-CHANGE",
            Self::Init => ";;INIT",
            Self::Terminate => ";;TERMINATE",
            Self::HandleInfo => ";;HANDLE-INFO",
            Self::Health => ";;HEALTH",
            Self::Status => ";;STATUS",
            Self::Deed => ";;DEED",
            Self::Realloc => ";;REALLOC",
            Self::PostReturn => ";;POST-RETURN",
        }
    }
}

/// What it does there, in core WebAssembly.
pub mod deed {
    /// Traps.
    pub const TRAP: &str = "(unreachable)";
    /// Never comes back.
    pub const LOOP: &str = "(loop $forever (br $forever))";
    /// Calls itself until there is no stack.
    pub const RECURSE: &str = "(drop (call $recurse (i64.const 0)))";
    /// Takes memory until there is none.
    pub const GROW: &str = "(loop $more (drop (memory.grow (i32.const 16))) (br $more))";
    /// Takes places in its table until there are none.
    pub const GROW_TABLE: &str = "(loop $more (drop (table.grow $table (ref.null func) (i32.const 1000))) (br $more))";
    /// Fills 60 MiB again and again; nothing interrupts one filling.
    pub const FILL: &str = "(drop (memory.grow (i32.const 928)))
        (loop $again (memory.fill (i32.const 65536) (i32.const 7) (i32.const 62849024)) (br $again))";
    /// Takes handles and gives none back.
    pub const HOARD: &str = "(loop $more (drop (call $subscribe (i64.const 3600000000000))) (br $more))";
    /// Asks for random bytes again and again.
    pub const RANDOM: &str = "(loop $more (call $random (i64.const 65536) (i32.const 3072))
        (global.set $heap (i32.const 65536)) (br $more))";
    /// More random bytes than anybody needs.
    pub const RANDOM_FLOOD: &str = "(call $random (i64.const 1099511627776) (i32.const 3072))";
    /// Waits for an hour.
    pub const WAIT: &str = "(call $block (call $subscribe (i64.const 3600000000000)))";
    /// Sets timers of the longest tokens until there are no more.
    pub const TIMERS: &str =
        "(loop $more (drop (call $send-after (i64.const 3600000) (i32.const 65536) (i32.const 4096))) (br $more))";
    /// Logs 64 KiB again and again.
    pub const LOG: &str = "(loop $more (call $write (i32.const 2) (i32.const 1024) (i32.const 7)
        (i32.const 65536) (i32.const 65536) (i32.const 0) (i32.const 0)) (br $more))";
    /// Logs nothing, again and again.
    pub const LOG_NOTHING: &str = "(loop $more (call $write (i32.const 2) (i32.const 0) (i32.const 0)
        (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)) (br $more))";
    /// Writes to stderr again and again.
    pub const PRINT: &str = "(local $out i32) (local.set $out (call $stderr))
        (loop $more (call $print (local.get $out) (i32.const 65536) (i32.const 4096) (i32.const 3072)) (br $more))";
}

/// One that is being made.
#[derive(Debug, Clone, Default)]
pub struct Guest {
    deeds: Vec<(&'static str, String)>,
}

impl Guest {
    /// Does this first thing at that entry.
    #[must_use]
    pub fn at(mut self, entry: Entry, deed: &str) -> Self {
        self.deeds.push((entry.mark(), deed.to_owned()));
        self
    }

    /// Has this in its memory from the beginning, as the text format writes strings. What is below 4096 is its own.
    #[must_use]
    pub fn with_data(mut self, at: u32, bytes: &str) -> Self {
        self.deeds.push((";;DATA", format!("(data (i32.const {at}) \"{bytes}\")\n;;DATA")));
        self
    }

    /// The component.
    pub fn build(&self) -> Vec<u8> {
        self.of_world("actor")
    }

    /// The same as a service, which has nothing but its work.
    pub fn build_service(&self) -> Vec<u8> {
        self.of_world("service")
    }

    fn of_world(&self, world: &str) -> Vec<u8> {
        let text = self.deeds.iter().fold(include_str!("guest.wat").to_owned(), |text, (mark, deed)| {
            assert!(text.contains(mark), "there is no {mark}, or no more");
            text.replacen(mark, deed, 1)
        });
        component(&text, world)
    }
}

/// The contract, and the worlds of these guests.
static WORLDS: LazyLock<(Resolve, PackageId)> = LazyLock::new(|| {
    let mut resolve = Resolve::default();
    let contract = include_str!("../../wit/changeling-actor.wit");
    resolve.push_str("changeling-actor.wit", contract).expect("the contract is well-formed");
    let package = resolve.push_str("guest.wit", include_str!("guest.wit")).expect("these worlds are well-formed");
    (resolve, package)
});

/// One whose 64 timers ring again and again, after so many milliseconds each, once its `deed` has been called and as long
/// as what it keeps is not zero.
pub fn ringing(after: u64) -> Guest {
    let ring = format!("(drop (call $send-after (i64.const {after}) (i32.const 65536) (i32.const 1)))");
    let again = format!("(if (global.get $total) (then {ring}))");
    Guest::default().at(Entry::Deed, &ring.repeat(64)).at(Entry::HandleInfo, &again)
}

/// One that laughs: its `laugh` gives lists of 16 lists, five deep, that are all the same ones, which is a million bytes of
/// 16. Its `fine` is 7.
pub fn laughing() -> Vec<u8> {
    // Each of a level is the next level, and there are 16 of it.
    let level = |at: u32| {
        let bytes: String =
            [at + 128, 16].into_iter().flat_map(u32::to_le_bytes).map(|byte| format!("\\{byte:02x}")).collect();
        format!("(data (i32.const {at}) \"{}\")", bytes.repeat(16))
    };
    let text = format!(
        "(component
            (type $l0 (list u8)) (type $l1 (list $l0)) (type $l2 (list $l1)) (type $l3 (list $l2)) (type $l4 (list $l3))
            (core module $m
                (memory (export \"memory\") 1)
                (data (i32.const 8) \"\\80\\00\\00\\00\\10\\00\\00\\00\")
                {}
                (func (export \"laugh\") (result i32) (i32.const 8))
                (func (export \"fine\") (result i32) (i32.const 7)))
            (core instance $it (instantiate $m))
            (func (export \"laugh\") (result $l4)
                (canon lift (core func $it \"laugh\") (memory (core memory $it \"memory\"))))
            (func (export \"fine\") (result u32) (canon lift (core func $it \"fine\"))))",
        [128, 256, 384, 512].map(level).concat(),
    );
    wat::parse_str(&text).unwrap_or_else(|why| panic!("{why}"))
}

/// The component of a core module as text.
fn component(text: &str, world: &str) -> Vec<u8> {
    let (resolve, package) = &*WORLDS;
    let world = resolve.select_world(&[*package], Some(world)).expect("there is this world");
    let mut module = wat::parse_str(text).unwrap_or_else(|why| panic!("{why}"));
    let embedded = embed_component_metadata(&mut module, resolve, world, StringEncoding::UTF8);
    embedded.expect("its types fit into a section");
    let encoder = ComponentEncoder::default();
    let mut encoder = encoder.validate(true).module(&module).expect("it is a module of that world");
    encoder.encode().unwrap_or_else(|why| panic!("{why:?}"))
}
