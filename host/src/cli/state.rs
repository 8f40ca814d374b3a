//! `state`: what an actor keeps.

mod decode;
mod structure;

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde_json::{Value, json};
use ureq::http::Method;

use super::client::{Client, escape};
use super::table::{bytes, text, under};
use super::{Exit, Failure, Reach, out, table};
use crate::engine::envelope;

/// Shows the state of a live actor, as it would hand it over, taken between two messages.
///
/// States that the SDK saves are shown as JSON, others in hexadecimal.
#[derive(Args)]
#[command(after_help = "Examples:\n  changeling state session/alice\n  changeling state counter --save counter.state")]
pub struct State {
    /// An address: a component, or `component/key`.
    address: String,
    /// Write the bytes into this file, instead of showing them.
    #[arg(long, value_name = "FILE", env = "CHANGELING_SAVE")]
    save: Option<PathBuf>,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl State {
    /// Shows it, or writes it.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        let path = format!("/v1/actors/{}/state", escape(&self.address));
        let mut document = client.json(Method::GET, &path, &[("accept", "application/json")], None)?;
        let saved = STANDARD.decode(text(&document["base64"]));
        let saved = saved.map_err(|e| Failure::new(Exit::Error, format!("the host's answer is not base64: {e}")))?;
        if let Some(file) = &self.save {
            let why = |e| Failure::new(Exit::Error, format!("{} cannot be written: {e}", file.display()));
            std::fs::write(file, &saved).map_err(why)?;
            self.reach.form.note(&format!("{} are in {}", bytes(saved.len() as u64), file.display()));
            return Ok(Exit::Done);
        }
        let value = told(&document, &saved);
        if self.reach.form.json {
            document["value"] = json!(value.as_ref().ok());
            out::line(document);
            return Ok(Exit::Done);
        }
        let mut about = vec![
            ("actor", text(&document["address"])),
            ("code", text(&document["label"])),
            ("version", text(&document["version"])),
        ];
        about.extend(Some(text(&document["structure"])).filter(|it| !it.is_empty()).map(|it| ("structure", it)));
        about.push(("size", bytes(saved.len() as u64)));
        match value {
            Ok(value) => about.extend(under("state", format!("{value:#}").lines().map(str::to_owned))),
            Err(why) => {
                about.push(("not read", why));
                about.extend(under("state", hexadecimal(&saved)));
            }
        }
        table::print_told(about);
        Ok(Exit::Done)
    }
}

/// The state as JSON, where its bytes are the SDK's and its structure tells all of it.
fn told(document: &Value, saved: &[u8]) -> Result<Value, String> {
    let version = document["version"].as_u64().and_then(|version| u32::try_from(version).ok()).unwrap_or_default();
    let structure = text(&document["structure"]);
    let content = envelope::content(saved).ok_or("it is in a form of its code's own")?;
    envelope::check(saved, version, Some(&structure))?;
    decode::read(&structure, content)
}

/// Sixteen bytes a line, as numbers and as text.
fn hexadecimal(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.chunks(16).enumerate().map(|(line, chunk)| {
        let numbers: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
        let plain = |byte: &u8| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' };
        format!("{:06x}  {:<47}  {}", line * 16, numbers.join(" "), chunk.iter().map(plain).collect::<String>())
    })
}
