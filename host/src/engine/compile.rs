//! Compiling, in a child process of this same binary: it has no bound of its own in time or memory, and is not covered
//! by what wasmtime promises. The child sets its own limits as its first act.

use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use changeling_core::reason::{Cause, Refusal, Step};
use rustix::process::{Resource, Rlimit, Signal};

use super::settings;

/// The word on the command line that makes this binary the child.
pub const VERB: &str = "compile-child";

/// What the child may use.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// CPU time.
    pub cpu: Duration,
    /// Address space, in bytes.
    pub memory: u64,
    /// Size of the compiled code, in bytes.
    pub output: u64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { cpu: Duration::from_secs(60), memory: 2 << 30, output: 1 << 30 }
    }
}

/// Has a child of `binary` compile a component, and waits for it.
///
/// # Errors
/// A refusal in one sentence. Only what the bytes are to blame for is remembered against them.
pub fn in_child(binary: &Path, component: &[u8], bounds: Bounds) -> Result<Vec<u8>, Refusal> {
    let mut child = Command::new(binary)
        .arg(VERB)
        .args([bounds.cpu.as_secs().to_string(), bounds.memory.to_string()])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|e| surroundings(format!("{} cannot be started to compile: {e}", binary.display())))?;
    // The child reads everything before it writes anything, and says one sentence at most: no pipe fills up.
    let fed = child.stdin.take().map(|mut stdin| stdin.write_all(component));
    let mut compiled = Vec::new();
    let read = child.stdout.take().map(|stdout| stdout.take(bounds.output + 1).read_to_end(&mut compiled));
    let mut words = String::new();
    let said = child.stderr.take().map(|stderr| stderr.take(64 << 10).read_to_string(&mut words));
    let status = child.wait().map_err(|e| surroundings(format!("the compiler cannot be waited for: {e}")))?;
    if !status.success() {
        return Err(why(status, words.trim(), bounds));
    }
    for piped in [fed, read.map(|r| r.map(drop)), said.map(|r| r.map(drop))].into_iter().flatten() {
        piped.map_err(|e| surroundings(format!("the pipe to the compiler broke: {e}")))?;
    }
    if compiled.len() as u64 > bounds.output {
        return Err(bytes(format!("its code would be larger than {} MiB", bounds.output >> 20)));
    }
    Ok(compiled)
}

fn refusal(cause: Cause, words: String) -> Refusal {
    Refusal { step: Step::Compiled, act: "compile".into(), address: None, words, cause }
}

fn surroundings(words: String) -> Refusal {
    refusal(Cause::Surroundings, words)
}

fn bytes(words: String) -> Refusal {
    refusal(Cause::Bytes, words)
}

/// The end of the child in one sentence.
fn why(status: ExitStatus, words: &str, bounds: Bounds) -> Refusal {
    const SIGABRT: i32 = 6;
    const SIGKILL: i32 = 9;
    const SIGXCPU: i32 = 24;
    match status.signal() {
        // The system ends whoever it likes when memory is short: that says nothing of these bytes.
        Some(SIGKILL) => surroundings("the compiler was killed from outside; is there enough memory?".into()),
        Some(SIGXCPU) => bytes(format!("it took more than {} s of CPU to compile", bounds.cpu.as_secs())),
        Some(SIGABRT) if words.contains("memory allocation") => {
            bytes(format!("it took more than {} MiB of memory to compile", bounds.memory >> 20))
        }
        Some(signal) => bytes(format!("the compiler died of signal {signal}: {words}")),
        None if words.is_empty() => bytes(format!("the compiler ended with {status}")),
        None => bytes(words.to_owned()),
    }
}

/// The child: sets its limits, reads the component, compiles it, writes the code. Its words on stderr are what a user
/// reads.
///
/// # Errors
/// One sentence.
pub fn child(args: &[String]) -> Result<(), String> {
    let [cpu, memory] = args else { return Err("the compile child takes two numbers".into()) };
    let number = |text: &str| text.parse::<u64>().map_err(|e| format!("{text}: {e}"));
    confine(number(cpu)?, number(memory)?)?;
    let mut component = Vec::new();
    std::io::stdin().lock().read_to_end(&mut component).map_err(|e| e.to_string())?;
    let engine = settings::engine().map_err(|e| format!("{e:#}"))?;
    let compiled = engine.precompile_component(&component).map_err(|e| format!("it does not compile: {e:#}"))?;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&compiled).and_then(|()| stdout.flush()).map_err(|e| e.to_string())
}

fn confine(cpu: u64, memory: u64) -> Result<(), String> {
    let set = |resource, soft: u64, hard: u64| {
        rustix::process::setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })
            .map_err(|e| format!("the compiler cannot limit itself: {e}"))
    };
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).map_err(|e| e.to_string())?;
    set(Resource::Cpu, cpu, cpu + 1)?;
    set(Resource::As, memory, memory)?;
    // It writes nothing but its answer, and that is a pipe.
    set(Resource::Fsize, 0, 0)?;
    set(Resource::Core, 0, 0)?;
    rustix::process::nice(10).map_err(|e| e.to_string())?;
    Ok(())
}
