//! What is known, as documents for programs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::block::BlockId;
use crate::board::{
    Attention, BlockKnown, Counters, Deed, Known, OrderKnown, OrderState, RuleKnown, Running,
};
use crate::human;

type Time = String;

#[derive(Serialize)]
pub(super) struct Status {
    version: &'static str,
    now: Time,
    started: Time,
    ready: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_ready: Option<String>,
    policy: Policy,
    cycle: Cycle,
    running: Option<InHand>,
    rules: Vec<Rule>,
    orders: Vec<Order>,
}

#[derive(Serialize)]
struct Policy {
    taken: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
}

#[derive(Serialize)]
struct Refused {
    at: Time,
    why: String,
}

#[derive(Serialize)]
struct Cycle {
    began: Option<Time>,
    next: Option<Time>,
    last_ended: Option<Time>,
    last_elapsed_seconds: Option<f64>,
    last_success: Option<Time>,
    succeeded: u64,
    failed: u64,
}

#[derive(Serialize)]
struct InHand {
    rule: String,
    operation: &'static str,
    order: Option<String>,
    run: Option<String>,
    began: Time,
    blocks_done: u64,
    blocks_total: u64,
    bytes_done: u64,
    bytes_total: u64,
    at_work: Vec<BlockText>,
}

type BlockText = String;

#[derive(Serialize)]
struct Rule {
    name: String,
    source: String,
    target: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rests: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hot_bytes: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hot_limit_bytes: Option<u64>,
    last_run: Option<LastRun>,
    last_success: Option<Time>,
    pending: Option<Left>,
    needs_attention: BTreeMap<&'static str, u64>,
    attention: Vec<NeedsAPerson>,
    totals: BTreeMap<&'static str, Totals>,
}

#[derive(Serialize)]
struct LastRun {
    run: Option<String>,
    began: Time,
    ended: Time,
    exit_code: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_by: Option<String>,
}

#[derive(Serialize)]
struct Left {
    blocks: u64,
    size_bytes: u64,
    oldest: Option<Time>,
}

#[derive(Serialize)]
struct NeedsAPerson {
    block: BlockText,
    concern: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    what_to_do: String,
}

#[derive(Serialize)]
struct Totals {
    runs: u64,
    blocks: BTreeMap<&'static str, u64>,
    objects_put: u64,
    bytes_sent: u64,
    marks: u64,
    retries: u64,
}

#[derive(Serialize)]
pub(super) struct Order {
    #[serde(rename = "order")]
    id: String,
    operation: &'static str,
    rule: String,
    ids: Vec<BlockText>,
    received: Time,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stopped_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    blocks: Option<BTreeMap<&'static str, u64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attention: Option<Vec<NeedsAPerson>>,
}

#[derive(Serialize)]
pub(super) struct Block {
    #[serde(rename = "block")]
    id: BlockText,
    rule: String,
    operation: &'static str,
    run: String,
    source: &'static str,
    target: &'static str,
    event: &'static str,
    at: Time,
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    what_to_do: Option<String>,
}

fn time(time: DateTime<Utc>) -> Time {
    human::rfc3339(time)
}

/// All that is known, but for single blocks.
pub(super) fn told(known: Known) -> Status {
    let policy = known.policy;
    let cycles = known.cycles;
    Status {
        version: env!("CARGO_PKG_VERSION"),
        now: time(known.now),
        started: time(known.started),
        ready: known.not_ready.is_none(),
        not_ready: known.not_ready,
        policy: Policy {
            taken: policy.taken.map(time),
            refused: policy
                .refused
                .map(|(at, why)| Refused { at: time(at), why }),
        },
        cycle: Cycle {
            began: cycles.began.map(time),
            next: cycles.next.map(time),
            last_ended: cycles.ended.map(|(at, _)| time(at)),
            last_elapsed_seconds: cycles.ended.map(|(_, elapsed)| human::seconds(elapsed)),
            last_success: cycles.success.map(time),
            succeeded: cycles.succeeded,
            failed: cycles.failed,
        },
        running: known.running.map(in_hand),
        rules: known.rules.into_iter().map(rule).collect(),
        orders: known.orders.iter().map(order_told).collect(),
    }
}

