//! Which proxy a request goes through: `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` as Go's `httpproxy` reads them, and so Thanos. Loopback is
//! never sent through one, nor is what a machine asks of its own cloud.

use std::net::IpAddr;
use std::str::FromStr;

use reqwest::header::HeaderMap;

use crate::environment::{Environment, Secret};
use crate::error::{Error, Result};

/// The proxies of an environment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Proxies {
    http: Option<Proxy>,
    https: Option<Proxy>,
    except: Vec<Except>,
    /// Whether requests of this machine to itself go through it, too.
    takes_loopback: bool,
    /// What each is told when it is asked to connect.
    pub(crate) connect_headers: HeaderMap,
}

/// One proxy.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    variable: &'static str,
    /// The whole address, which may hold a password; `None` where the variable is set to no address.
    url: Option<Secret>,
    /// Scheme, host and port.
    shown: String,
}

/// What goes past the proxies.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Except {
    Everything,
    Network(IpAddr, u8),
    Address(IpAddr, Option<u16>),
    /// A name that begins with a dot stands for the names below it.
    Domain {
        below: String,
        itself: bool,
        port: Option<u16>,
    },
}

/// What is expected of a proxy's address.
const EXPECTED: &str = "expected a URL such as http://proxy:3128, with http, https or socks5";

/// What a proxy may be spoken to with.
const SCHEMES: [&str; 4] = ["http", "https", "socks5", "socks5h"];

impl Proxies {
    /// Variables in capitals come first, and an empty one counts as not set.
    pub(crate) fn of(environment: &Environment) -> Self {
        let first = |names: [&'static str; 2]| {
            names.into_iter().find_map(|name| {
                let value = environment.get(name).filter(|value| !value.is_empty())?;
                Some((name, value))
            })
        };
        let no_proxy = first(["NO_PROXY", "no_proxy"]).map_or("", |(_, value)| value);
        Self {
            http: first(["HTTP_PROXY", "http_proxy"]).map(Proxy::new),
            https: first(["HTTPS_PROXY", "https_proxy"]).map(Proxy::new),
            except: no_proxy.split(',').filter_map(Except::parse).collect(),
            takes_loopback: false,
            connect_headers: HeaderMap::new(),
        }
    }

    /// The one at that address, which `key` names, for everything but what `no_proxy` lists. As for Prometheus nothing goes past it, not even
    /// loopback, where that lists nothing.
    ///
    /// Errors: it is no address of a proxy.
    pub(crate) fn one(key: &'static str, address: &str, no_proxy: &str) -> Result<Self> {
        let proxy = Proxy::new((key, address));
        if proxy.url.is_none() {
            return Err(Error::usage(format!("{key}: {EXPECTED}")));
        }
        Ok(Self {
            http: Some(proxy.clone()),
            https: Some(proxy),
            except: no_proxy.split(',').filter_map(Except::parse).collect(),
            takes_loopback: no_proxy.is_empty(),
            connect_headers: HeaderMap::new(),
        })
    }

    /// The proxy for requests to that URL; `None` where they go directly.
    pub(crate) fn of_url(&self, url: &reqwest::Url) -> Option<&Proxy> {
        self.of_host(url.scheme(), url.host_str()?, url.port())
    }

    /// The same, for an address in pieces.
    fn of_host(&self, scheme: &str, host: &str, port: Option<u16>) -> Option<&Proxy> {
        let proxy = match scheme {
            "https" => self.https.as_ref()?,
            _ => self.http.as_ref()?,
        };
        let port = port.unwrap_or(if scheme == "https" { 443 } else { 80 });
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let is_here = |address: IpAddr| match address.to_canonical() {
            // Where machines in a cloud ask for their own credentials: a proxy would give its own.
            IpAddr::V4(address) => address.is_loopback() || address.is_link_local(),
            IpAddr::V6(address) => address.is_loopback(),
        };
        let is_here = host == "localhost" || address.is_some_and(is_here);
        let is_past = is_here && !self.takes_loopback
            || self
                .except
                .iter()
                .any(|except| except.holds(&host, address, port));
        (!is_past).then_some(proxy)
    }
}

