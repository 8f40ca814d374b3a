//! A receipt for people: in a line, in full, and as an exit status. Read as the document that it is, so that whatever
//! newer hosts add does no harm.

use serde_json::Value;

use super::Exit;
use super::table::{self, count, digest, pause, text, under};

/// How a command that led to this receipt ends.
pub fn exit(receipt: &Value) -> Exit {
    match receipt["outcome"].as_str() {
        Some("settled" | "tried") => Exit::Done,
        Some("refused") => Exit::Refused,
        Some("rolled-back") => Exit::RolledBack,
        _ => Exit::Error,
    }
}

/// `counter 0.1.0 → 0.2.0: settled, 3 actors switched, longest pause 1.2ms`.
pub fn sentence(receipt: &Value) -> String {
    let (component, outcome) = (text(&receipt["component"]), text(&receipt["outcome"]));
    let to = text(&receipt["to"]["label"]);
    let versions = match &receipt["from"] {
        Value::Null => to,
        from => format!("{} → {to}", text(&from["label"])),
    };
    let mut parts = vec![outcome];
    parts.extend(actors(receipt));
    if let Some(max) = receipt["pause_us"]["max"].as_u64() {
        parts.push(format!("longest pause {}", pause(max)));
    }
    let told = format!("{component} {versions}: {}", parts.join(", "));
    match &receipt["reason"] {
        Value::Null => told,
        reason => format!("{told}: {}", text(reason)),
    }
}

/// Its row in a table of receipts.
pub fn row(receipt: &Value) -> Vec<String> {
    let pause = receipt["pause_us"]["max"].as_u64().map(pause).unwrap_or_default();
    vec![
        text(&receipt["id"]),
        text(&receipt["component"]),
        text(&receipt["from"]["label"]),
        text(&receipt["to"]["label"]),
        text(&receipt["outcome"]),
        pause,
        to_the_second(&text(&receipt["ended"])),
        text(&receipt["reason"]),
    ]
}

/// The heads of a table of [`row`]s.
pub const HEADS: [&str; 8] = ["id", "component", "from", "to", "outcome", "pause", "ended", "reason"];

/// Prints all that it says.
pub fn print(receipt: &Value) {
    let version = |version: &Value| match version {
        Value::Null => "nothing".to_owned(),
        version => format!("{} ({})", text(&version["label"]), digest(&version["digest"])),
    };
    let mut told = vec![
        ("upgrade", text(&receipt["id"])),
        ("component", text(&receipt["component"])),
        ("from", version(&receipt["from"])),
        ("to", version(&receipt["to"])),
        ("asked by", asked_by(&receipt["asked_by"])),
        ("outcome", text(&receipt["outcome"])),
        ("step", text(&receipt["step"])),
    ];
    if !receipt["reason"].is_null() {
        told.push(("reason", text(&receipt["reason"])));
    }
    told.extend(under("actors", actors(receipt)));
    told.extend(dry_run(&receipt["rehearsal"]).map(|tried| ("dry run", tried)));
    if let Some(bytes) = receipt["bytes"].as_u64().filter(|bytes| *bytes > 0) {
        told.push(("state", table::bytes(bytes)));
    }
    let spread = &receipt["pause_us"];
    if let (Some(p50), Some(p99), Some(max)) = (spread["p50"].as_u64(), spread["p99"].as_u64(), spread["max"].as_u64())
    {
        told.push(("pause", format!("p50 {}, p99 {}, max {}", pause(p50), pause(p99), pause(max))));
    }
    if let Some(calls) = receipt["held"]["calls"].as_u64().filter(|calls| *calls > 0) {
        let longest = receipt["held"]["wait_us_max"].as_u64().unwrap_or(0);
        told.push(("held", format!("{}, the longest for {}", count(calls, "call"), pause(longest))));
    }
    told.extend(under("found", list(&receipt["findings"]).map(text)));
    // One alone is the reason.
    let refusals: Vec<String> = list(&receipt["refusals"]).map(refusal).collect();
    let heading = if receipt["outcome"] == "partial" { "not now" } else { "refused" };
    told.extend(under(heading, refusals).filter(|_| list(&receipt["refusals"]).count() > 1));
    told.extend(under("held by", list(&receipt["holders"]).map(text)));
    told.push(("started", text(&receipt["started"])));
    told.push(("ended", text(&receipt["ended"])));
    table::print_told(told);
}

