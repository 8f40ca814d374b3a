//! What one manifest says otherwise than another: each changed setting by its name, with both values.

use std::collections::BTreeSet;

use changeling_core::declared::Change;

use super::Config;
use super::settings::{COMPONENT, GRANTS, HOST, HTTP, Setting};

impl Config {
    /// What `next` says otherwise, in the order in which settings are explained. A component is named where it does not
    /// just follow the defaults.
    pub fn changes(&self, next: &Self) -> Vec<Change> {
        let mut changes = Vec::new();
        differences("host", HOST, &self.host, &next.host, &mut changes);
        differences("http", HTTP, &self.http, &next.http, &mut changes);
        let mut of_all = Vec::new();
        differences("defaults", COMPONENT, &self.defaults, &next.defaults, &mut of_all);
        let mut of_single = Vec::new();
        let named: BTreeSet<_> = self.components.keys().chain(next.components.keys()).collect();
        for name in named {
            let (section, old, new) = (format!("components.{name}"), self.component(name), next.component(name));
            differences(&section, COMPONENT, old, new, &mut of_single);
            differences(&section, GRANTS, old, new, &mut of_single);
        }
        let is_said = |it: &Change| {
            of_all.iter().any(|all| (&all.setting, &all.from, &all.to) == (&it.setting, &it.from, &it.to))
        };
        of_single.retain(|it| !is_said(it));
        changes.extend(of_all);
        changes.extend(of_single);
        changes
    }
}

fn differences<T>(section: &str, settings: &[Setting<T>], old: &T, new: &T, into: &mut Vec<Change>) {
    for setting in settings {
        let (from, to) = ((setting.write)(old), (setting.write)(new));
        if from != to {
            let is_secret = from.shown == to.shown;
            let to = if is_secret { format!("{} with other values", to.shown) } else { to.shown };
            let (section, name) = (section.to_owned(), setting.name.to_owned());
            into.push(Change { section, setting: name, from: from.shown, to, holds: setting.holds });
        }
    }
}
