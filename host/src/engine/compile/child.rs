//! The child that compiles: it bounds itself before it reads anything, looks at all of the component before it compiles
//! any of it, and has one sentence to say where it makes no code. It never outlives its host.

use std::io::{self, Read, Write};

use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, Signal};
use wasmparser::Validator;

use super::fault;
use crate::engine::settings::{self, Tier};

/// It exits with this where the component is to blame.
pub(super) const WRONG_BYTES: u8 = 3;
/// It exits with this where its memory was not enough.
pub(super) const NO_MEMORY: u8 = 4;
/// Rust exits with this after a panic.
pub(super) const PANICKED: u8 = 101;
/// It exits with this where the machine is to blame.
const NOT_READY: u8 = 1;

/// Address space that an allocator may reserve beside what is used, in bytes.
const RESERVED: u64 = 4 << 30;

const GOOD: &str = "good";
const FAST: &str = "fast";

/// What the child is started with: the tier, seconds of CPU, bytes of memory, and who is to be its host.
pub(super) fn args(tier: Tier, cpu: u64, memory: u64) -> [String; 4] {
    let tier = match tier {
        Tier::Good => GOOD,
        Tier::Fast => FAST,
    };
    [tier.to_owned(), cpu.to_string(), memory.to_string(), std::process::id().to_string()]
}

/// Why there is no code.
#[derive(Debug)]
pub struct Fault {
    /// What to exit with.
    pub code: u8,
    /// One sentence.
    pub words: String,
}

impl Fault {
    fn not_ready(words: impl Into<String>) -> Self {
        Self { code: NOT_READY, words: words.into() }
    }
}

/// Sets its limits, reads the component, compiles it, writes the code. Its words on stderr are what a user reads.
///
/// # Errors
/// One sentence, and whom it blames.
pub fn run(args: &[String]) -> Result<(), Fault> {
    // The place of a panic is one in the sources on the machine that this was built on: nobody's business.
    std::panic::set_hook(Box::new(|panic| {
        let words = panic.payload_as_str().unwrap_or("of something that is no text");
        // Whether somebody still listens makes no difference.
        _ = writeln!(io::stderr(), "the compiler panicked: {words}");
    }));
    let [tier, cpu, memory, host] = args else { return Err(Fault::not_ready("the compile child takes four words")) };
    let number = |text: &str| text.parse::<u64>().map_err(|e| Fault::not_ready(format!("{text}: {e}")));
    confine(number(cpu)?, number(memory)?, host)?;
    let tier = if tier == FAST { Tier::Fast } else { Tier::Good };
    let mut component = Vec::new();
    io::stdin().lock().read_to_end(&mut component).map_err(|e| Fault::not_ready(e.to_string()))?;
    let code = compile(&component, tier)?;
    let mut stdout = io::stdout().lock();
    stdout.write_all(&code).and_then(|()| stdout.flush()).map_err(|e| Fault::not_ready(e.to_string()))
}

fn compile(component: &[u8], tier: Tier) -> Result<Vec<u8>, Fault> {
    // Functions are checked again as each is compiled; here no work is begun for the sake of one that is wrong.
    Validator::new_with_features(settings::FEATURES).validate_all(component).map_err(|e| Fault {
        code: WRONG_BYTES,
        words: format!("it is no valid component: {} at byte {}", e.message(), e.offset()),
    })?;
    let engine = settings::compiler(tier).map_err(|e| Fault::not_ready(format!("{e:#}")))?;
    fault::panic_where_asked();
    engine.precompile_component(component).map_err(|e| {
        let lacks_memory = e.is::<wasmtime::OutOfMemory>() || e.downcast_ref::<Errno>() == Some(&Errno::NOMEM);
        let code = if lacks_memory { NO_MEMORY } else { WRONG_BYTES };
        Fault { code, words: format!("it does not compile: {e:#}") }
    })
}

fn confine(cpu: u64, memory: u64, host: &str) -> Result<(), Fault> {
    let set = |resource, soft: u64, hard: u64| {
        rustix::process::setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })
            .map_err(|e| Fault::not_ready(format!("the compiler cannot limit itself: {e}")))
    };
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .map_err(|e| Fault::not_ready(e.to_string()))?;
    // It may have died before: then nobody tells.
    if Pid::as_raw(rustix::process::getppid()).to_string() != host {
        return Err(Fault::not_ready("the host that wanted it compiled has gone"));
    }
    // Where memory is short, it is the compiler that goes, not the host. Some systems have no such file.
    _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    set(Resource::Cpu, cpu, cpu + 1)?;
    // Of the memory that it writes to. Address space that is only reserved costs nothing, and an end of that would be met
    // by the stack too, whose owner just dies; where a system does not count the former, it is bounded all the same.
    set(Resource::Data, memory, memory)?;
    set(Resource::As, memory + RESERVED, memory + RESERVED)?;
    // It writes nothing but its answer, and that is a pipe.
    set(Resource::Fsize, 0, 0)?;
    set(Resource::Core, 0, 0)?;
    rustix::process::nice(10).map_err(|e| Fault::not_ready(e.to_string()))?;
    Ok(())
}
