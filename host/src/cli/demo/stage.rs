//! The host of the tour: this same binary, on a port that is free.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use ureq::http::Method;

use super::super::client::Client;
use super::super::{Exit, Failure, Reach};

/// A host that runs.
pub struct Stage {
    child: Child,
    dir: PathBuf,
    client: Client,
}

/// How long it may take to begin.
const PATIENCE: Duration = Duration::from_secs(60);

impl Stage {
    /// Starts one and waits until it serves.
    pub fn start(dir: &Path) -> Result<Self, Failure> {
        let log = std::fs::File::create(dir.join(".changeling-demo.log"))?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["run", "--listen", "127.0.0.1:0", "--log", "json"])
            .arg(dir)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()?;
        let reach = Reach::to(dir);
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = child.try_wait()? {
                let log = std::fs::read_to_string(dir.join(".changeling-demo.log")).unwrap_or_default();
                return Err(Failure::new(Exit::Error, format!("the host ended with {status}: {}", log.trim())));
            }
            match Client::new(&reach) {
                Ok(client) => return Ok(Self { child, dir: dir.to_owned(), client }),
                Err(failure) if Instant::now() > until => return Err(failure),
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// The folder that it watches.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// How others reach it.
    pub fn reach(&self) -> Reach {
        Reach::to(&self.dir)
    }

    /// Calls a function of the counter.
    pub fn call(&self, function: &str, args: Value) -> Result<Value, Failure> {
        let headers = [("content-type", "application/json")];
        self.client.json(
            Method::POST,
            &format!("/v1/call/counter/{function}"),
            &headers,
            Some(args.to_string().as_bytes()),
        )
    }

    /// The receipt after the one with this number, waited for.
    pub fn receipt_after(&self, last: u64, patience: Duration) -> Result<Value, Failure> {
        let path = format!("/v1/upgrades?component=counter&after={last}&wait={}s", patience.as_secs());
        let found = self.client.json(Method::GET, &path, &[], None)?;
        match &found["upgrades"][0] {
            Value::Null => Err(Failure::new(Exit::TimeOut, format!("no receipt came within {patience:?}"))),
            receipt => Ok(receipt.clone()),
        }
    }

    /// Ends it as ^C does.
    pub fn end(mut self) -> Result<(), Failure> {
        // One that is gone already is waited for all the same.
        _ = kill_process(Pid::from_child(&self.child), Signal::INT);
        let status = self.child.wait()?;
        match status.success() {
            true => Ok(()),
            false => Err(Failure::new(Exit::Error, format!("the host ended with {status}"))),
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Where the tour broke off; one that has ended is not there any more.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
