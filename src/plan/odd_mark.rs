//! A deletion mark that is no mark of the block in whose directory it lies: what Thanos makes of it, and how to mend it.

use chrono::{DateTime, TimeDelta};

use super::facts::SourceIndex;
use crate::block::{BlockId, DELETION_MARK, DeletionMark, MarkError};

/// Thanos' `--delete-delay`, unless it is set otherwise; a marked block is left out of queries and compactions after half of it.
const DELETE_DELAY: TimeDelta = TimeDelta::hours(48);

/// What is wrong with the mark of `block`, what will come of it, and what to do, on one line.
pub(super) fn consequence(block: BlockId, mark: &MarkError, source: &SourceIndex<'_>) -> String {
    let object = block.object(DELETION_MARK);
    let mend = format!("delete {object}, and mark the block anew if it should go");
    match mark {
        MarkError::Undecodable(why) => {
            format!("{why}; Thanos takes the block for unmarked: {mend}")
        }
        MarkError::OtherVersion(_) => format!(
            "{mark}: no compactor and no store gateway of Thanos can sync the bucket while it lies there: {mend}"
        ),
        MarkError::OfAnother(mark) => {
            let named = mark.block();
            let hidden = after(mark, DELETE_DELAY / 2);
            let deleted = after(mark, DELETE_DELAY);
            let left_out = format!("leaves this block out of queries and compactions {hidden}");
            if source.get(named).is_some() {
                format!(
                    "it names {named}, which lies in this bucket: Thanos' compactor deletes {named} {deleted} \
                     (with a delete delay of 48h), and {left_out}, without deleting it: delete {object} now, and restart the compactor, \
                     which remembers marks"
                )
            } else {
                format!(
                    "it names {named}, which is not in this bucket: Thanos {left_out}, without ever deleting it: {mend}"
                )
            }
        }
    }
}

fn after(mark: &DeletionMark, delay: TimeDelta) -> String {
    DateTime::from_timestamp(mark.deletion_time(), 0)
        .and_then(|marked| marked.checked_add_signed(delay))
        .map_or_else(
            || "at a time that no calendar has".to_owned(),
            |time| format!("from {} UTC on", time.format("%Y-%m-%d %H:%M")),
        )
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::plan::facts::testing::{block, id, source};

    fn told(mark: &str) -> String {
        let blocks = source([block('A'), block('B')]);
        let mark = mark.replace("A*", &id('A').to_string());
        let mark = mark.replace("B*", &id('B').to_string());
        let mark = mark.replace("Z*", &id('Z').to_string());
        let err = DeletionMark::parse(id('A'), mark.as_bytes()).unwrap_err();
        consequence(id('A'), &err, &SourceIndex::new(&blocks))
    }

    /// S-4.4
    #[test]
    fn what_will_come_of_a_mark_is_told_with_the_block_and_the_time() {
        for (mark, expected) in [
            (
                "",
                "it is no JSON: EOF while parsing a value at line 1 column 0; Thanos takes the block for unmarked: \
                 delete A*/deletion-mark.json, and mark the block anew if it should go",
            ),
            (
                r#"{"id":"A*","version":2}"#,
                "version is 2, expected 1: no compactor and no store gateway of Thanos can sync the bucket while it lies there: \
                 delete A*/deletion-mark.json, and mark the block anew if it should go",
            ),
            (
                r#"{"id":"B*","version":1,"deletion_time":1767225600}"#,
                "it names B*, which lies in this bucket: Thanos' compactor deletes B* from 2026-01-03 00:00 UTC on (with a delete delay \
                 of 48h), and leaves this block out of queries and compactions from 2026-01-02 00:00 UTC on, without deleting it: \
                 delete A*/deletion-mark.json now, and restart the compactor, which remembers marks",
            ),
            (
                r#"{"id":"Z*","version":1,"deletion_time":9223372036854775807}"#,
                "it names Z*, which is not in this bucket: Thanos leaves this block out of queries and compactions at a time that no \
                 calendar has, without ever deleting it: delete A*/deletion-mark.json, and mark the block anew if it should go",
            ),
        ] {
            let short = ['A', 'B', 'Z'].iter().fold(told(mark), |text, last| {
                text.replace(&id(*last).to_string(), &format!("{last}*"))
            });
            assert_eq!(short, expected);
        }
    }
}
