//! `check`: whether one version can take over from another.

use std::path::PathBuf;

use changeling_core::policy::Strategy;
use changeling_core::{Handover, handover};
use clap::Args;
use serde_json::{Value, json};

use super::offline::{Subject, bench, told, write};
use super::{Exit, Failure, Form, out, table};

/// Judges whether one version of a component can take over from another that lives; needs no host.
///
/// The new version is judged as an upgrade judges it, and tried on a scratch instance: it must start, and it must be
/// possible to leave it again. What only live states can show is left to the dry run of the upgrade. The exit status is 0
/// where it can take over, 3 where it would be refused.
#[derive(Args)]
#[command(after_help = "Example:\n  changeling check counter@1.wasm counter@2.wasm")]
pub struct Check {
    /// The version that lives.
    old: PathBuf,
    /// The version that shall take over.
    new: PathBuf,
    #[command(flatten)]
    pub(super) form: Form,
}

impl Check {
    /// Judges it.
    pub fn run(self) -> Result<Exit, Failure> {
        let bench = bench()?;
        let (old, new) = (Subject::read(&bench, &self.old)?, Subject::read(&bench, &self.new)?);
        let live = match &old.code {
            Ok(code) => &code.version,
            Err(why) => return Err(Failure::new(Exit::Error, format!("{} cannot be what lives: {why}", old.file))),
        };
        let verdict = new.judge(&bench, Some(live));
        let is_safe = verdict.refusals.is_empty();
        let goes_over = new.version().map(|version| handover(live, version, Strategy::Rolling));
        let goes_over = goes_over.and_then(Result::ok).filter(|_| live.shapes.is_some());
        if self.form.json {
            let mut document =
                json!({ "$type": "changeling.check/1", "safe": is_safe, "old": old.named(), "new": new.named() });
            document["state"] = goes_over.map_or(Value::Null, state);
            write(&verdict, &mut document);
            out::line(document);
        } else {
            let (old, new) = (old.label(), new.label());
            let verdict_on = match is_safe {
                true => format!("{new} can take over from {old}"),
                false => format!("{new} would be refused where {old} lives"),
            };
            let mut about = vec![("verdict", verdict_on)];
            about.extend(goes_over.map(|over| ("state", in_words(over))));
            about.extend(told(&verdict));
            table::print_told(about);
        }
        Ok(if is_safe { Exit::Done } else { Exit::Refused })
    }
}

/// How a state goes over, in a document.
fn state(over: Handover) -> Value {
    match over {
        Handover::State { version, returns } => json!({ "version": version, "returns": returns }),
        Handover::Restart => Value::Null,
    }
}

fn in_words(over: Handover) -> String {
    match over {
        Handover::State { version, returns: true } => format!("goes over as version {version}, and back"),
        Handover::State { version, returns: false } => format!("goes over as version {version}; there is no way back"),
        Handover::Restart => "is lost: actors begin anew".to_owned(),
    }
}
