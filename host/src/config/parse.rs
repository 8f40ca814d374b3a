//! From the manifest's text to a [`Config`]: tables are walked, names looked up among the settings, and everything that
//! is wrong is gathered.

use changeling_core::id::ComponentName;
use serde_spanned::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::mistake::Mistake;
use super::settings::{COMPONENT, GRANTS, HOST, HTTP, Setting};
use super::value::{Value, Wrong, did_you_mean, nearest};
use super::{ComponentConfig, Config};

const SECTIONS: [&str; 4] = ["host", "http", "defaults", "components"];

pub(super) fn parse(text: &str) -> Result<Config, Vec<Mistake>> {
    let (document, faults) = DeTable::parse_recoverable(text);
    let mut wrong: Vec<_> = faults.iter().map(|fault| syntax(text, fault)).collect();
    let mut config = Config::default();
    // Of a text with broken syntax only that is told: the rest may look wrong just because of it.
    if wrong.is_empty() {
        read(document.get_ref(), &mut config, &mut wrong);
    }
    if wrong.is_empty() {
        return Ok(config);
    }
    wrong.sort_by_key(|it| it.span.start);
    Err(wrong.into_iter().map(|it| Mistake::at(text, it.span, it.words)).collect())
}

fn syntax(text: &str, fault: &toml::de::Error) -> Wrong {
    let words = fault.message().lines().collect::<Vec<_>>().join(", ");
    Wrong { span: fault.span().unwrap_or(text.len()..text.len()), words }
}

fn read(document: &DeTable<'_>, config: &mut Config, wrong: &mut Vec<Wrong>) {
    for (name, value) in document {
        match name.get_ref().as_ref() {
            "host" => section("host", value, &[HOST], &mut config.host, wrong),
            "http" => section("http", value, &[HTTP], &mut config.http, wrong),
            "defaults" => section("defaults", value, &[COMPONENT], &mut config.defaults, wrong),
            "components" => {}
            _ => wrong.push(unknown(name, "at the top of the manifest", &SECTIONS)),
        }
    }
    // Last, since every component begins with the defaults, wherever these stand.
    for (_, value) in document.iter().filter(|(name, _)| name.get_ref() == "components") {
        match Value(value).table("a table: [components.NAME]") {
            Ok(components) => components.iter().for_each(|(name, value)| component(name, value, config, wrong)),
            Err(fault) => wrong.push(fault),
        }
    }
    if !config.http.may_listen_on(config.http.listen) {
        let words =
            "anybody in the network could call; say `expose = true` in [http] if that is meant, with TLS in front";
        let listen = document.iter().find(|(name, _)| name.get_ref() == "http");
        let listen = listen.and_then(|(_, http)| http.get_ref().get("listen"));
        wrong.extend(listen.map(|value| Wrong { span: value.span(), words: words.to_owned() }));
    }
}

fn component(name: &Spanned<DeString<'_>>, value: &Spanned<DeValue<'_>>, config: &mut Config, wrong: &mut Vec<Wrong>) {
    let mut component: ComponentConfig = config.defaults.clone();
    let place = format!("components.{}", name.get_ref().escape_debug());
    section(&place, value, &[COMPONENT, GRANTS], &mut component, wrong);
    match ComponentName::new(name.get_ref()) {
        Ok(name) => drop(config.components.insert(name, component)),
        Err(bad) => wrong.push(Wrong { span: name.span(), words: bad.to_string() }),
    }
}

fn section<T>(
    place: &str,
    value: &Spanned<DeValue<'_>>,
    settings: &[&[Setting<T>]],
    into: &mut T,
    wrong: &mut Vec<Wrong>,
) {
    let table = match Value(value).table(format!("a table: [{place}]")) {
        Ok(table) => table,
        Err(fault) => return wrong.push(fault),
    };
    for (key, value) in table {
        let setting = settings.iter().copied().flatten().find(|it| it.name == key.get_ref());
        let read = match setting {
            Some(setting) => (setting.read)(into, Value(value))
                .map_err(|fault| Wrong { words: format!("`{}`: {}", setting.name, fault.words), ..fault }),
            None => {
                let names: Vec<_> = settings.iter().copied().flatten().map(|it| it.name).collect();
                Err(unknown(key, &format!("in [{place}]"), &names))
            }
        };
        wrong.extend(read.err());
    }
}

fn unknown(key: &Spanned<DeString<'_>>, place: &str, names: &[&str]) -> Wrong {
    let name = key.get_ref();
    let elsewhere = super::settings().into_iter().find(|it| it.name == name);
    let hint = match (nearest(name, names.iter().copied()), elsewhere) {
        (_, Some(it)) => format!("; it belongs into [{}]", it.section),
        (Some(near), None) => did_you_mean(near),
        (None, None) => format!("; there are {}", names.join(", ")),
    };
    Wrong { span: key.span(), words: format!("there is no `{}` {place}{hint}", name.escape_debug()) }
}
