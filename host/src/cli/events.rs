//! `events`: what happened, and what happens.

use std::io::BufRead;

use changeling_core::declared::{Change, Kept};
use clap::Args;
use clap::builder::BoolishValueParser;
use serde::Deserialize;
use serde_json::Value;
use ureq::http::Method;

use super::client::Client;
use super::table::{pause, text};
use super::{Exit, Failure, Reach, out};

/// Tells what happened: loaded, refused, started, crashed, upgraded … with --json as JSON Lines.
#[derive(Args)]
#[command(after_help = "Examples:\n  changeling events --since 120\n  changeling events -f --json | jq .event")]
pub struct Events {
    /// Goes on with what happens, until interrupted; begins there where --since does not say otherwise.
    #[arg(short, long, env = "CHANGELING_FOLLOW", value_parser = BoolishValueParser::new())]
    follow: bool,
    /// Only events with a greater number than this one.
    #[arg(long, value_name = "NUMBER", env = "CHANGELING_SINCE")]
    since: Option<u64>,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Events {
    /// Tells them.
    pub fn run(self) -> Result<Exit, Failure> {
        if self.follow {
            return self.follow();
        }
        let client = Client::new(&self.reach)?;
        let mut since = self.since;
        loop {
            let from = since.map(|seq| format!("?since={seq}")).unwrap_or_default();
            let document = client.json(Method::GET, &format!("/v1/events{from}"), &[], None)?;
            let records = document["events"].as_array().map(Vec::as_slice).unwrap_or_default();
            records.iter().for_each(|record| self.tell(record));
            // The host gives so many at a time. Without a beginning, the newest were wanted, and that is all of them.
            since = match (since, records.last()) {
                (Some(_), Some(last)) => last["seq"].as_u64(),
                _ => return Ok(Exit::Done),
            };
        }
    }

    /// Goes on until the host ends; where the stream breaks, it is taken up again behind the last event that was told.
    fn follow(&self) -> Result<Exit, Failure> {
        let mut last = self.since;
        loop {
            // The host may have begun anew, and answer elsewhere.
            let client = Client::new(&self.reach)?;
            let from = last.map(|seq| seq.to_string());
            for record in stream(&client, from.as_deref())? {
                self.tell(&record);
                last = record["seq"].as_u64().or(last);
            }
        }
    }

    fn tell(&self, record: &Value) {
        if self.reach.form.json { out::line(record) } else { out::line(line(record)) }
    }
}

/// What happens from here on, or after the event with that number, until the stream ends.
pub fn stream(client: &Client, last: Option<&str>) -> Result<impl Iterator<Item = Value> + use<>, Failure> {
    let mut headers = vec![("accept", "text/event-stream")];
    headers.extend(last.map(|last| ("last-event-id", last)));
    let response = client.send(Method::GET, "/v1/events", &headers, None)?;
    let lines = std::io::BufReader::new(response.into_body().into_reader()).lines();
    let data = lines.map_while(Result::ok).filter_map(|line| line.strip_prefix("data:").map(str::to_owned));
    Ok(data.filter_map(|data| serde_json::from_str(&data).ok()))
}

/// An event for people: number, time, what, whose, and whatever else it says.
fn line(record: &Value) -> String {
    // The mistakes of a manifest are in its `why`, too.
    const FIRST: [&str; 9] = ["seq", "time", "event", "component", "address", "file", "label", "digest", "mistakes"];
    let said = |name: &str| Some(text(record.get(name)?)).filter(|said| !said.is_empty());
    let mut parts: Vec<String> = ["seq", "time", "event"].into_iter().map(|name| text(&record[name])).collect();
    parts.extend(["component", "address", "file", "label"].into_iter().filter_map(said));
    let more = record.as_object().into_iter().flatten().filter(|(name, _)| !FIRST.contains(&name.as_str()));
    let more: Vec<String> =
        more.filter(|(_, value)| !is_nothing(value)).map(|(name, value)| told(name, value)).collect();
    if more.is_empty() { parts.join("  ") } else { format!("{}: {}", parts.join("  "), more.join(", ")) }
}

fn is_nothing(value: &Value) -> bool {
    matches!(value, Value::Null | Value::Bool(false)) || value.as_array().is_some_and(Vec::is_empty)
}

fn told(name: &str, value: &Value) -> String {
    match value {
        Value::Bool(true) => name.replace('_', " "),
        Value::Array(items) => items.iter().map(declared).collect::<Vec<_>>().join("; "),
        Value::Object(object) => object.values().map(text).collect::<Vec<_>>().join(": "),
        Value::Number(ms) if name.ends_with("_ms") => {
            let span = pause(ms.as_u64().unwrap_or(0).saturating_mul(1_000));
            format!("{} {span}", name.trim_end_matches("_ms").replace('_', " "))
        }
        Value::String(_) => text(value),
        value => format!("{} {value}", name.replace('_', " ")),
    }
}

/// Of a changed manifest: a setting, or what stays.
fn declared(item: &Value) -> String {
    match (Change::deserialize(item), Kept::deserialize(item)) {
        (Ok(change), _) => change.to_string(),
        (_, Ok(kept)) => format!("{}: {}", kept.component, kept.why),
        _ => text(item),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_in_a_line() {
        let loaded = json!({ "seq": 1, "time": "T", "event": "loaded", "component": "counter", "digest": "ab", "label": "0.1.0" });
        assert_eq!(line(&loaded), "1  T  loaded  counter  0.1.0");
        let crashed = json!({
            "seq": 2, "time": "T", "event": "crashed", "address": "a/b", "reason": { "reason": "trap", "words": "boom" },
            "again_in_ms": 5,
        });
        assert_eq!(line(&crashed), "2  T  crashed  a/b: again in 5.0ms, trap: boom");
        let change = json!({ "section": "http", "setting": "listen", "from": "a", "to": "b", "holds": "start" });
        let kept = json!({ "component": "c", "why": "it stays" });
        let declared = json!({
            "seq": 3, "time": "T", "event": "declared", "file": "f", "gone": false, "changes": [change], "kept": [kept],
        });
        assert_eq!(
            line(&declared),
            "3  T  declared  f: [http] listen = b (was a), when the host starts again, c: it stays"
        );
        let gone =
            json!({ "seq": 4, "time": "T", "event": "declared", "file": "f", "gone": true, "changes": [], "kept": [] });
        assert_eq!(line(&gone), "4  T  declared  f: gone");
    }
}
