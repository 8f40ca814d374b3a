//! The watcher on real folders: what is put there, and what is told of it.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::mpsc::Receiver;
use std::time::SystemTime;

use rustix::fs::Mode;
use tempfile::TempDir;

use super::component::tests::{CORE_MODULE, component};
use super::*;

struct Watched {
    root: TempDir,
    found: Receiver<Found>,
    watcher: Option<Watcher>,
}

impl Watched {
    /// A folder that is not watched yet.
    fn folder() -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("dir")).unwrap();
        Self { root, found: sync_channel(0).1, watcher: None }
    }

    fn start(self) -> Self {
        self.start_with(Duration::from_millis(10), Duration::from_millis(80))
    }

    fn start_with(mut self, settle: Duration, stalled: Duration) -> Self {
        let (tell, found) = std::sync::mpsc::channel();
        let settings = Settings { settle, stalled, rescan: Duration::from_millis(150), max_bytes: 1_000 };
        self.watcher = Some(
            Watcher::start(&self.dir(), settings, Wanted::default(), move |it| {
                drop(tell.send(it));
                super::Taken::Yes
            })
            .unwrap(),
        );
        self.found = found;
        self
    }

    fn dir(&self) -> PathBuf {
        self.root.path().join("dir")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// All at once: on a busy machine a writer may pause for long enough to be told of.
    fn put(&self, name: &str, bytes: &[u8]) -> &Self {
        let (path, hidden) = (self.path(name), self.path(".put"));
        fs::write(&hidden, bytes).unwrap();
        fs::rename(hidden, path).unwrap();
        self
    }

    fn next(&self) -> Found {
        self.found.recv_timeout(Duration::from_secs(20)).expect("something is found")
    }

    fn next_whole(&self) -> (String, Vec<u8>) {
        match self.next() {
            Found::Whole(whole) => (whole.file.text, whole.bytes),
            other => panic!("{other:?}"),
        }
    }

    fn next_broken(&self) -> (String, String) {
        match self.next() {
            Found::Broken { file, why } => (file, why),
            other => panic!("{other:?}"),
        }
    }

    /// Puts one more file, and expects that it is the next that is told: nothing else was, or will be.
    fn and_nothing_else(&self) {
        let last = component(b"the last");
        self.put("last.wasm", &last);
        assert_eq!(self.next_whole(), ("last.wasm".to_owned(), last));
    }
}

fn named(name: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    (name.to_owned(), bytes.to_vec())
}

#[test]
fn a_file_that_is_written_and_one_that_is_renamed_into_place_are_taken_whole() {
    let watched = Watched::folder().start_with(Duration::from_millis(10), Duration::from_secs(60));
    let (one, two) = (component(b"one"), component(b"two"));
    fs::write(watched.path("counter.wasm"), &one).unwrap();
    assert_eq!(watched.next_whole(), named("counter.wasm", &one));
    watched.put(".new", &two);
    fs::rename(watched.path(".new"), watched.path("counter@2.wasm")).unwrap();
    assert_eq!(watched.next_whole(), named("counter@2.wasm", &two));
    watched.and_nothing_else();
}

#[test]
fn what_is_there_already_is_found_the_oldest_first() {
    let watched = Watched::folder();
    for (name, age) in [("a", 1), ("b", 3), ("c", 2)] {
        let mut file = File::create(watched.path(&format!("{name}.wasm"))).unwrap();
        file.write_all(&component(name.as_bytes())).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age * 60)).unwrap();
    }
    let watched = watched.start();
    let names = [watched.next_whole().0, watched.next_whole().0, watched.next_whole().0];
    assert_eq!(names, ["b.wasm", "c.wasm", "a.wasm"]);
    watched.and_nothing_else();
}

#[test]
fn a_slow_writer_is_waited_for_though_what_it_has_written_is_a_component() {
    let watched = Watched::folder().start_with(Duration::from_millis(100), Duration::from_secs(60));
    let (first, second) = (component(b"first"), component(b"second"));
    let both = [&first[..], &second[8..]].concat();
    let mut file = File::create(watched.path("slow.wasm")).unwrap();
    file.write_all(&first).unwrap();
    // Another file's coming and being told takes longer than the settle time of this one.
    watched.put("other.wasm", &first);
    assert_eq!(watched.next_whole(), named("other.wasm", &first));
    file.write_all(&second[8..]).unwrap();
    drop(file);
    assert_eq!(watched.next_whole(), named("slow.wasm", &both));
    watched.and_nothing_else();
}

