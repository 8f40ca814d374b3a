//! The command line: one file a verb. The only place that prints. Stdout is data; everything else goes to stderr.

mod call;
mod client;
mod demo;
mod exit;
mod ps;
mod run;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

pub use exit::{Exit, Failure};

/// Swap running code and keep its state: a host for WebAssembly components.
#[derive(Parser)]
#[command(name = "changeling", version, arg_required_else_help = true, max_term_width = 100)]
#[command(after_help = "Exit status: 0 done, 1 error, 2 wrong command line, 3 refused, 4 the guest answered err, \
    5 the guest crashed, 6 rolled back, 7 time ran out, 8 no host answers, 9 no such thing, 130 interrupted.")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Runs a host on a folder until it is told to end.
    Run(run::Run),
    /// Calls a function of an actor or a service.
    Call(call::Call),
    /// Lists actors.
    Ps(ps::Ps),
    /// A guided tour on real parts.
    Demo(demo::Demo),
}

/// Which host, and how to say what it answers.
#[derive(Args, Clone)]
struct Reach {
    /// Where the host answers; else it is found by its folder.
    #[arg(long, value_name = "URL", env = "CHANGELING_HOST")]
    host: Option<String>,
    /// The folder that the host watches; else the nearest one upwards that has a running host.
    #[arg(long, value_name = "DIR", env = "CHANGELING_DIR")]
    dir: Option<PathBuf>,
    /// A file that holds the token, where it is not in the host's status file.
    #[arg(long, value_name = "FILE", env = "CHANGELING_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// Print JSON, for programs.
    #[arg(long, env = "CHANGELING_JSON")]
    json: bool,
    /// Print nothing but data and errors.
    #[arg(short, long, env = "CHANGELING_QUIET")]
    quiet: bool,
}

impl Reach {
    /// The host on a folder.
    fn to(dir: &std::path::Path) -> Self {
        Self { host: None, dir: Some(dir.to_owned()), token_file: None, json: true, quiet: false }
    }
}

/// Parses the command line and runs the verb.
pub fn main() -> ExitCode {
    let verb = Cli::parse().verb;
    let (json, outcome) = match verb {
        Verb::Run(verb) => (false, verb.run()),
        Verb::Call(verb) => (verb.reach.json, verb.run()),
        Verb::Ps(verb) => (verb.reach.json, verb.run()),
        Verb::Demo(verb) => (false, verb.run()),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => failure.print(json),
    }
}
