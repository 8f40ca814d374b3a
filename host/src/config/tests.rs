//! Manifests as people write them, right and wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use changeling_core::declared::Holds;
use changeling_core::policy::{Laggard, Strategy};

use super::*;

fn parsed(text: &str) -> Config {
    Config::parse("changeling.toml", text).unwrap()
}

fn refused(text: &str) -> String {
    Config::parse("changeling.toml", text).unwrap_err().to_string()
}

fn name(text: &str) -> ComponentName {
    ComponentName::new(text).unwrap()
}

#[test]
fn nothing_set_is_every_default() {
    let config = parsed("");
    assert_eq!(config, Config::default());
    let policy = &config.component(&name("any")).policy;
    let ours = Policy { parallel: policy.parallel, verify: policy.verify, ..Policy::default() };
    assert_eq!(*policy, ours, "all others are the core's own");
}

/// The documented defaults are the real ones: written out, they change nothing.
#[test]
fn every_documented_default_is_true_and_every_setting_is_explained() {
    let mut text = String::new();
    for (section, header) in [("host", "host"), ("http", "http"), ("components.NAME", "components.counter")] {
        text.push_str(&format!("[{header}]\n"));
        for it in settings().iter().filter(|it| it.section == section) {
            text.push_str(&format!("{} = {}\n", it.name, it.default));
            assert!(it.meaning.ends_with('.') && it.meaning.len() > 15, "{}", it.name);
        }
    }
    let config = parsed(&text);
    assert_eq!(config.components[&name("counter")], ComponentConfig::default());
    assert_eq!(Config { components: BTreeMap::new(), ..config }, Config::default(), "{text}");
    assert_eq!(settings().len(), 8 + 7 + 2 + 25);
}

#[test]
fn what_is_set_is_what_holds() {
    let config = parsed(
        r#"
        [components.session]
        keyed = true
        on-demand = false
        memory = "32MiB"
        cpu = "250ms"
        log = "1MiB/s"
        verify = "all"
        parallel = 8
        laggards = "kill"
        env = { MODE = "test", "odd name" = "" }

        [defaults]
        strategy = "restart"
        message = "2 KiB"
        drain-timeout = "1m 30s"

        [host]
        memory = "8GiB"
        kept-states = "0B"
        watch = false

        [http]
        listen = "0.0.0.0:0"
        expose = true
        open-calls = true
        hosts = ["Changeling.example.org", "proxy:8443"]
        tokens.ops = { file = "ops.token", may = ["read", "calls"] }
        "#,
    );
    let session = config.component(&name("session"));
    let policy = &session.policy;
    assert!(policy.keyed && !policy.on_demand);
    assert_eq!((policy.verify, policy.parallel, policy.laggards), (Some(Sample::All), 8, Laggard::Kill));
    assert_eq!((session.limits.memory, session.limits.log), (32 << 20, 1 << 20));
    assert_eq!(session.limits.cpu, Duration::from_millis(250));
    assert_eq!(session.env["MODE"], "test");
    for one in [session, config.component(&name("other"))] {
        assert_eq!((one.policy.strategy, one.limits.message), (Strategy::Restart, 2_048));
        assert_eq!(one.policy.drain_timeout, Duration::from_secs(90));
    }
    assert_eq!((config.host.memory.of(1 << 40), config.host.watch), (8 << 30, false));
    assert_eq!((config.host.kept_states, Host::default().kept_states), (0, 256 << 20));
    assert_eq!(Host::default().memory.of(1_000), 700);
    assert!(config.http.open_calls && config.http.may_listen_on(config.http.listen));
    assert_eq!(config.http.hosts, ["changeling.example.org", "proxy:8443"]);
    let token = Token { file: "ops.token".into(), may: [Right::Calls, Right::Read].into() };
    assert_eq!(config.http.tokens, BTreeMap::from([("ops".to_owned(), token)]));
}

#[test]
fn a_wrong_name_is_shown_in_its_place_with_the_nearest_right_one() {
    assert_eq!(
        refused("[components.counter]\nkeyed = true\n\tmemroy = \"32MiB\" # half\n"),
        "changeling.toml:3:2: there is no `memroy` in [components.counter]; did you mean `memory`?\n  \
         |\n3 |  memroy = \"32MiB\" # half\n  |  ^^^^^^"
    );
    let hints = [
        ("[htpp]", "there is no `htpp` at the top of the manifest; did you mean `http`?"),
        ("[http]\nopen_calls = true", "there is no `open_calls` in [http]; did you mean `open-calls`?"),
        ("memory = \"1MiB\"", "there is no `memory` at the top of the manifest; it belongs into [host]"),
        ("[defaults]\nenv = {}", "there is no `env` in [defaults]; it belongs into [components.NAME]"),
        (
            "[http]\nxyzzy = 1",
            "there is no `xyzzy` in [http]; there are listen, expose, hosts, open-calls, tokens, deadline, connections",
        ),
    ];
    for (text, hint) in hints {
        assert!(refused(text).contains(hint), "{}", refused(text));
    }
}

