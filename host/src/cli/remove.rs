//! `remove`: a component goes.

use clap::Args;
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
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Remove {
    /// Takes it away, and waits until it is gone.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        client.send(Method::DELETE, &format!("/v1/components/{}", escape(&self.name)), &[], None)?;
        self.reach.form.note(&format!("{} is removed", self.name));
        Ok(Exit::Done)
    }
}
