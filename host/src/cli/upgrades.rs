//! `upgrades`: what became of them.

use clap::Args;
use ureq::http::Method;

use super::client::{Client, escape};
use super::{Exit, Failure, Reach, out, receipt, table};

/// Lists upgrades, the newest first, or shows the receipt of one in full.
#[derive(Args)]
#[command(after_help = "Examples:\n  changeling upgrades --component counter\n  changeling upgrades 7 --json")]
pub struct Upgrades {
    /// The number of an upgrade.
    id: Option<u64>,
    /// Of the list, only those of this component.
    #[arg(long, value_name = "NAME", env = "CHANGELING_COMPONENT")]
    component: Option<String>,
    /// Of the list, at most so many.
    #[arg(long, value_name = "NUMBER", env = "CHANGELING_LIMIT", default_value_t = 100)]
    limit: u64,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Upgrades {
    /// Shows what the receipts say.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        let of = self.component.as_deref().map(|name| format!("&component={}", escape(name))).unwrap_or_default();
        let path = match self.id {
            Some(id) => format!("/v1/upgrades/{id}"),
            None => format!("/v1/upgrades?limit={}{of}", self.limit),
        };
        let document = client.json(Method::GET, &path, &[], None)?;
        match (self.reach.form.json, self.id) {
            (true, _) => out::line(document),
            (false, Some(_)) => receipt::print(&document),
            (false, None) => match document["upgrades"].as_array().map(Vec::as_slice).unwrap_or_default() {
                [] => self.reach.form.note("there was no upgrade yet"),
                all => table::print(self.reach.form.heads(&receipt::HEADS), all.iter().map(receipt::row)),
            },
        }
        Ok(Exit::Done)
    }
}