#[test]
fn a_wrong_value_is_shown_with_what_it_must_be() {
    let of = |setting: &str| refused(&format!("[components.c]\n{setting}"));
    let cases = [
        ("memory = 64", "`memory`: it must be a size from \"64KiB\" to \"4GiB\", and is an integer"),
        (
            "memory = \"64MB\"",
            "`memory`: it must be a size from \"64KiB\" to \"4GiB\": a whole number and B, KiB, MiB or GiB",
        ),
        ("memory = \"99999999999999999999GiB\"", "`memory`: it must be a size"),
        ("memory = \"5GiB\"", "`memory`: it must be a size from \"64KiB\" to \"4GiB\"\n"),
        ("cpu = \"soon\"", "`cpu`: it must be a duration from \"10ms\" to \"1h\": expected number"),
        ("cpu = 5", "and is an integer"),
        ("actors = 0", "`actors`: it must be a whole number from 1 to 10000000"),
        ("actors = -1", "`actors`: it must be a whole number from 1"),
        ("keyed = \"yes\"", "`keyed`: it must be true or false, and is a string"),
        ("strategy = \"roling\"", "it must be \"rolling\" or \"restart\"; did you mean `rolling`?"),
        ("verify = \"some\"", "it must be \"all\" or \"none\""),
        ("parallel = 0", "it must be a whole number from 1 to 1024"),
        ("log = \"64KiB\"", "it must be a size a second from \"0B/s\" to \"1GiB/s\""),
        ("env = [1]", "`env`: it must be a table of names and values, and is an array"),
        ("env = { A = 1 }", "`env`: it must be a text, and is an integer"),
        ("env = { \"A=B\" = \"\" }", "has no `=` in it"),
    ];
    for (setting, told) in cases {
        assert!(of(setting).contains(told), "{}", of(setting));
    }
    assert!(refused("[host]\nmemory = \"100%\"").contains("from \"1%\" to \"95%\""));
    assert!(refused("[http]\nlisten = \"localhost\"").contains("an IP address and a port"));
    let http = [
        ("hosts = \"a\"", "`hosts`: it must be a list of names, and is a string"),
        ("hosts = [\"https://a.b\"]", "`hosts`: it must be a name such as \"changeling.example.org\""),
        ("hosts = [\"a:port\"]", "`hosts`: it must be a name"),
        ("tokens.ops = {}", "the token `ops` needs a `file`, and something that it `may`"),
        ("tokens.ops = { file = \"f\", may = [] }", "needs a `file`, and something that it `may`"),
        ("tokens.ops = { file = \"f\", may = [\"reed\"] }", "\"calls\" or \"read\" or \"admin\"; did you mean `read`?"),
        ("tokens.ops = { fiel = \"f\" }", "a token has no `fiel`; did you mean `file`?"),
    ];
    for (setting, told) in http {
        let words = refused(&format!("[http]\n{setting}"));
        assert!(words.contains(told), "{words}");
    }
    assert!(refused("http = 1").contains("it must be a table: [http], and is an integer"));
    assert!(refused("[components]\nc = 1").contains("it must be a table: [components.c]"));
    assert!(refused("[components.My_C]").contains("`My_C` is not a name here"));
}

