//! The figures of one run, which go to a file when it has ended.

use std::sync::Arc;

use crate::audit::Hearer;
use crate::board::{Board, Deed, Figures, RuleOutline, Run};
use crate::error::Result;
use crate::exposition::Textfile;
use crate::progress::Progress;
use crate::verb::clocks::Clock;

/// A run of which there will be figures.
pub(super) struct Figured {
    textfile: Textfile,
    board: Board,
    operation: &'static str,
    /// Wants to be told what happens to each block.
    pub(super) hearer: Hearer,
}

impl Figured {
    /// The run begins.
    pub(super) fn begin(
        textfile: Textfile,
        (source, target): (String, String),
        operation: &'static str,
        progress: Arc<Progress>,
        clock: Clock,
    ) -> Self {
        let board = Board::new(clock);
        let rule = textfile.rule();
        board.policy_taken(vec![RuleOutline {
            name: rule.clone(),
            source,
            target,
            hot_bytes_limit: None,
        }]);
        let hearer = board.run_begins(Run {
            rule,
            deed: Deed::Migrate,
            order: None,
            progress,
        });
        Self {
            textfile,
            board,
            operation,
            hearer,
        }
    }

    /// The run has ended.
    ///
    /// Errors: the file cannot be written.
    pub(super) fn end(self, figures: Figures) -> Result<()> {
        self.board.run_ends(figures);
        self.textfile.write(&self.board.known(), self.operation)
    }
}
