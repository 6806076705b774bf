//! The access tiers of Azure's, which are its storage classes.

use crate::bucket::storage_class::Readable;

/// Which tiers there are for what is put in blocks.
const TIERS: [&str; 4] = ["Hot", "Cool", "Cold", "Archive"];

/// When objects of that tier can be read. Azure knows no other spelling.
pub(super) fn class(name: &str) -> Result<Readable, String> {
    if !TIERS.contains(&name) {
        let known = TIERS.join(", ");
        return Err(format!(
            "is none of Azure's access tiers: expected one of {known}"
        ));
    }
    Ok(if is_archive(name) {
        Readable::AfterRestore
    } else {
        Readable::AtOnce
    })
}

/// Whether objects of that tier have to be rehydrated before anybody can read them.
pub(super) fn is_archive(tier: &str) -> bool {
    tier.eq_ignore_ascii_case("archive")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-3.27
    #[test]
    fn tiers_are_known_by_what_it_takes_to_read_from_them() {
        for (name, expected) in [
            ("Hot", Some(Readable::AtOnce)),
            ("Cool", Some(Readable::AtOnce)),
            ("Cold", Some(Readable::AtOnce)),
            ("Archive", Some(Readable::AfterRestore)),
            ("archive", None),
            ("STANDARD", None),
            ("P10", None),
            ("", None),
            ("Hot\n", None),
        ] {
            assert_eq!(class(name).ok(), expected, "{name}");
        }
    }
}