#[test]
fn the_mark_is_under_the_value_that_is_wrong() {
    let told = refused("[components.c]\nenv = { GOOD = \"1\", BAD = 2 }\n");
    assert!(told.starts_with("changeling.toml:2:27: "), "{told}");
    assert!(told.ends_with(&format!("  | {}^", " ".repeat(26))), "{told}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_in_order() {
    let told = refused("[http]\nlisten = 1\nopen-calls = 2\n[defaults]\nnope = 3\n[components.c]\ncpu = 4\n");
    let places: Vec<_> = told.lines().filter_map(|line| line.strip_prefix("changeling.toml:")).collect();
    let lines: Vec<_> = places.iter().map(|it| it.split(':').next().unwrap()).collect();
    assert_eq!(lines, ["2", "3", "5", "7"]);
}

#[test]
fn broken_syntax_is_told_with_its_place() {
    let told = refused("[http\nlisten = \"x\"\n");
    assert!(told.starts_with("changeling.toml:1:"), "{told}");
    let told = refused("[http]\nlisten = \"a\"\nlisten = \"b\"\n");
    assert!(told.starts_with("changeling.toml:3:1: duplicate key"), "{told}");
    for text in ["\u{1b}[31m", "a = \"\u{1b}\"", "=", "[", "\"", "a.b.c", "[[components]]\n[[components]]"] {
        assert!(!refused(text).contains('\u{1b}'), "{text:?}");
    }
}

#[test]
fn listening_beyond_loopback_needs_consent() {
    let told = refused("[http]\nlisten = \"0.0.0.0:80\"\n");
    assert!(told.starts_with("changeling.toml:2:10: anybody in the network could call"), "{told}");
    for loopback in ["127.0.0.2:1", "[::1]:1"] {
        parsed(&format!("[http]\nlisten = \"{loopback}\""));
    }
}

const GRANTING: &str = "[http]\nopen-calls = true\nexpose = true\nlisten = \"0.0.0.0:80\"\nhosts = [\"a.b\"]\n\
    tokens.ops = { file = \"/ops.token\", may = [\"admin\"] }\n[components.c]\nenv = { A = \"1\" }\n";

#[test]
fn a_manifest_that_others_can_write_grants_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("changeling.toml");
    fs::write(&path, GRANTING).unwrap();
    let load = |mode| {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Config::load(&path).unwrap()
    };
    let (config, notes) = load(0o644);
    assert_eq!((config, notes), (parsed(GRANTING), vec![]));
    for (mode, who) in [(0o664, "its group"), (0o646, "everybody")] {
        let (config, notes) = load(mode);
        assert!(config.component(&name("c")).env.is_empty() && !config.http.open_calls);
        assert_eq!(config.http.listen.to_string(), "127.0.0.1:80");
        assert!(config.http.hosts.is_empty() && config.http.tokens.is_empty());
        let withheld = "withheld: the environment of c, open calls, further tokens, further names of this host, \
                        listening beyond loopback";
        assert!(notes[0].contains(who) && notes[0].ends_with(withheld), "{notes:?}");
    }
    fs::write(&path, "[http]\ntokens.ops = { file = \"ops.token\", may = [\"read\"] }\n").unwrap();
    assert_eq!(load(0o644).0.http.tokens["ops"].file, dir.path().join("ops.token"), "seen from the manifest");
    fs::write(&path, "[defaults]\nkeyed = true\n").unwrap();
    let (config, notes) = load(0o666);
    assert!(config.defaults.policy.keyed && notes.is_empty(), "what grants nothing holds all the same");
}

#[test]
fn no_manifest_is_the_default_and_an_unreadable_one_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("changeling.toml");
    assert_eq!(Config::load(&path).unwrap(), (Config::default(), vec![]));
    let told = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        Config::load(&path).unwrap_err().to_string()
    };
    assert!(told(b"\xff").contains("changeling.toml: stream did not contain valid UTF-8"));
    assert!(told(&vec![b'\n'; 2 << 20]).contains("larger than 1 MiB"));
    assert!(told(b"nope = 1").starts_with("changeling.toml:1:1: there is no `nope`"));
    assert!(Config::load(dir.path()).unwrap_err().to_string().contains("not a regular file"));
}

/// Every setting with another value than its default, as it is written and as it is read.
const OTHERS: &[(&str, &str, &str)] = &[
    ("host", "memory", "\"8GiB\""),
    ("host", "kept-states", "\"1MiB\""),
    ("host", "watch", "false"),
    ("host", "settle", "\"1s 500ms\""),
    ("host", "stalled", "\"3s\""),
    ("host", "rescan", "\"1m\""),
    ("host", "compile-cpu", "\"1m 30s\""),
    ("host", "compile-memory", "\"256MiB\""),
    ("http", "listen", "\"127.0.0.1:1\""),
    ("http", "expose", "true"),
    ("http", "hosts", "[\"proxy:8443\", \"changeling.example.org\"]"),
    ("http", "open-calls", "true"),
    ("http", "tokens", "{ ops = { file = \"ops.token\", may = [\"calls\", \"read\"] } }"),
    ("http", "deadline", "\"1h\""),
    ("http", "connections", "7"),
    ("components.c", "keyed", "true"),
    ("components.c", "on-demand", "false"),
    ("components.c", "actors", "7"),
    ("components.c", "fresh", "true"),
    ("components.c", "memory", "\"65MiB\""),
    ("components.c", "cpu", "\"250ms\""),
    ("components.c", "mailbox", "7"),
    ("components.c", "mailbox-bytes", "\"5000B\""),
    ("components.c", "message", "\"2KiB\""),
    ("components.c", "state", "\"1GiB\""),
    ("components.c", "concurrent-calls", "7"),
    ("components.c", "timers", "0"),
    ("components.c", "log", "\"1MiB/s\""),
    ("components.c", "strategy", "\"restart\""),
    ("components.c", "parallel", "77"),
    ("components.c", "verify", "\"none\""),
    ("components.c", "verify-timeout", "\"2m\""),
    ("components.c", "require-proof", "true"),
    ("components.c", "keep-exports", "[\"demo:c/api\", \"demo:c/more@1.0.0\"]"),
    ("components.c", "save-limit", "\"6s\""),
    ("components.c", "change-budget", "\"11s\""),
    ("components.c", "hold-timeout", "\"6s\""),
    ("components.c", "drain-timeout", "\"1m 30s\""),
    ("components.c", "laggards", "\"refuse\""),
    ("components.c", "env", "{ A = \"1\" }"),
];

