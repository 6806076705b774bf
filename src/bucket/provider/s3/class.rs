//! S3's storage classes, by Amazon's names and those of others who speak S3.

use super::endpoint::Endpoint;
use crate::bucket::storage_class::Readable;

/// Amazon's.
const AMAZON: [&str; 11] = [
    "STANDARD",
    "REDUCED_REDUNDANCY",
    "STANDARD_IA",
    "ONEZONE_IA",
    "INTELLIGENT_TIERING",
    "GLACIER_IR",
    "GLACIER",
    "DEEP_ARCHIVE",
    "OUTPOSTS",
    "SNOW",
    "EXPRESS_ONEZONE",
];

/// Classes whose objects have to be restored before anybody can read them.
const ARCHIVES: [&str; 8] = [
    "GLACIER",
    "DEEP_ARCHIVE",
    "ARCHIVE",
    "COLD_ARCHIVE",
    "COLDARCHIVE",
    "DEEP_COLD_ARCHIVE",
    "DEEPCOLDARCHIVE",
    "FREEZER_ARCHIVE",
];

/// What the name of a storage class tells of objects that lie in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Archives {
    /// By Amazon's names it is known which are archives; and whether an object is restored is told where it is asked for.
    Amazons,
    /// Nothing: whoever runs the server gives names, also those of Amazon's archives, to places from which everybody can read.
    Unknown,
}

impl Archives {
    pub(super) fn of(endpoint: &Endpoint) -> Self {
        if endpoint.is_amazon() {
            Archives::Amazons
        } else {
            Archives::Unknown
        }
    }

    /// Whether an object that is listed in that class has to be restored before anybody can read it.
    pub(super) fn holds(self, class: &str) -> bool {
        self == Archives::Amazons && is_archive(class)
    }
}

/// When objects of that class can be read. Servers beside Amazon's have classes of names of their own.
pub(super) fn class(name: &str, endpoint: &Endpoint) -> Result<Readable, String> {
    let is_fit = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || !name.chars().all(is_fit) {
        return Err("is no name of a storage class: expected letters, digits and _".to_owned());
    }
    if is_archive(name) {
        return Ok(Readable::AfterRestore);
    }
    if endpoint.is_amazon() && !AMAZON.contains(&name) {
        let known = AMAZON.join(", ");
        return Err(format!(
            "is none of Amazon's storage classes: expected one of {known}"
        ));
    }
    Ok(Readable::AtOnce)
}

/// Whether objects of that class have to be restored before anybody can read them.
pub(super) fn is_archive(class: &str) -> bool {
    let class = class.replace('-', "_");
    ARCHIVES
        .iter()
        .any(|archive| class.eq_ignore_ascii_case(archive))
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-3.10
    #[test]
    fn classes_are_known_by_what_it_takes_to_read_from_them() {
        let amazon = Endpoint::parse("s3.eu-west-1.amazonaws.com", true).unwrap();
        let other = Endpoint::parse("minio:9000", true).unwrap();
        for (name, at_amazon, elsewhere) in [
            (
                "GLACIER",
                Some(Readable::AfterRestore),
                Some(Readable::AfterRestore),
            ),
            (
                "deep_archive",
                Some(Readable::AfterRestore),
                Some(Readable::AfterRestore),
            ),
            ("GLACIER_IR", Some(Readable::AtOnce), Some(Readable::AtOnce)),
            (
                "INTELLIGENT_TIERING",
                Some(Readable::AtOnce),
                Some(Readable::AtOnce),
            ),
            ("STANDARD-IA", None, Some(Readable::AtOnce)),
            ("standard", None, Some(Readable::AtOnce)),
            ("HDD", None, Some(Readable::AtOnce)),
            ("", None, None),
            ("COLD STORE", None, None),
            ("A\nB", None, None),
        ] {
            assert_eq!(class(name, &amazon).ok(), at_amazon, "{name}");
            assert_eq!(class(name, &other).ok(), elsewhere, "{name}");
        }
    }
}
