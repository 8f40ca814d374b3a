//! Figures for Prometheus: there, true, and never one for every key.

use serde_json::{Value, json};

use crate::support::Host;

/// The value of a figure by its name and labels, as it stands in the text; 0 where it does not.
fn figure(text: &str, name: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.map_or(0.0, |value| value.parse().expect("a number"))
}

fn scrape(host: &Host) -> String {
    let Value::String(text) = host.get("/metrics").body else { panic!("no text") };
    text
}

#[test]
fn what_happens_is_counted() {
    let host = Host::with_manifest("[components.session]\nkeyed = true\n");
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("session", "counter-v1").settled();
    host.drop_in("greeter", "greeter-v1").settled();
    host.drop_in("timer", "timer").settled();
    for n in 0..20 {
        host.call(&format!("session/user-{n}"), "increment", json!([1]));
    }
    host.call("counter", "increment", json!([5]));
    host.try_call("counter", "increment", json!(["five"]));
    host.try_call("counter", "nothing", json!([]));
    for n in 0..20 {
        host.try_call(&format!("nobody-{n}"), "get", json!([]));
    }
    host.call("greeter", "echo-outcome", json!([{"err": "no"}]));
    host.drop_in("session", "counter-v2").settled();
    host.deploy("counter", b"nothing of the kind");
    let refused = host.post("/v1/deploy?component=counter&wait=60s", &crate::support::bytes("counter-change-errs"));
    assert_eq!(refused.body["outcome"], "refused", "{refused:?}");

    let text = scrape(&host);
    let is = |name: &str, value: f64| assert_eq!(figure(&text, name), value, "{name} in:\n{text}");
    is("changeling_info{version=\"0.1.0\"}", 1.0);
    is("changeling_actors{component=\"session\",state=\"idle\"}", 20.0);
    is("changeling_actors{component=\"counter\",state=\"idle\"}", 1.0);
    is("changeling_messages_handled_total{component=\"session\"}", 20.0);
    is("changeling_messages_handled_total{component=\"counter\"}", 1.0);
    is("changeling_http_calls_total{component=\"session\",outcome=\"ok\"}", 20.0);
    is("changeling_http_calls_total{component=\"counter\",outcome=\"bad-argument\"}", 1.0);
    is("changeling_http_calls_total{component=\"counter\",outcome=\"no-such-function\"}", 1.0);
    is("changeling_http_calls_total{component=\"greeter\",outcome=\"err\"}", 1.0);
    is("changeling_http_calls_total{component=\"-\",outcome=\"no-such-component\"}", 20.0);
    is("changeling_http_call_duration_seconds_count{component=\"session\"}", 20.0);
    is("changeling_http_call_duration_seconds_bucket{le=\"+Inf\",component=\"session\"}", 20.0);
    is("changeling_upgrades_total{component=\"session\",outcome=\"settled\"}", 2.0);
    is("changeling_upgrades_total{component=\"counter\",outcome=\"refused\"}", 1.0);
    is("changeling_upgrade_pause_seconds_count", 20.0);
    is("changeling_events_lost_total", 0.0);
    for name in [
        "changeling_instances",
        "changeling_memory_bytes",
        "process_resident_memory_bytes",
        "process_open_fds",
        "changeling_instances_limit",
        "changeling_memory_limit_bytes",
        "process_start_time_seconds",
        "process_cpu_seconds_total",
        "process_max_fds",
        "changeling_http_connections",
        "changeling_http_connections_accepted_total",
    ] {
        assert!(figure(&text, name) > 0.0, "{name} in:\n{text}");
    }
    is("changeling_http_connections_limit", 512.0);
    assert!(!text.contains("user-") && !text.contains("nobody"), "{text}");
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let helps = text.lines().filter(|line| line.starts_with("# HELP ")).count();
    assert!(names.len() == helps && text.ends_with("# EOF\n"), "{text}");
}

#[test]
fn what_was_counted_is_not_forgotten_with_an_actor_or_a_version() {
    let host = Host::with_manifest("[components.session]\nkeyed = true\n");
    host.drop_in("session", "counter-v1").settled();
    host.drop_in("stranger", "greeter-v1").settled();
    host.call("session/a", "increment", json!([1]));
    host.call("session/b", "increment", json!([1]));
    assert_eq!(host.post("/v1/actors/session%2Fa/stop", b"").status, 204);
    host.until("it is gone", |host| {
        host.get("/v1/actors?address=session").body["actors"].as_array().map(Vec::len) == Some(1)
    });
    assert_eq!(figure(&scrape(&host), "changeling_messages_handled_total{component=\"session\"}"), 2.0);
}
