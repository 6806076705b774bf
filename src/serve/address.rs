//! The address that is listened on, as Thanos spells it.

use std::fmt;
use std::str::FromStr;

use crate::error::Error;

/// `HOST:PORT`; without a host every address of the machine, and with port 0 a free port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
}

impl Address {
    /// What to listen at, the first that can be: a name or an IP address, and the port.
    #[must_use]
    pub fn hosts_and_ports(&self) -> Vec<(&str, u16)> {
        match self.host.as_str() {
            // As Go does: every address of both families, or of the one that there is.
            "" => vec![("::", self.port), ("0.0.0.0", self.port)],
            host => vec![(host, self.port)],
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::usage(format!(
                "{text:?}: expected HOST:PORT, such as 127.0.0.1:10922, [::1]:10922 or :10922"
            ))
        };
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let inside = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        let host = match inside {
            Some(inside) if inside.contains(':') => inside,
            None if !host.contains(|c: char| c == ':' || c.is_whitespace() || c == '/') => host,
            _ => return Err(wrong()),
        };
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-23.40
    #[test]
    fn addresses_are_spelled_as_go_spells_them() {
        for (text, expected) in [
            ("127.0.0.1:10922", Some(vec![("127.0.0.1", 10922)])),
            ("localhost:0", Some(vec![("localhost", 0)])),
            (":80", Some(vec![("::", 80), ("0.0.0.0", 80)])),
            ("[::1]:80", Some(vec![("::1", 80)])),
            ("0.0.0.0:80", Some(vec![("0.0.0.0", 80)])),
            ("::1:80", None),
            ("[host]:80", None),
            ("localhost", None),
            ("localhost:", None),
            ("localhost:http", None),
            ("localhost:65536", None),
            ("http://localhost:80", None),
            ("", None),
        ] {
            let address = text.parse::<Address>();
            let address = address.as_ref().ok().map(Address::hosts_and_ports);
            assert_eq!(address, expected, "{text:?}");
        }
    }
}
