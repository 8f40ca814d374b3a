//! What a user may set in `changeling.toml`, as typed values with every default filled in. It reads that one file,
//! changes nothing, and says of a wrong setting where it stands and what was probably meant.
//!
//! The settings are listed once, in tables that the parser, the nearest names, the documentation and a test of the
//! defaults all use: see [`settings`].

mod changes;
mod mistake;
mod parse;
mod settings;
mod value;
mod written;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use changeling_core::id::ComponentName;
use changeling_core::policy::{Policy, Sample};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

pub use mistake::{Error, Mistake};
pub use settings::{SettingDoc, settings};

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
/// A manifest that is larger is none.
const MANIFEST_LIMIT: u64 = MIB;
/// Kept states in memory: sixteen of the largest that a component may have by default, little beside the guests' memory.
const KEPT_STATES: u64 = 16 * 16 * MIB;

/// All settings of one host.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// The process and the folder it watches: `[host]`.
    pub host: Host,
    /// How it is reached: `[http]`.
    pub http: Http,
    /// What holds for a component that does not say otherwise: `[defaults]`.
    pub defaults: ComponentConfig,
    /// What holds for one component: `[components.NAME]`, on top of the defaults.
    pub components: BTreeMap<ComponentName, ComponentConfig>,
}

impl Config {
    /// What holds for a component, named in the manifest or not.
    pub fn component(&self, name: &ComponentName) -> &ComponentConfig {
        self.components.get(name).unwrap_or(&self.defaults)
    }

    /// Reads a manifest's text. `name` is what messages call it.
    ///
    /// # Errors
    /// Everything that is wrong in it, at once.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        parse::parse(text).map_err(|mistakes| Error::Wrong { name: name.to_owned(), mistakes })
    }

    /// Reads the manifest at `path`; where there is none, everything has its default. Also gives sentences for the log:
    /// of a manifest that others can write, whatever it grants is withheld, and that is said.
    ///
    /// # Errors
    /// When it is there and cannot be read, or something in it is wrong.
    pub fn load(path: &Path) -> Result<(Self, Vec<String>), Error> {
        let unread = |cause| Error::Unread { path: path.to_owned(), cause };
        // Without NONBLOCK a pipe of that name would keep the host waiting for its writer.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::open(path, flags, Mode::empty()) {
            Ok(fd) => File::from(fd),
            Err(Errno::NOENT) => return Ok((Self::default(), Vec::new())),
            Err(cause) => return Err(unread(cause.into())),
        };
        let about = file.metadata().map_err(unread)?;
        if !about.is_file() {
            return Err(unread(io::Error::other("it is not a regular file")));
        }
        let mut text = String::new();
        file.take(MANIFEST_LIMIT + 1).read_to_string(&mut text).map_err(unread)?;
        if text.len() as u64 > MANIFEST_LIMIT {
            return Err(unread(io::Error::other("it is larger than 1 MiB, the most that is read")));
        }
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let mut config = Self::parse(&name, &text)?;
        let folder = path.parent().unwrap_or(Path::new("."));
        config.http.tokens.values_mut().for_each(|token| token.file = folder.join(&token.file));
        let mut notes = Vec::new();
        if let Some(others) = who_else_writes(about.mode(), about.uid()) {
            notes.extend(config.withhold_grants().map(|grants| {
                format!("{} can be written by {others}, so what it grants is withheld: {grants}", path.display())
            }));
        }
        Ok((config, notes))
    }

    /// Takes back whatever gives a right to somebody, and says what that was.
    fn withhold_grants(&mut self) -> Option<String> {
        let mut withheld = Vec::new();
        for (name, component) in &mut self.components {
            if !std::mem::take(&mut component.env).is_empty() {
                withheld.push(format!("the environment of {name}"));
            }
        }
        if std::mem::take(&mut self.http.open_calls) {
            withheld.push("open calls".to_owned());
        }
        if !std::mem::take(&mut self.http.tokens).is_empty() {
            withheld.push("further tokens".to_owned());
        }
        if !std::mem::take(&mut self.http.hosts).is_empty() {
            withheld.push("further names of this host".to_owned());
        }
        if std::mem::take(&mut self.http.expose) {
            withheld.push("listening beyond loopback".to_owned());
            if !self.http.may_listen_on(self.http.listen) {
                self.http.listen.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
            }
        }
        (!withheld.is_empty()).then(|| withheld.join(", "))
    }
}

fn who_else_writes(mode: u32, owner: u32) -> Option<String> {
    match owner {
        _ if mode & 0o002 != 0 => Some("everybody (chmod o-w)".to_owned()),
        _ if mode & 0o020 != 0 => Some("its group (chmod g-w)".to_owned()),
        0 => None,
        owner if owner == rustix::process::geteuid().as_raw() => None,
        owner => Some(format!("its owner, user {owner}, who is neither the host's user nor root")),
    }
}

