//! `call`: one call, arguments in WAVE or JSON.

use clap::Args;
use serde_json::Value;
use ureq::http::Method;

use super::client::{Client, escape};
use super::{Exit, Failure, Reach, out};
use crate::http::MEDIA_WAVE;

/// Calls a function of an actor or a service, and prints its result.
#[derive(Args)]
#[command(
    after_help = "Examples:\n  changeling call counter increment 5\n  changeling call session/alice say '\"hello\"' \
    'some({loud: true})'\n  changeling call counter increment --json '[5]'"
)]
pub struct Call {
    /// An address: a component, or `component/key`.
    address: String,
    /// The function: its name, or `interface.function` where several have it.
    function: String,
    /// Arguments in WAVE (`5`, `"text"`, `{x: 1}`, `some(3)`), or one JSON array with --json.
    #[arg(allow_negative_numbers = true)]
    args: Vec<String>,
    /// How long to wait for the answer.
    #[arg(long, value_name = "TIME", env = "CHANGELING_DEADLINE")]
    deadline: Option<String>,
    #[command(flatten)]
    pub(super) reach: Reach,
}

impl Call {
    /// Makes the call.
    pub fn run(self) -> Result<Exit, Failure> {
        let client = Client::new(&self.reach)?;
        let address: Vec<String> = self.address.split('/').map(escape).collect();
        let path = format!("/v1/call/{}/{}", address.join("/"), escape(&self.function));
        let mut headers = Vec::new();
        if let Some(deadline) = &self.deadline {
            headers.push(("changeling-deadline", deadline.as_str()));
        }
        if self.reach.form.json {
            let body = match self.args.as_slice() {
                [] => "[]",
                [one] => one.as_str(),
                _ => {
                    return Err(Failure::new(
                        Exit::Usage,
                        "with --json the arguments are one JSON array, such as '[1, \"two\"]'",
                    ));
                }
            };
            headers.push(("content-type", "application/json"));
            let answer = client.json(Method::POST, &path, &headers, Some(body.as_bytes()))?;
            out::line(&answer);
            return Ok(if answer.get("err").is_some() && is_result(&answer) { Exit::GuestErr } else { Exit::Done });
        }
        headers.extend([("content-type", MEDIA_WAVE), ("accept", MEDIA_WAVE)]);
        let body = serde_json::to_vec(&self.args).map_err(anyhow::Error::from)?;
        let mut response = client.send(Method::POST, &path, &headers, Some(&body))?;
        let text = response.body_mut().with_config().limit(1 << 30).read_to_string();
        let text = text.map_err(|e| Failure::new(Exit::Error, format!("the host's answer is not text: {e}")))?;
        if !text.is_empty() {
            out::line(&text);
        }
        Ok(if text.starts_with("err(") || text == "err" { Exit::GuestErr } else { Exit::Done })
    }
}

/// Whether it is a `result` in JSON, and not a record that has a field called `err`.
fn is_result(answer: &Value) -> bool {
    answer.as_object().is_some_and(|object| object.len() == 1)
}