impl Proxy {
    fn new((variable, value): (&'static str, &str)) -> Self {
        let parse = |text: &str| {
            let url = reqwest::Url::parse(text).ok()?;
            (SCHEMES.contains(&url.scheme()) && url.has_host()).then_some(url)
        };
        // Go takes host:port too.
        let is_plain = !value.contains(|c: char| c.is_control() || c == ' ');
        let url = parse(value)
            .or_else(|| parse(&format!("http://{value}")).filter(|_| !value.contains("://")))
            .filter(|_| is_plain);
        let shown = url.as_ref().map(|url| {
            let host = url.host_str().unwrap_or_default();
            let port = url
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            format!("{}://{host}{port}", url.scheme())
        });
        Self {
            variable,
            url: url.map(|url| Secret::new(url.to_string())),
            shown: shown.unwrap_or_default(),
        }
    }

    /// Its address, with whatever it has to be told; an error where the variable holds none.
    pub(crate) fn url(&self) -> Result<&Secret> {
        self.url.as_ref().ok_or_else(|| {
            Error::usage(format!(
                "environment variable {}: {EXPECTED}",
                self.variable
            ))
        })
    }

    /// Its address without user and password, and the variable that names it.
    pub(crate) fn told(&self) -> String {
        format!("{}, which {} names", self.shown, self.variable)
    }
}

impl Except {
    fn parse(entry: &str) -> Option<Self> {
        let entry = entry.trim().to_ascii_lowercase();
        if entry == "*" {
            return Some(Self::Everything);
        }
        if let Some((address, length)) = entry.split_once('/')
            && let Ok(address) = IpAddr::from_str(address)
            && let Ok(length) = length.parse()
        {
            return Some(Self::Network(address, length));
        }
        if let Ok(address) = IpAddr::from_str(entry.trim_matches(['[', ']'])) {
            return Some(Self::Address(address, None));
        }
        let (host, port) = match entry.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (entry.as_str(), None),
        };
        if let Ok(address) = IpAddr::from_str(host.trim_matches(['[', ']'])) {
            return Some(Self::Address(address, port));
        }
        let host = host
            .strip_prefix('*')
            .filter(|rest| rest.starts_with('.'))
            .unwrap_or(host);
        let itself = !host.starts_with('.');
        (!host.is_empty()).then(|| Self::Domain {
            below: if itself {
                format!(".{host}")
            } else {
                host.to_owned()
            },
            itself,
            port,
        })
    }

    fn holds(&self, host: &str, address: Option<IpAddr>, port: u16) -> bool {
        match self {
            Self::Everything => true,
            Self::Network(network, length) => {
                address.is_some_and(|address| is_within(address, *network, *length))
            }
            Self::Address(excepted, of_port) => {
                address.is_some_and(|address| address.to_canonical() == excepted.to_canonical())
                    && of_port.is_none_or(|of_port| of_port == port)
            }
            Self::Domain {
                below,
                itself,
                port: of_port,
            } => {
                address.is_none()
                    && (host.ends_with(below.as_str())
                        || *itself && below.strip_prefix('.') == Some(host))
                    && of_port.is_none_or(|of_port| of_port == port)
            }
        }
    }
}

