//! The command line: one file a verb. The only place that prints. Stdout is data; everything else goes to stderr.

mod call;
mod check;
mod client;
mod completions;
mod components;
mod demo;
mod deploy;
mod events;
mod exit;
mod inspect;
mod new;
mod offline;
mod out;
mod ps;
mod receipt;
mod remove;
mod restart;
mod run;
mod state;
mod status;
mod stop;
mod table;
mod upgrades;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::BoolishValueParser;
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
    /// Lists components, or tells of one: its versions, what it can be asked, who holds an old version.
    Components(components::Components),
    /// Puts components into service and tells how it went.
    Deploy(deploy::Deploy),
    /// Writes a guest project that builds.
    New(new::New),
    /// Tells what a component's file is, and whether a host would take it.
    Inspect(inspect::Inspect),
    /// Judges whether one version of a component can take over from another.
    Check(check::Check),
    /// Tells what happened, and what happens.
    Events(events::Events),
    /// Lists upgrades, or shows the receipt of one.
    Upgrades(upgrades::Upgrades),
    /// Shows what an actor keeps.
    State(state::State),
    /// Shows what an actor or a service says of itself.
    Status(status::Status),
    /// Ends an actor.
    Stop(stop::Stop),
    /// Ends an actor and begins it anew.
    Restart(restart::Restart),
    /// Takes a component away.
    Remove(remove::Remove),
    /// Writes what a shell needs to complete commands.
    Completions(completions::Completions),
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
    /// Where the host keeps its own, where `changeling run` was told that with --state.
    #[arg(long, value_name = "DIR", env = "CHANGELING_STATE")]
    state: Option<PathBuf>,
    /// A file that holds the token, where it is not in the host's status file.
    #[arg(long, value_name = "FILE", env = "CHANGELING_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    #[command(flatten)]
    form: Form,
}

/// How to say it.
#[derive(Args, Clone)]
struct Form {
    /// Print JSON, for programs.
    #[arg(long, env = "CHANGELING_JSON", value_parser = BoolishValueParser::new())]
    json: bool,
    /// Print nothing but data and errors: no heads of tables, no progress.
    #[arg(short, long, env = "CHANGELING_QUIET", value_parser = BoolishValueParser::new())]
    quiet: bool,
}

impl Form {
    /// The heads of a table, where they are wanted.
    fn heads<'a>(&self, heads: &'a [&'a str]) -> &'a [&'a str] {
        if self.quiet { &[] } else { heads }
    }

    /// Says something on the side.
    fn note(&self, sentence: &str) {
        if !self.quiet {
            anstream::eprintln!("{sentence}");
        }
    }
}

impl Reach {
    /// The host on a folder.
    fn to(dir: &std::path::Path) -> Self {
        let form = Form { json: true, quiet: false };
        Self { host: None, dir: Some(dir.to_owned()), state: None, token_file: None, form }
    }
}

/// Whether errors are wanted as JSON by a command line that could not be read.
fn wants_json() -> bool {
    std::env::args_os().any(|arg| arg == "--json") || std::env::var_os("CHANGELING_JSON").is_some()
}

/// Parses the command line and runs the verb.
pub fn main() -> ExitCode {
    let verb = match Cli::try_parse() {
        Ok(cli) => cli.verb,
        Err(error) if error.use_stderr() && wants_json() => return Failure::of_usage(&error).print(true),
        Err(error) => error.exit(),
    };
    let (json, outcome) = match verb {
        Verb::Run(verb) => (false, verb.run()),
        Verb::Call(verb) => (verb.reach.form.json, verb.run()),
        Verb::Ps(verb) => (verb.reach.form.json, verb.run()),
        Verb::Components(verb) => (verb.reach.form.json, verb.run()),
        Verb::Deploy(verb) => (verb.reach.form.json, verb.run()),
        Verb::New(verb) => (false, verb.run()),
        Verb::Inspect(verb) => (verb.form.json, verb.run()),
        Verb::Check(verb) => (verb.form.json, verb.run()),
        Verb::Events(verb) => (verb.reach.form.json, verb.run()),
        Verb::Upgrades(verb) => (verb.reach.form.json, verb.run()),
        Verb::State(verb) => (verb.reach.form.json, verb.run()),
        Verb::Status(verb) => (verb.reach.form.json, verb.run()),
        Verb::Stop(verb) => (verb.reach.form.json, verb.run()),
        Verb::Restart(verb) => (verb.reach.form.json, verb.run()),
        Verb::Remove(verb) => (verb.reach.form.json, verb.run()),
        Verb::Completions(verb) => (false, verb.run()),
        Verb::Demo(verb) => (false, verb.run()),
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => failure.print(json),
    }
}
