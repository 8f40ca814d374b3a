//! The real binary on a folder of its own, ended when dropped.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

use super::{Receipt, bytes, variant};

mod asks;

pub use asks::Answer;

/// The program itself.
pub const BINARY: &str = env!("CARGO_BIN_EXE_changeling");
/// Names another build of it, for long runs.
const ANOTHER: &str = "CHANGELING_BINARY";
/// No wait in a test is longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// While there is a file of this name in its folder, a host that may fail has a disk that does.
const DISK_REFUSES: &str = "the-disk-refuses";
/// By how much the clock of one that may fail is wrong.
const CLOCK: &str = "the-clock";

/// A host that runs.
pub struct Host {
    child: Option<Child>,
    dir: TempDir,
    options: Vec<String>,
    /// Variables of its environment, and their values.
    faults: Vec<(&'static str, OsString)>,
    url: String,
    token: String,
    log: Receiver<String>,
    first_lines: Vec<String>,
    /// `json`, or `text` with everything in it.
    log_form: &'static str,
    agent: Agent,
}

/// A folder for a host: in memory where the machine has that, so that no test waits for a disk that others keep busy.
pub fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder for the test")
}

impl Host {
    /// On an empty folder.
    pub fn start() -> Self {
        Self::on(folder(), &[])
    }

    /// On an empty folder, with a log as text that leaves nothing out.
    pub fn with_text_log() -> Self {
        Self::logging(folder(), &[], "text")
    }

    /// On an empty folder with this manifest.
    pub fn with_manifest(manifest: &str) -> Self {
        let dir = folder();
        std::fs::write(dir.path().join("changeling.toml"), manifest).expect("the manifest is written");
        Self::on(dir, &[])
    }

    /// On an empty folder, with these options of `run`.
    pub fn with_options(options: &[&str]) -> Self {
        Self::on(folder(), options)
    }

    /// On an empty folder with this manifest, and with a failure that it is asked for by its environment.
    pub fn with_fault(manifest: &str, variable: &'static str, value: &'static str) -> Self {
        let dir = folder();
        std::fs::write(dir.path().join("changeling.toml"), manifest).expect("the manifest is written");
        let mut host = Self::not_begun(dir, &[]);
        host.faults = vec![(variable, value.into())];
        host.begin();
        host
    }

    /// On an empty folder with this manifest, a disk that fails like this from [`disk_refuses`](Self::disk_refuses) on (see
    /// `store/fault.rs`), and a clock that can be made to [jump](Self::clock_jumps).
    pub fn that_may_fail(manifest: &str, disk: &str) -> Self {
        let dir = folder();
        std::fs::write(dir.path().join("changeling.toml"), manifest).expect("the manifest is written");
        let mut host = Self::not_begun(dir, &[]);
        host.faults = vec![("CHANGELING_FAULT_CLOCK", host.dir().join(CLOCK).into())];
        if !disk.is_empty() {
            host.faults.push(("CHANGELING_FAULT", disk.into()));
            host.faults.push(("CHANGELING_FAULT_WHILE", host.dir().join(DISK_REFUSES).into()));
        }
        host.begin();
        host
    }

    /// From now on the disk fails as this host was told it would.
    pub fn disk_refuses(&self) {
        self.write_file(DISK_REFUSES, b"");
    }

    /// The disk is well again.
    pub fn disk_takes(&self) {
        std::fs::remove_file(self.dir().join(DISK_REFUSES)).expect("the disk refused");
    }

    /// The wall clock is wrong by so many milliseconds.
    pub fn clock_jumps(&self, by: i64) {
        self.write_file(CLOCK, by.to_string().as_bytes());
    }

    fn on(dir: TempDir, options: &[&str]) -> Self {
        Self::logging(dir, options, "json")
    }

    fn logging(dir: TempDir, options: &[&str], log_form: &'static str) -> Self {
        let mut host = Self::not_begun(dir, options);
        host.log_form = log_form;
        host.begin();
        host
    }

