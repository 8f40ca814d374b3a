//! What a guest says: its log records and what it writes to stdout and stderr, under its address in the host's log,
//! within a rate. Also remembers the last words of one that dies.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::io::AsyncWrite;
use tracing::Level;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use super::words::MAX_WORDS;

/// The longest line, in bytes.
const MAX_LINE: usize = MAX_WORDS;

/// One actor's voice. Clones share it.
#[derive(Clone)]
pub struct Voice(Arc<Mutex<Inner>>);

struct Inner {
    name: String,
    per_second: usize,
    window: Instant,
    spent: usize,
    dropped: u64,
    panic: Option<String>,
    stdout: Line,
    stderr: Line,
    /// The end of stderr: a guest that knows nothing of our log panics there.
    tail: String,
}

#[derive(Default)]
struct Line(Vec<u8>);

impl Voice {
    /// Of the actor at `name`, with so many bytes of log a second.
    pub fn new(name: String, per_second: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            name,
            per_second,
            window: Instant::now(),
            spent: 0,
            dropped: 0,
            panic: None,
            stdout: Line::default(),
            stderr: Line::default(),
            tail: String::new(),
        })))
    }

    /// So many bytes of log a second from now on.
    pub fn set_rate(&self, per_second: usize) {
        self.with(|voice| voice.per_second = per_second);
    }

    fn with<R>(&self, act: impl FnOnce(&mut Inner) -> R) -> R {
        // A panic while logging leaves nothing half-done that matters here.
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A log record. One of target `panic` is kept as the last words.
    pub fn record(&self, level: Level, target: &str, message: &str, fields: &[(String, String)]) {
        self.with(|voice| {
            if target == "panic" {
                let place = fields.iter().find(|(name, _)| name == "at").map(|(_, at)| format!(" at {at}"));
                voice.panic = Some(clip(&format!("{message}{}", place.unwrap_or_default())));
            }
            let fields: String = fields.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            voice.say(level, target, &format!("{message}{fields}"));
        });
    }

    /// What it said last before it died: its panic, else the end of its stderr.
    pub fn last_words(&self) -> Option<String> {
        self.with(|voice| {
            let tail = || Some(clip(voice.tail.trim())).filter(|tail| !tail.is_empty());
            voice.panic.clone().or_else(tail)
        })
    }

    /// A stream for its stdout.
    pub fn stdout(&self) -> Stdio {
        Stdio { voice: self.clone(), error: false }
    }

    /// A stream for its stderr.
    pub fn stderr(&self) -> Stdio {
        Stdio { voice: self.clone(), error: true }
    }
}

impl Inner {
    fn say(&mut self, level: Level, target: &str, text: &str) {
        let now = Instant::now();
        if now.duration_since(self.window) >= Duration::from_secs(1) {
            self.say_what_was_dropped();
            (self.window, self.spent) = (now, 0);
        }
        let text = clip(text);
        // A record costs something however short it is.
        self.spent += text.len() + target.len().min(MAX_LINE) + 64;
        if self.spent > self.per_second {
            self.dropped += 1;
            return;
        }
        let (actor, from) = (self.name.as_str(), clip(target));
        match level {
            Level::ERROR => tracing::error!(target: "guest", actor, from, "{text}"),
            Level::WARN => tracing::warn!(target: "guest", actor, from, "{text}"),
            Level::INFO => tracing::info!(target: "guest", actor, from, "{text}"),
            Level::DEBUG => tracing::debug!(target: "guest", actor, from, "{text}"),
            Level::TRACE => tracing::trace!(target: "guest", actor, from, "{text}"),
        }
    }

    fn say_what_was_dropped(&mut self) {
        let dropped = std::mem::take(&mut self.dropped);
        if dropped > 0 {
            tracing::warn!(target: "guest", actor = self.name, "{dropped} records were dropped: more than {} bytes a second", self.per_second);
        }
    }

    fn write(&mut self, error: bool, bytes: &[u8]) {
        let line = if error { &mut self.stderr } else { &mut self.stdout };
        let mut lines = Vec::new();
        for byte in bytes {
            if *byte != b'\n' && line.0.len() < MAX_LINE {
                line.0.push(*byte);
            } else {
                lines.push(String::from_utf8_lossy(&line.0).into_owned());
                line.0.clear();
            }
        }
        for text in lines {
            if error {
                self.tail.push_str(&text);
                self.tail.push(' ');
                let mut cut = self.tail.len().saturating_sub(MAX_LINE / 4);
                while !self.tail.is_char_boundary(cut) {
                    cut += 1;
                }
                self.tail.drain(..cut);
            }
            self.say(Level::INFO, if error { "stderr" } else { "stdout" }, &text);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // It may have died of it, or have nothing more to say.
        self.say_what_was_dropped();
    }
}

/// One line of printable text: a guest writes neither escape sequences nor line ends into the host's log.
fn clip(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(MAX_LINE));
    for c in text.chars() {
        if out.len() >= MAX_LINE {
            out.push('…');
            break;
        }
        if c.is_control() { out.extend(c.escape_debug()) } else { out.push(c) }
    }
    out
}

/// A guest's stdout or stderr.
pub struct Stdio {
    voice: Voice,
    error: bool,
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdio {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this one, and it is not linked.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Stdio { voice: self.voice.clone(), error: self.error })
    }
}

#[async_trait]
impl Pollable for Stdio {
    async fn ready(&mut self) {}
}

impl OutputStream for Stdio {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.voice.with(|voice| voice.write(self.error, &bytes));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(64 << 10)
    }
}
