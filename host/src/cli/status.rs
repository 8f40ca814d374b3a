//! `status`: what an actor or a service shows of itself.

use clap::Args;
use serde_json::Value;
use ureq::http::Method;

use super::client::{Client, escape};
use super::table::{tame, text, under};
use super::{Exit, Failure, Reach, out, table};

/// Shows what an actor or a service says of itself, where its code exports `status`; an actor between two messages.
#[derive(Args)]
#[command(after_help = "Examples:\n  changeling status session/alice\n  changeling status counter --json")]
pub struct Status {
    /// An address: a component, or `component/key`.
    address: String,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Status {
    /// Shows it.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        let document = client.json(Method::GET, &format!("/v1/actors/{}/status", escape(&self.address)), &[], None)?;
        if self.reach.form.json {
            out::line(document);
            return Ok(Exit::Done);
        }
        let view = match &document["view"] {
            Value::String(words) => words.clone(),
            view => format!("{view:#}"),
        };
        let about = [("address", text(&document["address"])), ("code", text(&document["label"]))];
        table::print_told(about.into_iter().chain(under("status", view.lines().map(tame))));
        Ok(Exit::Done)
    }
}