    fn not_begun(dir: TempDir, options: &[&str]) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .max_idle_connections(64)
            .max_idle_connections_per_host(64)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        let (_, log) = channel();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let (url, token) = (String::new(), String::new());
        let (faults, first_lines, log_form) = (Vec::new(), Vec::new(), "json");
        Self { child: None, dir, options, faults, url, token, log, first_lines, log_form, agent }
    }

    fn begin(&mut self) {
        let binary = std::env::var_os(ANOTHER).unwrap_or_else(|| BINARY.into());
        let mut child = Command::new(binary)
            .args(["run", "--listen", "127.0.0.1:0", "--log", self.log_form])
            .env("CHANGELING_LOG_LEVEL", if self.log_form == "text" { "trace" } else { "info" })
            .args(&self.options)
            .envs(self.faults.clone())
            .arg(self.dir.path())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the host starts");
        let stderr = BufReader::new(child.stderr.take().expect("its log"));
        let (line, log) = channel();
        // Ends with the host; a test that has stopped listening does not stop it.
        std::thread::spawn(move || stderr.lines().map_while(Result::ok).for_each(|text| _ = line.send(text)));
        (self.child, self.log) = (Some(child), log);
        self.first_lines = self.log_until("serving").1;
        let status = std::fs::read(self.dir.path().join(".changeling/host.json")).expect("the status file");
        let status: Value = serde_json::from_slice(&status).expect("the status file is JSON");
        self.url = status["url"].as_str().expect("its address").to_owned();
        self.token = status["token"].as_str().expect("its token").to_owned();
    }

    /// What its log said before it served.
    pub fn first_lines(&self) -> &[String] {
        &self.first_lines
    }

    /// The folder that it watches.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What lies in one of its own folders: `parked`, `kept` …
    pub fn files(&self, of: &str) -> Vec<PathBuf> {
        let found = std::fs::read_dir(self.dir().join(".changeling").join(of));
        found.map(|found| found.map(|file| file.expect("a file").path()).collect()).unwrap_or_default()
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What opens everything there.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("it runs").id()
    }

    /// Waits for a line of its log that holds `text`, and gives it.
    #[track_caller]
    pub fn wait_for_log(&self, text: &str) -> String {
        self.log_until(text).0
    }

    /// The same, and the lines before it.
    #[track_caller]
    pub fn log_until(&self, text: &str) -> (String, Vec<String>) {
        let until = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            match self.log.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(text) => return (line, seen),
                Ok(line) => seen.push(line),
                Err(_) => panic!("the log never said `{text}`, but:\n{}", seen.join("\n")),
            }
        }
    }

    /// The lines of its log that nobody has waited for yet; to its end, where it has ended.
    pub fn log_so_far(&self) -> Vec<String> {
        let soon = Duration::from_secs(5);
        std::iter::from_fn(|| self.log.recv_timeout(soon).ok()).collect()
    }

    /// Copies a guest into the folder as a version of `component`, and waits for its receipt.
    #[track_caller]
    pub fn drop_in(&self, component: &str, guest: &str) -> Receipt {
        let last = self.last_receipt(component);
        self.put(component, guest);
        self.receipt_after(component, last)
    }

    /// The number of a component's newest receipt, 0 before the first.
    pub fn last_receipt(&self, component: &str) -> u64 {
        self.receipts(component).first().map_or(0, Receipt::id)
    }

    /// Copies a guest into the folder.
    pub fn put(&self, component: &str, guest: &str) {
        self.write_file(&format!("{component}.wasm"), &bytes(guest));
    }

    /// Copies a guest into the folder in bytes of its own: with a section at its end that nobody reads.
    pub fn put_variant(&self, component: &str, guest: &str, mark: &str) {
        self.write_file(&format!("{component}.wasm"), &variant(guest, mark));
    }

    /// The same, and waits for its receipt.
    #[track_caller]
    pub fn drop_in_variant(&self, component: &str, guest: &str, mark: &str) -> Receipt {
        let last = self.last_receipt(component);
        self.put_variant(component, guest, mark);
        self.receipt_after(component, last)
    }

    /// Has a version compiled before somebody waits for it, as one of a component of its own.
    #[track_caller]
    pub fn prepare(&self, bytes: &[u8]) {
        let last = self.last_receipt("prepared");
        self.write_file("prepared.wasm", bytes);
        self.receipt_after("prepared", last);
    }

    /// Offers a version over HTTP; what is answered at once.
    pub fn deploy(&self, component: &str, bytes: &[u8]) -> Answer {
        self.post(&format!("/v1/deploy?component={component}"), bytes)
    }

    /// Writes a file into the folder.
    pub fn write_file(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.dir().join(name), bytes).expect("the file is written");
    }

    /// The receipt of a component that comes after the one with this number, waited for.
    #[track_caller]
    pub fn receipt_after(&self, component: &str, last: u64) -> Receipt {
        let found = self.get(&format!("/v1/upgrades?component={component}&after={last}&wait=60s"));
        let receipt = found.body["upgrades"][0].clone();
        assert!(receipt.is_object(), "no receipt came for {component} after {last}: {}", found.body);
        Receipt(receipt)
    }

    /// Every receipt of a component, newest first.
    pub fn receipts(&self, component: &str) -> Vec<Receipt> {
        let found = self.get(&format!("/v1/upgrades?component={component}"));
        found.body["upgrades"].as_array().into_iter().flatten().cloned().map(Receipt).collect()
    }

    /// Looks again and again until it is so.
    #[track_caller]
    pub fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        self.until_within(PATIENCE, what, is_so);
    }

    /// The same of what takes longer than anything else here.
    #[track_caller]
    pub fn until_within(&self, patience: Duration, what: &str, is_so: impl Fn(&Self) -> bool) {
        let end = Instant::now() + patience;
        while !is_so(self) {
            assert!(Instant::now() < end, "it never came that {what}");
            std::thread::yield_now();
        }
    }

    /// Waits until an upgrade of the component has come to a step.
    #[track_caller]
    pub fn until_upgrade_is(&self, component: &str, step: &str) {
        let fits =
            |event: &Value| event["component"] == component && event["event"] == "upgrading" && event["step"] == step;
        let earlier = self.receipts(component).iter().filter(|receipt| !receipt.0["steps"][step].is_null()).count();
        self.until(&format!("an upgrade of {component} is {step}"), |host| {
            host.happenings().iter().filter(|event| fits(event)).count() > earlier
        });
    }

    /// Everything that happened so far.
    pub fn happenings(&self) -> Vec<Value> {
        self.get("/v1/events?since=0&limit=1000000").body["events"].as_array().cloned().unwrap_or_default()
    }

    /// The saved state of a live actor.
    #[track_caller]
    pub fn state(&self, address: &str) -> Vec<u8> {
        let path = format!("{}/v1/actors/{}/state", self.url, address.replace('/', "%2F"));
        let response = self.agent.get(path).header("authorization", format!("Bearer {}", self.token)).call();
        let mut response = response.expect("the host answers");
        assert_eq!(response.status().as_u16(), 200, "{:?}", response.body_mut().read_to_string());
        response.body_mut().read_to_vec().expect("a state")
    }

    /// One actor, as `ps` shows it.
    #[track_caller]
    pub fn actor(&self, address: &str) -> Value {
        let found = self.get(&format!("/v1/actors?address={}", address.replace('/', "%2F")));
        let actors = found.body["actors"].as_array().cloned().unwrap_or_default();
        let of = |actor: &&Value| actor["address"] == json!(address);
        actors.iter().find(of).unwrap_or_else(|| panic!("no actor {address} in {}", found.body)).clone()
    }

    /// Runs a command of the same binary in the host's folder.
    pub fn run(&self, args: &[&str]) -> Output {
        let run = Command::new(BINARY).args(args).current_dir(self.dir()).stdin(Stdio::null()).output();
        run.expect("the command runs")
    }

    /// Starts a command of the same binary in the host's folder; what it prints is read by the test.
    pub fn spawn(&self, args: &[&str]) -> Child {
        let mut command = Command::new(BINARY);
        let command = command.args(args).current_dir(self.dir()).stdin(Stdio::null()).stdout(Stdio::piped());
        command.spawn().expect("the command runs")
    }

    /// ^C, and no waiting.
    pub fn signal(&self) {
        self.send(rustix::process::Signal::INT);
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.take().expect("it runs").wait().expect("it ends")
    }

    /// Ends it as ^C does, and waits.
    pub fn interrupt(&mut self) -> ExitStatus {
        self.signal();
        self.wait()
    }

    /// Stops it as ^Z does, until it is told to go on.
    pub fn freeze(&self) {
        self.send(rustix::process::Signal::STOP);
    }

    /// Lets it go on after a freeze.
    pub fn thaw(&self) {
        self.send(rustix::process::Signal::CONT);
    }

    fn send(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(self.child.as_ref().expect("it runs"));
        rustix::process::kill_process(pid, signal).expect("it is ours");
    }

    /// Ends it without any warning, and waits.
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("it is ours");
        child.wait().expect("it ends");
    }

    /// Starts it again on the same folder.
    pub fn start_again(&mut self) {
        assert!(self.child.is_none(), "it still runs");
        self.begin();
    }

    /// The processes that it has started and that have not ended: they compile.
    pub fn compilers(&self) -> Vec<u32> {
        let threads = std::fs::read_dir(format!("/proc/{}/task", self.pid())).expect("it runs").flatten();
        let children = threads.map(|it| std::fs::read_to_string(it.path().join("children")).unwrap_or_default());
        let children = children.flat_map(|it| it.split(' ').flat_map(str::parse).collect::<Vec<_>>());
        children.filter(|child| lives(*child)).collect()
    }

    /// Memory of its process that is in RAM, in bytes.
    pub fn resident(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("the system counts it");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("kilobytes") << 10
    }

    /// Time of the processors that its process has used.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("it runs");
        // The name in brackets may hold anything; after it come the state, and as the 12th and 13th the ticks.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks: u64 = fields[11..13].iter().map(|it| it.parse::<u64>().expect("ticks")).sum();
        Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
    }

    /// A figure of its process: lines of `/proc/PID/maps`, entries of `/proc/PID/fd` …
    pub fn entries(&self, of: &str) -> usize {
        let path = PathBuf::from(format!("/proc/{}/{of}", self.pid()));
        match path.is_dir() {
            true => std::fs::read_dir(path).expect("it runs").count(),
            false => std::fs::read_to_string(path).expect("it runs").lines().count(),
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            _ = child.kill();
            _ = child.wait();
        }
    }
}

/// Whether there is such a process, and it is more than what is left to be waited for.
pub fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !matches!(rest.split_whitespace().next(), Some("Z" | "X")))
}
