//! `remove`: a component goes.

use clap::Args;
use clap::builder::BoolishValueParser;
use ureq::http::Method;

use super::client::{Client, escape};
use super::{Exit, Failure, Reach};

/// Takes a component away: its actors end with `terminate`, their states are gone, and its name is free again.
///
/// Take its file out of the folder, too: one that still lies there is an offer again when it is put there once more, and
/// when the host begins anew.
#[derive(Args)]
#[command(after_help = "Example:\n  changeling remove counter")]
pub struct Remove {
    /// Which component.
    name: String,
    /// Also where another component imports it.
    #[arg(long, env = "CHANGELING_FORCE", value_parser = BoolishValueParser::new())]
    force: bool,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Remove {
    /// Takes it away, and waits until it is gone.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        let force = if self.force { "?force=true" } else { "" };
        client.send(Method::DELETE, &format!("/v1/components/{}{force}", escape(&self.name)), &[], None)?;
        self.reach.form.note(&format!("{} is removed", self.name));
        Ok(Exit::Done)
    }
}
