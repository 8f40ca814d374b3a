//! Compiling, in a child process of this same binary: it has no bound of its own in time or memory, and is not covered
//! by what wasmtime promises. What the good tier takes too much for, the fast one gets a chance at; of neither is waited
//! for without an end.

pub mod child;
mod fault;

use std::io::{self, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use changeling_core::reason::{Cause, Refusal, Step};

use super::settings::Tier;

/// The word on the command line that makes this binary the child.
pub const VERB: &str = "compile-child";
/// The least that may be given: what an empty component takes, and some more.
pub const LEAST_CPU: Duration = Duration::from_secs(3);
/// The least that may be given, in bytes.
pub const LEAST_MEMORY: u64 = 256 << 20;
/// The most machine code that is taken of one component, in bytes. The largest that we know, Python, makes 37 MiB.
pub const MAX_CODE: u64 = 256 << 20;
/// Longer words of a compiler are cut off, in bytes.
const MAX_WORDS: usize = 1 << 10;
/// A compiler is given up after this time by the clock, and ten times its CPU time: other work may leave it very little.
const PATIENCE: Duration = Duration::from_secs(300);

/// What the compiling of one component may take, all attempts together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// CPU time.
    pub cpu: Duration,
    /// Memory of the compiler, in bytes.
    pub memory: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { cpu: Duration::from_secs(60), memory: 2 << 30 }
    }
}

impl Bounds {
    /// Whole seconds, as the system counts them. Half is left to the fast tier: it is about twice as fast.
    fn cpu_of(self, tier: Tier) -> u64 {
        let all = self.cpu.max(LEAST_CPU).as_secs();
        match tier {
            Tier::Good => all - all / 2,
            Tier::Fast => all / 2,
        }
    }

    fn attempt(self, tier: Tier) -> Attempt {
        let cpu = self.cpu_of(tier);
        let wall = PATIENCE + 10 * Duration::from_secs(cpu);
        Attempt { tier, cpu, memory: self.memory.max(LEAST_MEMORY), code: MAX_CODE, wall }
    }

    /// Differs where code of this tier cannot stand for that which would be made now. What the good tier makes does not
    /// depend on its bounds; that the fast one is wanted does.
    pub fn key(self, tier: Tier) -> String {
        match tier {
            Tier::Good => "good".into(),
            Tier::Fast => format!("fast since {} s, {} bytes", self.cpu_of(Tier::Good), self.memory),
        }
    }

    /// What is worth saying of code of this tier.
    pub fn remark(self, tier: Tier) -> Option<String> {
        let attempt = self.attempt(Tier::Good);
        (tier == Tier::Fast).then(|| {
            format!(
                "it is compiled by the fast tier, and runs slower: the good one would take more than {} or {}; raise \
                 `compile-cpu` or `compile-memory` under [host], or make its largest functions smaller",
                attempt.cpu(),
                attempt.memory()
            )
        })
    }
}

/// Machine code of a component.
#[derive(Debug)]
pub struct Compiled {
    /// For this host's engine.
    pub code: Vec<u8>,
    /// By whom.
    pub tier: Tier,
}

/// Has a component compiled, well or else fast, in one child of `binary` after the other.
///
/// # Errors
/// A refusal in one sentence. Only what the bytes are to blame for is remembered against them.
pub fn compile(binary: &Path, component: &[u8], bounds: Bounds) -> Result<Compiled, Refusal> {
    let attempt = |tier| bounds.attempt(tier).run(binary, component).map(|code| Compiled { code, tier });
    let past = match attempt(Tier::Good) {
        Ok(compiled) => return Ok(compiled),
        Err(Failure::Refused(refusal)) => return Err(refusal),
        Err(Failure::Past(limit)) => limit,
    };
    tracing::info!("the good tier takes more than {past} to compile a version of {} bytes", component.len());
    attempt(Tier::Fast).map_err(|failure| match failure {
        Failure::Refused(refusal) => refusal,
        Failure::Past(limit) => {
            let words = format!(
                "it took more than {past} to compile, and with the fast tier more than {limit}; make its largest \
                 functions smaller, or raise `compile-cpu` or `compile-memory` under [host]"
            );
            refusal(Cause::Surroundings, words)
        }
    })
}

/// One child, and what it may use.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    tier: Tier,
    /// Seconds of CPU.
    cpu: u64,
    /// Bytes of memory.
    memory: u64,
    /// Bytes of its answer.
    code: u64,
    /// Time by the clock, for one that does nothing.
    wall: Duration,
}

/// Why there is no code.
#[derive(Debug)]
enum Failure {
    /// It was more than this.
    Past(String),
    Refused(Refusal),
}

/// A child that does not outlive whoever waits for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has ended, mostly.
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

impl Attempt {
    fn cpu(&self) -> String {
        format!("{} s of CPU", self.cpu)
    }

    fn memory(&self) -> String {
        format!("{} MiB of memory", self.memory >> 20)
    }

