//! The runs of the worker: what each is asked to do, and what the board is told of it.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use tracing::{error, warn};

use super::policy::Rule;
use super::worker::{Ended, Worker};
use crate::block::BlockId;
use crate::board::{Deed, Figures, Order, Run, Seen};
use crate::command::{migrate, unmark};
use crate::error::{Error, Kind, Result};
use crate::exit::Exit;
use crate::migrate::{ReplicaTarget, Task};
use crate::plan::{Purpose, Rules, TakeBack};
use crate::progress::Progress;
use crate::select::Filter;
use crate::unmark::Task as Unmarking;

impl Worker<'_> {
    /// One run by the rule of that place, for an order or for the cycle. An error is told, and does not end the process: the next cycle tries again.
    pub(super) async fn one_run(&self, place: usize, order: Option<&Order>) -> Ended {
        let nothing = BTreeSet::new();
        let Some(rule) = self.policy.rules.get(place) else {
            return Ended {
                exit: Exit::Done,
                brought_back: nothing,
            };
        };
        let deed = order.map_or(Deed::Migrate, |order| order.deed);
        let progress = Arc::new(Progress::default());
        self.progress.shows(Some(Arc::clone(&progress)));
        let hearer = self.board.run_begins(Run {
            rule: rule.name.clone(),
            deed,
            order: order.map(|order| order.id.clone()),
            progress: Arc::clone(&progress),
        });
        let mut figures = None;
        let mut hot = None;
        // As long as nobody has seen what became of it, all of it is left where it is.
        let mut brought_back = nothing;
        let doing = async {
            if let Some(order) = order.filter(|_| deed == Deed::Restore) {
                self.take_marks_back(rule, &order.blocks).await?;
                brought_back.clone_from(&order.blocks);
            }
            let request = self.request_of(rule, order)?;
            let trail = (self.request.trail)(verb(deed), &rule.name)?.heard_by(hearer);
            let tell = |finished: &migrate::Finished, _: &mut dyn io::Write| {
                let review = finished.review();
                figures = Some(Figures::of(&review));
                hot = Some(finished.held_bytes());
                brought_back = finished.held();
                Ok(review.exit)
            };
            let clock = Arc::clone(&self.clock);
            let mut nowhere = io::sink();
            let run = migrate::run_and_tell(
                request,
                progress,
                trail,
                clock,
                self.stop,
                &mut nowhere,
                tell,
            );
            Box::pin(run).await
        };
        let ended = Box::pin(doing).await;
        self.progress.shows(None);
        let figures = match (ended, figures) {
            (Ok(_), Some(figures)) => figures,
            (Err(err), _) => {
                let why = format!("{err:#}");
                error!(
                    rule = rule.name,
                    err = why,
                    "the run failed; the next cycle tries again"
                );
                Figures::of_error(&err, self.stop.asked())
            }
            (Ok(_), None) => {
                let err = Error::new(Kind::Other, "tell how the run ended");
                Figures::of_error(&err, self.stop.asked())
            }
        };
        tell_what_needs_a_person(rule, &figures);
        if let Some(bytes) = hot.filter(|_| deed == Deed::Migrate) {
            self.board.hot(&rule.name, bytes);
        }
        let exit = figures.exit;
        self.board.run_ends(figures);
        Ended { exit, brought_back }
    }

    /// What a run is asked to do.
    fn request_of(&self, rule: &Rule, order: Option<&Order>) -> Result<migrate::Request> {
        let now = self.now();
        let mut request = (rule.request)(now)?;
        match order {
            None => {
                let task = &mut request.task;
                task.rules.hot_bytes = rule.hot_bytes;
                let kept = self.brought_back.get(&rule.source);
                task.rules.filter.except = kept.cloned().unwrap_or_default();
                let closes = rule.hours.as_ref().and_then(|hours| hours.close_after(now));
                if let Some(left) = closes.and_then(|closes| (closes - now).to_std().ok()) {
                    let most = task.settings.max_duration.unwrap_or(left);
                    task.settings.max_duration = Some(most.min(left));
                }
                Ok(request)
            }
            Some(order) => {
                // What is ordered is done whole: budgets are those of a cycle.
                request.task.settings.max_bytes = None;
                request.task.settings.max_duration = None;
                if order.deed == Deed::Restore {
                    return Ok(bringing_back(request, &order.blocks));
                }
                request.task.rules.filter.ids.clone_from(&order.blocks);
                Ok(request)
            }
        }
    }

    /// What is to be brought back and lies there still needs its mark taken away and nothing else. What is left is told by the run that follows.
    async fn take_marks_back(&self, rule: &Rule, blocks: &BTreeSet<BlockId>) -> Result<()> {
        let now = self.now();
        let migrate::Request {
            source, task, form, ..
        } = (rule.request)(now)?;
        let request = unmark::Request {
            source,
            task: Unmarking {
                take_back: TakeBack {
                    filter: only(blocks),
                    run: None,
                    target: Some(rule.target.clone()),
                    oldest: Some(rule.delete_delay.to_std().unwrap_or_default() / 2),
                },
                is_dry: false,
                retry: task.settings.retry,
            },
            form,
            now,
        };
        let trail = (self.request.trail)("unmark", &rule.name)?;
        let (progress, clock) = (Arc::default(), Arc::clone(&self.clock));
        let mut nowhere = io::sink();
        let run = unmark::run(request, progress, trail, clock, self.stop, &mut nowhere);
        Box::pin(run).await.map(drop)
    }
}

/// The subcommand that does this once.
pub(super) fn verb(deed: Deed) -> &'static str {
    match deed {
        Deed::Migrate => "migrate",
        Deed::Restore => "replicate",
    }
}

fn only(blocks: &BTreeSet<BlockId>) -> Filter {
    Filter {
        ids: blocks.clone(),
        ..Filter::default()
    }
}

/// The other way round: these blocks are copied from where the rule moves them to where it moves them from.
fn bringing_back(request: migrate::Request, blocks: &BTreeSet<BlockId>) -> migrate::Request {
    let rules = &request.task.rules;
    migrate::Request {
        task: Task {
            rules: Rules {
                purpose: Purpose::Copy,
                verify: rules.verify,
                publish_order: rules.publish_order,
                ..Rules::of(only(blocks))
            },
            // Nothing is deleted where they come from.
            replica_target: ReplicaTarget::Allow,
            ..request.task
        },
        source: request.target,
        target: request.source,
        ..request
    }
}

/// A line for each rule and run, however many blocks there are.
fn tell_what_needs_a_person(rule: &Rule, figures: &Figures) {
    let Some(Seen { concerns, .. }) = &figures.seen else {
        return;
    };
    if concerns.is_empty() {
        return;
    }
    let told = concerns
        .iter()
        .map(|(concern, many)| format!("{concern}={many}"));
    let told = told.collect::<Vec<_>>().join(" ");
    warn!(
        rule = rule.name,
        concerns = told,
        "something needs a person: the page and the report file say what to do"
    );
}
