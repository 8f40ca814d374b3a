//! A host that is killed, or refused by its disk, at an instant of the test's choice: every answer may be none.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use super::BINARY;
use super::host::Answer;

/// No wait in a test is longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A host that may be gone.
pub struct Brittle {
    child: Child,
    lines: Receiver<String>,
    log: String,
    at: Option<Door>,
}

#[derive(Clone)]
struct Door {
    agent: Agent,
    url: String,
    token: String,
}

/// How one ended.
pub struct End {
    /// What it exited with; none where it was killed.
    pub code: Option<i32>,
    /// All that it said.
    pub log: String,
}

impl Brittle {
    /// Starts one on this folder, with a fault (see `store/fault.rs`) or with nothing; comes back when it serves, or has
    /// ended.
    pub fn start(dir: &Path, fault: &str) -> Self {
        Self::start_while(dir, fault, None)
    }

    /// The same, with a fault that holds only while there is this file.
    pub fn start_while(dir: &Path, fault: &str, file: Option<&Path>) -> Self {
        let mut command = Command::new(BINARY);
        command.args(["run", "--listen", "127.0.0.1:0", "--log", "json"]).arg(dir);
        if !fault.is_empty() {
            command.env("CHANGELING_FAULT", fault);
        }
        if let Some(file) = file {
            command.env("CHANGELING_FAULT_WHILE", file);
        }
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the host starts");
        let stderr = BufReader::new(child.stderr.take().expect("its log"));
        let (line, lines) = channel();
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|text| _ = line.send(text)));
        let mut host = Self { child, lines, log: String::new(), at: None };
        if host.reads_until("\"serving ") {
            host.at = host.door(dir);
        }
        host
    }

    /// Whether it came to serve.
    pub fn served(&self) -> bool {
        self.at.is_some()
    }

    /// Waits for a line of its log, or its end.
    #[track_caller]
    pub fn reads_until(&mut self, text: &str) -> bool {
        let until = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.log.push_str(&line);
                    self.log.push('\n');
                    if line.contains(text) {
                        return true;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) => panic!("the log never said `{text}`, but:\n{}", self.log),
            }
        }
    }

    /// None where it has died since it said that it serves.
    fn door(&mut self, dir: &Path) -> Option<Door> {
        let status = std::fs::read(dir.join(".changeling/host.json")).expect("the status file of a host that serves");
        let status: Value = serde_json::from_slice(&status).expect("the status file is JSON");
        let text = |name: &str| status[name].as_str().expect("a text").to_owned();
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(PATIENCE));
        Some(Door { agent: config.build().into(), url: text("url"), token: text("token") })
    }

    /// A request; none where the host is gone, before or in the middle of it.
    pub fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Option<Answer> {
        let answer = self.at.as_ref()?.ask(method, path, body);
        if answer.is_none() {
            // A host that lives gives an answer.
            assert!(self.ends_within(PATIENCE), "no answer to {method} {path} by a host that lives:\n{}", self.drain());
        }
        answer
    }

    /// Asks from another thread, as long as the host answers.
    pub fn asker(&self) -> impl Fn(&str, &str, &[u8]) -> Option<Answer> + Send + 'static + use<> {
        let door = self.at.clone();
        move |method, path, body| door.as_ref()?.ask(method, path, body)
    }

    /// Calls a function.
    pub fn call(&mut self, address: &str, function: &str, args: &Value) -> Option<Answer> {
        self.ask("POST", &format!("/v1/call/{address}/{function}"), args.to_string().as_bytes())
    }

    /// SIGKILL from outside.
    pub fn kill(&mut self) {
        // It may be gone already.
        _ = self.child.kill();
    }

    /// Whether it lives.
    pub fn lives(&mut self) -> bool {
        self.child.try_wait().expect("it is ours").is_none()
    }

    /// Waits for an end that nobody told it to make.
    #[track_caller]
    pub fn end_of_itself(mut self) -> End {
        assert!(self.ends_within(PATIENCE), "it lives on:\n{}", self.drain());
        let code = self.child.wait().expect("it has ended").code();
        End { code, log: self.drain() }
    }

    /// ^C where it lives, and its end.
    #[track_caller]
    pub fn end(mut self) -> End {
        if self.lives() {
            let pid = rustix::process::Pid::from_child(&self.child);
            _ = rustix::process::kill_process(pid, rustix::process::Signal::INT);
        }
        assert!(self.ends_within(PATIENCE), "it did not end when it was told to:\n{}", self.drain());
        let code = self.child.wait().expect("it has ended").code();
        End { code, log: self.drain() }
    }

    fn ends_within(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            match self.lines.recv_timeout(Duration::from_millis(50)) {
                Ok(line) => self.log.extend([&line, "\n"]),
                // Its log ends with it; what it has started may hold that open a little longer.
                Err(_) if !self.lives() => return true,
                Err(_) if Instant::now() > until => return false,
                Err(_) => {}
            }
        }
    }

    fn drain(&mut self) -> String {
        self.lines.try_iter().for_each(|line| self.log.extend([&line, "\n"]));
        self.log.clone()
    }
}

impl Drop for Brittle {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Door {
    fn ask(&self, method: &str, path: &str, body: &[u8]) -> Option<Answer> {
        let url = format!("{}{path}", self.url);
        let bearer = format!("Bearer {}", self.token);
        let answered = match method {
            "GET" => self.agent.get(url).header("authorization", bearer).call(),
            "DELETE" => self.agent.delete(url).header("authorization", bearer).call(),
            _ => {
                // A component is whatever its bytes are; a call says what it is.
                let media = if path.starts_with("/v1/call/") { "application/json" } else { "application/wasm" };
                self.agent.post(url).header("authorization", bearer).header("content-type", media).send(body)
            }
        };
        let mut answered = answered.ok()?;
        let status = answered.status().as_u16();
        // Cut off in the middle, it is no answer.
        let text = answered.body_mut().with_config().limit(1 << 30).read_to_string().ok()?;
        Some(Answer { status, body: serde_json::from_str(&text).unwrap_or(json!(text)) })
    }
}