#[test]
fn half_a_file_is_told_once_and_taken_when_it_is_whole_after_all() {
    let watched = Watched::folder().start();
    let whole = component(b"whole");
    watched.put("counter.wasm", &whole[..14]);
    let (file, why) = watched.next_broken();
    assert!(file == "counter.wasm" && why.starts_with("it breaks off"), "{why}");
    watched.put("counter.wasm", &whole);
    assert_eq!(watched.next_whole(), named("counter.wasm", &whole));
    watched.and_nothing_else();
}

#[test]
fn what_is_no_component_is_told_by_name() {
    let watched = Watched::folder().start();
    let cases: [(&str, &[u8], &str); 6] = [
        ("empty", b"", "it is empty"),
        ("module", CORE_MODULE, "it is a core module"),
        ("machine", b"\x7fELF....", "it is machine code"),
        ("text", b"(component)", "it is text"),
        ("large", &[0; 1_001], "it has 1001 bytes, and at most 1000 are taken"),
        ("Bad_Name", &component(b"x"), "`Bad_Name` is not a name here"),
    ];
    for (name, bytes, told) in cases {
        let name = format!("{name}.wasm");
        watched.put(&name, bytes);
        let (file, why) = watched.next_broken();
        assert!(file == name && why.starts_with(told), "{file}: {why}");
    }
    watched.and_nothing_else();
}

#[test]
fn other_names_folders_and_removals_are_no_news() {
    let watched = Watched::folder().start();
    let bytes = component(b"x");
    for name in [MANIFEST, ".hidden.wasm", "a.wasm.tmp", "a.wasm.part", "a.wasm~", "notes.txt"] {
        watched.put(name, &bytes);
    }
    fs::create_dir(watched.path("folder.wasm")).unwrap();
    watched.put("a.wasm", &bytes);
    assert_eq!(watched.next_whole(), named("a.wasm", &bytes));
    fs::remove_file(watched.path("a.wasm")).unwrap();
    watched.and_nothing_else();
}

#[test]
fn links_are_followed_inside_only() {
    let watched = Watched::folder();
    let bytes = component(b"linked");
    fs::create_dir(watched.path("build")).unwrap();
    watched.put("build/counter", &bytes);
    fs::write(watched.root.path().join("outside"), &bytes).unwrap();
    let watched = watched.start();
    symlink("build/counter", watched.path("relative.wasm")).unwrap();
    assert_eq!(watched.next_whole(), named("relative.wasm", &bytes));
    symlink(watched.path("build/counter"), watched.path("absolute.wasm")).unwrap();
    assert_eq!(watched.next_whole(), named("absolute.wasm", &bytes));
    for target in ["../outside", "/etc/passwd"] {
        symlink(target, watched.path("away.wasm")).unwrap();
        assert!(watched.next_broken().1.ends_with("leads out of the folder"));
        fs::remove_file(watched.path("away.wasm")).unwrap();
    }
    symlink("nothing", watched.path("nowhere.wasm")).unwrap();
    assert!(watched.next_broken().1.ends_with("leads nowhere"));
    watched.put("nothing", &bytes);
    assert_eq!(watched.next_whole(), named("nowhere.wasm", &bytes));
    watched.and_nothing_else();
}

