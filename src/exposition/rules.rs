//! The figures of each rule: what its runs did, how the last one ended, what is left, and what needs a person.

use super::family::{Families, number, seconds_since_epoch, truth};
use crate::board::{Counters, Deed, Known, RuleKnown};
use crate::exit::Exit;
use crate::outcome::{BlockEnding, Concern};

/// The operations are called so: what is for cycles and orders to migrate, and what is for orders to restore, where there are any.
pub(super) fn add(families: &mut Families, known: &Known, operations: &[&'static str]) {
    counted(families, &known.rules, operations);
    last_runs(families, &known.rules);
    left(families, &known.rules);
}

/// What is shown of a rule alone.
pub(super) fn add_in_hand(families: &mut Families, known: &Known) {
    let mut resting = families.gauge(
        "rule_resting",
        "Whether the rule does nothing now, outside its hours for instance: 1, or 0.",
    );
    for rule in &known.rules {
        resting.add(&[("rule", name(rule))], truth(rule.rests.is_some()));
    }
    let in_hand = |rule: &RuleKnown, deed| {
        let mut running = known.running.iter();
        running.find(|run| (run.rule.as_str(), run.deed) == (name(rule), deed))
    };
    let mut add = |suffix, help, value: &dyn Fn(&RuleKnown, Deed) -> Option<f64>| {
        let mut family = families.gauge(suffix, help);
        for rule in &known.rules {
            for deed in Deed::ALL {
                let labels = [("rule", name(rule)), ("operation", deed.as_str())];
                family.add_if(&labels, value(rule, deed));
            }
        }
    };
    add(
        "run_in_progress",
        "Whether a run of the rule is in hand: 1, or 0.",
        &|rule, deed| Some(truth(in_hand(rule, deed).is_some())),
    );
    add(
        "run_planned_bytes",
        "Bytes that the run in hand moves; absent where none is.",
        &|rule, deed| Some(number(in_hand(rule, deed)?.progress.bytes_total)),
    );
    add(
        "run_done_bytes",
        "Bytes that the run in hand has moved; absent where none is.",
        &|rule, deed| Some(number(in_hand(rule, deed)?.progress.bytes_done)),
    );
    add(
        "run_planned_blocks",
        "Blocks that the run in hand works on; absent where none is.",
        &|rule, deed| Some(number(in_hand(rule, deed)?.progress.blocks_total)),
    );
    add(
        "run_done_blocks",
        "Blocks with which the run in hand is done; absent where none is.",
        &|rule, deed| Some(number(in_hand(rule, deed)?.progress.blocks_done)),
    );
}

/// What is counted.
type Count = fn(&Counters) -> u64;

fn name(rule: &RuleKnown) -> &str {
    &rule.outline.name
}

fn counted(families: &mut Families, rules: &[RuleKnown], operations: &[&'static str]) {
    let each = || {
        let both = rules.iter().flat_map(|rule| {
            let counters = rule.counters.iter().zip(operations);
            counters.map(move |(counters, operation)| (rule, *operation, counters))
        });
        both.map(|(rule, operation, counters)| {
            let labels = [("rule", name(rule)), ("operation", operation)];
            (labels, counters)
        })
    };
    let mut runs = families.counter("runs_total", "Runs, by exit code.");
    for ([rule, operation], counters) in each() {
        for code in Exit::ALL.map(Exit::code) {
            let spelled = code.to_string();
            let many = counters.runs.get(&code).copied().unwrap_or_default();
            runs.add(&[rule, operation, ("exit_code", &spelled)], number(many));
        }
    }
    let mut blocks = families.counter("blocks_total", "Blocks, by how the work on them ended.");
    for ([rule, operation], counters) in each() {
        for ending in BlockEnding::ALL.map(BlockEnding::as_str) {
            let many = counters.blocks.get(ending).copied().unwrap_or_default();
            blocks.add(&[rule, operation, ("ending", ending)], number(many));
        }
    }
    let simple: [(&str, &str, Count); 4] = [
        (
            "copied_bytes_total",
            "Bytes put into the bucket that receives, repeats included, counted when the work on their block ends.",
            |counters| counters.bytes,
        ),
        (
            "copied_objects_total",
            "Objects put into the bucket that receives, counted when the work on their block ends.",
            |counters| counters.objects,
        ),
        (
            "deletion_marks_total",
            "Deletion marks written.",
            |counters| counters.marks,
        ),
        (
            "block_retries_total",
            "How often work on a block was begun again.",
            |counters| counters.retries,
        ),
    ];
    for (suffix, help, value) in simple {
        let mut family = families.counter(suffix, help);
        for (labels, counters) in each() {
            family.add(&labels, number(value(counters)));
        }
    }
}

fn last_runs(families: &mut Families, rules: &[RuleKnown]) {
    type Value = fn(&RuleKnown) -> Option<f64>;
    let each: [(&str, &str, Value); 5] = [
        (
            "last_run_exit_code",
            "How the rule's last run ended: 0 done, 1 had to stop, 2 wrong configuration, 3 needs a person, 128 and a signal's number.",
            |rule| Some(f64::from(rule.last.as_ref()?.exit.code())),
        ),
        (
            "last_run_start_timestamp_seconds",
            "When the rule's last run began.",
            |rule| Some(seconds_since_epoch(rule.last.as_ref()?.began)),
        ),
        (
            "last_run_end_timestamp_seconds",
            "When the rule's last run ended.",
            |rule| Some(seconds_since_epoch(rule.last.as_ref()?.at)),
        ),
        (
            "last_run_duration_seconds",
            "How long the rule's last run took.",
            |rule| {
                let last = rule.last.as_ref()?;
                let elapsed = last.at.signed_duration_since(last.began);
                Some(elapsed.to_std().unwrap_or_default().as_secs_f64())
            },
        ),
        (
            "last_run_success_timestamp_seconds",
            "When a run of the rule last ended without having to stop.",
            |rule| rule.success.map(seconds_since_epoch),
        ),
    ];
    for (suffix, help, value) in each {
        let mut family = families.gauge(suffix, help);
        for rule in rules {
            family.add_if(&[("rule", name(rule))], value(rule));
        }
    }
}

fn left(families: &mut Families, rules: &[RuleKnown]) {
    type Value = fn(&RuleKnown) -> Option<f64>;
    let each: [(&str, &str, Value); 5] = [
        (
            "pending_blocks",
            "Blocks that the rule means to move and that its last run left where they are.",
            |rule| Some(number(rule.pending?.blocks)),
        ),
        ("pending_bytes", "The size of these blocks.", |rule| {
            Some(number(rule.pending?.bytes))
        }),
        (
            "oldest_pending_timestamp_seconds",
            "The end of the samples of the oldest of these blocks; absent where there is none.",
            |rule| rule.pending?.oldest.map(seconds_since_epoch),
        ),
        (
            "hot_bytes",
            "What the rule's source held, of blocks that are not marked for deletion, when it was last looked at.",
            |rule| Some(number(rule.hot?.bytes)),
        ),
        (
            "hot_limit_bytes",
            "What the rule lets its source hold.",
            |rule| Some(number(rule.outline.hot_bytes_limit?)),
        ),
    ];
    for (suffix, help, value) in each {
        let mut family = families.gauge(suffix, help);
        for rule in rules {
            family.add_if(&[("rule", name(rule))], value(rule));
        }
    }
    let mut concerns = families.gauge(
        "needs_attention",
        "What needed a person when the rule's last run ended, by kind; report and page say what to do.",
    );
    for rule in rules {
        let Some(known) = &rule.concerns else {
            continue;
        };
        for concern in Concern::ALL.map(Concern::as_str) {
            let many = known.get(concern).copied().unwrap_or_default();
            concerns.add(&[("rule", name(rule)), ("concern", concern)], number(many));
        }
    }
}
