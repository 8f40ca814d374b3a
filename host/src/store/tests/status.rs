//! The status file, seen from inside and outside.

use super::*;

fn of_now() -> Status {
    Status {
        pid: std::process::id(),
        url: "http://127.0.0.1:4650".to_owned(),
        token: "secret".to_owned(),
        version: "0.1.0".to_owned(),
        started: WallTime(1_790_000_000_000).to_string(),
    }
}

#[test]
fn is_there_while_the_host_runs_and_gone_after_a_graceful_end() {
    let place = Place::new();
    assert_eq!(running(&place.state()).unwrap(), Running::Nobody);
    let store = place.open();
    assert_eq!(running(&place.state()).unwrap(), Running::Nobody);
    store.status.write(&of_now()).unwrap();
    assert_eq!(place.mode("host.json"), 0o600);
    assert_eq!(running(&place.state()).unwrap(), Running::Host(of_now()));
    store.status.write(&of_now()).unwrap();
    assert_eq!(running(&place.state()).unwrap(), Running::Host(of_now()));
    store.status.remove().unwrap();
    assert_eq!(running(&place.state()).unwrap(), Running::Nobody);
}

#[test]
fn is_stale_when_nobody_holds_it_though_the_process_number_lives() {
    let place = Place::new();
    let store = place.open();
    store.status.write(&of_now()).unwrap();
    drop(store);
    assert_eq!(running(&place.state()).unwrap(), Running::Gone(of_now()));
}

#[test]
fn has_the_documented_form_and_never_logs_its_token() {
    let place = Place::new();
    let store = place.open();
    store.status.write(&of_now()).unwrap();
    let text = fs::read_to_string(place.state().join("host.json")).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(keys, ["$type", "pid", "started", "token", "url", "version"]);
    assert_eq!(value["$type"], "changeling.host/1");
    assert!(!format!("{:?}", of_now()).contains("secret"));
}

#[test]
fn damage_is_told() {
    let place = Place::new();
    fs::create_dir(place.state()).unwrap();
    fs::write(place.state().join("host.json"), "{").unwrap();
    assert!(running(&place.state()).unwrap_err().to_string().contains("host.json is damaged"));
}
