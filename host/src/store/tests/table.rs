//! The table and its stored form.

use super::*;

/// What version 1 of the stored form looks like: must load for ever.
const FIRST: &str = include_str!("../fixtures/table-1.json");

fn first() -> (Place, Table) {
    let place = Place::new();
    let store = place.open();
    fs::write(place.state().join("table.json"), FIRST).unwrap();
    let table = store.table.load().unwrap().unwrap();
    (place, table)
}

#[test]
fn the_first_form_loads() {
    let (_place, table) = first();
    let counter = ComponentName::new("counter").unwrap();
    let row = &table.components[&counter];
    assert_eq!((row.label.as_str(), row.since, row.before.len()), ("2.0.0", WallTime(1_790_000_000_000), 1));
    assert_eq!(table.files["counter.wasm"], row.current);
    assert_eq!(table.verdicts[0].refusal.step, Step::Checked);
    assert_eq!(table.in_hand[&counter].step, Step::Switching);
    assert_eq!((table.last_upgrade, table.last_generation.0), (UpgradeId(7), 4_096));
}

#[test]
fn what_is_written_is_what_is_loaded_and_the_form_stands() {
    let (place, table) = first();
    let store = Store::open(&place.state()).unwrap().0;
    store.table.write(&table).unwrap();
    assert_eq!(store.table.load().unwrap().unwrap(), table);
    assert_eq!(fs::read_to_string(place.state().join("table.json")).unwrap(), FIRST);
}

#[test]
fn none_is_none_and_damage_is_told() {
    let place = Place::new();
    let store = place.open();
    assert_eq!(store.table.load().unwrap(), None);
    let told = |text: &str| {
        fs::write(place.state().join("table.json"), text).unwrap();
        store.table.load().unwrap_err().to_string()
    };
    assert!(told("").contains("table.json is damaged: EOF"), "{}", told(""));
    assert!(told("{}").contains("lacks the \"$type\""));
    assert!(told("{\"$type\": \"changeling.table/2\"}").contains("another version wrote it"));
    assert!(told("{\"$type\": \"changeling.table/1\"}").contains("missing field"));
    for cut in 0..FIRST.len() - 2 {
        told(FIRST.get(..cut).unwrap());
    }
}
