//! Times as servers write them: in listings, where RFC 3339 is usual, and in headers, where HTTP has had three forms.

use chrono::{DateTime, NaiveDateTime, Utc};

/// Without a time zone, which is UTC then.
const WITHOUT_ZONE: [&str; 5] = [
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y%m%dT%H%M%SZ",
    "%A, %d-%b-%y %H:%M:%S GMT",
    "%a %b %e %H:%M:%S %Y",
];

/// With one.
const WITH_ZONE: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%z", "%Y-%m-%d %H:%M:%S%.f %z"];

/// Reads a time, in UTC where it has no zone; `None` where its form is not known. Times up to 1970-01-01T00:00:00 are `None` too: they come from
/// clocks that were not set.
pub(crate) fn time(text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    let standard =
        DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_rfc2822(text));
    let zoned = || {
        let mut forms = WITH_ZONE.iter();
        forms.find_map(|form| DateTime::parse_from_str(text, form).ok())
    };
    let bare = || {
        let mut forms = WITHOUT_ZONE.iter();
        forms.find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
    };
    let time = match standard.ok().or_else(zoned) {
        Some(time) => time.to_utc(),
        None => bare()?.and_utc(),
    };
    (time > DateTime::UNIX_EPOCH).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_every_form_that_servers_use() {
        for text in [
            "2015-10-21T07:28:00.000Z",
            "2015-10-21T07:28:00Z",
            "2015-10-21T07:28:00.000000000Z",
            "2015-10-21t07:28:00z",
            " 2015-10-21T07:28:00Z\n",
            "2015-10-21T09:28:00+02:00",
            "2015-10-21T09:28:00+0200",
            "2015-10-21T07:28:00",
            "2015-10-21 07:28:00",
            "2015-10-21 07:28:00 +0000",
            "20151021T072800Z",
            "Wed, 21 Oct 2015 07:28:00 GMT",
            "Wed, 21 Oct 2015 07:28:00 +0000",
            "21 Oct 2015 07:28:00 GMT",
            "Wednesday, 21-Oct-15 07:28:00 GMT",
            "Wed Oct 21 07:28:00 2015",
        ] {
            let found = time(text).map(|time| time.timestamp_millis());
            assert_eq!(found, Some(1_445_412_480_000), "{text}");
        }
        let exact = time("2015-10-21T07:28:00.123Z");
        assert_eq!(exact.map(|time| time.timestamp_subsec_millis()), Some(123));
    }

    #[test]
    fn what_tells_no_time_is_unknown() {
        for text in [
            "",
            "soon",
            "1445412480",
            "2015-10-21",
            "2015-13-21T07:28:00Z",
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00.000Z",
            "Thu, 01 Jan 1970 00:00:00 GMT",
        ] {
            assert_eq!(time(text), None, "{text}");
        }
    }
}
