//! Storage tiers, which is what Oracle calls storage classes.

use crate::bucket::storage_class::Readable;

const KNOWN: [(&str, Readable); 3] = [
    ("Standard", Readable::AtOnce),
    ("InfrequentAccess", Readable::AtOnce),
    ("Archive", Readable::AfterRestore),
];

/// When objects of that tier can be read.
pub(super) fn class(name: &str) -> Result<Readable, String> {
    let known = KNOWN.iter().find(|(known, _)| *known == name);
    known.map(|(_, readable)| *readable).ok_or_else(|| {
        let known = KNOWN.map(|(name, _)| name).join(", ");
        format!("is none of Oracle's storage tiers: expected one of {known}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.76
    #[test]
    fn tiers_have_oracles_names_and_what_is_archived_is_not_read() {
        assert_eq!(class("Standard"), Ok(Readable::AtOnce));
        assert_eq!(class("InfrequentAccess"), Ok(Readable::AtOnce));
        assert_eq!(class("Archive"), Ok(Readable::AfterRestore));
        for name in ["", "standard", "STANDARD", "Archive\n", "GLACIER"] {
            assert!(class(name).is_err(), "{name}");
        }
    }
}
