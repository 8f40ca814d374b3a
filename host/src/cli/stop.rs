//! `stop`: an actor's end.

use clap::Args;

use super::client::{Client, escape};
use super::{Exit, Failure, Reach};

/// Ends an actor between two messages. What waits for it is answered `stopped`.
#[derive(Args)]
#[command(after_help = "Example:\n  changeling stop session/alice")]
pub struct Stop {
    /// An address: a component, or `component/key`.
    address: String,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Stop {
    /// Ends it, and waits until it is gone.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        client.ask_for(&format!("/v1/actors/{}/stop", escape(&self.address)))?;
        self.reach.form.note(&format!("{} is stopped", self.address));
        Ok(Exit::Done)
    }
}