/// The process, and the folder it watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// What the memory of guests, queued messages and kept states may take together. 70 % of the machine's.
    pub memory: Budget,
    /// What of it the states of switched actors may take until their upgrade is published, in bytes; the others go to
    /// files. 256 MiB.
    pub kept_states: u64,
    /// Whether files dropped into the folder are taken. True.
    pub watch: bool,
    /// How long a file must be unchanged before it is looked at. 100 ms.
    pub settle: Duration,
    /// How long a file that is not whole must be unchanged before that is an error. 2 s.
    pub stalled: Duration,
    /// How often the whole folder is looked at. 5 s.
    pub rescan: Duration,
    /// CPU time for compiling one component, all attempts together. 60 s.
    pub compile_cpu: Duration,
    /// Memory of a compiler, in bytes. 2 GiB.
    pub compile_memory: u64,
}

impl Default for Host {
    fn default() -> Self {
        Self {
            memory: Budget::Share(70),
            kept_states: KEPT_STATES,
            watch: true,
            settle: Duration::from_millis(100),
            stalled: Duration::from_secs(2),
            rescan: Duration::from_secs(5),
            compile_cpu: Duration::from_secs(60),
            compile_memory: 2 << 30,
        }
    }
}

/// An amount of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Of what the machine has, in percent.
    Share(u8),
    /// In bytes.
    Bytes(u64),
}

impl Budget {
    /// In bytes, on a machine that has `total`.
    pub fn of(self, total: u64) -> u64 {
        match self {
            Self::Share(percent) => total / 100 * u64::from(percent),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// How the host is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// Address and port; port 0 takes a free one. 127.0.0.1:4650.
    pub listen: SocketAddr,
    /// Consent to listen beyond loopback though nothing here encrypts. False.
    pub expose: bool,
    /// Further names of this host, in lower case, each with the port it must have, where it must. None.
    pub hosts: Vec<String>,
    /// Whether calls need no token. False.
    pub open_calls: bool,
    /// Tokens beside the host's own, by the name that messages call them. None.
    pub tokens: BTreeMap<String, Token>,
    /// How long a call may take that does not say so itself. 5 s.
    pub deadline: Duration,
    /// Connections that are open at a time. 512.
    pub connections: u64,
}

/// A token beside the host's own. Its secret is not here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Token {
    /// Where the secret lies: from a manifest that was loaded, relative to nothing but the working folder.
    pub file: PathBuf,
    /// What it may be used for.
    pub may: BTreeSet<Right>,
}

/// What a token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Right {
    /// Calls of actors and services.
    Calls,
    /// To see what there is and what happened; no actor's state.
    Read,
    /// Everything.
    Admin,
}

impl Right {
    /// As the manifest and problems call it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }
}

impl Http {
    /// Whether that address may be listened on: loopback, or any where the manifest consents.
    pub fn may_listen_on(&self, address: SocketAddr) -> bool {
        self.expose || address.ip().is_loopback()
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 4650)),
            expose: false,
            hosts: Vec::new(),
            open_calls: false,
            tokens: BTreeMap::new(),
            deadline: Duration::from_secs(5),
            connections: 512,
        }
    }
}

/// One component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentConfig {
    /// What decides about its upgrades and actors.
    pub policy: Policy,
    /// What its instances may take.
    pub limits: Limits,
    /// Whether every call of a service gets an instance of its own. False.
    pub fresh: bool,
    /// The environment that it sees, whole. Empty.
    pub env: BTreeMap<String, String>,
}

impl Default for ComponentConfig {
    fn default() -> Self {
        let policy = Policy {
            parallel: std::thread::available_parallelism().map_or(1, usize::from),
            verify: Some(Sample::Count(100)),
            ..Policy::default()
        };
        Self { policy, limits: Limits::default(), fresh: false, env: BTreeMap::new() }
    }
}

/// What the instances of one component may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Linear memory of one instance, in bytes. 64 MiB.
    pub memory: u64,
    /// Guest time of one message. 1 s.
    pub cpu: Duration,
    /// Messages in one mailbox. 1,000.
    pub mailbox: u64,
    /// Bytes in one mailbox. 4 MiB.
    pub mailbox_bytes: u64,
    /// One message, in bytes. 1 MiB.
    pub message: u64,
    /// One saved state, in bytes. 16 MiB.
    pub state: u64,
    /// Calls of a service at the same time. 256.
    pub concurrent_calls: u64,
    /// Timers of one actor. 1,000.
    pub timers: u64,
    /// What one actor may log, in bytes a second. 64 KiB.
    pub log: u64,
    /// How long an upgrade waits for one `save`. 5 s.
    pub save: Duration,
    /// Guest time of one code change. 10 s.
    pub change: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 64 * MIB,
            cpu: Duration::from_secs(1),
            mailbox: 1_000,
            mailbox_bytes: 4 * MIB,
            message: MIB,
            state: 16 * MIB,
            concurrent_calls: 256,
            timers: 1_000,
            log: 64 * KIB,
            save: Duration::from_secs(5),
            change: Duration::from_secs(10),
        }
    }
}

#[cfg(test)]
mod tests;