fn in_hand(running: Running) -> InHand {
    let at_work = running.at_work.iter().map(BlockId::to_string);
    InHand {
        rule: running.rule,
        operation: running.deed.as_str(),
        order: running.order,
        run: running.run,
        began: time(running.began),
        blocks_done: running.progress.blocks_done,
        blocks_total: running.progress.blocks_total,
        bytes_done: running.progress.bytes_done,
        bytes_total: running.progress.bytes_total,
        at_work: at_work.collect(),
    }
}

fn rule(known: RuleKnown) -> Rule {
    let concerns = known.concerns.unwrap_or_default();
    let totals = Deed::ALL.map(Deed::as_str).into_iter().zip(&known.counters);
    Rule {
        name: known.outline.name,
        source: known.outline.source,
        target: known.outline.target,
        rests: known.rests,
        hot_bytes: known.hot.map(|hot| hot.bytes),
        hot_limit_bytes: known.outline.hot_bytes_limit,
        last_run: known.last.map(|last| LastRun {
            run: last.run,
            began: time(last.began),
            ended: time(last.at),
            exit_code: last.exit.code(),
            stopped_by: last.stopped_by,
        }),
        last_success: known.success.map(time),
        pending: known.pending.map(|pending| Left {
            blocks: pending.blocks,
            size_bytes: pending.bytes,
            oldest: pending.oldest.map(time),
        }),
        needs_attention: concerns.into_iter().filter(|(_, many)| *many > 0).collect(),
        totals: totals
            .map(|(deed, counters)| (deed, sums(counters)))
            .collect(),
        attention: known.attention.into_iter().map(needs_a_person).collect(),
    }
}

fn sums(counters: &Counters) -> Totals {
    Totals {
        runs: counters.runs.values().sum(),
        blocks: counters.blocks.clone(),
        objects_put: counters.objects,
        bytes_sent: counters.bytes,
        marks: counters.marks,
        retries: counters.retries,
    }
}

fn needs_a_person(attention: Attention) -> NeedsAPerson {
    NeedsAPerson {
        block: attention.block.to_string(),
        concern: attention.concern,
        detail: attention.detail,
        what_to_do: attention.what_to_do,
    }
}

/// An order, and what has become of it.
pub(super) fn order_told(known: &OrderKnown) -> Order {
    let (state, end) = match &known.state {
        OrderState::Waits => ("waiting", None),
        OrderState::InHand => ("in-hand", None),
        OrderState::Ended(end) => ("ended", Some(end)),
    };
    Order {
        id: known.order.id.clone(),
        operation: known.order.deed.as_str(),
        rule: known.order.rule.clone(),
        ids: known.order.blocks.iter().map(BlockId::to_string).collect(),
        received: time(known.received),
        state,
        ended: end.map(|end| time(end.at)),
        exit_code: end.map(|end| end.exit.code()),
        stopped_by: end.and_then(|end| end.stopped_by.clone()),
        blocks: end.map(|end| end.blocks.clone()),
        left: end.and_then(|end| end.left),
        attention: end.map(|end| end.attention.iter().cloned().map(needs_a_person).collect()),
    }
}

/// What happened last to a block.
pub(super) fn block_told(id: BlockId, known: BlockKnown) -> Block {
    Block {
        id: id.to_string(),
        rule: known.rule,
        operation: known.deed.as_str(),
        run: known.run,
        source: known.source,
        target: known.target,
        event: known.event,
        at: time(known.at),
        ending: known.ending,
        detail: known.detail,
        what_to_do: known.what_to_do,
    }
}
