//! `deploy`: what dropping a file into the folder does, with an answer.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use ureq::http::Method;

use super::client::{Client, escape};
use super::table::text;
use super::{Exit, Failure, Reach, events, out, receipt};
use crate::watch::FileName;

/// Puts components into service, one after the other, and tells how each upgrade ended; stops at the first that did not
/// settle.
///
/// A file `NAME.wasm` or `NAME@LABEL.wasm` is a version of the component NAME. The exit status is 0 where all settled (or, with
/// --dry-run, would be taken), 3 refused, 6 rolled back, 7 not ended in time, 1 anything else (partial, superseded). With --json there is one document
/// a line: the receipt, or what came instead of one, by its `$type`.
#[derive(Args)]
#[command(after_help = "Examples:\n  changeling deploy counter.wasm\n  changeling deploy \
    target/wasm32-wasip2/release/my_counter.wasm --as counter --timeout 1m\n  changeling deploy counter.wasm --dry-run")]
pub struct Deploy {
    /// The components' files.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// The component that the file is a version of, whatever the file is called.
    #[arg(long = "as", value_name = "NAME", env = "CHANGELING_AS")]
    name: Option<String>,
    /// How their actors go over, whatever the manifest says.
    #[arg(long, value_enum, env = "CHANGELING_STRATEGY")]
    strategy: Option<Strategy>,
    /// Only try them: compile, check, and migrate copies of live states. Nothing is switched; the receipt says `tried`, or
    /// why it would be refused.
    #[arg(long, env = "CHANGELING_DRY_RUN", value_parser = BoolishValueParser::new())]
    dry_run: bool,
    /// Follow each upgrade to its end, also where CHANGELING_NO_WAIT is set; this is what happens anyway.
    #[arg(long, env = "CHANGELING_WAIT", value_parser = BoolishValueParser::new())]
    wait: bool,
    /// Only begin the upgrades, and print their numbers.
    #[arg(long, env = "CHANGELING_NO_WAIT", value_parser = BoolishValueParser::new())]
    no_wait: bool,
    /// How long to follow all of them; they go on after that.
    #[arg(long, value_name = "TIME", env = "CHANGELING_TIMEOUT", default_value = "10m", value_parser = humantime::parse_duration)]
    timeout: Duration,
    #[command(flatten)]
    pub(super) reach: Reach,
}

#[derive(Clone, Copy, ValueEnum)]
enum Strategy {
    /// One by one, with their state.
    Rolling,
    /// Ended and begun anew: what they knew is lost.
    Restart,
}

/// One file, and what it is to be.
struct Offer {
    component: String,
    label: Option<String>,
    file: String,
    bytes: Vec<u8>,
}

/// What the host says first.
enum Begun {
    Upgrade(u64),
    /// There is nothing to do.
    Nothing(Value),
}

impl Deploy {
    /// Deploys them.
    pub fn run(self) -> Result<Exit, Failure> {
        let offers = self.offers()?;
        let client = Client::new(&self.reach)?;
        let until = Instant::now() + self.timeout;
        let progress = self.progress();
        for offer in &offers {
            progress.begin(&offer.component);
            let (said, exit) = match self.begin(&client, offer, until)? {
                Begun::Nothing(why) => {
                    (self.form(&why, || format!("{}: {}", offer.component, text(&why["reason"]))), Exit::Done)
                }
                Begun::Upgrade(id) if self.no_wait && !self.wait => {
                    (self.form(&json!({ "$type": "changeling.upgrade/1", "id": id }), || id.to_string()), Exit::Done)
                }
                Begun::Upgrade(id) => {
                    let ended = self.follow(&client, offer, id, until)?;
                    (self.form(&ended, || receipt::sentence(&ended)), receipt::exit(&ended))
                }
            };
            progress.0.suspend(|| out::line(said));
            if exit != Exit::Done {
                return Ok(exit);
            }
        }
        Ok(Exit::Done)
    }

    /// A document, or what it says.
    fn form(&self, document: &Value, words: impl FnOnce() -> String) -> String {
        if self.reach.form.json { document.to_string() } else { words() }
    }

