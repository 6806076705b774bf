//! The warnings about a plan.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::decide::Action;
use super::facts::SourceBlock;
use super::rules::Rules;
use super::shape::{Plan, Selected, Warning};
use super::unit;

/// The warnings about a plan that is otherwise complete: those about rules first.
pub(super) fn warnings(plan: &Plan, source: &[Arc<SourceBlock>], rules: &Rules) -> Vec<Warning> {
    let concerning = |is: &dyn Fn(&Selected) -> bool| {
        let concerned = plan.selected.iter().filter(|selected| is(selected));
        concerned.map(|selected| selected.block.id).collect()
    };
    let of_blocks = [
        Warning {
            name: Warning::OVERWRITES,
            text: "replaced in the target, as --overwrite-existing asks: what lies there now is destroyed"
                .to_owned(),
            blocks: concerning(&|selected| matches!(selected.action, Action::Overwrite(_))),
        },
        Warning {
            name: "unfinished-windows",
            text: "in a window that the cutoff cuts: the source's compactor may come back to it"
                .to_owned(),
            blocks: concerning(&|selected| unit::is_unfinished(&selected.meta, rules)),
        },
        Warning {
            name: "weak-inventory",
            text: "without a file list in meta.json: a lost last segment cannot be seen".to_owned(),
            blocks: concerning(&|selected| selected.weak_inventory),
        },
    ];
    let of_blocks = of_blocks
        .into_iter()
        .filter(|warning| !warning.blocks.is_empty());
    let mut warnings = of_selector(plan, source, rules);
    warnings.extend(of_blocks);
    warnings
}

/// Rules that may not mean what they say.
fn of_selector(plan: &Plan, source: &[Arc<SourceBlock>], rules: &Rules) -> Vec<Warning> {
    let mut borne = BTreeSet::new();
    let mut readable = false;
    for meta in source.iter().filter_map(|block| block.meta()) {
        readable = true;
        let labels = meta.block.group.labels.as_map();
        borne.extend(labels.keys().map(String::as_str));
    }
    let warning = |name, text| Warning {
        name,
        text,
        blocks: Vec::new(),
    };
    let mut warnings = Vec::new();
    if readable {
        let strange = rules.filter.selector.strange_labels(&borne).into_iter();
        warnings.extend(strange.map(|text| warning("strange-label", text)));
    }
    let came = plan.selector.first().map_or(0, |effect| effect.blocks);
    if came > 0 && plan.selector.iter().all(|effect| effect.dropped == 0) {
        let text = format!("the selector keeps all of the {came} blocks that came to it");
        warnings.push(warning("selector-keeps-all", text));
    }
    warnings
}
