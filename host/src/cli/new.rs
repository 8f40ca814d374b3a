//! `new`: a guest project that builds.

use std::path::{Path, PathBuf};

use changeling_core::id::ComponentName;
use clap::{Args, ValueEnum};

use super::{Exit, Failure, out};

/// Writes a guest project that builds, with tests, into a folder of its name.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  changeling new counter\n  changeling new greeter --kind service --sdk ../changeling/guest-sdk"
)]
pub struct New {
    /// The component's name, and the folder's.
    name: String,
    /// What it shall be.
    #[arg(long, value_enum, env = "CHANGELING_KIND", default_value_t = Kind::Actor)]
    kind: Kind,
    /// The SDK: a folder, or a version of `changeling-guest`; else the one beside the sources that this program was
    /// built from.
    #[arg(long, value_name = "PATH|VERSION", env = "CHANGELING_SDK")]
    sdk: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Kind {
    /// It has an address and a state.
    Actor,
    /// Its functions keep nothing.
    Service,
}

const MANIFEST: &str = include_str!("new/manifest.toml");

impl Kind {
    /// Interface, code and words.
    fn templates(self) -> [&'static str; 3] {
        match self {
            Self::Actor => [include_str!("new/actor.wit"), include_str!("new/actor.rs"), include_str!("new/actor.md")],
            Self::Service => {
                [include_str!("new/service.wit"), include_str!("new/service.rs"), include_str!("new/service.md")]
            }
        }
    }
}

impl New {
    /// Writes it.
    pub fn run(self) -> Result<Exit, Failure> {
        let name = checked(&self.name)?;
        let sdk = sdk(self.sdk.as_deref())?;
        let dir = Path::new(&self.name);
        if dir.exists() {
            let sentence = format!("{} is there already; take another name, or go to another folder", dir.display());
            return Err(Failure::new(Exit::Error, sentence));
        }
        let fill = |template: &str| {
            let text = template.replace("__name__", &name.plain).replace("__module__", &name.module);
            text.replace("__Name__", &name.ty).replace("__sdk__", &sdk)
        };
        let [wit, code, words] = self.kind.templates();
        std::fs::create_dir_all(dir.join("src"))?;
        std::fs::create_dir_all(dir.join("wit"))?;
        let write = |file: &str, text: &str| {
            let file = dir.join(file);
            let why = |e| Failure::new(Exit::Error, format!("{} cannot be written: {e}", file.display()));
            std::fs::write(&file, text).map_err(why)
        };
        write("Cargo.toml", &fill(MANIFEST))?;
        write(&format!("wit/{}.wit", name.plain), &fill(wit))?;
        write("src/lib.rs", &fill(code))?;
        write("README.md", &fill(words))?;
        write(".gitignore", "target/\n.changeling/\n")?;
        out::line(dir.display());
        anstream::eprintln!(
            "next:\n  cd {0}\n  cargo test\n  cargo build --release --target wasm32-wasip2\nREADME.md goes on from there",
            self.name
        );
        Ok(Exit::Done)
    }
}

/// One name in the three ways of writing it.
#[derive(Debug, PartialEq)]
struct Name {
    /// `two-words`.
    plain: String,
    /// `two_words`.
    module: String,
    /// `TwoWords`.
    ty: String,
}

/// Words that Rust or WIT wants for itself, as a name, a module or a type.
const TAKEN: &str = "abstract alloc any as async await become bool borrow box break char clone component const constructor \
    continue copy core crate default do drop dyn else enum err export extern f32 f64 false final flags fn for from func \
    future gen if impl import in include interface let list loop macro match mod move mut none ok option override own \
    package priv pub record ref resource result return s16 s32 s64 s8 self send shape sized some state static std stream \
    string struct super sync test to trait true try tuple type typeof u16 u32 u64 u8 union unsafe unsized use variant vec \
    virtual where while with world yield";

fn checked(text: &str) -> Result<Name, Failure> {
    let wrong = |why: &str| Failure::new(Exit::Usage, format!("`{text}` cannot be a new component: {why}"));
    ComponentName::new(text).map_err(|bad| wrong(bad.why))?;
    if text.split('-').any(|word| !word.starts_with(|c: char| c.is_ascii_lowercase())) {
        return Err(wrong("each of its words must begin with a letter (a-z)"));
    }
    if TAKEN.split_whitespace().any(|taken| taken == text) {
        return Err(wrong("Rust or WIT has this word for itself; take another"));
    }
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    Ok(Name { plain: text.to_owned(), module: text.replace('-', "_"), ty: text.split('-').map(capital).collect() })
}

/// What stands behind `changeling-guest =`.
fn sdk(given: Option<&str>) -> Result<String, Failure> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let at = |path: PathBuf| {
        let path = path.canonicalize().ok()?;
        let text = path.to_str().filter(|_| path.join("Cargo.toml").is_file())?;
        Some(format!("{{ path = {} }}", quoted(text)))
    };
    match given {
        Some(version) if version.starts_with(|c: char| c.is_ascii_digit() || "=^~".contains(c)) => Ok(quoted(version)),
        Some(path) => at(path.into()).ok_or_else(|| {
            let sentence = format!("--sdk {path} is neither a version nor a folder with the SDK's Cargo.toml");
            Failure::new(Exit::Usage, sentence)
        }),
        None => at(Path::new(env!("CARGO_MANIFEST_DIR")).join("../guest-sdk")).ok_or_else(|| {
            let sentence = "the sources that this program was built from are gone, and the SDK with them; \
                say where it is, or which version is wanted, with --sdk";
            Failure::new(Exit::Error, sentence)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_in_three_ways() {
        let name = checked("two-words").unwrap();
        assert_eq!((name.module.as_str(), name.ty.as_str()), ("two_words", "TwoWords"));
        for wrong in ["Counter", "a--b", "a-1", "-", "type", "option", "world"] {
            assert_eq!(checked(wrong).unwrap_err().exit(), Exit::Usage, "{wrong}");
        }
    }

    #[test]
    fn the_sdk_is_a_path_or_a_version() {
        assert!(sdk(None).unwrap().starts_with("{ path = \"/"));
        assert_eq!(sdk(Some("0.1")).unwrap(), "\"0.1\"");
        assert_eq!(sdk(Some("/nowhere")).unwrap_err().exit(), Exit::Usage);
    }
}
