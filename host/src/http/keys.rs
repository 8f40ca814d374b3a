//! Who holds which token, and what it may be used for: the host's own opens everything, those of the manifest what it says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

use anyhow::{Context, ensure};
use rustix::fs::{Mode, OFlags};
use subtle::ConstantTimeEq;

use crate::config::{Right, Token};

/// A shorter one can be guessed.
const SHORTEST: usize = 32;
const LONGEST: usize = 4_096;

/// All tokens of a host.
pub struct Keys(Vec<Key>);

/// One token.
pub struct Key {
    /// What the manifest calls it.
    name: String,
    secret: String,
    may: BTreeSet<Right>,
}

impl Keys {
    /// The host's own token, and those of the manifest, which are read.
    ///
    /// # Errors
    /// A file that is not there, that others can read, or that holds no token.
    pub fn read(own: String, further: &BTreeMap<String, Token>) -> anyhow::Result<Self> {
        let mut keys = vec![Key { name: "host".to_owned(), secret: own, may: [Right::Admin].into() }];
        for (name, token) in further {
            let file = token.file.display();
            let secret = secret(token).with_context(|| format!("the file {file} of the token `{name}`"))?;
            if let Some(same) = keys.iter().find(|key| key.secret == secret) {
                anyhow::bail!("the tokens `{}` and `{name}` are the same; make another for one of them", same.name);
            }
            keys.push(Key { name: name.clone(), secret, may: token.may.clone() });
        }
        Ok(Self(keys))
    }

    /// Whose token this is. Takes as long for a wrong one as for a right one.
    pub fn whose(&self, given: &str) -> Option<&Key> {
        let is_it = |key: &&Key| bool::from(key.secret.as_bytes().ct_eq(given.as_bytes()));
        self.0.iter().filter(is_it).fold(None, |found, key| found.or(Some(key)))
    }
}

impl Key {
    /// What the manifest calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it opens what needs this right.
    pub fn may(&self, right: Right) -> bool {
        self.may.contains(&right) || self.may.contains(&Right::Admin)
    }

    /// What it may be used for, in words.
    pub fn rights(&self) -> Vec<&'static str> {
        self.may.iter().map(|right| right.word()).collect()
    }
}

fn secret(token: &Token) -> anyhow::Result<String> {
    // Without NONBLOCK a pipe of that name would keep the host waiting for its writer.
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file = File::from(rustix::fs::open(&token.file, flags, Mode::empty()).context("cannot be read")?);
    let about = file.metadata()?;
    ensure!(about.is_file(), "is not a regular file");
    let owner = about.uid();
    let is_ours = owner == 0 || owner == rustix::process::geteuid().as_raw();
    ensure!(is_ours, "belongs to user {owner}, who is neither the host's user nor root; chown it");
    ensure!(
        about.mode() & 0o077 == 0,
        "can be read or written by others than its owner; chmod 600 it, and make a new token"
    );
    let mut text = String::new();
    file.take(LONGEST as u64 + 1).read_to_string(&mut text).context("cannot be read")?;
    let secret = text.trim();
    let is_token = (SHORTEST..=LONGEST).contains(&secret.len()) && secret.bytes().all(|b| b.is_ascii_graphic());
    ensure!(
        is_token,
        "must hold one line of {SHORTEST} to {LONGEST} printable characters without spaces, such as `openssl rand -hex 32` \
         makes"
    );
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn read(content: &str, mode: u32) -> Result<Keys, String> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ops.token");
        fs::write(&file, content).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
        let token = Token { file, may: [Right::Calls, Right::Read].into() };
        Keys::read("own".into(), &BTreeMap::from([("ops".into(), token)])).map_err(|e| format!("{e:#}"))
    }

    #[test]
    fn a_token_opens_what_the_manifest_says() {
        let keys = read(&format!("{SECRET}\n"), 0o600).unwrap();
        let ops = keys.whose(SECRET).unwrap();
        assert!(ops.may(Right::Calls) && ops.may(Right::Read) && !ops.may(Right::Admin));
        assert!(keys.whose("own").unwrap().may(Right::Calls));
        for wrong in ["", "ow", "own ", &SECRET[1..], "ops"] {
            assert!(keys.whose(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn a_token_file_that_is_no_secret_is_refused() {
        let told = |content: &str, mode| read(content, mode).err().unwrap_or_default();
        for mode in [0o640, 0o604, 0o620] {
            assert!(
                told(SECRET, mode).contains("ops.token of the token `ops`: can be read or written by others"),
                "{mode:o}"
            );
        }
        for content in ["", "short", &format!("{SECRET} {SECRET}"), &"x".repeat(5_000)] {
            assert!(told(content, 0o600).contains("must hold one line of 32"), "{content:?}");
        }
        let absent = Token { file: "/nowhere/ops.token".into(), may: [Right::Read].into() };
        let told = Keys::read("own".into(), &BTreeMap::from([("ops".into(), absent)])).err().unwrap();
        assert!(format!("{told:#}").contains("cannot be read: No such file"), "{told:#}");
    }
}
