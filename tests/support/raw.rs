//! Requests as bytes, from whoever speaks no HTTP or bad HTTP.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::Host;

/// Answered within that, or not at all.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A connection of its own.
pub fn connect(host: &Host) -> TcpStream {
    let stream = TcpStream::connect(at(host)).expect("the host listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out");
    stream
}

/// Its address and port.
pub fn at(host: &Host) -> &str {
    host.url().trim_start_matches("http://")
}

/// What is answered to these bytes: the status, and the problem's name where it is one.
pub fn raw(host: &Host, request: &[u8]) -> (u16, Value) {
    let mut stream = connect(host);
    // It may answer, and close, before it has read everything.
    _ = stream.write_all(request);
    answer(stream)
}

/// The one answer that comes on this connection, or was cut to nothing.
pub fn answer(mut stream: TcpStream) -> (u16, Value) {
    let mut bytes = Vec::new();
    _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

/// The last part of a problem's `type`.
pub fn problem(body: &Value) -> &str {
    body["type"].as_str().and_then(|name| name.rsplit(':').next()).unwrap_or_default()
}

/// The head of a request on a connection of its own, with the host's token.
pub fn head(host: &Host, line: &str, more: &str) -> String {
    let (at, token) = (at(host), host.token());
    format!("{line} HTTP/1.1\r\nHost: {at}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n{more}\r\n")
}

/// A call with these headers and this body.
pub fn call(host: &Host, path: &str, headers: &str, body: &[u8]) -> (u16, Value) {
    let more = format!("Content-Length: {}\r\n{headers}", body.len());
    raw(host, &[head(host, &format!("POST {path}"), &more).as_bytes(), body].concat())
}
