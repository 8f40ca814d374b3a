//! Collects every figure of a host at one moment.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use changeling_core::id::ComponentName;
use changeling_core::view::ComponentView;

use super::calls::Calls;
use super::text::Family;
use crate::actors::actor::Activity;
use crate::control::Handle;

/// What counts as the name of a component where there is none: it is no name that one could have.
const NONE: &str = "-";

/// What the system says of this process.
pub struct Process {
    /// When it was started: seconds after 1970.
    pub started: f64,
    /// Memory that is in RAM, in bytes.
    pub resident: f64,
    /// Open files, and how many there may be.
    pub files: (f64, f64),
    /// Time of processors that it took, in seconds.
    pub cpu: f64,
}

impl Process {
    /// Of a host that began at that time. What the system does not say is 0.
    pub fn look(began: SystemTime) -> Self {
        let read = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
        let page = rustix::param::page_size() as f64;
        let pages = read("/proc/self/statm").split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
        let stat = read("/proc/self/stat");
        // Behind the name, which may have anything in it, the fields are told apart by spaces.
        let fields = stat.rsplit(')').next().unwrap_or_default().split(' ').skip(1);
        let ticks: f64 = fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        Self {
            started: began.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs_f64(),
            resident: pages * page,
            files: (
                std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count) as f64,
                most.map_or(f64::INFINITY, |most| most as f64),
            ),
            cpu: ticks / rustix::param::clock_ticks_per_second() as f64,
        }
    }

    fn families(&self) -> [Family; 5] {
        [
            Family::gauge("process_start_time_seconds", "When the host was started, in seconds since 1970")
                .of(self.started),
            Family::gauge("process_resident_memory_bytes", "Memory of the host that is in RAM").of(self.resident),
            Family::gauge("process_open_fds", "Files and connections that are open").of(self.files.0),
            Family::gauge("process_max_fds", "Files and connections that may be open").of(self.files.1),
            Family::counter("process_cpu_seconds", "Time of processors that the host took").of(self.cpu),
        ]
    }
}

/// All figures: of the process, of what it holds, and of each of these components. Locks every actor for a moment.
pub fn collect(handle: &Handle, views: &[ComponentView], calls: &Calls, process: &Process) -> Vec<Family> {
    let mut info = Family::gauge("changeling_info", "The version of the host; always 1");
    info.add([("version", env!("CARGO_PKG_VERSION"))], 1.0);
    let mut families = vec![info];
    families.extend(process.families());
    families.extend(holdings(handle));
    families.extend(components(views));
    families.extend(actors(handle));
    families.extend(happened(handle));
    families.extend(called(calls));
    families
}

fn holdings(handle: &Handle) -> [Family; 6] {
    let room = handle.router.stage.engine.room();
    let (instances, bytes, budget) = room.in_use();
    [
        Family::gauge("changeling_instances", "Instances that there are").of(instances as f64),
        Family::gauge("changeling_instances_limit", "Instances that there may be").of(room.limit() as f64),
        Family::gauge("changeling_memory_bytes", "Guest memory, queued messages and kept states").of(bytes as f64),
        Family::gauge("changeling_memory_limit_bytes", "What these may take").of(budget as f64),
        Family::gauge("changeling_timers", "Timers of actors that are set").of(handle.router.stage.clock.set() as f64),
        Family::counter("changeling_events_lost", "Events that could not be written")
            .of(handle.figures.events_lost() as f64),
    ]
}

/// Of the runtime that connections and timers of the host run on; actors are none of it.
pub fn tasks() -> Family {
    let alive = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    Family::gauge("changeling_runtime_tasks", "Tasks of the host's runtime; actors at rest have none").of(alive as f64)
}

/// Of the connections of HTTP.
pub fn connections(open: usize, limit: usize, accepted: u64) -> [Family; 3] {
    [
        Family::gauge("changeling_http_connections", "Connections that are open").of(open as f64),
        Family::gauge("changeling_http_connections_limit", "Connections that may be open").of(limit as f64),
        Family::counter("changeling_http_connections_accepted", "Connections that came").of(accepted as f64),
    ]
}

