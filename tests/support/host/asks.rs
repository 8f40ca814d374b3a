//! What is asked of a host over HTTP, and what it answers.

use std::thread::JoinHandle;

use serde_json::Value;

use super::Host;

/// What HTTP answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its body as JSON; null where it has none.
    pub body: Value,
}

impl Answer {
    /// The last part of a problem's `type`.
    pub fn problem(&self) -> &str {
        self.body["type"].as_str().and_then(|name| name.rsplit(':').next()).unwrap_or_default()
    }
}

impl Host {
    /// Calls a function; its result.
    #[track_caller]
    pub fn call(&self, address: &str, function: &str, args: Value) -> Value {
        let answer = self.try_call(address, function, args);
        assert_eq!(answer.status, 200, "{address} {function}: {}", answer.body);
        answer.body
    }

    /// Calls a function; whatever is answered.
    pub fn try_call(&self, address: &str, function: &str, args: Value) -> Answer {
        let body = serde_json::to_vec(&args).expect("arguments are JSON");
        self.post(&format!("/v1/call/{address}/{function}"), &body)
    }

    /// What `/metrics` says of a figure, by its name and labels.
    pub fn figure(&self, name: &str) -> Option<f64> {
        let text = self.get("/metrics").body;
        let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        text.as_str().expect("a text").lines().find_map(value)
    }

    /// A caller that can be given to a thread.
    pub fn caller(&self) -> impl Fn(&str, &str, Value) -> Answer + Send + 'static {
        self.caller_within("60s")
    }

    /// The same, of one that waits so long.
    pub fn caller_within(&self, deadline: &'static str) -> impl Fn(&str, &str, Value) -> Answer + Send + 'static {
        let (agent, url, token) = (self.agent.clone(), self.url.clone(), self.token.clone());
        move |address, function, args| {
            let request = agent.post(format!("{url}/v1/call/{address}/{function}"));
            let request =
                request.header("authorization", format!("Bearer {token}")).header("changeling-deadline", deadline);
            answer(request.send_json(args))
        }
    }

    /// Calls a function from a thread of its own.
    pub fn calling(&self, address: &str, function: &'static str, args: Value) -> JoinHandle<Answer> {
        let (call, address) = (self.caller(), address.to_owned());
        std::thread::spawn(move || call(&address, function, args))
    }

    /// Sets an actor that rests to a work that takes long, and comes back when it is at it.
    #[track_caller]
    pub fn at_work(&self, address: &str, function: &'static str, args: Value) -> JoinHandle<Answer> {
        self.until("it rests", |host| host.actor(address)["state"] == "idle");
        let work = self.calling(address, function, args);
        self.until("it works", |host| host.actor(address)["state"] == "running");
        work
    }

    /// A reading request.
    pub fn get(&self, path: &str) -> Answer {
        let request = self.agent.get(format!("{}{path}", self.url));
        answer(request.header("authorization", format!("Bearer {}", self.token)).call())
    }

    /// A reading request for an answer of this media type.
    pub fn get_as(&self, path: &str, media: &str) -> Answer {
        let request = self.agent.get(format!("{}{path}", self.url)).header("accept", media);
        answer(request.header("authorization", format!("Bearer {}", self.token)).call())
    }

    /// Somebody who reads from a thread of its own.
    pub fn reader(&self) -> impl Fn(&str) -> Answer + Send + 'static {
        let (agent, url, bearer) = (self.agent.clone(), self.url.clone(), format!("Bearer {}", self.token));
        move |path| answer(agent.get(format!("{url}{path}")).header("authorization", &bearer).call())
    }

    /// Any request, without a body.
    pub fn ask(&self, method: &str, path: &str) -> Answer {
        self.ask_with(method, path, &self.token)
    }

    /// The same from somebody whom it does not know.
    pub fn ask_unknown(&self, method: &str, path: &str) -> Answer {
        self.ask_with(method, path, "unknown")
    }

    fn ask_with(&self, method: &str, path: &str, token: &str) -> Answer {
        let request = ureq::http::Request::builder().method(method.to_uppercase().as_str());
        let request = request.uri(format!("{}{path}", self.url)).header("authorization", format!("Bearer {token}"));
        // A host that refuses before it has read everything closes, and the next one would find that out.
        let request = request.header("connection", "close");
        answer(self.agent.run(request.body(ureq::SendBody::none()).expect("a request")))
    }

    /// A writing request.
    pub fn post(&self, path: &str, body: &[u8]) -> Answer {
        let media = if path.starts_with("/v1/call/") { "application/json" } else { "application/wasm" };
        let request = self.agent.post(format!("{}{path}", self.url)).header("content-type", media);
        answer(request.header("authorization", format!("Bearer {}", self.token)).send(body))
    }

    /// A writing request without a body, from a thread of its own: its status, none where the host ended first.
    pub fn posting(&self, path: &str) -> JoinHandle<Option<u16>> {
        let request = self.agent.post(format!("{}{path}", self.url));
        let request = request.header("authorization", format!("Bearer {}", self.token));
        std::thread::spawn(move || request.send_empty().ok().map(|answer| answer.status().as_u16()))
    }
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.expect("the host answers");
    let status = response.status().as_u16();
    let text = response.body_mut().with_config().limit(1 << 30).read_to_string().expect("the answer is text");
    let body = match text.is_empty() {
        true => Value::Null,
        false => serde_json::from_str(&text).unwrap_or(Value::String(text)),
    };
    Answer { status, body }
}
