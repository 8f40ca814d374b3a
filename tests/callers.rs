//! Callers are hostile until they show a token: who may ask what.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::support::Host;
use crate::support::raw::{at, call, head, problem, raw};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

fn forbidden_to(host: &Host, headers: &str) -> bool {
    let request = format!(
        "GET /v1/actors HTTP/1.1\r\n{headers}\r\nAuthorization: Bearer {}\r\nConnection: close\r\n\r\n",
        host.token()
    );
    let (status, body) = raw(host, request.as_bytes());
    if status == 403 {
        assert!(body["detail"].as_str().is_some_and(|why| why.contains("`hosts` under [http]")), "{body}");
    }
    assert!([200, 400, 403].contains(&status), "{headers:?}: {status} {body}");
    status != 200
}

#[test]
fn no_other_site_reaches_the_host_through_a_browser() {
    let host = Host::start();
    let own = at(&host);
    let port = own.rsplit(':').next().expect("a port");
    for right in
        [format!("Host: {own}"), format!("Host: LOCALHOST:{port}"), format!("Host: {own}\r\nOrigin: http://{own}")]
    {
        assert!(!forbidden_to(&host, &right), "{right}");
    }
    let wrong = [
        "Host: evil.example".to_owned(),
        format!("Host: evil.example:{port}"),
        format!("Host: {own}.evil.example"),
        format!("Host: {own}@evil.example"),
        format!("Host: {own}\r\nHost: evil.example"),
        "Host:".to_owned(),
        "X-Forwarded-Host: 127.0.0.1".to_owned(),
        format!("Host: {own}\r\nOrigin: http://evil.example"),
        format!("Host: {own}\r\nOrigin: null"),
        format!("Host: {own}\r\nOrigin: https://{own}"),
        format!("Host: {own}\r\nOrigin: http://{own}\r\nOrigin: http://evil.example"),
        "Host: changeling.example.org".to_owned(),
    ];
    for wrong in wrong {
        assert!(forbidden_to(&host, &wrong), "{wrong}");
    }
    // The request line names a host as well.
    let line = |at: &str| raw(&host, head(&host, &format!("GET http://{at}/v1/actors"), "").as_bytes()).0;
    assert_eq!((line(own), line("evil.example")), (200, 403));
}

#[test]
fn a_proxy_in_front_is_answered_under_the_names_that_the_manifest_gives() {
    let host = Host::with_manifest("[http]\nhosts = [\"changeling.example.org\", \"inner:8443\"]\n");
    let right = [
        "Host: changeling.example.org",
        "Host: changeling.example.org:443",
        "Host: inner:8443",
        "Host: changeling.example.org\r\nOrigin: https://changeling.example.org",
        "Host: changeling.example.org\r\nOrigin: http://changeling.example.org:8080",
    ];
    for right in right {
        assert!(!forbidden_to(&host, right), "{right}");
    }
    for wrong in ["Host: inner", "Host: example.org", "Host: inner:8443\r\nOrigin: https://changeling.example.com"] {
        assert!(forbidden_to(&host, wrong), "{wrong}");
    }
}

fn with_token(host: &Host, token: &str, line: &str) -> (u16, Value) {
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {}\r\n{token}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n[]",
        at(host)
    );
    raw(host, request.as_bytes())
}

#[test]
fn without_a_token_nothing_is_told() {
    let host = Host::start();
    host.drop_in("counter", "counter-v1").settled();
    let own = host.token().to_owned();
    let wrong = [
        "X: y".to_owned(),
        "Authorization: Bearer".to_owned(),
        "Authorization: Bearer ".to_owned(),
        format!("Authorization: Bearer {}", &own[1..]),
        format!("Authorization: Bearer {own}0"),
        format!("Authorization: Bearer {}", own.to_uppercase()),
        format!("Authorization: Basic {own}"),
        format!("Authorization: {own}"),
        format!("Authorization: Bearer {own}\r\nAuthorization: Bearer {own}"),
        format!("Cookie: token={own}"),
    ];
    let lines =
        ["GET /v1/actors", "POST /v1/call/counter/get", "POST /v1/deploy?component=c", "DELETE /v1/components/counter"];
    for wrong in &wrong {
        for line in lines {
            let (status, body) = with_token(&host, wrong, line);
            assert_eq!((status, problem(&body)), (401, "unauthorized"), "{line} with {wrong:?}");
        }
    }
    let (status, _) = with_token(&host, &format!("authorization: bearer {own}"), "POST /v1/call/counter/get");
    assert_eq!(status, 200);
    assert_eq!(with_token(&host, "X: y", "GET /livez").0, 200);
}

