//! The names by which this host may be asked: its address, loopback's names where it is reached there, and whatever the
//! manifest adds for a proxy in front of it.

use std::net::SocketAddr;

/// Names that mean this host.
#[derive(Debug, Clone)]
pub struct Names {
    /// With the port that is listened on; plain HTTP.
    own: Vec<String>,
    /// From the manifest, in lower case; over TLS, too.
    further: Vec<String>,
}

impl Names {
    /// Of a host that listens at `at`, and that the manifest calls `further`.
    pub fn new(at: SocketAddr, further: Vec<String>) -> Self {
        let port = at.port();
        let mut own = vec![at.to_string()];
        // Who listens everywhere is reached by loopback, too; its other addresses are the manifest's to say.
        if at.ip().is_loopback() || at.ip().is_unspecified() {
            own.extend([format!("127.0.0.1:{port}"), format!("localhost:{port}"), format!("[::1]:{port}")]);
        }
        if port == 80 {
            let plain: Vec<_> = own.iter().filter_map(|name| name.strip_suffix(":80")).map(str::to_owned).collect();
            own.extend(plain);
        }
        Self { own, further }
    }

    /// Whether what a `Host` header says is one of them.
    pub fn is_host(&self, value: &str) -> bool {
        self.own.iter().any(|own| own.eq_ignore_ascii_case(value)) || self.is_further(value)
    }

    /// Whether what an `Origin` header says is a page of this host.
    pub fn is_origin(&self, value: &str) -> bool {
        match value.split_once("://") {
            Some(("http", host)) => self.is_host(host),
            Some(("https", host)) => self.is_further(host),
            _ => false,
        }
    }

    fn is_further(&self, value: &str) -> bool {
        let value = value.to_ascii_lowercase();
        let with_any_port = value.split_once(':').filter(|(_, port)| port.parse::<u16>().is_ok()).map(|(name, _)| name);
        self.further.iter().any(|name| *name == value || Some(name.as_str()) == with_any_port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(at: &str, further: &[&str]) -> Names {
        Names::new(at.parse().unwrap(), further.iter().map(|name| (*name).to_owned()).collect())
    }

    #[test]
    fn a_host_is_asked_by_its_own_names_and_no_other() {
        let ours = names("127.0.0.1:4650", &[]);
        for right in ["127.0.0.1:4650", "localhost:4650", "LOCALHOST:4650", "[::1]:4650"] {
            assert!(ours.is_host(right) && ours.is_origin(&format!("http://{right}")), "{right}");
        }
        let wrong =
            ["", "localhost", "localhost:4651", "evil.example", "127.0.0.1:4650.evil.example", "127.0.0.1:4650@evil"];
        for wrong in wrong {
            assert!(!ours.is_host(wrong) && !ours.is_origin(&format!("http://{wrong}")), "{wrong}");
        }
        for wrong in ["null", "https://localhost:4650", "http://localhost:4650/", "localhost:4650", "file://"] {
            assert!(!ours.is_origin(wrong), "{wrong}");
        }
    }

    #[test]
    fn the_manifest_adds_names_with_any_port_or_with_one() {
        let ours = names("0.0.0.0:4650", &["changeling.example.org", "proxy:8443"]);
        for right in ["changeling.example.org", "Changeling.Example.org:443", "proxy:8443", "localhost:4650"] {
            assert!(ours.is_host(right), "{right}");
        }
        for right in ["https://changeling.example.org", "http://changeling.example.org:8080", "https://proxy:8443"] {
            assert!(ours.is_origin(right), "{right}");
        }
        let wrong = [
            "proxy",
            "proxy:443",
            "example.org",
            "x.changeling.example.org",
            "changeling.example.org.evil",
            "evil@changeling.example.org",
            "changeling.example.org:443@evil",
            "changeling.example.org:x",
            "changeling.example.org/",
            "changeling.example.org#",
            "changeling.example.org:99999999",
        ];
        for wrong in wrong {
            assert!(!ours.is_host(wrong) && !ours.is_origin(&format!("https://{wrong}")), "{wrong}");
        }
    }
}
