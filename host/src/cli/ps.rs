//! `ps`: the actors.

use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use serde_json::Value;
use ureq::http::Method;

use super::client::{Client, escape};
use super::{Exit, Failure, Reach, out, table};
use crate::http::wire::{Actor, Actors};

/// Lists actors: what they run, what they do, what waits for them.
#[derive(Args)]
#[command(after_help = "Examples:\n  changeling ps\n  changeling ps session -w")]
pub struct Ps {
    /// A component, or one address.
    address: Option<String>,
    /// Again every second, until interrupted.
    #[arg(short, long, env = "CHANGELING_WATCH", value_parser = BoolishValueParser::new())]
    watch: bool,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Ps {
    /// Lists them, once or again and again.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        let path = match &self.address {
            None => "/v1/actors".to_owned(),
            Some(address) => format!("/v1/actors?address={}", escape(address)),
        };
        loop {
            let document: Value = client.json(Method::GET, &path, &[], None)?;
            if let (Some([]), Some(address)) = (document["actors"].as_array().map(Vec::as_slice), &self.address) {
                is_there(&client, address)?;
            }
            if self.reach.form.json {
                out::line(document);
            } else {
                let actors: Actors = serde_json::from_value(document).map_err(anyhow::Error::from)?;
                match actors.actors.as_slice() {
                    [] => self.reach.form.note("there is no actor"),
                    all => table::print(self.reach.form.heads(&HEADS), all.iter().map(row)),
                }
            }
            if !self.watch {
                return Ok(Exit::Done);
            }
            std::thread::sleep(Duration::from_secs(1));
        }
    }
}

/// Of a list that is empty: a component may have no actor, but it must be one, and an address is that of an actor.
fn is_there(client: &Client, address: &str) -> Result<(), Failure> {
    let component = address.split('/').next().unwrap_or_default();
    client.json(Method::GET, &format!("/v1/components/{}", escape(component)), &[], None)?;
    match address == component {
        true => Ok(()),
        false => Err(Failure::new(Exit::NoSuchThing, format!("there is no actor `{address}`"))),
    }
}

const HEADS: [&str; 8] = ["address", "version", "state", "mailbox", "handled", "restarts", "memory", "uptime"];

fn row(actor: &Actor) -> Vec<String> {
    // Half of its limit is where a code change, which needs both states at once, begins to be in doubt.
    let tight = actor.memory_limit > 0 && actor.memory > actor.memory_limit / 2;
    let memory = format!("{}{}", table::bytes(actor.memory), if tight { " !" } else { "" });
    vec![
        actor.address.clone(),
        actor.label.clone(),
        format!("{}{}", actor.state, if actor.left_behind { ", left behind" } else { "" }),
        actor.mailbox.to_string(),
        actor.handled.to_string(),
        actor.restarts.to_string(),
        memory,
        table::span(actor.uptime_ms),
    ]
}
