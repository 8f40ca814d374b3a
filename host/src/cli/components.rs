//! `components`: what is in service.

use clap::Args;
use serde_json::Value;
use ureq::http::Method;

use super::client::{Client, escape};
use super::table::{bytes, digest, text, under};
use super::{Exit, Failure, Reach, out, table};

/// Lists components, or tells of one: its versions and who holds the old ones and why, its functions with their types,
/// what it imports, the versions of its state.
#[derive(Args)]
#[command(after_help = "Examples:\n  changeling components\n  changeling components counter")]
pub struct Components {
    /// One component.
    name: Option<String>,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Components {
    /// Lists them, or tells of the one.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        let path = match &self.name {
            None => "/v1/components".to_owned(),
            Some(name) => format!("/v1/components/{}", escape(name)),
        };
        let document = client.json(Method::GET, &path, &[], None)?;
        match (self.reach.form.json, &self.name) {
            (true, _) => out::line(document),
            (false, Some(_)) => table::print_told(told(&document)),
            (false, None) => match document["components"].as_array().map(Vec::as_slice).unwrap_or_default() {
                [] => {
                    self.reach.form.note("no component is loaded; put one into the folder, or `changeling deploy` one")
                }
                all => {
                    let heads = ["name", "kind", "state", "version", "digest", "size", "since", "also"];
                    table::print(self.reach.form.heads(&heads), all.iter().map(row));
                }
            },
        }
        Ok(Exit::Done)
    }
}

fn row(component: &Value) -> Vec<String> {
    let current = &component["current"];
    let others = versions(component).filter(|version| version["role"] != "current");
    let others = others.map(|v| format!("{} {}", text(&v["role"]), text(&v["label"])));
    let waiting = component["waiting"].as_object().map(|waiting| format!("waiting {}", text(&waiting["label"])));
    let others: Vec<String> = others.chain(waiting).collect();
    vec![
        text(&component["name"]),
        text(&component["kind"]),
        text(&component["state"]),
        text(&current["label"]),
        digest(&current["digest"]),
        current["size"].as_u64().map(bytes).unwrap_or_default(),
        text(&current["since"]),
        others.join(", "),
    ]
}

/// All that is known of one.
fn told(component: &Value) -> Vec<(&'static str, String)> {
    let mut told = vec![
        ("component", text(&component["name"])),
        ("kind", text(&component["kind"])),
        ("state", text(&component["state"])),
    ];
    for version in versions(component) {
        let (label, role) = (text(&version["label"]), text(&version["role"]));
        let size = version["size"].as_u64().map(bytes).unwrap_or_default();
        told.push(("version", format!("{label} ({role}), {size}, {}", text(&version["digest"]))));
        told.extend(list(&version["why"]).map(|why| ("", format!("  {}", text(why)))));
    }
    if let Some(waiting) = component["waiting"].as_object() {
        let (label, id) = (text(&waiting["label"]), text(&waiting["id"]));
        told.push(("waiting", format!("{label}, upgrade {id}, {}", text(&waiting["digest"]))));
        told.push(("", format!("  {}", text(&waiting["why"]))));
    }
    let function = |export: &Value| format!("{}: {}", text(&export["function"]), text(&export["type"]));
    told.extend(under("exports", list(&component["exports"]).map(function)));
    told.extend(under("imports", list(&component["imports"]).map(text)));
    told.extend(shapes(&component["shapes"]));
    told
}

fn versions(component: &Value) -> impl Iterator<Item = &Value> {
    list(&component["versions"])
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The versions of a state: which one it has, takes over from, and can be saved as.
pub fn shapes(shapes: &Value) -> Vec<(&'static str, String)> {
    if shapes.is_null() {
        return Vec::new();
    }
    let shape = |shape: &Value| format!("version {} {}", shape["version"], text(&shape["structure"]));
    let mut told = vec![("has state", shape(&shapes["current"]))];
    told.extend(under("reads", list(&shapes["reads"]).map(shape)));
    told.extend(under("writes", list(&shapes["writes"]).map(shape)));
    told
}
