//! The watched folder as it is on disk: its listing, and one file's bytes. Nothing is opened that could keep us waiting
//! or that lies outside.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};

use super::name::{Meaning, meaning};
use super::settle::{Stamp, Verdict};

const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// The folder, opened anew for each scan, since another may have taken its place.
pub(super) struct Folder {
    fd: OwnedFd,
    path: PathBuf,
    /// Which folder it is, whatever its path.
    pub(super) identity: (u64, u64),
}

impl Folder {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let fd = rustix::fs::open(path, FOLDER, Mode::empty())?;
        let stat = rustix::fs::fstat(&fd)?;
        Ok(Self { fd, path: path.to_owned(), identity: (stat.st_dev, stat.st_ino) })
    }

    /// The files whose names mean something, with their stamps. A name that is not UTF-8 is listed with U+FFFD in it, and
    /// nothing is found by it; of several that look alike so, one is.
    pub(super) fn list(&self) -> io::Result<BTreeMap<String, Stamp>> {
        let mut listing = BTreeMap::new();
        for entry in Dir::read_from(&self.fd)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy();
            if meaning(&name) == Meaning::Ignored {
                continue;
            }
            // What vanishes between the two calls is as if it had not been listed.
            let Ok(stat) = self.stat(entry.file_name()) else {
                continue;
            };
            if !FileType::from_raw_mode(stat.st_mode).is_dir() {
                listing.insert(name.into_owned(), stamp(&stat));
            }
        }
        Ok(listing)
    }

    /// Of what a link leads to, where it leads to anything; else of the link.
    fn stat(&self, name: impl rustix::path::Arg + Copy) -> io::Result<Stat> {
        let stat = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW)?;
        if FileType::from_raw_mode(stat.st_mode).is_symlink() {
            return Ok(rustix::fs::statat(&self.fd, name, AtFlags::empty()).unwrap_or(stat));
        }
        Ok(stat)
    }

    pub(super) fn stamp(&self, name: &str) -> io::Result<Stamp> {
        Ok(stamp(&self.stat(name)?))
    }

    /// All bytes of a file, and the stamp it had when they had been read.
    pub(super) fn read(&self, name: &str, limit: u64) -> Result<(Vec<u8>, Stamp), Verdict> {
        // Opening a device can do things, so it is looked at before it is opened, and again when it is open.
        check_regular(&self.stat(name).map_err(unreadable)?)?;
        let file = self.open_inside(name)?;
        let before = rustix::fs::fstat(&file).map_err(unreadable)?;
        check_regular(&before)?;
        let size = u64::try_from(before.st_size).unwrap_or(0);
        if size > limit {
            return Err(Verdict::Partial(format!("it has {size} bytes, and at most {limit} are taken")));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        (&file).take(limit + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        let after = rustix::fs::fstat(&file).map_err(unreadable)?;
        if stamp(&before) != stamp(&after) || bytes.len() as u64 != size {
            return Err(Verdict::Partial("it changes while it is read".to_owned()));
        }
        Ok((bytes, stamp(&after)))
    }

    /// Opens a file of the folder; a link is followed where it stays inside.
    fn open_inside(&self, name: &str) -> Result<File, Verdict> {
        let lstat = rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW).map_err(unreadable)?;
        if !FileType::from_raw_mode(lstat.st_mode).is_symlink() {
            return open_file(&self.fd, Path::new(name));
        }
        let failed = |_| Verdict::Unreadable("it is a symbolic link that leads nowhere".to_owned());
        let target = self.path.join(name).canonicalize().map_err(failed)?;
        let root = self.path.canonicalize().map_err(unreadable)?;
        let outside = || Verdict::Never("it is a symbolic link that leads out of the folder".to_owned());
        let inside = target.strip_prefix(root).map_err(|_| outside())?;
        // The resolved path has no links in it. Were one put there meanwhile, it would not be followed.
        let mut at = self.fd.try_clone().map_err(unreadable)?;
        for part in inside.parent().into_iter().flat_map(Path::components) {
            let Component::Normal(part) = part else {
                return Err(outside());
            };
            let flags = FOLDER | OFlags::NOFOLLOW;
            at = rustix::fs::openat(&at, part, flags, Mode::empty()).map_err(unreadable)?;
        }
        open_file(&at, Path::new(inside.file_name().ok_or_else(outside)?))
    }
}

fn open_file(at: impl AsFd, name: &Path) -> Result<File, Verdict> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::openat(at, name, flags, Mode::empty()).map(File::from).map_err(unreadable)
}

fn check_regular(stat: &Stat) -> Result<(), Verdict> {
    let what = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => {
            return Err(Verdict::Unreadable("it is a symbolic link that leads nowhere".to_owned()));
        }
        FileType::Directory => "a folder",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        _ => "a device",
    };
    Err(Verdict::Never(format!("it is {what}, not a regular file")))
}

fn unreadable(cause: impl Into<io::Error>) -> Verdict {
    Verdict::Unreadable(format!("it cannot be read: {}", cause.into()))
}

pub(super) fn stamp(stat: &Stat) -> Stamp {
    Stamp {
        size: u64::try_from(stat.st_size).unwrap_or(0),
        modified_ns: i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec),
        changed_ns: i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec),
        inode: stat.st_ino,
        device: stat.st_dev,
    }
}