    /// Reads all files before anything is sent.
    fn offers(&self) -> Result<Vec<Offer>, Failure> {
        if self.name.is_some() && self.files.len() > 1 {
            return Err(Failure::new(Exit::Usage, "--as names one component: deploy the files one by one"));
        }
        let mut offers: Vec<Offer> = Vec::new();
        for path in &self.files {
            let offer = self.offer(path)?;
            if let Some(other) = offers.iter().find(|other| other.component == offer.component) {
                let both = format!("{} and {} are both versions of {}", other.file, offer.file, offer.component);
                return Err(Failure::new(Exit::Usage, format!("{both}; deploy the one that is wanted")));
            }
            offers.push(offer);
        }
        Ok(offers)
    }

    fn offer(&self, path: &Path) -> Result<Offer, Failure> {
        let bytes = std::fs::read(path).map_err(|e| Failure::of_file(path, &e))?;
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let named = FileName::parse(&file);
        let label = named.as_ref().ok().and_then(|name| name.label.clone());
        let component = match (&self.name, named) {
            (Some(name), _) => name.clone(),
            (None, Ok(named)) => named.component.to_string(),
            (None, Err(why)) => {
                let sentence = format!("{}: {why}; or name the component with --as", path.display());
                return Err(Failure::new(Exit::Usage, sentence));
            }
        };
        Ok(Offer { component, label, file, bytes })
    }

    fn begin(&self, client: &Client, offer: &Offer, until: Instant) -> Result<Begun, Failure> {
        let label = offer.label.as_deref().map(|label| format!("&label={}", escape(label))).unwrap_or_default();
        let (component, file) = (escape(&offer.component), escape(&offer.file));
        let strategy = match self.strategy {
            None => "",
            Some(Strategy::Rolling) => "&strategy=rolling",
            Some(Strategy::Restart) => "&strategy=restart",
        };
        let dry_run = if self.dry_run { "&dry-run=true" } else { "" };
        let path = format!("/v1/deploy?component={component}&file={file}{label}{strategy}{dry_run}");
        let left = until.saturating_duration_since(Instant::now());
        let client = client.within(left);
        let headers = [("content-type", "application/wasm")];
        let document = client.json(Method::POST, &path, &headers, Some(&offer.bytes)).map_err(|e| e.at(&offer.file))?;
        Ok(document["id"].as_u64().map_or(Begun::Nothing(document), Begun::Upgrade))
    }

    /// Its receipt, waited for.
    fn follow(&self, client: &Client, offer: &Offer, id: u64, until: Instant) -> Result<Value, Failure> {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let path = format!("/v1/upgrades/{id}?wait={}ms", left.as_millis().max(1));
            match client.json(Method::GET, &path, &[], None) {
                // There is no receipt yet, though it was waited for. The host has a patience of its own.
                Err(failure) if failure.exit() == Exit::NoSuchThing && Instant::now() < until => {}
                Err(failure) if failure.exit() == Exit::NoSuchThing => {
                    let timeout = humantime::format_duration(self.timeout);
                    let sentence = format!(
                        "{} took longer than {timeout}: upgrade {id} goes on, `changeling upgrades {id}` will tell how it ended",
                        offer.component
                    );
                    return Err(Failure::new(Exit::TimeOut, sentence));
                }
                ended => return ended,
            }
        }
    }

    /// A line on stderr that says how far it is, on a terminal.
    fn progress(&self) -> Progress {
        let wanted = std::io::stderr().is_terminal() && !self.reach.form.quiet;
        let bar = if wanted { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        if wanted {
            bar.enable_steady_tick(Duration::from_millis(100));
            // A second way to the host: the first one waits for the receipt. Without it there is just no news.
            if let Ok(news) = Client::new(&self.reach).and_then(|client| events::stream(&client, None)) {
                let bar = bar.clone();
                // It ends with the command.
                std::thread::spawn(move || news.for_each(|record| show(&bar, &record)));
            }
        }
        Progress(bar)
    }
}

struct Progress(ProgressBar);

impl Progress {
    fn begin(&self, component: &str) {
        self.0.set_message(format!("{component}: sent"));
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

fn show(bar: &ProgressBar, record: &Value) {
    if record["event"] == "upgrading" {
        let words = ["component", "label", "step"].map(|name| text(&record[name]));
        bar.set_message(format!("{} {}: {}", words[0], words[1], words[2]));
    }
    if record["event"] == "waiting" {
        let words = ["component", "label", "reason"].map(|name| text(&record[name]));
        bar.set_message(format!("{} {} waits: {}", words[0], words[1], words[2]));
    }
}