#[test]
fn a_token_of_the_manifest_opens_what_it_may_and_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("ops.token");
    std::fs::write(&file, format!("{SECRET}\n")).expect("it is written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).expect("it is ours");
    let host = |may: &str| {
        let host = Host::with_manifest(&format!("[http.tokens.ops]\nfile = {file:?}\nmay = [{may}]\n"));
        host.drop_in("counter", "counter-v1").settled();
        host
    };
    // Reading, calling, and what needs everything.
    let lines =
        ["GET /v1/actors", "POST /v1/call/counter/get", "GET /v1/actors/counter/state", "POST /v1/actors/counter/stop"];
    let asked = |host: &Host| {
        lines.map(|line| {
            let (status, body) = with_token(host, &format!("Authorization: Bearer {SECRET}"), line);
            if status == 403 {
                assert_eq!(problem(&body), "forbidden");
                let detail = body["detail"].as_str().unwrap_or_default();
                assert!(
                    detail.contains("the token `ops` may be used for") && detail.contains("add that to its `may`"),
                    "{detail}"
                );
                assert!(body["may"].is_array() && body["needs"].is_string(), "{body}");
            }
            status
        })
    };
    assert_eq!(asked(&host("\"read\"")), [200, 403, 403, 403]);
    assert_eq!(asked(&host("\"calls\"")), [403, 200, 403, 403]);
    assert_eq!(asked(&host("\"calls\", \"read\"")), [200, 200, 403, 403]);
    assert_eq!(asked(&host("\"admin\"")), [200, 200, 200, 204]);
}

#[test]
fn a_token_file_that_others_can_read_keeps_the_host_from_starting() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("ops.token");
    std::fs::write(&file, SECRET).expect("it is written");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).expect("it is ours");
    std::fs::write(dir.path().join("changeling.toml"), "[http.tokens.ops]\nfile = \"ops.token\"\nmay = [\"read\"]\n")
        .expect("it is written");
    let mut run = std::process::Command::new(crate::support::BINARY)
        .args(["run", "--listen", "127.0.0.1:0"])
        .arg(dir.path())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("it runs");
    let mut told = String::new();
    let mut log = BufReader::new(run.stderr.take().expect("its log")).lines().map_while(Result::ok);
    log.by_ref().take_while(|line| !line.contains("serving")).for_each(|line| told.push_str(&line));
    // Had it started, it would run on.
    _ = run.kill();
    assert_eq!(run.wait().expect("it ends").code(), Some(1), "{told}");
    assert!(
        told.contains("ops.token of the token `ops`: can be read or written by others") && told.contains("chmod 600"),
        "{told}"
    );
}

#[test]
fn a_page_of_another_site_cannot_send_a_form() {
    // Calls need no token here, so that only what the request says of itself is left.
    let host = Host::with_manifest("[http]\nopen-calls = true\n");
    host.drop_in("counter", "counter-v1").settled();
    let forms = [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: text/plain; application/json\r\n",
        "Content-Type: application/jsonp\r\n",
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
    ];
    for form in forms {
        let (status, body) = call(&host, "/v1/call/counter/increment", form, b"[1]");
        assert_eq!((status, problem(&body)), (415, "unsupported-media-type"), "{form:?}");
        let words = body["detail"].as_str().unwrap_or_default();
        assert!(words.contains("application/json") || words.contains("gzip"), "{words}");
    }
    for (right, sum) in
        [("application/json", "1"), ("Application/JSON; charset=utf-8", "2"), ("application/x-wave", "3")]
    {
        let body: &[u8] = if right.ends_with("wave") { b"[\"1\"]" } else { b"[1]" };
        let (status, body) = call(&host, "/v1/call/counter/increment", &format!("Content-Type: {right}\r\n"), body);
        assert_eq!((status, body.to_string().as_str()), (200, sum), "{right}");
    }
    // Nothing to convert, nothing to say of it.
    assert_eq!(call(&host, "/v1/call/counter/get", "", b"").0, 200);
}