/// Whether the first bits of both addresses are the same.
fn is_within(address: IpAddr, network: IpAddr, length: u8) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (u128::from(u32::from(address)) << 96, 32),
        IpAddr::V6(address) => (u128::from(address), 128),
    };
    let address = if network.is_ipv4() {
        address.to_canonical()
    } else {
        address
    };
    let ((one, of), (other, of_network)) = (bits(address), bits(network));
    let shift = 128 - u32::from(length);
    of == of_network
        && u32::from(length) <= of
        && one.checked_shr(shift).unwrap_or(0) == other.checked_shr(shift).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Proxies {
        let variables = variables.iter();
        let variables = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Proxies::of(&variables.collect())
    }

    /// S-6.16: the table that Go's `httpproxy` is tested with, and more of its kind.
    #[test]
    fn hosts_go_past_proxies_as_they_do_in_go() {
        let through = |no_proxy: &str, scheme, host, port| {
            let proxies = proxies(&[
                ("HTTP_PROXY", "http://proxy:3128"),
                ("HTTPS_PROXY", "http://proxy:3129"),
                ("NO_PROXY", no_proxy),
            ]);
            let proxy = proxies.of_host(scheme, host, port);
            proxy.map(|proxy| proxy.shown.clone())
        };
        let listed = "foobar.com, .barbaz.net, 192.168.1.1, 192.168.1.2:81, 192.168.1.3:80, 10.0.0.0/30, 2001:db8::52:0:1, \
             [2001:db8::52:0:2]:443, [2001:db8::52:0:3]:80, 2002:db8:a::45/64, *.wild.org, ports.com:9000, :80, ,bad:port";
        for (host, port, is_past) in [
            ("localhost", None, true),
            ("LOCALHOST", Some(9000), true),
            ("127.0.0.1", None, true),
            ("127.0.0.2", None, true),
            ("[::1]", None, true),
            ("::1", Some(9000), true),
            ("[::2]", None, false),
            ("169.254.169.254", None, true),
            ("[::ffff:127.0.0.1]", None, true),
            ("192.168.1.1", None, true),
            ("192.168.1.2", Some(80), false),
            ("192.168.1.2", Some(81), true),
            ("192.168.1.3", Some(80), true),
            ("192.168.1.4", None, false),
            ("192.168.1.100", None, false),
            ("10.0.0.2", None, true),
            ("10.0.0.4", None, false),
            ("[2001:db8::52:0:1]", None, true),
            ("[2001:db8::52:0:2]", Some(443), true),
            ("[2001:db8::52:0:3]", Some(443), false),
            ("[2002:db8:a::123]", None, true),
            ("[2002:db8:b::123]", None, false),
            ("www.barbaz.net", None, true),
            ("barbaz.net", None, false),
            ("foobar.com", None, true),
            ("www.foobar.com", None, true),
            ("FooBar.com", None, true),
            ("foofoobar.com", None, false),
            ("baz.com", None, false),
            ("a.wild.org", None, true),
            ("wild.org", None, false),
            ("ports.com", Some(9000), true),
            ("ports.com", None, false),
            ("localhost.net", None, false),
        ] {
            let found = through(listed, "https", host, port);
            assert_eq!(found.is_none(), is_past, "{host} {port:?}");
        }
        assert_eq!(
            through("", "https", "s3.example.com", None).unwrap(),
            "http://proxy:3129"
        );
        assert_eq!(
            through("", "http", "s3.example.com", None).unwrap(),
            "http://proxy:3128"
        );
        assert_eq!(through(" * ", "http", "s3.example.com", None), None);
    }

    #[test]
    fn variables_are_read_as_go_reads_them() {
        for (variables, scheme, expected) in [
            (
                &[("http_proxy", "proxy:1")] as &[(&str, &str)],
                "http",
                Some("http://proxy:1"),
            ),
            (
                &[("http_proxy", "a:1"), ("HTTP_PROXY", "b:1")],
                "http",
                Some("http://b:1"),
            ),
            (
                &[("HTTP_PROXY", ""), ("http_proxy", "a:1")],
                "http",
                Some("http://a:1"),
            ),
            (&[("HTTP_PROXY", "a:1")], "https", None),
            (&[("ALL_PROXY", "a:1")], "https", None),
            (
                &[("https_proxy", "https://a:1")],
                "https",
                Some("https://a:1"),
            ),
            (
                &[("HTTPS_PROXY", "socks5://a:1")],
                "https",
                Some("socks5://a:1"),
            ),
            (&[("HTTPS_PROXY", "proxy")], "https", Some("http://proxy")),
        ] {
            let proxies = proxies(variables);
            let found = proxies.of_host(scheme, "s3.example.com", None);
            assert_eq!(
                found.map(|proxy| proxy.shown.as_str()),
                expected,
                "{variables:?}"
            );
            assert!(found.is_none_or(|proxy| proxy.url().is_ok()));
        }
    }

    /// S-2.6, S-3.7
    #[test]
    fn a_proxy_is_told_without_its_password_and_refused_where_it_is_none() {
        let proxy = proxies(&[("HTTPS_PROXY", "http://hunter1:hunter2@proxy:3128")]);
        let proxy = proxy.of_host("https", "s3.example.com", None).unwrap();
        assert_eq!(proxy.told(), "http://proxy:3128, which HTTPS_PROXY names");
        assert!(proxy.url().unwrap().expose().contains("hunter2"));
        assert!(!format!("{proxy:?}").contains("hunter2"));
        for value in [
            "http://hunter2:x y",
            "ftp://hunter2",
            "http://hunter2\n",
            "://",
            "http://",
            "\n",
            "a b:1",
        ] {
            let proxies = proxies(&[("HTTPS_PROXY", value)]);
            let proxy = proxies.of_host("https", "s3.example.com", None).unwrap();
            let err = proxy.url().unwrap_err().to_string();
            assert!(
                err.contains("HTTPS_PROXY") && !err.contains("hunter2"),
                "{err}"
            );
            assert!(proxies.of_host("https", "127.0.0.1", None).is_none());
        }
    }
}
