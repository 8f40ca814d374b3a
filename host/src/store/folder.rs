//! One folder, used through its descriptor: names are looked up in it without following links, and a file is replaced as
//! a whole or not at all.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::error::Error;
use super::fault::{self, Op};

/// Files that are being written begin so; no host leaves one behind but by being killed.
const TEMPORARY: &str = ".new-";
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// The folder that ours lies in may be anybody's, and a link.
const ABOVE: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

#[derive(Debug)]
pub(super) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
    /// What it is called in the host's folder; nothing where it is that itself.
    within: String,
}

impl Folder {
    /// The host's own folder: a real one, of our user, for nobody else. Another's folder is refused rather than taken
    /// over, since compiled code in it would be run.
    pub(super) fn open_root(path: &Path, notes: &mut Vec<String>) -> Result<Self, Error> {
        let made = match fault::pass(Op::MakeFolder, "", "", || rustix::fs::mkdir(path, Mode::RWXU)) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(cause) => return Err(system("make the folder", path, cause)),
        };
        let fd = rustix::fs::open(path, FOLDER, Mode::empty()).map_err(|cause| unopened(path, cause))?;
        let folder = Self { fd, path: path.to_owned(), within: String::new() };
        folder.make_private(notes)?;
        if made {
            // The folder's own name should outlive a power cut as much as what is in it. A folder above that may not be
            // opened, only passed through, is no reason not to start.
            let above = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let sync = || rustix::fs::fsync(rustix::fs::open(above, ABOVE, Mode::empty())?);
            let _ = fault::pass(Op::Sync, "", "..", sync);
        }
        Ok(folder)
    }

    /// A folder in this one, made where it is not there yet.
    pub(super) fn sub(&self, name: &str, notes: &mut Vec<String>) -> Result<Self, Error> {
        let path = self.path.join(name);
        let made = match self.passing(Op::MakeFolder, name, || rustix::fs::mkdirat(&self.fd, name, Mode::RWXU)) {
            Ok(()) => true,
            Err(Errno::EXIST) => false,
            Err(cause) => return Err(system("make the folder", &path, cause)),
        };
        let fd = rustix::fs::openat(&self.fd, name, FOLDER, Mode::empty()).map_err(|cause| unopened(&path, cause))?;
        let folder = Self { fd, path, within: name.to_owned() };
        folder.make_private(notes)?;
        if made {
            self.sync()?;
        }
        Ok(folder)
    }

    /// The same folder once more.
    pub(super) fn another(&self) -> Result<Self, Error> {
        let fd = self.fd.try_clone().map_err(|cause| self.failed("open", "", cause))?;
        Ok(Self { fd, path: self.path.clone(), within: self.within.clone() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.path.clone() } else { self.path.join(name) }
    }

    fn make_private(&self, notes: &mut Vec<String>) -> Result<(), Error> {
        let stat = self.stat_of(&self.fd, "")?;
        let us = rustix::process::geteuid();
        if stat.st_uid != us.as_raw() {
            let why = format!("it belongs to user {}, and the host runs as user {}", stat.st_uid, us.as_raw());
            return Err(Error::Unfit { path: self.path.clone(), why });
        }
        let mode = stat.st_mode & 0o7777;
        if mode != 0o700 {
            rustix::fs::fchmod(&self.fd, Mode::RWXU).map_err(|cause| system("set the mode of", &self.path, cause))?;
            notes.push(format!("{} had mode {mode:04o}; it is 0700 now", self.path.display()));
        }
        Ok(())
    }

    /// Opens a regular file for reading; none where there is none.
    pub(super) fn open(&self, name: &str) -> Result<Option<File>, Error> {
        // Without NONBLOCK a planted pipe would keep us waiting for its writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => self.regular(fd, name).map(Some),
            Err(Errno::NOENT) => Ok(None),
            Err(cause) => Err(unopened(&self.path_of(name), cause)),
        }
    }

    /// Opens a regular file for reading and writing in place, making it where it is not there yet.
    pub(super) fn open_to_write(&self, name: &str) -> Result<File, Error> {
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let fd = self.passing(Op::Create, name, || rustix::fs::openat(&self.fd, name, flags, Mode::RUSR | Mode::WUSR));
        self.regular(fd.map_err(|cause| unopened(&self.path_of(name), cause))?, name)
    }

    fn regular(&self, fd: OwnedFd, name: &str) -> Result<File, Error> {
        let stat = self.stat_of(&fd, name)?;
        if !FileType::from_raw_mode(stat.st_mode).is_file() {
            return Err(Error::Unfit {
                path: self.path_of(name),
                why: "it is not a regular file; remove it".to_owned(),
            });
        }
        Ok(File::from(fd))
    }

    fn stat_of(&self, fd: impl AsFd, name: &str) -> Result<Stat, Error> {
        rustix::fs::fstat(fd).map_err(|cause| self.failed("look at", name, cause))
    }

    /// A file's whole content; none where there is no file.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let Some(file) = self.open(name)? else { return Ok(None) };
        let mut content = Vec::new();
        file.take(limit + 1).read_to_end(&mut content).map_err(|cause| self.failed("read", name, cause))?;
        if content.len() as u64 > limit {
            return Err(Error::TooLarge { what: self.path_of(name).display().to_string(), limit });
        }
        Ok(Some(content))
    }

    /// Puts a whole file in the place of whatever is there, and comes back when both it and its name are on the disk.
    pub(super) fn replace(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        let mut new = self.temporary(name)?;
        new.write(content)?;
        new.keep(name)
    }

    /// As [`replace`](Self::replace), without waiting for the disk: after a power cut (not after a kill) the file may be
    /// the old one, or damaged.
    pub(super) fn replace_lazily(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        let mut new = self.temporary(name)?;
        new.write(content)?;
        new.keep_lazily(name)
    }

    /// A new file that has not got its name yet; gone again when it is dropped before it got one. `target` is for
    /// messages: what it is to become, or nothing where that is not known.
    pub(super) fn temporary<'a>(&'a self, target: &'a str) -> Result<Temporary<'a>, Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("{TEMPORARY}{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let fd =
            self.passing(Op::Create, target, || rustix::fs::openat(&self.fd, &name, flags, Mode::RUSR | Mode::WUSR));
        let fd = fd.map_err(|cause| self.failed("write", &name, cause))?;
        Ok(Temporary { folder: self, target, name, file: File::from(fd), is_kept: false })
    }

    /// Removes a file; says whether there was one.
    pub(super) fn remove(&self, name: &str) -> Result<bool, Error> {
        match self.passing(Op::Remove, name, || rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())) {
            Ok(()) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(cause) => Err(self.failed("remove", name, cause)),
        }
    }

    /// Gives a file another name.
    pub(super) fn rename(&self, from: &str, to: &str) -> Result<(), Error> {
        self.passing(Op::Rename, to, || rustix::fs::renameat(&self.fd, from, &self.fd, to))
            .map_err(|cause| self.failed("rename", from, cause))
    }

    /// The names in it, sorted, but for hidden ones.
    pub(super) fn names(&self) -> Result<Vec<String>, Error> {
        let mut names = self.all_names()?;
        names.retain(|name| !name.starts_with('.'));
        names.sort_unstable();
        Ok(names)
    }

    fn all_names(&self) -> Result<Vec<String>, Error> {
        let failed = |cause: Errno| self.failed("list", "", cause);
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(failed)? {
            // A name that is not UTF-8 is not one of ours.
            if let Ok(name) = entry.map_err(failed)?.file_name().to_str() {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// Removes what was being written when a host was killed. Only for the holder of the lock.
    pub(super) fn clear_temporary(&self) -> Result<(), Error> {
        for name in self.all_names()?.iter().filter(|name| name.starts_with(TEMPORARY)) {
            self.remove(name)?;
        }
        Ok(())
    }

    /// Waits until the names in it are on the disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.passing(Op::Sync, "", || rustix::fs::fsync(&self.fd)).map_err(|cause| self.failed("sync", "", cause))
    }

    /// Waits until everything in it, and on the same file system, is on the disk: for many files, sooner than each alone.
    pub(super) fn sync_file_system(&self) -> Result<(), Error> {
        self.passing(Op::Sync, "", || rustix::fs::syncfs(&self.fd)).map_err(|cause| self.failed("sync", "", cause))
    }

    /// Writes into a file of this folder, in place.
    pub(super) fn write_at(&self, name: &str, file: &File, bytes: &[u8], at: u64) -> Result<(), Error> {
        fault::pass_write(&self.within, name, bytes, |bytes| file.write_all_at(bytes, at))
            .map_err(|cause| self.failed("write", name, cause))
    }

    /// Cuts a file of this folder off.
    pub(super) fn truncate(&self, name: &str, file: &File, len: u64) -> Result<(), Error> {
        self.passing(Op::Truncate, name, || rustix::fs::ftruncate(file, len))
            .map_err(|cause| self.failed("write", name, cause))
    }

    fn passing<T>(&self, op: Op, name: &str, act: impl FnOnce() -> Result<T, Errno>) -> Result<T, Errno> {
        fault::pass(op, &self.within, name, act)
    }

    pub(super) fn failed(&self, act: &'static str, name: &str, cause: impl Into<std::io::Error>) -> Error {
        system(act, &self.path_of(name), cause)
    }
}

/// See [`Folder::temporary`].
pub(super) struct Temporary<'a> {
    folder: &'a Folder,
    target: &'a str,
    name: String,
    file: File,
    is_kept: bool,
}

