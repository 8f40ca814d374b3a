//! `run`: the host.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::{Exit, Failure};
use crate::host::{self, Options};

/// Runs a host on a folder until it is told to end.
///
/// ^C or SIGTERM ends it in order: what waits is handled, every actor's state is kept for the next start. A second one
/// ends it at once.
#[derive(Args)]
#[command(after_help = "Example:\n  changeling run components")]
pub struct Run {
    /// The folder with the components.
    #[arg(default_value = ".", env = "CHANGELING_DIR")]
    dir: PathBuf,
    /// Where HTTP is answered, 127.0.0.1:4650 where nothing else is said; port 0 takes a free one.
    #[arg(long, value_name = "ADDR:PORT", env = "CHANGELING_LISTEN")]
    listen: Option<SocketAddr>,
    /// Where the host keeps its own, instead of `.changeling` in the folder.
    #[arg(long, value_name = "DIR", env = "CHANGELING_STATE")]
    state: Option<PathBuf>,
    /// The manifest, instead of `changeling.toml` in the folder; read again whenever it changes.
    #[arg(long, value_name = "FILE", env = "CHANGELING_MANIFEST")]
    manifest: Option<PathBuf>,
    /// How the log is written; `text` on a terminal, else `json`.
    #[arg(long, value_name = "FORM", env = "CHANGELING_LOG")]
    log: Option<Log>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Log {
    Text,
    Json,
}

impl Run {
    /// Runs the host to its end.
    pub fn run(self) -> Result<Exit, Failure> {
        start_log(self.log);
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name("http").enable_all().build()?;
        let compiler = std::env::current_exe()?;
        let options = Options {
            dir: self.dir.clone(),
            state: self.state,
            manifest: self.manifest,
            listen: self.listen,
            compiler,
        };
        let ended = runtime.block_on(async {
            let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
            let host = host::start(options).await?;
            tracing::info!("serving {} at {}", self.dir.display(), host.url());
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            tracing::info!("ending: what waits is handled, every actor is parked");
            tokio::select! {
                ended = host.end() => ended?,
                _ = interrupt.recv() => return Err(at_once()),
                _ = terminate.recv() => return Err(at_once()),
            }
            Ok(Exit::Done)
        });
        // Whoever was told to end at once waits for no file that is being written.
        runtime.shutdown_background();
        ended
    }
}

fn at_once() -> Failure {
    Failure::new(Exit::Interrupted, "ended at once: what was not parked yet is lost")
}

fn start_log(log: Option<Log>) {
    let filter = EnvFilter::try_from_env("CHANGELING_LOG_LEVEL").unwrap_or_else(|_| EnvFilter::new("info"));
    let on_terminal = std::io::stderr().is_terminal();
    let form = log.unwrap_or(if on_terminal { Log::Text } else { Log::Json });
    let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match form {
        Log::Text => log.with_ansi(on_terminal && !plain).with_target(false).init(),
        Log::Json => log.json().flatten_event(true).init(),
    }
}