/// A change of a token is one of `tokens`.
fn told_alone() -> impl Iterator<Item = SettingDoc> {
    settings().into_iter().filter(|doc| !doc.section.starts_with("http.tokens."))
}

fn other((section, setting, value): &(&str, &str, &str)) -> Config {
    parsed(&format!("[{section}]\n{setting} = {value}\n"))
}

#[test]
fn a_change_is_told_by_its_name_with_both_values_and_nothing_else_is() {
    assert_eq!(OTHERS.len(), told_alone().count());
    for (it, doc) in OTHERS.iter().zip(told_alone()) {
        let (section, setting, value) = *it;
        assert_eq!((setting, section.split('.').next()), (doc.name, doc.section.split('.').next()));
        let changes = Config::default().changes(&other(it));
        let [change] = &changes[..] else { panic!("{setting}: {changes:?}") };
        let to = if setting == "env" { "{ A = … }" } else { value };
        let from = change.from.clone();
        assert_eq!((change.section.as_str(), change.setting.as_str(), change.to.as_str()), (section, setting, to));
        assert!(from == doc.default || doc.default == "\"cores\"", "{setting}: {from}");
        assert_eq!(change.holds, doc.holds);
        let [back] = &other(it).changes(&Config::default())[..] else { panic!("{setting}") };
        assert_eq!((&back.from, &back.to), (&change.to, &from));
        assert_eq!(other(it).changes(&other(it)), []);
    }
}

/// The table says from when on a change holds, and who holds it is the code: this ties them together.
#[test]
fn a_policy_takes_up_what_the_table_says() {
    for (it, doc) in OTHERS.iter().zip(told_alone()).filter(|(it, _)| it.0 == "components.c") {
        let (old, new) = (ComponentConfig::default(), other(it).component(&name("c")).clone());
        let (mut births, mut upgrades) = (old.policy.clone(), old.policy.clone());
        births.take_births(&new.policy);
        upgrades.take_upgrades(&new.policy);
        let changed = (births != old.policy, upgrades != old.policy, old.policy.keyed != new.policy.keyed);
        let is = |holds| doc.holds == holds;
        assert_eq!(changed, (is(Holds::Births), is(Holds::Upgrades), is(Holds::Unpeopled)), "{}", it.1);
        let rest = ComponentConfig { policy: old.policy.clone(), ..new.clone() };
        assert_eq!(rest != old, is(Holds::AtOnce) || is(Holds::Instances), "{}", it.1);
        assert_eq!(new.env != old.env, is(Holds::Instances), "{}", it.1);
    }
}

#[test]
fn defaults_are_told_once_and_components_where_they_differ() {
    let told = |old: &str, new: &str| {
        let changes = parsed(old).changes(&parsed(new));
        changes.iter().map(|it| format!("{}.{} {} {}", it.section, it.setting, it.from, it.to)).collect::<Vec<_>>()
    };
    let old = "[components.a]\ncpu = \"2s\"\n[components.b]\nmailbox = 9\n";
    assert_eq!(told(old, &format!("[defaults]\nmailbox = 5\n{old}")), ["defaults.mailbox 1000 5"]);
    assert_eq!(
        told(old, "[defaults]\nmailbox = 5\n"),
        ["defaults.mailbox 1000 5", "components.a.cpu \"2s\" \"1s\"", "components.b.mailbox 9 5"]
    );
    assert_eq!(told("", "[components.new]\nmailbox = 1000\n"), [""; 0], "as it was");
}

#[test]
fn the_values_of_an_environment_are_told_to_nobody() {
    let of = |value: &str| parsed(&format!("[components.c]\nenv = {{ TOKEN = \"{value}\" }}\n"));
    let changes = of("hush").changes(&of("whisper"));
    let [change] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((change.from.as_str(), change.to.as_str()), ("{ TOKEN = … }", "{ TOKEN = … } with other values"));
    assert!(!format!("{change} {change:?}").contains("hush"));
}

#[test]
fn an_export_to_be_kept_is_an_interface() {
    for wrong in ["\"api\"", "\"demo:c\"", "\"demo:c/\"", "\"demo:c/api#get\"", "7"] {
        let text = format!("[components.c]\nkeep-exports = [{wrong}]\n");
        assert!(refused(&text).starts_with("changeling.toml:2:17: "), "{}", refused(&text));
    }
}
