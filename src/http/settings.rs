//! `http_config`: how long is waited, and how many connections there are. Zero is Go's word for no limit.

use std::time::Duration;

use super::tls::Tls;
use super::wire::Silence;
use crate::duration;
use crate::error::{Error, Result};
use crate::yaml::{Fields, Unknown, quoted};

#[derive(Debug, Clone)]
pub(crate) struct Http {
    /// How long a connection that nobody uses is kept; `None` for as long as the server keeps it.
    pub(crate) idle_timeout: Option<Duration>,
    response_timeout: Duration,
    connect_timeout: Duration,
    pub(crate) max_idle_per_host: usize,
    pub(crate) max_per_host: Option<usize>,
    pub(crate) tls: Tls,
}

/// How long a request may wait for anything that Go would wait for without a limit.
const LONGEST_WAIT: Duration = Duration::from_mins(4);

/// How long an answer may stand still.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);

/// What Go keeps for each host where nothing is said.
const IDLE_PER_HOST: usize = 2;

const AT: &str = "config.http_config";

impl Http {
    /// How long a connection may take; Go's "no limit" is a long time here.
    pub(crate) fn connect_timeout(&self) -> Duration {
        unless_zero(self.connect_timeout)
    }

    /// How long nothing may happen. An answer that has begun has less reason to pause than one that has not.
    pub(crate) fn silence(&self) -> Silence {
        let before_answer = unless_zero(self.response_timeout);
        Silence {
            before_answer,
            within_answer: before_answer.min(LONGEST_PAUSE),
        }
    }

    /// The same, with a connection that stands within that time, and nothing that is silent for longer than that.
    pub(crate) fn bounded(mut self, connecting: Duration, silence: Duration) -> Self {
        let shorter = |one: Duration, two: Duration| if one.is_zero() { two } else { one.min(two) };
        self.connect_timeout = shorter(self.connect_timeout, connecting);
        self.response_timeout = shorter(self.response_timeout, silence);
        self
    }

    /// The same, with those whom it trusts and as whom it presents itself, and an answer that may take so long to begin.
    pub(crate) fn with(mut self, tls: Tls, before_answer: Duration) -> Self {
        self.tls = tls;
        self.response_timeout = before_answer;
        self
    }

    /// What counts where a section has no such key.
    pub(crate) fn usual() -> Result<Self> {
        let empty = crate::yaml::parse("{}")?;
        let empty = empty.ok_or_else(|| Error::usage(format!("{AT} is missing")))?;
        Self::parse(
            &mut empty.fields("config", Unknown::Refuse)?,
            &mut Vec::new(),
        )
    }

    /// What is unknown in it is what is unknown in the section that it stands in.
    pub(crate) fn parse(fields: &mut Fields<'_>, warnings: &mut Vec<String>) -> Result<Self> {
        Self::parse_beside(fields, warnings, |_, _| Ok(()))
    }

