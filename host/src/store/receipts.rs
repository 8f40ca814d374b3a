//! Receipts: one file an upgrade, each carrying the digest of the one finalised before it in this host, so that a gap
//! shows. Upgrades end in another order than they began, so the order of the chain is not that of the numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use changeling_core::WallTime;
use changeling_core::id::{Digest, UpgradeId};
use changeling_core::receipt::{RECEIPT_TYPE, Receipt};

use super::Listing;
use super::error::Error;
use super::folder::Folder;
use super::table::{of_type, to_json};
use super::versions::sha256;

/// How many are kept.
const KEPT: usize = 1_000;
const LIMIT: u64 = 16 << 20;

/// The folder `receipts`.
#[derive(Debug)]
pub struct Receipts {
    folder: Folder,
    kept: usize,
    /// In the order they were finalised, the newest last.
    chain: Mutex<Vec<Link>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Link {
    id: UpgradeId,
    digest: Digest,
    previous: Option<Digest>,
    ended: WallTime,
}

/// What following the receipts from the newest to the oldest showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// How many receipts are readable.
    pub receipts: usize,
    /// The digest of the newest. Kept elsewhere, it proves the whole chain against a forger too.
    pub head: Option<Digest>,
    /// Gaps, changes and damage, a sentence each; none when all is well.
    pub faults: Vec<String>,
}

impl Receipts {
    pub(super) fn open(folder: Folder) -> Result<(Self, Vec<Error>), Error> {
        let (links, damaged) = scan(&folder)?;
        Ok((Self { folder, kept: KEPT, chain: Mutex::new(in_order(links)) }, damaged))
    }

    /// With another number of receipts that are kept.
    #[must_use]
    pub fn keeping(self, kept: usize) -> Self {
        Self { kept, ..self }
    }

    /// Finalises a receipt: fills in `previous`, writes it to the disk, and removes the oldest past the number kept.
    /// A receipt is final: where one of that number stands already (the host was killed between writing it and noting
    /// that in the table), that one stays and is what is given back.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn append(&self, receipt: Receipt) -> Result<Receipt, Error> {
        let mut chain = self.chain();
        if let Ok((stands, digest)) = read(&self.folder, &file_name(receipt.id)) {
            // Written and not waited for to its end, when the disk refused the last step.
            if !chain.iter().any(|link| link.id == stands.id) {
                self.folder.sync()?;
                chain.push(Link { id: stands.id, digest, previous: stands.previous, ended: stands.ended });
            }
            return Ok(stands);
        }
        let previous = chain.last().map(|link| link.digest);
        let receipt = Receipt { previous, ..receipt };
        let text = to_json(&receipt);
        if text.len() as u64 > LIMIT {
            return Err(Error::TooLarge { what: format!("receipt {}", receipt.id), limit: LIMIT });
        }
        self.folder.replace(&file_name(receipt.id), &text)?;
        chain.push(Link { id: receipt.id, digest: sha256(&text), previous, ended: receipt.ended });
        // What cannot be removed now is removed after the next one: this one is written, and that is what was asked.
        while chain.len() > self.kept && self.folder.remove(&file_name(chain[0].id)).is_ok() {
            chain.remove(0);
        }
        Ok(receipt)
    }

    /// One receipt.
    ///
    /// # Errors
    /// [`Error::Missing`], [`Error::Damaged`], or the system's.
    pub fn read(&self, id: UpgradeId) -> Result<Receipt, Error> {
        read(&self.folder, &file_name(id)).map(|(receipt, _)| receipt)
    }

    /// The last `limit` that were finalised, the newest first.
    pub fn newest(&self, limit: usize) -> Listing<Receipt> {
        let ids: Vec<_> = self.chain().iter().rev().take(limit).map(|link| link.id).collect();
        let mut listing = Listing { items: Vec::with_capacity(ids.len()), damaged: Vec::new() };
        for id in ids {
            match self.read(id) {
                Ok(receipt) => listing.items.push(receipt),
                // Another thread's append has removed it meanwhile, or somebody else did: `verify` tells.
                Err(Error::Missing { .. }) => {}
                Err(error) => listing.damaged.push(error),
            }
        }
        listing
    }

    /// Reads all of them again and follows the chain.
    ///
    /// # Errors
    /// When the folder cannot be listed.
    pub fn verify(&self) -> Result<Chain, Error> {
        let known = self.chain();
        let (links, damaged) = scan(&self.folder)?;
        let links = in_order(links);
        let mut faults: Vec<String> = damaged.iter().map(ToString::to_string).collect();
        let there: BTreeMap<_, _> = links.iter().map(|link| (link.id, link.digest)).collect();
        for link in known.iter() {
            match there.get(&link.id) {
                Some(digest) if *digest == link.digest => {}
                Some(_) => faults.push(format!("receipt {} was changed since it was written or first read", link.id)),
                None => faults.push(format!("receipt {} was there and is not any more, or is damaged", link.id)),
            }
        }
        let digests: BTreeSet<_> = links.iter().map(|link| link.digest).collect();
        // The oldest one's predecessor may have been removed in order.
        for link in links.iter().skip(1) {
            match link.previous {
                Some(previous) if digests.contains(&previous) => {}
                Some(previous) => faults.push(format!(
                    "receipt {} follows one with the digest {}…, which is not here: it was changed or removed",
                    link.id,
                    previous.short()
                )),
                None => faults.push(format!("receipt {} says that none was before it", link.id)),
            }
        }
        Ok(Chain { receipts: links.len(), head: links.last().map(|link| link.digest), faults })
    }

    fn chain(&self) -> MutexGuard<'_, Vec<Link>> {
        self.chain.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn file_name(id: UpgradeId) -> String {
    format!("{:010}.json", id.0)
}