impl Temporary<'_> {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        fault::pass_write(&self.folder.within, self.target, bytes, |bytes| self.file.write_all(bytes))
            .map_err(|cause| self.folder.failed("write", self.target, cause))
    }

    /// Gives it its name, for good: file first, then the folder. After a failed fsync nothing is known of the file any
    /// more, so it is not tried again but dropped.
    pub(super) fn keep(self, name: &str) -> Result<(), Error> {
        self.folder
            .passing(Op::Sync, name, || rustix::fs::fsync(&self.file))
            .map_err(|cause| self.folder.failed("sync", name, cause))?;
        let folder = self.folder;
        self.keep_lazily(name)?;
        folder.sync()
    }

    /// Gives it its name, and leaves it to the system when that reaches the disk.
    pub(super) fn keep_lazily(mut self, name: &str) -> Result<(), Error> {
        self.folder.rename(&self.name, name)?;
        self.is_kept = true;
        Ok(())
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }
}

impl Drop for Temporary<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            // What cannot be removed now is removed at the next start.
            let _ = self.folder.remove(&self.name);
        }
    }
}

fn system(act: &'static str, path: &Path, cause: impl Into<std::io::Error>) -> Error {
    Error::System { act, path: path.to_owned(), cause: cause.into() }
}

/// A name that is a link, or a file where a folder belongs, deserves a better sentence than the system's.
fn unopened(path: &Path, cause: Errno) -> Error {
    let is_link = std::fs::symlink_metadata(path).is_ok_and(|it| it.is_symlink());
    let why = match cause {
        Errno::LOOP | Errno::NOTDIR if is_link => "it is a symbolic link; put the real folder or file there",
        Errno::NOTDIR => "it is not a folder",
        _ => return system("open", path, cause),
    };
    Error::Unfit { path: path.to_owned(), why: why.to_owned() }
}
