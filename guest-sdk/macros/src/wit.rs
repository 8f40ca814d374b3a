//! From WIT to Rust source that can still be edited: the package of the contract, a guest's folder, and wit-bindgen.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use wit_bindgen_core::wit_parser::{PackageId, Resolve, WorldId};
use wit_bindgen_core::{Files, WorldGenerator};
use wit_bindgen_rust::Opts;

/// The package `changeling:actor`. It lies inside this crate, as a link to the one at the top of the repository,
/// because a published crate can only have what is in its own folder.
const CONTRACT: &str = include_str!("../wit/changeling-actor.wit");

/// Types of the contract that a world may name, and where the SDK has them.
pub(crate) const SHARED_TYPES: (&str, &str) = ("changeling:actor/types@0.1.0", "::changeling_guest::types");

/// The contract, and nothing else.
pub(crate) fn contract() -> Result<(Resolve, PackageId)> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("changeling-actor.wit", CONTRACT)?;
    Ok((resolve, package))
}

/// A guest's own package, resolved, and the files that it was read from.
pub(crate) struct Folder {
    pub(crate) resolve: Resolve,
    pub(crate) package: PackageId,
    pub(crate) files: Vec<PathBuf>,
}

impl Folder {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(anyhow!("there is no WIT at {}: write the guest's world there", path.display()));
        }
        let mut resolve = if has_contract(path) { Resolve::default() } else { contract()?.0 };
        // The parser's own words for a mistake show the line that it is in.
        let (package, sources) = resolve.push_path(path).map_err(|why| anyhow!(resolve.render_error(&why)))?;
        Ok(Self { resolve, package, files: sources.paths().map(Path::to_owned).collect() })
    }
}

/// Tools that know nothing of this SDK want every package in the folder, so a copy of the contract may be there.
fn has_contract(path: &Path) -> bool {
    ["changeling-actor.wit", "changeling-actor"].iter().any(|name| path.join("deps").join(name).exists())
}

/// The bindings of a world, as wit-bindgen writes them for this SDK's runtime.
pub(crate) fn bindings(resolve: &mut Resolve, world: WorldId, options: Opts) -> Result<syn::File> {
    let options = Opts { runtime_path: Some("::changeling_guest::__rt::wit_bindgen::rt".into()), ..options };
    let mut files = Files::default();
    options.build().generate(resolve, world, &mut files)?;
    let (_, source) = files.iter().next().context("wit-bindgen wrote nothing")?;
    Ok(syn::parse_str(std::str::from_utf8(source)?)?)
}
