//! Storage classes: what a provider asks for keeping an object, and for reading it. Which classes there are is the provider's to say.

use crate::block::BlockId;

/// The classes in which a block's objects are put, by the names that their provider gives them. Where none is named, the bucket's own is left to count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StorageClasses {
    /// Of segments of chunks: nearly all bytes, which only queries read.
    pub chunks: Option<String>,
    /// Of everything else: `meta.json` and the index, which Thanos reads all the time, and what is as small.
    pub rest: Option<String>,
}

/// How the name of an object ends that is put in the class of segments, to see whether one can be; no object of a block has such a name.
pub const PUT_AS_SEGMENT: &str = "-as-segment";

/// When an object of a storage class can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readable {
    /// At any time.
    AtOnce,
    /// Only after somebody has had it restored, which takes hours: Thanos cannot read it.
    AfterRestore,
}

impl StorageClasses {
    /// The class for the object of this name, or of an address that ends in it.
    pub(super) fn of(&self, name: &str) -> Option<&str> {
        let mut names = name.rsplit('/').skip(1);
        let is_segment = names.next() == Some("chunks")
            && names
                .next()
                .is_some_and(|block| block.parse::<BlockId>().is_ok());
        let is_one = is_segment || name.ends_with(PUT_AS_SEGMENT);
        let class = if is_one { &self.chunks } else { &self.rest };
        class.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_have_a_class_of_their_own() {
        let classes = StorageClasses {
            chunks: Some("cold".to_owned()),
            rest: Some("warm".to_owned()),
        };
        for (name, expected) in [
            ("01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/chunks/000001", "cold"),
            (
                "/bucket/chunks/01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/chunks/000001",
                "cold",
            ),
            // A bucket's own name.
            ("/chunks/thanos-bucket-probe-1", "warm"),
            ("/bucket/chunks/01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/index", "warm"),
            ("01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/meta.json", "warm"),
            ("01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/mychunks/000001", "warm"),
            ("meta.json", "warm"),
            ("a/thanos-bucket-probe-1-as-segment", "cold"),
        ] {
            assert_eq!(classes.of(name), Some(expected), "{name}");
        }
        assert_eq!(StorageClasses::default().of("meta.json"), None);
    }
}
