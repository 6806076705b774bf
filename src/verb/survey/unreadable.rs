//! Blocks of the target whose `meta.json` is there and may not be read. Nobody can say what they hold, and so nobody can say whether a copy overlaps
//! them, which would halt the target's compactor. One that can be read and makes no sense is none of them: Thanos leaves it alone too.

use crate::block::BlockId;
use crate::bucket::Location;
use crate::plan::Warning;

/// Blocks that are named.
const EXAMPLES: usize = 3;

/// The blocks of one bucket whose `meta.json` may not be read.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    blocks: Vec<BlockId>,
    /// What the bucket said last.
    pub(super) why: Option<String>,
}

impl Unreadable {
    pub(super) fn note(&mut self, id: BlockId, why: &str) {
        self.blocks.push(id);
        self.why = Some(why.to_owned());
    }

    /// The warning about them; `None` where there are none.
    pub(super) fn warning(&self, location: &Location) -> Option<Warning> {
        let why = self.why.as_ref()?;
        let number = self.blocks.len();
        let plural = if number == 1 { "" } else { "s" };
        let mut named: Vec<String> = self.blocks.iter().map(ToString::to_string).collect();
        if number > EXAMPLES {
            named.truncate(EXAMPLES);
            named.push("…".to_owned());
        }
        Some(Warning {
            name: "unreadable-in-target",
            text: format!(
                "meta.json of {number} block{plural} of target {location} cannot be read ({}): {why}; what overlaps there is not known",
                named.join(", ")
            ),
            blocks: Vec::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    /// S-8.4
    #[test]
    fn blocks_that_cannot_be_read_are_counted_and_some_are_named() {
        let location = Location::named("s3://minio:9000/hot/p");
        let mut unreadable = Unreadable::default();
        assert_eq!(unreadable.warning(&location), None);
        let id = |last| format!("01J9ZK3M7Q8T5V6W7X8Y9Z0A1{last}").parse().unwrap();
        unreadable.note(id('A'), "AccessDenied");
        let text = unreadable.warning(&location).unwrap().text;
        let expected = format!(
            "meta.json of 1 block of target {location} cannot be read (01J9ZK3M7Q8T5V6W7X8Y9Z0A1A): AccessDenied; what overlaps there is not known"
        );
        assert_eq!(text, expected);
        for last in ['B', 'C', 'D'] {
            unreadable.note(id(last), "InvalidObjectState");
        }
        let text = unreadable.warning(&location).unwrap().text;
        assert!(
            text.starts_with("meta.json of 4 blocks of target"),
            "{text}"
        );
        assert!(text.contains("A1C, …): InvalidObjectState;"), "{text}");
    }
}
