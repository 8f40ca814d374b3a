//! `call`: one call, arguments in WAVE or JSON.

use clap::Args;
use ureq::Body;
use ureq::http::{Method, Response};

use super::client::{Client, escape};
use super::{Exit, Failure, Reach, out};
use crate::http::{MEDIA_WAVE, OUTCOME};

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
            return answered(client.send(Method::POST, &path, &headers, Some(body.as_bytes()))?);
        }
        headers.extend([("content-type", MEDIA_WAVE), ("accept", MEDIA_WAVE)]);
        let body = serde_json::to_vec(&self.args).map_err(anyhow::Error::from)?;
        answered(client.send(Method::POST, &path, &headers, Some(&body))?)
    }
}

/// Prints the answer as it came.
fn answered(mut response: Response<Body>) -> Result<Exit, Failure> {
    let is_err = response.headers().get(OUTCOME).is_some_and(|outcome| outcome == "err");
    let text = response.body_mut().with_config().limit(1 << 30).read_to_string();
    let text = text.map_err(|e| Failure::new(Exit::Error, format!("the host's answer is not text: {e}")))?;
    if !text.is_empty() {
        out::line(text);
    }
    Ok(if is_err { Exit::GuestErr } else { Exit::Done })
}