fn read(folder: &Folder, name: &str) -> Result<(Receipt, Digest), Error> {
    let path = || folder.path_of(name);
    let text = folder.read(name, LIMIT)?.ok_or_else(|| Error::Missing { path: path() })?;
    let receipt = of_type(&text, RECEIPT_TYPE)
        .and_then(|value| serde_json::from_value::<Receipt>(value).map_err(|why| why.to_string()))
        .map_err(|why| Error::Damaged { path: path(), why })?;
    if file_name(receipt.id) != name {
        return Err(Error::Damaged { path: path(), why: format!("it holds receipt {}", receipt.id) });
    }
    Ok((receipt, sha256(&text)))
}

fn scan(folder: &Folder) -> Result<(Vec<Link>, Vec<Error>), Error> {
    let (mut links, mut damaged) = (Vec::new(), Vec::new());
    for name in folder.names()?.iter().filter(|name| name.ends_with(".json")) {
        match read(folder, name) {
            Ok((Receipt { id, previous, ended, .. }, digest)) => links.push(Link { id, digest, previous, ended }),
            Err(error) => damaged.push(error),
        }
    }
    Ok((links, damaged))
}

/// The order in which they were finalised: from the one that no other follows back to the oldest. Where gaps leave
/// several such runs, the one that ended last comes last.
fn in_order(links: Vec<Link>) -> Vec<Link> {
    let followed: BTreeSet<_> = links.iter().filter_map(|link| link.previous).collect();
    let mut heads: Vec<_> = links.iter().filter(|link| !followed.contains(&link.digest)).cloned().collect();
    heads.sort_unstable_by_key(|link| (link.ended, link.id));
    let mut by_digest: BTreeMap<_, _> = links.into_iter().map(|link| (link.digest, link)).collect();
    let mut newest_first = Vec::with_capacity(by_digest.len());
    for head in heads.into_iter().rev() {
        let mut next = Some(head.digest);
        while let Some(link) = next.and_then(|digest| by_digest.remove(&digest)) {
            next = link.previous;
            newest_first.push(link);
        }
    }
    newest_first.reverse();
    newest_first
}