    fn run(&self, binary: &Path, component: &[u8]) -> Result<Vec<u8>, Failure> {
        if fault::is_too_much(self.tier) {
            return Err(Failure::Past(self.cpu()));
        }
        let child = Command::new(binary)
            .arg(VERB)
            .args(child::args(self.tier, self.cpu, self.memory))
            .env_clear()
            // The allocator takes this from the system at a time, in KiB. By itself it takes a GiB at once, which would be
            // past most limits before anything is done.
            .env("MIMALLOC_ARENA_RESERVE", "65536")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // ^C on a terminal is for the host, which ends in order.
            .process_group(0)
            .spawn()
            .map_err(|e| machine(format!("{} cannot be started to compile: {e}", binary.display())))?;
        let mut running = Running(child);
        let heard =
            hear(&mut running.0, component, self).map_err(|e| machine(format!("the compiler cannot be heard: {e}")))?;
        let status = running.0.wait().map_err(|e| machine(format!("the compiler cannot be waited for: {e}")))?;
        self.judge(heard, status)
    }

    fn judge(&self, heard: Heard, status: ExitStatus) -> Result<Vec<u8>, Failure> {
        if !heard.in_time {
            let wall = humantime::format_duration(self.wall);
            let words = format!("the compiler did not end within {wall}; is the machine overloaded?");
            return Err(refusal(Cause::Surroundings, words).into());
        }
        let code = heard.code.map_err(|e| machine(format!("the pipe from the compiler broke: {e}")))?;
        if code.len() as u64 > self.code {
            return Err(bytes(format!("its code would be larger than {} MiB", self.code >> 20)).into());
        }
        if !status.success() {
            return Err(self.why(status, &heard.words));
        }
        heard.fed.map_err(|e| machine(format!("the pipe to the compiler broke: {e}")))?;
        Ok(code)
    }

    /// The end of a child that made no code.
    fn why(&self, status: ExitStatus, words: &str) -> Failure {
        const ABORT: i32 = 6;
        const KILL: i32 = 9;
        const CPU: i32 = 24;
        /// Illegal instruction, breakpoint, abort, bus error, arithmetic, segment, wrong system call.
        const OF_ITS_OWN: [i32; 7] = [4, 5, ABORT, 7, 8, 11, 31];
        match status.signal() {
            Some(CPU) => Failure::Past(self.cpu()),
            Some(ABORT) if words.contains("memory allocation of") => Failure::Past(self.memory()),
            Some(signal) if OF_ITS_OWN.contains(&signal) => {
                bytes(format!("the compiler died of signal {signal}: {words}")).into()
            }
            // The system ends whoever it likes when memory is short: that says nothing of these bytes.
            Some(KILL) => machine("the compiler was killed from outside; is there enough memory?".into()),
            Some(signal) => machine(format!("the compiler was ended from outside, by signal {signal}")),
            None => match status.code().and_then(|code| u8::try_from(code).ok()) {
                Some(child::NO_MEMORY) => Failure::Past(self.memory()),
                Some(child::WRONG_BYTES | child::PANICKED) => bytes(words.to_owned()).into(),
                _ => machine(format!("the compiler could not begin ({status}): {words}")),
            },
        }
    }
}

/// What came of the pipes to and from a child.
struct Heard {
    fed: io::Result<()>,
    code: io::Result<Vec<u8>>,
    words: String,
    /// Whether it closed its end of them in time.
    in_time: bool,
}

/// Feeds a child and listens to it until it is silent for good, has said too much, or its time is over.
fn hear(child: &mut Child, component: &[u8], attempt: &Attempt) -> io::Result<Heard> {
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(io::Error::other("it has no pipes"));
    };
    std::thread::scope(|scope| {
        let (listening, silent) = channel::<()>();
        let also_listening = listening.clone();
        let thread = || std::thread::Builder::new().name("compile".into());
        // Each has an end of its own, so that no pipe that is full keeps another waiting.
        let fed = thread().spawn_scoped(scope, move || stdin.write_all(component))?;
        let words = thread().spawn_scoped(scope, move || {
            let _listening = also_listening;
            let mut words = Vec::new();
            // What could be read is worth saying, whatever happened then.
            _ = stderr.take(64 * MAX_WORDS as u64).read_to_end(&mut words);
            sentence(&words)
        })?;
        let code = thread().spawn_scoped(scope, move || {
            let _listening = listening;
            let mut code = Vec::new();
            stdout.take(attempt.code + 1).read_to_end(&mut code).map(|_| code)
        })?;
        let in_time = silent.recv_timeout(attempt.wall) != Err(RecvTimeoutError::Timeout);
        if !in_time {
            // Its end closes the pipes.
            _ = child.kill();
        }
        let broke = |_| io::Error::other("a thread that listened panicked");
        Ok(Heard {
            fed: fed.join().map_err(broke)?,
            code: code.join().map_err(broke)?,
            words: words.join().map_err(broke)?,
            in_time,
        })
    })
}

/// The beginning of what a compiler said, in one line.
fn sentence(words: &[u8]) -> String {
    let words = String::from_utf8_lossy(words);
    let mut line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() > MAX_WORDS {
        let mut end = MAX_WORDS;
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        line.truncate(end);
        line.push('…');
    }
    if line.is_empty() { "it said nothing".to_owned() } else { line }
}

fn refusal(cause: Cause, words: String) -> Refusal {
    Refusal { step: Step::Compiled, act: "compile".into(), address: None, words, cause }
}

fn machine(words: String) -> Failure {
    Failure::Refused(refusal(Cause::Machine, words))
}

fn bytes(words: String) -> Refusal {
    refusal(Cause::Bytes, words)
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

#[cfg(test)]
mod tests;
