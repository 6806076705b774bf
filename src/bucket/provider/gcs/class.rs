//! Storage classes. Objects of all of them can be read at once.

use crate::bucket::storage_class::Readable;

const KNOWN: [&str; 7] = [
    "STANDARD",
    "NEARLINE",
    "COLDLINE",
    "ARCHIVE",
    "MULTI_REGIONAL",
    "REGIONAL",
    "DURABLE_REDUCED_AVAILABILITY",
];

/// When objects of that class can be read.
pub(super) fn class(name: &str) -> Result<Readable, String> {
    if KNOWN.contains(&name) {
        return Ok(Readable::AtOnce);
    }
    let known = KNOWN.join(", ");
    Err(format!(
        "is none of Google's storage classes: expected one of {known}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.10
    #[test]
    fn every_class_can_be_read_at_once_and_has_a_name_of_googles() {
        for name in KNOWN {
            assert_eq!(class(name), Ok(Readable::AtOnce), "{name}");
        }
        for name in ["", "standard", "GLACIER", "COLD LINE", "ARCHIVE\n"] {
            assert!(class(name).is_err(), "{name}");
        }
    }
}
