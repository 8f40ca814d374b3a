//! `restart`: an actor's end, and its new beginning.

use clap::Args;

use super::client::{Client, escape};
use super::{Exit, Failure, Reach};

/// Ends an actor between two messages and begins it anew, without its state.
#[derive(Args)]
#[command(after_help = "Example:\n  changeling restart session/alice")]
pub struct Restart {
    /// An address: a component, or `component/key`.
    address: String,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Restart {
    /// Does so, and waits until it runs again.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        client.ask_for(&format!("/v1/actors/{}/restart", escape(&self.address)))?;
        self.reach.form.note(&format!("{} has begun anew", self.address));
        Ok(Exit::Done)
    }
}
