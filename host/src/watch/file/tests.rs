//! One file on a real disk, and the rule of its quiet.

use std::fs;
use std::os::unix::fs::symlink;
use std::sync::mpsc::{Receiver, channel};

use tempfile::TempDir;

use super::*;

struct Watched {
    root: TempDir,
    told: Receiver<Result<Option<String>, String>>,
    _watcher: Watcher,
}

const FILE: &str = "dir/manifest";

impl Watched {
    fn start(before: Option<&str>) -> Self {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("dir")).unwrap();
        let path = root.path().join(FILE);
        before.into_iter().for_each(|text| fs::write(&path, text).unwrap());
        let (tell, told) = channel();
        let ms = Duration::from_millis;
        let settings = Settings { settle: ms(10), stalled: ms(80), rescan: ms(150), ..Settings::default() };
        let read = {
            let path = path.clone();
            move |is_there: bool| is_there.then(|| fs::read_to_string(&path).unwrap_or_default())
        };
        let watcher = Watcher::of_file(&path, &settings, read, move |it| drop(tell.send(it))).unwrap();
        Self { root, told, _watcher: watcher }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn put(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn next(&self) -> Result<Option<String>, String> {
        self.told.recv_timeout(Duration::from_secs(20)).expect("something is told")
    }

    #[track_caller]
    fn is_told(&self, text: &str) {
        assert_eq!(self.next(), Ok(Some(text.to_owned())));
    }
}

#[test]
fn what_is_there_is_told_and_every_change_after_it() {
    let watched = Watched::start(Some("one"));
    watched.is_told("one");
    watched.put(FILE, "two");
    watched.is_told("two");
    watched.put("dir/manifest~", "three");
    fs::rename(watched.path("dir/manifest~"), watched.path(FILE)).unwrap();
    watched.is_told("three");
}

#[test]
fn that_it_is_gone_is_told_and_that_it_is_back() {
    let watched = Watched::start(None);
    assert_eq!(watched.next(), Ok(None));
    watched.put(FILE, "one");
    watched.is_told("one");
    fs::remove_file(watched.path(FILE)).unwrap();
    assert_eq!(watched.next(), Ok(None));
    watched.put(FILE, "one");
    watched.is_told("one");
}

#[test]
fn what_a_link_leads_to_is_what_counts() {
    let watched = Watched::start(None);
    assert_eq!(watched.next(), Ok(None));
    watched.put("elsewhere", "one");
    symlink("../elsewhere", watched.path(FILE)).unwrap();
    watched.is_told("one");
    watched.put("elsewhere", "two");
    watched.is_told("two");
}

#[test]
fn a_folder_that_is_moved_away_is_trouble_and_no_change() {
    let watched = Watched::start(Some("one"));
    watched.is_told("one");
    fs::rename(watched.path("dir"), watched.path("away")).unwrap();
    assert!(watched.next().unwrap_err().starts_with("cannot look into"));
    fs::rename(watched.path("away"), watched.path("dir")).unwrap();
    watched.put(FILE, "two");
    watched.is_told("two");
}

#[test]
fn it_is_told_when_it_has_been_quiet_and_once() {
    let ms = |ms: u64| Time(ms * 1_000);
    let stamp = |size| Some(Stamp { size, modified_ns: 0, changed_ns: 0, inode: 1, device: 1 });
    let mut quiet = Quiet::new(Duration::from_millis(100), Duration::from_secs(2));
    assert_eq!(quiet.due_at(), None, "nobody has looked");
    quiet.handle_look(ms(0), None);
    assert_eq!(quiet.due_at(), Some(ms(100)));
    quiet.handle_look(ms(50), stamp(1));
    quiet.handle_look(ms(60), stamp(1));
    assert_eq!(quiet.due_at(), Some(ms(150)));
    quiet.handle_told();
    quiet.handle_look(ms(500), stamp(1));
    assert_eq!(quiet.due_at(), None);
    quiet.handle_look(ms(600), None);
    assert_eq!(quiet.due_at(), Some(ms(700)), "that it is gone is news");
    quiet.handle_look(ms(650), stamp(2));
    quiet.is_open = true;
    assert_eq!(quiet.due_at(), Some(ms(2_650)), "somebody writes to it");
    let other = stamp(3).map(|stamp| Stamp { inode: 2, ..stamp });
    quiet.handle_look(ms(700), other);
    assert_eq!(quiet.due_at(), Some(ms(800)), "and another file is in its place");
}