/// How many live states were taken, and how many came out of the way down as they went in, where that could be told.
fn dry_run(figures: &Value) -> Option<String> {
    let figure = |name: &str| figures[name].as_u64().unwrap_or(0);
    let (tried, passed) = (figure("tried"), figure("passed"));
    let (same, differ) = (figure("round_trips"), figure("round_trips_differ"));
    let taken = format!("{passed} of {tried} live states were taken");
    match (tried, same + differ) {
        (0, _) => None,
        (_, 0) => Some(taken),
        (_, told) => Some(format!("{taken}; {same} of {told} came back the same by the way down")),
    }
}

/// RFC 3339 without fractions.
fn to_the_second(moment: &str) -> String {
    moment.split_once('.').map_or_else(|| moment.to_owned(), |(seconds, _)| format!("{seconds}Z"))
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn refusal(refusal: &Value) -> String {
    let (step, words) = (text(&refusal["step"]), text(&refusal["words"]));
    match refusal["address"].as_str() {
        Some(address) => format!("{step} of {address}: {words}"),
        None => format!("{step}: {words}"),
    }
}

fn asked_by(by: &Value) -> String {
    match by["by"].as_str() {
        Some("folder") => format!("the folder, {}", text(&by["file"])),
        Some("deploy") => format!("deploy, {}", text(&by["from"])),
        _ => text(by),
    }
}

/// How many actors went which way, those ways that any went.
fn actors(receipt: &Value) -> Vec<String> {
    let ways = [
        ("switched", "switched"),
        ("not_now", "not now"),
        ("left_behind", "left behind"),
        ("turned_back", "turned back"),
        ("stopped", "stopped"),
        ("crashed", "crashed"),
    ];
    let went = ways.iter().filter_map(|(name, words)| {
        let number = receipt["actors"][name].as_u64().filter(|number| *number > 0)?;
        Some(format!("{} {words}", count(number, "actor")))
    });
    went.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_receipt_in_a_sentence() {
        let mut receipt = json!({
            "component": "counter", "from": { "label": "0.1.0" }, "to": { "label": "0.2.0" }, "outcome": "settled",
            "reason": null, "actors": { "switched": 3, "stopped": 1, "crashed": 0 }, "pause_us": { "max": 1234 },
        });
        let told = "counter 0.1.0 → 0.2.0: settled, 3 actors switched, 1 actor stopped, longest pause 1.2ms";
        assert_eq!(sentence(&receipt), told);
        receipt["from"] = Value::Null;
        receipt["outcome"] = json!("refused");
        receipt["reason"] = json!("init: no");
        receipt["actors"] = json!({});
        receipt["pause_us"] = Value::Null;
        assert_eq!(sentence(&receipt), "counter 0.2.0: refused: init: no");
    }

    #[test]
    fn a_dry_run_in_a_sentence() {
        let told = |tried, passed, same, differ| {
            let figures =
                json!({ "tried": tried, "passed": passed, "round_trips": same, "round_trips_differ": differ });
            dry_run(&figures)
        };
        assert_eq!(told(0, 0, 0, 0), None);
        assert_eq!(told(3, 2, 0, 0).as_deref(), Some("2 of 3 live states were taken"));
        let mixed = "9 of 9 live states were taken; 5 of 7 came back the same by the way down";
        assert_eq!(told(9, 9, 5, 2).as_deref(), Some(mixed));
        // As receipts were once.
        let old = json!({ "tried": 1, "passed": 1, "round_trips": 1, "not_tried": 0 });
        let told = "1 of 1 live states were taken; 1 of 1 came back the same by the way down";
        assert_eq!(dry_run(&old).as_deref(), Some(told));
    }

    #[test]
    fn an_outcome_is_an_exit_status() {
        let exit = |outcome: &str| exit(&json!({ "outcome": outcome }));
        assert_eq!(exit("settled"), Exit::Done);
        assert_eq!(exit("refused"), Exit::Refused);
        assert_eq!(exit("rolled-back"), Exit::RolledBack);
        for other in ["partial", "superseded", "interrupted"] {
            assert_eq!(exit(other), Exit::Error);
        }
    }
}
