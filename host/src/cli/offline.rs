//! A component's file, read and judged without a host.

use std::path::Path;
use std::sync::Arc;

use changeling_core::contract::Version;
use changeling_core::id::{ComponentName, Digest};
use changeling_core::reason::{Cause, Refusal, Step};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::Failure;
use super::table::{tame, under};
use crate::control::bench::{Bench, Verdict};
use crate::engine::code::Code;
use crate::watch::{FileName, check_whole};

/// A bench that compiles in a child of this binary.
pub fn bench() -> Result<Bench, Failure> {
    Ok(Bench::new(std::env::current_exe()?)?)
}

/// One file.
pub struct Subject {
    /// As it was named on the command line.
    pub file: String,
    /// Of its bytes.
    pub digest: Digest,
    /// In bytes.
    pub size: u64,
    /// What was read of it, or why a host could not even do that.
    pub code: Result<Arc<Code>, Refusal>,
    /// What its actors are called where it is tried.
    component: ComponentName,
}

impl Subject {
    /// Reads a file and loads what it holds.
    pub fn read(bench: &Bench, file: &Path) -> Result<Self, Failure> {
        let bytes = std::fs::read(file).map_err(|e| Failure::of_file(file, &e))?;
        let name = FileName::parse(&file.file_name().unwrap_or_default().to_string_lossy()).ok();
        let component = match &name {
            Some(name) => name.component.clone(),
            // The file may be called as it likes: that is judged where it is dropped.
            None => ComponentName::new("component").map_err(anyhow::Error::from)?,
        };
        let not_whole = |words| Refusal::new(Step::Staged, "take", Cause::Bytes, words);
        let whole = check_whole(&bytes).map_err(not_whole);
        Ok(Self {
            file: file.display().to_string(),
            digest: Digest(Sha256::digest(&bytes).into()),
            size: bytes.len() as u64,
            code: whole.and_then(|()| bench.load(&component, &bytes, name.and_then(|name| name.label))),
            component,
        })
    }

    /// Judges it, as it is or against an older version.
    pub fn judge(&self, bench: &Bench, old: Option<&Version>) -> Verdict {
        match &self.code {
            Ok(code) => bench.judge(&self.component, code, old),
            Err(refusal) => Verdict { refusals: vec![refusal.clone()], ..Verdict::default() },
        }
    }

    /// What was read of it.
    pub fn version(&self) -> Option<&Version> {
        self.code.as_ref().ok().map(|code| &code.version)
    }

    /// Its name for people: the label, else the file.
    pub fn label(&self) -> &str {
        self.version().map_or(&self.file, |version| &version.label)
    }

    /// Which version it is, in a document.
    pub fn named(&self) -> Value {
        json!({ "file": self.file, "digest": self.digest, "label": self.version().map(|version| &version.label) })
    }
}

/// A verdict in a document.
pub fn write(verdict: &Verdict, document: &mut Value) {
    let refusal = |refusal: &Refusal| json!({ "step": refusal.step, "act": refusal.act, "words": refusal.words });
    document["refusals"] = verdict.refusals.iter().map(refusal).collect();
    document["findings"] = json!(verdict.findings);
    document["unproven"] = json!(verdict.unproven);
}

/// A verdict for people.
pub fn told(verdict: &Verdict) -> Vec<(&'static str, String)> {
    let mut told: Vec<_> = under("found", verdict.findings.iter().map(|found| tame(found))).collect();
    told.extend(verdict.unproven.iter().map(|words| ("unproven", tame(words))));
    told.extend(under("refused", verdict.refusals.iter().map(|refusal| tame(&refusal.to_string()))));
    told
}
