//! `completions`: a script for a shell.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Exit, Failure};

/// Writes the script that lets a shell complete changeling's commands.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  changeling completions bash > ~/.local/share/bash-completion/completions/changeling\n  \
    changeling completions zsh > \"${fpath[1]}/_changeling\""
)]
pub struct Completions {
    /// Which shell.
    shell: Shell,
}

impl Completions {
    /// Writes it.
    pub fn run(self) -> Result<Exit, Failure> {
        // Into memory first: the generator does not expect that its reader goes.
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "changeling", &mut script);
        std::io::stdout().write_all(&script)?;
        Ok(Exit::Done)
    }
}
