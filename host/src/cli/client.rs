//! Speaking to a host over HTTP, like anybody else; and finding it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Map, Value};
use ureq::http::{Method, Request, Response};
use ureq::{Agent, Body, SendBody};

use super::{Exit, Failure, Reach};
use crate::store::{Running, running};

/// A host and how to be let in.
pub struct Client {
    agent: Agent,
    url: String,
    token: Option<String>,
    /// How long one request may take.
    patience: Option<Duration>,
}

impl Client {
    /// The host that the flags name, or the one of the folder.
    pub fn new(reach: &Reach) -> Result<Self, Failure> {
        let config = Agent::config_builder().http_status_as_error(false).timeout_connect(Some(Duration::from_secs(5)));
        let agent = Agent::new_with_config(config.build());
        let given = given_token(reach)?;
        if let Some(url) = &reach.host {
            let token =
                given.or_else(|| status(reach).ok().filter(|status| status.url == *url).map(|status| status.token));
            return Ok(Self { agent, url: url.trim_end_matches('/').to_owned(), token, patience: None });
        }
        let status = status(reach)?;
        Ok(Self { agent, url: status.url, token: given.or(Some(status.token)), patience: None })
    }

    /// The same host, where no request takes longer than this.
    #[must_use]
    pub fn within(&self, patience: Duration) -> Self {
        let (agent, url, token) = (self.agent.clone(), self.url.clone(), self.token.clone());
        Self { agent, url, token, patience: Some(patience) }
    }

    /// Has something done that has no answer but that it is done.
    pub fn ask_for(&self, path: &str) -> Result<(), Failure> {
        self.send(Method::POST, path, &[], None).map(drop)
    }

    /// A request with a JSON answer.
    pub fn json(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Value, Failure> {
        let mut response = self.send(method, path, headers, body)?;
        let read = response.body_mut().with_config().limit(1 << 30).read_json();
        read.map_err(|e| Failure::new(Exit::Error, format!("the host's answer is not JSON: {e}")))
    }

    /// A request; an answer that is a problem becomes a failure.
    pub fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let no_answer = |error: ureq::Error| match error {
            ureq::Error::Timeout(ureq::Timeout::Global) => {
                Failure::new(Exit::TimeOut, format!("the host at {} did not answer in time", self.url))
            }
            error => {
                let sentence = format!("no host answers at {}: {error}; start one with `changeling run`", self.url);
                Failure::new(Exit::NoHost, sentence)
            }
        };
        let body =
            body.map_or(SendBody::none(), |bytes| SendBody::from_owned_reader(std::io::Cursor::new(bytes.to_vec())));
        let request = request.body(body).map_err(|e| Failure::new(Exit::Usage, format!("{}: {e}", self.url)))?;
        let request = self.agent.configure_request(request).timeout_global(self.patience).build();
        let mut response = self.agent.run(request).map_err(no_answer)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        match response.body_mut().read_json::<Map<String, Value>>() {
            Ok(problem) if problem.contains_key("detail") => Err(Failure::of_problem(problem)),
            _ => Err(Failure::new(Exit::Error, format!("{} answered {status}", self.url))),
        }
    }
}

fn given_token(reach: &Reach) -> Result<Option<String>, Failure> {
    match &reach.token_file {
        Some(file) => {
            let text = std::fs::read_to_string(file);
            let text =
                text.map_err(|e| Failure::new(Exit::Error, format!("the token file {}: {e}", file.display())))?;
            Ok(Some(text.trim().to_owned()))
        }
        // Never an argument: arguments are there for every user of the machine to read.
        None => Ok(std::env::var("CHANGELING_TOKEN").ok()),
    }
}

/// What the host of the folder says of itself.
fn status(reach: &Reach) -> Result<crate::store::Status, Failure> {
    let state = match (&reach.state, &reach.dir) {
        (Some(state), _) => state.clone(),
        (None, Some(dir)) => dir.join(".changeling"),
        (None, None) => nearest().ok_or_else(|| {
            let sentence = "no host was found: neither this folder nor one above has a `.changeling`; \
                name one with --dir, --state or --host, or start one with `changeling run`";
            Failure::new(Exit::NoHost, sentence)
        })?,
    };
    match running(&state) {
        Ok(Running::Host(status)) => Ok(status),
        Ok(_) if reach.state.is_some() => {
            let state = state.display();
            let sentence =
                format!("no host keeps its own in {state}; start one with `changeling run DIR --state {state}`");
            Err(Failure::new(Exit::NoHost, sentence))
        }
        Ok(_) => {
            let dir = state.parent().unwrap_or(Path::new(".")).display();
            let hint = format!(
                "if it was started with --state, say --state here, too; else start one with `changeling run {dir}`"
            );
            Err(Failure::new(Exit::NoHost, format!("no host runs on {dir}; {hint}")))
        }
        Err(e) => Err(Failure::new(Exit::NoHost, e.to_string())),
    }
}

/// The nearest `.changeling` upwards.
fn nearest() -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|dir| dir.join(".changeling")).find(|state| state.is_dir())
}

/// A part of a path, escaped.
pub fn escape(text: &str) -> String {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"-._~".contains(b);
    text.bytes().map(|b| if plain(&b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}
