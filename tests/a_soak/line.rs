//! One caller: what it asks, and what it hears, goes into the recording.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use crate::support::recording::{Asked, Call, Heard, Testimony};
use crate::support::{Answer, Host};

/// Longer than any hold takes on a machine that is busy with other tests.
pub const PATIENCE: &str = "15s";

type Caller = dyn Fn(&str, &str, Value) -> Answer + Send;

pub struct Line {
    sender: Arc<str>,
    call: Box<Caller>,
    /// The number of its last note to each actor.
    last: BTreeMap<Arc<str>, u64>,
    pub calls: Vec<Call>,
}

impl Line {
    pub fn new(host: &Host, sender: &str) -> Self {
        Self::within(host, sender, PATIENCE)
    }

    pub fn within(host: &Host, sender: &str, deadline: &'static str) -> Self {
        let call = Box::new(host.caller_within(deadline));
        Self { sender: sender.into(), call, last: BTreeMap::new(), calls: Vec::new() }
    }

    /// Its next note to a witness.
    pub fn note(&mut self, to: &str) -> &Heard {
        let number = self.last.entry(to.into()).or_default();
        *number += 1;
        let asked = Asked::Note(*number);
        self.ask(to, asked)
    }

    pub fn ask(&mut self, to: &str, asked: Asked) -> &Heard {
        let (function, args) = self.request(&asked);
        let began = Instant::now();
        let answer = (self.call)(to, function, args);
        let ended = Instant::now();
        let heard = heard(&asked, to, &answer);
        let sender = self.sender.clone();
        self.calls.push(Call { sender, to: to.into(), asked, began, ended, heard, row: None });
        &self.calls[self.calls.len() - 1].heard
    }

    fn request(&self, asked: &Asked) -> (&'static str, Value) {
        match asked {
            Asked::Note(number) => ("note", json!([&*self.sender, number])),
            Asked::Look => ("look", json!([])),
            Asked::Remind(ms) => ("remind", json!([ms])),
            Asked::Work(ms) => ("work", json!([ms])),
            Asked::Increment => ("increment", json!([1])),
            Asked::Transfer(payer, payee, amount) => ("transfer", json!([&**payer, &**payee, amount])),
            Asked::Balance(account) => ("balance", json!([&**account])),
            Asked::Total => ("total", json!([])),
            Asked::Greet => ("greet", json!(["you"])),
        }
    }
}

fn heard(asked: &Asked, to: &str, answer: &Answer) -> Heard {
    let understood = match (answer.status, asked) {
        (200, Asked::Note(_) | Asked::Look | Asked::Remind(_)) => testimony(to, &answer.body).map(Heard::Testimony),
        (200, Asked::Work(_)) => Some(Heard::Done),
        (200, Asked::Increment | Asked::Total) => answer.body.as_i64().map(Heard::Number),
        (200, Asked::Transfer(..) | Asked::Balance(_)) => answer.body["ok"].as_i64().map(Heard::Number),
        (200, Asked::Greet) => number_in(&answer.body, 0..5).map(Heard::Greeting),
        _ => Some(Heard::Not(answer.problem().to_owned())),
    };
    understood.unwrap_or_else(|| Heard::Not(answer.body.to_string()))
}

fn testimony(to: &str, said: &Value) -> Option<Testimony> {
    let number = |of: &str| said[of].as_u64();
    Some(Testimony {
        by: number_in(&said["mark"], 5..13)?,
        of_another: said["of"].as_str().filter(|of| *of != to).map(str::to_owned),
        life: number("life")?,
        count: number("count")?,
        before: number("before")?,
        reminded: number("reminded")?,
    })
}

fn number_in(text: &Value, at: std::ops::Range<usize>) -> Option<u64> {
    text.as_str()?.get(at)?.parse().ok()
}
