//! How each bulk copier wants an object named, and which names and sizes it cannot carry. Pure: text in, a line or a reason out.

use super::place::Place;
use crate::bucket::Location;
use crate::error::{Error, Result};

/// The copiers whose manifests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// S3 Batch Operations, `S3BatchOperations_CSV_20180820` with the fields `Bucket` and `Key`.
    S3Batch,
    /// Google's Storage Transfer Service.
    StorageTransfer,
    /// AWS `DataSync`.
    DataSync,
    /// `rclone --files-from-raw`.
    Rclone,
    /// `azcopy --list-of-files`.
    AzCopy,
    /// `s3-dist-cp --srcPrefixesFile`, and what else takes full URIs.
    DistCp,
}

/// Why an object is not in a manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LeftOut {
    /// The copier takes no object of that size.
    TooLarge,
    /// There is no line that the copier reads as this name.
    Name,
}

impl LeftOut {
    /// In words.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            LeftOut::TooLarge => "S3 Batch Operations copies up to 5 GB",
            LeftOut::Name => "their names cannot be written in this format",
        }
    }
}

/// What S3 Batch Operations copies. Amazon says 5 GB and does not say which; this is the smaller one.
const LARGEST_OF_S3_BATCH: u64 = 5_000_000_000;

impl Format {
    /// Refuses buckets between which a copier of that kind cannot copy, or only to other names than a run looks for.
    pub fn fits(self, source: &Location, target: &Location) -> Result<()> {
        let (source, target) = (Place::of(source), Place::of(target));
        if self != Format::S3Batch {
            return Ok(());
        }
        if source.bucket().is_empty() || target.bucket().is_empty() {
            return Err(Error::usage(
                "\"s3-batch\": expected another format, for S3 Batch Operations copies between buckets in S3 alone",
            ));
        }
        let below = target.prefix().strip_suffix(source.prefix());
        let fits = below.is_some_and(|rest| {
            rest.is_empty() || rest.ends_with('/') || source.prefix().is_empty()
        });
        if fits {
            return Ok(());
        }
        Err(Error::usage(format!(
            "\"s3-batch\": S3 Batch Operations keeps whole keys and puts TargetKeyPrefix before them: expected a target whose prefix ends with the source's, which is {:?}",
            source.prefix()
        )))
    }

    /// The line, without its end, for the object of that name below the source's prefix.
    pub(super) fn line(
        self,
        source: &Place,
        name: &str,
        size_bytes: u64,
    ) -> Result<String, LeftOut> {
        if self == Format::S3Batch && size_bytes > LARGEST_OF_S3_BATCH {
            return Err(LeftOut::TooLarge);
        }
        if !self.carries(name) {
            return Err(LeftOut::Name);
        }
        Ok(match self {
            Format::S3Batch => {
                let key = escaped(&source.key(name));
                format!("{},{key}", escaped(source.bucket()))
            }
            Format::StorageTransfer | Format::DataSync => in_csv(name),
            Format::Rclone | Format::AzCopy => name.to_owned(),
            Format::DistCp => source.uri(name),
        })
    }

    /// Whether there is a line that the copier reads as this name.
    fn carries(self, name: &str) -> bool {
        let is_one_line = !name.contains(char::is_control);
        match self {
            Format::S3Batch => true,
            Format::DataSync | Format::Rclone => is_one_line,
            // How quotes are quoted is not documented.
            Format::StorageTransfer => is_one_line && !name.contains('"'),
            // Blanks at the ends of a line are as good as none to some versions.
            Format::AzCopy => is_one_line && !has_blank_ends(name),
            // Sources may be patterns.
            Format::DistCp => {
                let is_special = |c| matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '^' | '\\');
                is_one_line && !has_blank_ends(name) && !name.contains(is_special)
            }
        }
    }

    /// What the names of its files end with.
    pub(super) fn extension(self) -> &'static str {
        match self {
            Format::S3Batch | Format::StorageTransfer | Format::DataSync => "csv",
            Format::Rclone | Format::AzCopy | Format::DistCp => "txt",
        }
    }
}

/// A field of CSV (RFC 4180), in quotes where it needs them. A blank at an end is kept by them too.
fn in_csv(name: &str) -> String {
    if name.contains([',', '"']) || has_blank_ends(name) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        name.to_owned()
    }
}

fn has_blank_ends(name: &str) -> bool {
    name.trim() != name
}

