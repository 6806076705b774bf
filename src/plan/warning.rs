//! What is good to know about a plan and needs nobody.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::facts::SourceBlock;
use super::{Action, Plan, Rules, Selected, unit};
use crate::block::BlockId;

/// Something to know that needs nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// As documents spell it.
    pub name: &'static str,
    /// One line; where blocks are concerned it goes on after "3 selected blocks".
    pub text: String,
    /// The selected blocks that it concerns, in the order of the plan; none where it concerns a bucket or a rule.
    pub blocks: Vec<BlockId>,
}

impl Warning {
    /// The name of the one that tells of data which the run destroys.
    pub const OVERWRITES: &'static str = "overwrites";
}

/// Of a plan that is made otherwise.
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
        let strange = rules.selector.strange_labels(&borne).into_iter();
        warnings.extend(strange.map(|text| warning("strange-label", text)));
    }
    let came = plan.selector.first().map_or(0, |effect| effect.blocks);
    if came > 0 && plan.selector.iter().all(|effect| effect.dropped == 0) {
        let text = format!("the selector keeps all of the {came} blocks that came to it");
        warnings.push(warning("selector-keeps-all", text));
    }
    warnings
}
