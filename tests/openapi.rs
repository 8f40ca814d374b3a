//! The document of the HTTP says what is there, and what is there is as the document says.

use serde_json::{Value, json};

use crate::support::{Host, bytes};

fn document(host: &Host) -> Value {
    let document = host.get("/openapi.json");
    assert_eq!(document.status, 200);
    document.body
}

fn methods(item: &Value) -> Vec<&str> {
    let all = ["get", "post", "put", "delete", "patch"];
    all.into_iter().filter(|method| item[method].is_object()).collect()
}

#[test]
fn every_route_is_in_the_document_and_every_path_of_it_is_a_route() {
    let host = Host::start();
    let document = document(&host);
    assert!(document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")), "{}", document["openapi"]);
    let paths = document["paths"].as_object().expect("paths");
    assert_eq!(paths.values().map(|item| methods(item).len()).sum::<usize>(), 19);
    for (path, item) in paths {
        // What a place holds does not matter here: the path is found before it is looked at.
        let real = path.replace("{component}", "nobody").replace("{name}", "nobody").replace("{address}", "nobody");
        let real = real.replace("{key}", "k").replace("{function}", "f").replace("{id}", "999");
        for method in ["get", "post", "put", "delete", "patch"] {
            let answer = host.ask(method, &real);
            let is_there = methods(item).contains(&method);
            assert!(
                !is_there || !["no-such-path", "no-such-method"].contains(&answer.problem()),
                "{method} {path}: {answer:?}"
            );
            assert!(
                is_there || (answer.status, answer.problem()) == (405, "no-such-method"),
                "{method} {path}: {answer:?}"
            );
        }
        for method in methods(item) {
            let operation = &item[method];
            let is_open = operation["tags"] == json!(["open"]);
            assert_eq!(operation["security"].is_array(), !is_open, "{method} {path}");
            assert!(operation["summary"].as_str().is_some_and(|words| !words.is_empty()), "{method} {path}");
            assert!(operation["responses"]["default"].is_object(), "{method} {path}");
            assert_eq!(host.ask_unknown(method, &real).status == 401, !is_open, "{method} {path} without a token");
        }
    }
    assert_eq!(host.ask("get", "/v1/nowhere").problem(), "no-such-path");
}

/// The named schemas, such that nothing is allowed in an object that they do not name; but for those that are parts of
/// others, which know the rest, and for problems, which say more where there is more.
fn closed(document: &Value) -> Value {
    let mut schemas = document["components"]["schemas"].clone();
    let text = document.to_string();
    let is_part = |name: &str| text.contains(&format!("\"allOf\":[{{\"$ref\":\"#/components/schemas/{name}\""));
    for (name, schema) in schemas.as_object_mut().expect("schemas") {
        if name != "Problem" && !is_part(name) {
            close(schema);
        }
    }
    json!({ "schemas": schemas })
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.iter_mut().filter(|(name, _)| *name != "allOf").for_each(|(_, part)| close(part));
            if members.get("properties").is_some_and(Value::is_object) || members.contains_key("allOf") {
                members.insert("unevaluatedProperties".into(), json!(false));
            }
        }
        Value::Array(parts) => parts.iter_mut().for_each(close),
        _ => {}
    }
}

/// Whether it is as the schema of the answer to this operation says, and nothing more.
fn check(document: &Value, method: &str, path: &str, status: &str, media: &str, value: &Value) {
    let schema = &document["paths"][path][method]["responses"][status]["content"][media]["schema"];
    assert!(schema.is_object(), "{method} {path} {status} has no schema for {media}");
    let whole = json!({ "allOf": [schema], "components": closed(document) });
    let validator = jsonschema::draft202012::new(&whole).expect("a schema");
    let wrong: Vec<_> = validator.iter_errors(value).map(|e| format!("{} at {}", e, e.instance_path())).collect();
    assert!(wrong.is_empty(), "{method} {path}: {wrong:?} in {value}");
}

#[test]
fn answers_are_as_the_document_says() {
    let host = Host::start();
    let document = document(&host);
    let check = |method, path, status, value: &Value| check(&document, method, path, status, "application/json", value);
    host.drop_in("counter", "counter-v1").settled();
    host.drop_in("stranger", "stranger").settled();
    host.call("counter", "increment", json!([5]));
    check("post", "/v1/deploy", "202", &host.deploy("counter", &bytes("counter-v2")).body);
    host.receipt_after("counter", 2);
    let same = host.deploy("counter", &bytes("counter-v2"));
    check("post", "/v1/deploy", "200", &same.body);
    let settled = host.post("/v1/deploy?component=other&wait=60s", &bytes("counter-v1"));
    assert_eq!(settled.body["outcome"], "settled", "{settled:?}");
    check("post", "/v1/deploy", "200", &settled.body);
    // Refused, with words about an actor.
    host.post("/v1/deploy?component=counter&wait=60s", &bytes("counter-change-errs"));
    host.post("/v1/actors/other/restart", b"");

    for (path, real) in [
        ("/v1/components", "/v1/components"),
        ("/v1/components/{name}", "/v1/components/counter"),
        ("/v1/components/{name}", "/v1/components/stranger"),
        ("/v1/actors", "/v1/actors"),
        ("/v1/upgrades", "/v1/upgrades"),
        ("/v1/upgrades/{id}", "/v1/upgrades/1"),
        ("/v1/events", "/v1/events?since=0"),
    ] {
        let answer = host.get(real);
        assert_eq!(answer.status, 200, "{real}: {answer:?}");
        check("get", path, "200", &answer.body);
    }
    let state = host.get_as("/v1/actors/counter/state", "application/json");
    check("get", "/v1/actors/{address}/state", "200", &state.body);
    host.drop_in("timer", "timer").settled();
    let status = host.get("/v1/actors/timer/status");
    check("get", "/v1/actors/{address}/status", "200", &status.body);
    let problems = [
        ("post", "/v1/call/{component}/{function}", host.try_call("nobody", "get", json!([]))),
        ("post", "/v1/call/{component}/{function}", host.try_call("counter", "increment", json!(["x"]))),
        ("get", "/v1/upgrades/{id}", host.get("/v1/upgrades/999")),
        ("get", "/v1/actors", host.ask_unknown("get", "/v1/actors")),
        ("post", "/v1/deploy", host.deploy("X", b"")),
    ];
    for (method, path, answer) in problems {
        assert!(answer.status >= 400, "{answer:?}");
        self::check(&document, method, path, "default", "application/problem+json", &answer.body);
    }
}
