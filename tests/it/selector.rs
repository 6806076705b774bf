//! Selectors that do not mean what they seem to mean.

use crate::support::blocks::Block;
use crate::support::pair::OLD;
use crate::support::run::{World, tree};

/// S-2.3, S-4.3: Thanos ignores it, and every block would be moved.
#[test]
fn a_slip_in_the_selector_is_refused_with_what_was_meant() {
    let world = World::new(&[Block::new(1)]);
    let before = tree(&world.source());
    for (rule, names) in [
        (
            "{action: keep, source_labels: [cluster], regexp: eu-1}",
            ["rule 1.regexp", "did you mean regex?"],
        ),
        (
            "{action: keep, source_label: [cluster], regex: eu-1}",
            ["rule 1.source_label", "did you mean source_labels?"],
        ),
        (
            "{actoin: keep, source_labels: [cluster], regex: eu-1}",
            ["rule 1.actoin", "did you mean action?"],
        ),
        (
            "{action: kepe, source_labels: [cluster], regex: eu-1}",
            ["action \"kepe\"", "did you mean keep?"],
        ),
        (
            "{action: keep, source_labels: [cluster], regex: eu-1, regex: .*}",
            ["rule 1.regex", "given twice"],
        ),
    ] {
        let flag = format!("--selector.relabel-config=[{rule}]");
        let ran = world.migrate(&[OLD, &flag]).expect(2);
        assert!(ran.stdout.is_empty(), "{ran:?}");
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        for name in ["--selector.relabel-config", names[0], names[1]] {
            assert!(ran.stderr.contains(name), "{ran:?} does not name {name:?}");
        }
        assert_eq!(tree(&world.source()), before);
    }
}
