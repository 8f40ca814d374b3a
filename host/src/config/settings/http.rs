//! `[http]` and its tokens: who is listened to, and who may do what.

use changeling_core::declared::Holds;

use super::{DAY, MS, Setting};
use crate::config::value::{Value, Wrong, did_you_mean, nearest};
use crate::config::written::{list, time, tokens, told};
use crate::config::{Http, Right, Token};

pub(in crate::config) const HTTP: &[Setting<Http>] = &[
    Setting {
        name: "listen",
        default: "\"127.0.0.1:4650\"",
        meaning: "Address and port to listen on. Port 0 takes a free one.",
        holds: Holds::Start,
        write: |http| told(format!("\"{}\"", http.listen)),
        read: |http, value| {
            let wanted = "an IP address and a port, such as \"127.0.0.1:4650\"";
            let address = value.text(wanted)?.parse();
            http.listen = address.map_err(|_| value.wrong(format!("it must be {wanted}")))?;
            Ok(())
        },
    },
    Setting {
        name: "expose",
        default: "false",
        meaning: "Consent to listen beyond loopback. Nothing here encrypts: put TLS in front. A grant.",
        holds: Holds::Start,
        write: |http| told(http.expose),
        read: |http, value| value.flag().map(|it| http.expose = it),
    },
    Setting {
        name: "hosts",
        default: "[]",
        meaning: "Further names of this host, as a proxy in front of it passes them on: \"changeling.example.org\". A name \
                  without a port is right with any. A request under any other name is refused. A grant.",
        holds: Holds::AtOnce,
        write: |http| list(&http.hosts),
        read: |http, value| {
            http.hosts = value.list("a list of names")?.map(host_name).collect::<Result<_, _>>()?;
            Ok(())
        },
    },
    Setting {
        name: "open-calls",
        default: "false",
        meaning: "Whether calls need no token. Everything else needs it all the same. A grant.",
        holds: Holds::AtOnce,
        write: |http| told(http.open_calls),
        read: |http, value| value.flag().map(|it| http.open_calls = it),
    },
    Setting {
        name: "tokens",
        default: "{}",
        meaning: "Tokens beside the host's own, each in a table with a name: `[http.tokens.NAME]`. A grant.",
        holds: Holds::AtOnce,
        write: |http| tokens(&http.tokens),
        read: |http, value| {
            for (name, value) in value.table("a table: [http.tokens.NAME]")? {
                http.tokens.insert(name.get_ref().to_string(), token(name.get_ref(), Value(value))?);
            }
            Ok(())
        },
    },
    Setting {
        name: "deadline",
        default: "\"5s\"",
        meaning: "How long a call may take that does not say so itself.",
        holds: Holds::AtOnce,
        write: |http| time(http.deadline),
        read: |http, value| value.duration(MS..=DAY).map(|it| http.deadline = it),
    },
    Setting {
        name: "connections",
        default: "512",
        meaning: "Connections that are open at a time. Past it the one that has been idle longest is closed for a new one.",
        holds: Holds::Start,
        write: |http| told(http.connections),
        read: |http, value| value.count(1..=100_000).map(|it| http.connections = it),
    },
];

/// Settings of one token; it needs them both.
pub(super) const TOKEN: &[Setting<Token>] = &[
    Setting {
        name: "file",
        default: "must be said",
        meaning: "The file with the token, seen from the manifest's folder: one line of 32 characters or more, that only its \
                  owner can read. It is read when the host starts, and with each change of the manifest.",
        holds: Holds::AtOnce,
        write: |token| told(format!("\"{}\"", token.file.display())),
        read: |token, value| {
            token.file = value.text("the name of a file")?.into();
            Ok(())
        },
    },
    Setting {
        name: "may",
        default: "must be said",
        meaning: "What it may be used for: \"calls\"; \"read\", to see what there is and what happened, but for the state of an \
                  actor; \"admin\", everything.",
        holds: Holds::AtOnce,
        write: |token| list(token.may.iter().map(|right| right.word())),
        read: |token, value| {
            let choices = [Right::Calls, Right::Read, Right::Admin].map(|right| (right.word(), right));
            let rights = value.list("a list of \"calls\", \"read\" and \"admin\"")?;
            token.may = rights.map(|right| right.choice(&choices)).collect::<Result<_, _>>()?;
            Ok(())
        },
    },
];

fn token(name: &str, value: Value<'_>) -> Result<Token, Wrong> {
    let mut token = Token::default();
    for (key, value) in value.table("a table with `file` and `may`")? {
        let names = TOKEN.iter().map(|it| it.name);
        let Some(setting) = TOKEN.iter().find(|it| it.name == key.get_ref()) else {
            let hint = nearest(key.get_ref(), names).map_or("; there are file, may".to_owned(), did_you_mean);
            let words = format!("a token has no `{}`{hint}", key.get_ref().escape_debug());
            return Err(Wrong { span: key.span(), words });
        };
        (setting.read)(&mut token, Value(value))
            .map_err(|fault| Wrong { words: format!("`{}`: {}", setting.name, fault.words), ..fault })?;
    }
    if token.file.as_os_str().is_empty() || token.may.is_empty() {
        let words = format!("the token `{}` needs a `file`, and something that it `may`", name.escape_debug());
        return Err(value.wrong(words));
    }
    Ok(token)
}

fn host_name(value: Value<'_>) -> Result<String, Wrong> {
    let wanted =
        "a name such as \"changeling.example.org\", where need be with a port, without https:// and without a path";
    let text = value.text(wanted)?;
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let is_name =
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'));
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    if is_name && is_port { Ok(text.to_ascii_lowercase()) } else { Err(value.wrong(format!("it must be {wanted}"))) }
}
