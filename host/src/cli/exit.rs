//! How a command ends: its status, and its one sentence where it failed.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::table::tame;

/// Exit statuses, documented in the help and tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Anything that has no status of its own.
    Error = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A version was refused.
    Refused = 3,
    /// The guest answered `err`.
    GuestErr = 4,
    /// The guest crashed.
    Crashed = 5,
    /// The upgrade was rolled back.
    RolledBack = 6,
    /// Time ran out.
    TimeOut = 7,
    /// No host answers.
    NoHost = 8,
    /// There is no such thing.
    NoSuchThing = 9,
    /// A person or a program did not want to wait.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        ExitCode::from(exit as u8)
    }
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    sentence: String,
    /// The problem document, where a host gave one.
    problem: Option<Map<String, Value>>,
}

impl Failure {
    /// With one sentence that names the thing, the reason and what to do.
    pub fn new(exit: Exit, sentence: impl Into<String>) -> Self {
        Self { exit, sentence: sentence.into(), problem: None }
    }

    /// What a host answered.
    pub fn of_problem(problem: Map<String, Value>) -> Self {
        let text = |name: &str| problem.get(name).and_then(Value::as_str).unwrap_or_default();
        let name = text("type").rsplit(':').next().unwrap_or_default();
        let exit = match name {
            "no-such-component" | "no-such-function" | "no-actor" | "no-such-upgrade" => Exit::NoSuchThing,
            "crashed" => Exit::Crashed,
            "deadline-exceeded" => Exit::TimeOut,
            "refused" => Exit::Refused,
            "bad-argument" | "bad-name" => Exit::Usage,
            _ => Exit::Error,
        };
        Self { exit, sentence: text("detail").to_owned(), problem: Some(problem) }
    }

    /// A command line that cannot be read.
    pub fn of_usage(error: &clap::Error) -> Self {
        let words = error.render().to_string();
        // What follows the first empty line is advice.
        let said: Vec<&str> = words.lines().map(str::trim).take_while(|line| !line.is_empty()).collect();
        Self::new(Exit::Usage, said.join(" ").trim_start_matches("error: "))
    }

    /// A file that cannot be read.
    pub fn of_file(file: &Path, error: &std::io::Error) -> Self {
        Self::new(Exit::Error, format!("{} cannot be read: {error}", file.display()))
    }

    /// The same, of this thing.
    #[must_use]
    pub fn at(mut self, thing: &str) -> Self {
        self.sentence = format!("{thing}: {}", self.sentence);
        self
    }

    /// The status that it gives.
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// Says it, for a person or a program, and gives the status.
    pub fn print(self, json: bool) -> ExitCode {
        if json {
            let mut document = self.problem.unwrap_or_default();
            document.insert("$type".into(), json!("changeling.error/1"));
            document.insert("error".into(), json!(self.sentence));
            document.insert("exit".into(), json!(self.exit as u8));
            eprintln!("{}", Value::Object(document));
        } else {
            let red = anstyle::AnsiColor::Red.on_default().bold();
            anstream::eprintln!("{red}error:{red:#} {}", tame(&self.sentence));
        }
        self.exit.into()
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Error, format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(Exit::Error, error.to_string())
    }
}