    /// The same, once `other` has taken what this kind of bucket has otherwise than the rest.
    pub(crate) fn parse_beside(
        fields: &mut Fields<'_>,
        warnings: &mut Vec<String>,
        other: impl FnOnce(&mut Fields<'_>, &mut Vec<String>) -> Result<()>,
    ) -> Result<Self> {
        let empty = crate::yaml::parse("{}")?;
        let node = fields.take("http_config").or(empty.as_ref());
        let node = node.ok_or_else(|| Error::usage(format!("{AT} is missing")))?;
        let mut http = node.fields(AT, fields.unknown())?;
        other(&mut http, warnings)?;
        let idle_timeout = time(&mut http, "idle_conn_timeout", 90)?;
        let response_timeout = time(&mut http, "response_header_timeout", 120)?;
        let connect_timeout = time(&mut http, "tls_handshake_timeout", 10)?;
        let _ = time(&mut http, "expect_continue_timeout", 1)?;
        let insecure = http.bool("insecure_skip_verify")?.unwrap_or(false);
        for key in ["max_idle_conns", "disable_compression"] {
            if let Some(node) = http.take(key) {
                let _ = node.string()?;
                warnings.push(format!("{AT}.{key} has no effect here"));
            }
        }
        let max_idle = http.i64("max_idle_conns_per_host")?.unwrap_or(100);
        let max_per_host = http.i64("max_conns_per_host")?.unwrap_or(0);
        let tls = http.take("tls_config");
        let tls = Tls::parse(tls, insecure, fields.unknown(), warnings)?;
        if fields.unknown() == Unknown::Ignore {
            let ignored = |key: &str| format!("unknown key {AT}.{key} is ignored, as Thanos does");
            warnings.extend(http.left().map(ignored));
        }
        http.finish()?;
        Ok(Self {
            idle_timeout: (!idle_timeout.is_zero()).then_some(idle_timeout),
            response_timeout,
            connect_timeout,
            max_idle_per_host: idle_per_host(max_idle),
            max_per_host: usize::try_from(max_per_host).ok().filter(|max| *max > 0),
            tls,
        })
    }
}

fn time(http: &mut Fields<'_>, key: &'static str, default_secs: u64) -> Result<Duration> {
    let Some(text) = http.string(key)? else {
        return Ok(Duration::from_secs(default_secs));
    };
    duration::parse(&text).map_err(|err| match quoted(&text) {
        Some(_) => Error::usage(format!("{AT}.{key}: {err}")),
        None => Error::usage(format!("{AT}.{key}: expected a duration such as 1m30s")),
    })
}

/// In Go zero stands for its default, and less than zero for none.
fn idle_per_host(max: i64) -> usize {
    match max {
        0 => IDLE_PER_HOST,
        max if max < 0 => 0,
        max => usize::try_from(max).unwrap_or(usize::MAX),
    }
}

fn unless_zero(limit: Duration) -> Duration {
    if limit.is_zero() { LONGEST_WAIT } else { limit }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::yaml;

    fn parsed(entry: &str) -> Http {
        let node = yaml::parse(&format!("http_config: {entry}"))
            .unwrap()
            .unwrap();
        let mut fields = node.fields("config", Unknown::Refuse).unwrap();
        Http::parse(&mut fields, &mut Vec::new()).unwrap()
    }

    /// S-3.11
    #[test]
    fn zero_is_no_limit() {
        let default = parsed("{}");
        assert_eq!(default.idle_timeout, Some(Duration::from_secs(90)));
        assert_eq!(default.max_idle_per_host, 100);
        assert_eq!(default.max_per_host, None);
        let none = parsed(
            "{idle_conn_timeout: 0s, response_header_timeout: 0, tls_handshake_timeout: 0s, \
             max_idle_conns_per_host: 0, max_conns_per_host: 0}",
        );
        assert_eq!(none.idle_timeout, None);
        assert_eq!(none.connect_timeout(), LONGEST_WAIT);
        assert_eq!(none.silence().before_answer, LONGEST_WAIT);
        assert_eq!(none.max_idle_per_host, IDLE_PER_HOST);
        assert_eq!(none.max_per_host, None);
        let less = parsed("{max_idle_conns_per_host: -1, max_conns_per_host: -1}");
        assert_eq!((less.max_idle_per_host, less.max_per_host), (0, None));
        assert_eq!(parsed("{max_conns_per_host: 3}").max_per_host, Some(3));
        let (second, minute) = (Duration::from_secs(1), Duration::from_mins(1));
        for (http, expected) in [
            (default.bounded(second, minute), (second, minute)),
            (none.bounded(minute, minute), (minute, minute)),
            (
                parsed("{tls_handshake_timeout: 1s, response_header_timeout: 1m}")
                    .bounded(minute, 2 * minute),
                (second, minute),
            ),
        ] {
            let found = (http.connect_timeout(), http.silence().before_answer);
            assert_eq!(found, expected);
        }
    }
}