/// Escaped as in a URL, but for slashes.
fn escaped(text: &str) -> String {
    let escape = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Format; 6] = [
        Format::S3Batch,
        Format::StorageTransfer,
        Format::DataSync,
        Format::Rclone,
        Format::AzCopy,
        Format::DistCp,
    ];

    fn hot() -> Place {
        Place::named("s3://s3.amazonaws.com/hot/a b")
    }

    /// S-11.3
    #[test]
    fn each_copier_reads_the_name_that_was_meant() {
        let none = Err(LeftOut::Name);
        for (name, s3_batch, in_csv_of_google, in_csv_of_amazon, raw, azcopy, uri) in [
            (
                "A/chunks/000001",
                "A/chunks/000001",
                Ok("A/chunks/000001"),
                "A/chunks/000001",
                "A/chunks/000001",
                Ok("A/chunks/000001"),
                Ok("A/chunks/000001"),
            ),
            (
                "A/a, b",
                "A/a%2C%20b",
                Ok("\"A/a, b\""),
                "\"A/a, b\"",
                "A/a, b",
                Ok("A/a, b"),
                Ok("A/a, b"),
            ),
            (
                "A/\"b\"",
                "A/%22b%22",
                none,
                "\"A/\"\"b\"\"\"",
                "A/\"b\"",
                Ok("A/\"b\""),
                Ok("A/\"b\""),
            ),
            (
                "A/100%+#;é",
                "A/100%25%2B%23%3B%C3%A9",
                Ok("A/100%+#;é"),
                "A/100%+#;é",
                "A/100%+#;é",
                Ok("A/100%+#;é"),
                Ok("A/100%+#;é"),
            ),
            (
                "A/a%20b",
                "A/a%2520b",
                Ok("A/a%20b"),
                "A/a%20b",
                "A/a%20b",
                Ok("A/a%20b"),
                Ok("A/a%20b"),
            ),
            (
                "A/end ",
                "A/end%20",
                Ok("\"A/end \""),
                "\"A/end \"",
                "A/end ",
                none,
                none,
            ),
            (
                "A/{1..3}*",
                "A/%7B1..3%7D%2A",
                Ok("A/{1..3}*"),
                "A/{1..3}*",
                "A/{1..3}*",
                Ok("A/{1..3}*"),
                none,
            ),
        ] {
            let lines = ALL.map(|format| format.line(&hot(), name, 1));
            let uri = uri.map(|uri| format!("s3://hot/a b/{uri}"));
            let expected = [
                Ok(format!("hot,a%20b/{s3_batch}")),
                in_csv_of_google.map(str::to_owned),
                Ok(in_csv_of_amazon.to_owned()),
                Ok(raw.to_owned()),
                azcopy.map(str::to_owned),
                uri,
            ];
            assert_eq!(lines, expected, "{name}");
        }
    }

    /// S-11.3: a line that is two is worse than none.
    #[test]
    fn a_name_with_a_line_break_is_left_out_unless_it_is_escaped() {
        for name in ["A/a\nb", "A/a\rb", "A/a\u{85}b", "A/a\tb"] {
            for format in ALL {
                let line = format.line(&hot(), name, 1);
                match format {
                    Format::S3Batch => assert!(line.is_ok_and(|line| line.is_ascii())),
                    _ => assert_eq!(line, Err(LeftOut::Name), "{format:?}"),
                }
            }
        }
    }

    /// S-11.3
    #[test]
    fn what_s3_batch_operations_cannot_copy_is_left_out() {
        for (size_bytes, is_carried) in [(0, true), (5_000_000_000, true), (5_000_000_001, false)] {
            for format in ALL {
                let is_in = format.line(&hot(), "A/index", size_bytes).is_ok();
                assert_eq!(is_in, is_carried || format != Format::S3Batch, "{format:?}");
            }
        }
    }

    /// S-11.3
    #[test]
    fn s3_batch_operations_keep_the_key() {
        for (source, target, fits) in [
            ("s3://e/hot", "s3://e/cold", true),
            ("s3://e/hot", "s3://e/cold/b", true),
            ("s3://e/hot/a", "s3://e/cold/a", true),
            ("s3://e/hot/a", "s3://e/cold/b/a", true),
            ("s3://e/hot/a", "s3://e/cold", false),
            ("s3://e/hot/a", "s3://e/cold/b", false),
            ("s3://e/hot/a", "s3://e/cold/ba", false),
            ("file:///hot", "s3://e/cold", false),
            ("s3://e/hot", "file:///cold", false),
        ] {
            let (from, to) = (Location::named(source), Location::named(target));
            for format in ALL {
                let is_taken = format.fits(&from, &to).is_ok();
                let expected = fits || format != Format::S3Batch;
                assert_eq!(is_taken, expected, "{source} {target}");
            }
        }
    }
}