fn components(views: &[ComponentView]) -> [Family; 2] {
    let mut known = Family::gauge("changeling_component_info", "A component with its current version; always 1");
    let mut versions = Family::gauge("changeling_component_versions", "Versions that are loaded");
    for view in views {
        let kind = view.kind.map(|kind| kind.to_string()).unwrap_or_default();
        let current = view.versions.iter().find(|version| Some(version.digest) == view.current);
        let (label, digest) = current.map_or_else(Default::default, |it| (it.label.as_str(), it.digest.short()));
        let labels = [("component", view.name.as_str()), ("kind", &kind), ("version", label), ("digest", &digest)];
        known.add(labels, 1.0);
        versions.add([("component", view.name.as_str())], view.versions.len() as f64);
    }
    [known, versions]
}

/// What the actors of one component sum up to.
#[derive(Default)]
struct Sum {
    by_activity: [u64; ACTIVITIES.len()],
    mailbox: u64,
    memory: u64,
    in_flight: u64,
}

const ACTIVITIES: [&str; 4] = ["idle", "running", "held", "stopped"];

fn actors(handle: &Handle) -> [Family; 5] {
    let directory = &handle.router.stage.directory;
    let mut sums: BTreeMap<ComponentName, Sum> = BTreeMap::new();
    for actor in directory.actors() {
        let view = actor.view();
        let sum = sums.entry(actor.address.component.clone()).or_default();
        let at = match view.activity {
            Activity::Idle => 0,
            Activity::Running => 1,
            Activity::Held => 2,
            Activity::Stopped => 3,
        };
        sum.by_activity[at] += 1;
        sum.mailbox += view.mailbox as u64;
        sum.memory += view.memory;
    }
    for (name, published) in directory.components() {
        let sum = sums.entry(name).or_default();
        sum.in_flight += published.service.map_or(0, |service| service.counts().0 as u64);
    }
    let mut actors = Family::gauge("changeling_actors", "Actors by what they do");
    let mut mailbox = Family::gauge("changeling_mailbox_messages", "Messages that wait in mailboxes");
    let mut memory = Family::gauge("changeling_actor_memory_bytes", "Linear memory of actors");
    let mut in_flight =
        Family::gauge("changeling_service_calls_in_flight", "Calls of the current version of a service");
    for (name, sum) in &sums {
        let component = ("component", name.as_str());
        for (activity, count) in ACTIVITIES.iter().zip(sum.by_activity) {
            actors.add([component, ("state", *activity)], count as f64);
        }
        mailbox.add([component], sum.mailbox as f64);
        memory.add([component], sum.memory as f64);
        in_flight.add([component], sum.in_flight as f64);
    }
    let mut handled = Family::counter("changeling_messages_handled", "Messages that actors and services have handled");
    for (name, count) in directory.handled() {
        handled.add([("component", name.as_str())], count as f64);
    }
    [actors, mailbox, memory, in_flight, handled]
}

fn happened(handle: &Handle) -> [Family; 6] {
    let mut crashes = Family::counter("changeling_actor_crashes", "Actors that died of a fault");
    let mut restarts = Family::counter("changeling_actor_restarts", "Starts of actors after a fault");
    let mut failed = Family::counter("changeling_actor_failed_starts", "Starts of actors that failed");
    let mut upgrades = Family::counter("changeling_upgrades", "Upgrades that are over, by how they ended");
    let mut state = Family::counter("changeling_upgrade_state_bytes", "State that went over from version to version");
    for (name, happened) in handle.figures.components() {
        let component = ("component", name.as_ref().map_or(NONE, ComponentName::as_str));
        crashes.add([component], happened.crashes as f64);
        restarts.add([component], happened.restarts as f64);
        failed.add([component], happened.failed_starts as f64);
        for (outcome, count) in happened.upgrades {
            upgrades.add([component, ("outcome", outcome)], count as f64);
        }
        state.add([component], happened.state_bytes as f64);
    }
    let mut pauses = Family::times("changeling_upgrade_pause_seconds", "How long an actor was held for a switch");
    pauses.add_times([], &handle.figures.pauses);
    [crashes, restarts, failed, upgrades, state, pauses]
}

fn called(calls: &Calls) -> [Family; 2] {
    let mut counts = Family::counter("changeling_http_calls", "Calls over HTTP, by what became of them");
    let mut took = Family::times("changeling_http_call_duration_seconds", "How long calls over HTTP took");
    calls.each(|component, called| {
        let component = ("component", component.map_or(NONE, ComponentName::as_str));
        let outcomes = called.outcomes().filter(|(_, count)| *count > 0);
        outcomes.for_each(|(outcome, count)| counts.add([component, ("outcome", outcome)], count as f64));
        took.add_times([component], &called.took);
    });
    [counts, took]
}
