//! How often requests are repeated and how long they may take: `max_retries`, `pipeline_config` and `reader_config`.

use std::time::Duration;

use super::value::time;
use crate::error::Result;
use crate::retry::{Jitter, Policy};
use crate::yaml::{Fields, Unknown};

/// When a request is repeated, and when it has taken too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Retries {
    /// How often a request is repeated whose failure may pass.
    pub(in super::super) most: u32,
    /// How long one try may take until its answer begins.
    pub(in super::super) try_timeout: Option<Duration>,
    first_delay: Duration,
    longest_delay: Duration,
}

/// As often as Azure's own client does by default.
const MOST: u32 = 3;

/// Nobody gains from more: a run repeats above this, too.
const MOST_OF_ALL: u32 = 100;

/// Requests are repeated above this too, so that patience is short here unless something else is asked for.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(2);

impl Retries {
    /// The settings, and what is wrong with them in the words of Thanos.
    pub(super) fn parse(
        fields: &mut Fields<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(Self, Vec<&'static str>)> {
        let mut faults = Vec::new();
        let all = fields.i64("max_retries")?.unwrap_or(0);
        let (mut tries, mut try_timeout, mut first, mut longest) = (0, None, None, None);
        if let Some(node) = fields
            .take("pipeline_config")
            .filter(|node| !node.is_null())
        {
            let at = "config.pipeline_config";
            let mut pipeline = node.fields(at, Unknown::Refuse)?;
            tries = pipeline.i64("max_tries")?.unwrap_or(0);
            try_timeout = time(&mut pipeline, at, "try_timeout")?;
            first = time(&mut pipeline, at, "retry_delay")?;
            longest = time(&mut pipeline, at, "max_retry_delay")?;
            pipeline.finish()?;
        }
        if tries < 0 {
            faults.push(
                "The value of max_tries must be greater than or equal to 0 in the config file",
            );
        }
        if let Some(node) = fields.take("reader_config").filter(|node| !node.is_null()) {
            let mut reader = node.fields("config.reader_config", Unknown::Refuse)?;
            let reads = reader.i64("max_retry_requests")?.unwrap_or(0);
            reader.finish()?;
            if reads < 0 {
                faults.push("The value of max_retry_requests must be greater than or equal to 0 in the config file");
            } else if reads > 0 {
                warnings.push("config.reader_config.max_retry_requests has no effect here: a read that breaks off is repeated as the run repeats everything".to_owned());
            }
        }
        // As in Thanos, the general value counts where the particular one is not given.
        let tries = if tries == 0 { all.max(0) } else { tries };
        let most = match u32::try_from(tries) {
            Ok(0) => MOST,
            Ok(tries) => tries.min(MOST_OF_ALL),
            Err(_) => MOST_OF_ALL,
        };
        let first_delay = first.unwrap_or(FIRST_DELAY);
        Ok((
            Self {
                most,
                try_timeout,
                first_delay,
                longest_delay: longest.unwrap_or(LONGEST_DELAY).max(first_delay),
            },
            faults,
        ))
    }

    /// When requests are repeated at most `most` times.
    pub(in super::super) fn policy(self, most: u32) -> Policy {
        Policy {
            max_retries: most,
            initial_backoff: self.first_delay,
            max_backoff: self.longest_delay,
            jitter: Jitter::Half,
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::yaml;

    fn parsed(text: &str) -> (Retries, Vec<&'static str>) {
        let node = yaml::parse(text).unwrap().unwrap();
        let mut fields = node.fields("config", Unknown::Refuse).unwrap();
        Retries::parse(&mut fields, &mut Vec::new()).unwrap()
    }

    /// S-3.24: a longest delay that is shorter than the first one is not taken at its word.
    #[test]
    fn requests_are_repeated_as_thanos_configuration_says() {
        for (text, most, first, longest) in [
            ("{}", 3, 100, 2000),
            ("{max_retries: 7}", 7, 100, 2000),
            ("{max_retries: -7}", 3, 100, 2000),
            (
                "{max_retries: 7, pipeline_config: {max_tries: 2}}",
                2,
                100,
                2000,
            ),
            ("{pipeline_config: {max_tries: 2000000}}", 100, 100, 2000),
            ("{pipeline_config: {retry_delay: 5s}}", 3, 5000, 5000),
            (
                "{pipeline_config: {retry_delay: 5s, max_retry_delay: 1s}}",
                3,
                5000,
                5000,
            ),
            (
                "{pipeline_config: {retry_delay: 0s, max_retry_delay: 1m}}",
                3,
                100,
                60_000,
            ),
            ("{pipeline_config: , reader_config: }", 3, 100, 2000),
        ] {
            let (retries, faults) = parsed(text);
            assert_eq!(retries.most, most, "{text}");
            assert_eq!(retries.first_delay, Duration::from_millis(first), "{text}");
            assert_eq!(
                retries.longest_delay,
                Duration::from_millis(longest),
                "{text}"
            );
            assert!(faults.is_empty());
        }
        let (_, faults) =
            parsed("{pipeline_config: {max_tries: -1}, reader_config: {max_retry_requests: -1}}");
        assert_eq!(faults.len(), 2);
        let (retries, _) = parsed("{pipeline_config: {try_timeout: 30s}}");
        assert_eq!(retries.try_timeout, Some(Duration::from_secs(30)));
    }
}