#[test]
fn a_pipe_and_a_socket_are_told_and_hang_nobody() {
    let watched = Watched::folder().start();
    let mode = Mode::RUSR | Mode::WUSR;
    rustix::fs::mknodat(rustix::fs::CWD, watched.path("pipe.wasm"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(watched.next_broken().1.starts_with("it is a pipe"));
    let _socket = std::os::unix::net::UnixListener::bind(watched.path("socket.wasm")).unwrap();
    assert!(watched.next_broken().1.starts_with("it is a socket"));
    watched.and_nothing_else();
}

#[test]
fn a_file_that_may_not_be_read_is_taken_when_it_may() {
    if rustix::process::geteuid().is_root() {
        return; // Root may read everything.
    }
    let watched = Watched::folder().start();
    let bytes = component(b"secret");
    let hidden = watched.path(".secret");
    fs::write(&hidden, &bytes).unwrap();
    fs::set_permissions(&hidden, fs::Permissions::from_mode(0o0)).unwrap();
    fs::rename(&hidden, watched.path("secret.wasm")).unwrap();
    assert!(watched.next_broken().1.starts_with("it cannot be read: Permission denied"));
    fs::set_permissions(watched.path("secret.wasm"), fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(watched.next_whole(), named("secret.wasm", &bytes));
    watched.and_nothing_else();
}

#[test]
fn a_folder_that_is_moved_away_and_back_is_watched_on() {
    let watched = Watched::folder().start();
    let bytes = component(b"x");
    watched.put("a.wasm", &bytes);
    watched.next_whole();
    let away = watched.root.path().join("away");
    fs::rename(watched.dir(), &away).unwrap();
    assert!(matches!(watched.next(), Found::Trouble { .. }));
    fs::rename(&away, watched.dir()).unwrap();
    watched.and_nothing_else();
}

#[test]
fn another_folder_in_its_place_is_watched_instead() {
    let watched = Watched::folder().start();
    fs::rename(watched.dir(), watched.root.path().join("away")).unwrap();
    assert!(matches!(watched.next(), Found::Trouble { .. }));
    fs::create_dir(watched.dir()).unwrap();
    watched.and_nothing_else();
    let bytes = component(b"by notification too");
    watched.put("b.wasm", &bytes);
    assert_eq!(watched.next_whole(), named("b.wasm", &bytes));
}

#[test]
fn a_flood_of_files_hides_none() {
    let watched = Watched::folder().start();
    let bytes = component(b"x");
    for n in 0..5_000 {
        File::create(watched.path(&format!("{n}.txt"))).unwrap();
    }
    for n in 0..100 {
        watched.put(&format!("c{n}.wasm"), &bytes);
    }
    let mut names: Vec<_> = (0..100).map(|_| watched.next_whole().0).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 100);
    watched.and_nothing_else();
}

#[test]
fn a_folder_that_is_not_there_cannot_be_watched() {
    let watched = Watched::folder();
    assert!(
        Watcher::start(&watched.path("none"), Settings::default(), Wanted::default(), |_| super::Taken::Yes).is_err()
    );
}

#[test]
fn bytes_that_are_overwritten_and_get_their_old_time_again_are_seen() {
    let watched = Watched::folder().start_with(Duration::from_millis(10), Duration::from_secs(60));
    let (one, two) = (component(b"one"), component(b"two"));
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1);
    for bytes in [&one, &two] {
        let mut file = File::create(watched.path("a.wasm")).unwrap();
        file.write_all(bytes).unwrap();
        file.set_modified(old).unwrap();
        drop(file);
        assert_eq!(watched.next_whole(), named("a.wasm", bytes));
    }
    fs::set_permissions(watched.path("a.wasm"), fs::Permissions::from_mode(0o640)).unwrap();
    watched.and_nothing_else();
    watched.put("a.wasm", &two);
    assert_eq!(watched.next_whole(), named("a.wasm", &two), "the same once more");
}

#[test]
fn a_name_that_is_no_text_is_told_once() {
    use std::os::unix::ffi::OsStrExt;
    let watched = Watched::folder().start();
    let bytes = component(b"x");
    for name in [&b"caf\xe9.wasm"[..], b"caf\xe8.wasm"] {
        fs::write(watched.dir().join(std::ffi::OsStr::from_bytes(name)), &bytes).unwrap();
    }
    assert_eq!(watched.next_broken(), ("caf\u{fffd}.wasm".to_owned(), "its name is not UTF-8".to_owned()));
    watched.and_nothing_else();
}

#[test]
fn what_is_no_file_is_told_once_however_often_it_is_touched() {
    let watched = Watched::folder().start();
    let mode = Mode::RUSR | Mode::WUSR;
    let pipe = watched.path("pipe.wasm");
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    watched.put("Bad.wasm", b"");
    let mut told = [watched.next_broken().0, watched.next_broken().0];
    told.sort();
    assert_eq!(told, ["Bad.wasm", "pipe.wasm"]);
    for n in 0..3 {
        fs::set_permissions(&pipe, fs::Permissions::from_mode(0o600 + n)).unwrap();
        fs::write(watched.path("Bad.wasm"), &[b'x'; 9][..n as usize + 1]).unwrap();
        let next = component(&[n as u8]);
        watched.put("next.wasm", &next);
        assert_eq!(watched.next_whole(), named("next.wasm", &next));
    }
    watched.and_nothing_else();
}

#[test]
fn a_folder_that_was_removed_and_made_anew_is_followed_though_it_has_the_old_number() {
    let watched = Watched::folder();
    let (into, hints) = sync_channel(WAITING);
    let mut notifications = Hints::new(&watched.dir(), into);
    let identity = Folder::open(&watched.dir()).unwrap().identity;
    notifications.follow(identity).unwrap();
    fs::remove_dir(watched.dir()).unwrap();
    hints.recv_timeout(Duration::from_secs(20)).expect("the removal is notified");
    fs::create_dir(watched.dir()).unwrap();
    // Many file systems give the new one the number of the old one.
    notifications.follow(identity).unwrap();
    while hints.try_recv().is_ok() {}
    watched.put("a.wasm", b"");
    hints.recv_timeout(Duration::from_secs(20)).expect("what comes into the new one is notified");
}
