//! `inspect`: what a file is.

use std::path::PathBuf;

use changeling_core::contract::{Hooks, Version};
use clap::Args;
use serde_json::{Value, json};

use super::offline::{Subject, bench, told, write};
use super::table::{bytes, under};
use super::{Exit, Failure, Form, components, out, table};

/// Tells what a component's file is and whether a host would take it; needs no host.
///
/// The component is compiled, loaded and tried on a scratch instance, as a host does before it lets a version take over.
/// The exit status is 3 where a host would refuse it whatever else is there.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  changeling inspect counter.wasm\n  changeling inspect counter.wasm --json | jq .exports"
)]
pub struct Inspect {
    /// A component's file.
    file: PathBuf,
    #[command(flatten)]
    pub(super) form: Form,
}

impl Inspect {
    /// Looks at it.
    pub fn run(self) -> Result<Exit, Failure> {
        let bench = bench()?;
        let subject = Subject::read(&bench, &self.file)?;
        let verdict = subject.judge(&bench, None);
        if self.form.json {
            let mut document = document(&subject);
            write(&verdict, &mut document);
            out::line(document);
        } else {
            let mut about = about(&subject);
            about.extend(told(&verdict));
            table::print_told(about);
        }
        Ok(if verdict.refusals.is_empty() { Exit::Done } else { Exit::Refused })
    }
}

fn document(subject: &Subject) -> Value {
    let Subject { file, digest, size, .. } = subject;
    let mut document = json!({ "$type": "changeling.inspection/1", "file": file, "digest": digest, "size": size });
    if let Some(version) = subject.version() {
        document["label"] = json!(version.label);
        document["kind"] = json!(version.kind);
        document["interfaces"] = interfaces(version.hooks).collect();
        document["exports"] = functions(version).map(|(name, ty)| json!({ "function": name, "type": ty })).collect();
        document["imports"] = json!(version.imports);
        document["shapes"] = json!(version.shapes);
    }
    document
}

fn about(subject: &Subject) -> Vec<(&'static str, String)> {
    let mut about = vec![("file", subject.file.clone())];
    if let Some(version) = subject.version() {
        about.push(("label", version.label.clone()));
        about.push(("kind", version.kind.to_string()));
    }
    about.push(("size", bytes(subject.size)));
    about.push(("digest", subject.digest.to_string()));
    if let Some(version) = subject.version() {
        about.extend(under("exports", functions(version).map(|(name, ty)| format!("{name}: {ty}"))));
        about.extend(under("answers", interfaces(version.hooks).map(str::to_owned)));
        about.extend(under("imports", version.imports.iter().cloned()));
        about.extend(components::shapes(&json!(version.shapes)));
    }
    about
}

fn functions(version: &Version) -> impl Iterator<Item = (String, String)> {
    version.functions.iter().map(|(name, ty)| (name.replace('#', "."), ty.to_string()))
}

/// The optional interfaces of the contract that it exports.
fn interfaces(hooks: Hooks) -> impl Iterator<Item = &'static str> {
    let Hooks { state, lifecycle, info, health, status } = hooks;
    let all = [("state", state), ("lifecycle", lifecycle), ("info", info), ("health", health), ("status", status)];
    all.into_iter().filter(|(_, has)| *has).map(|(name, _)| name)
}
