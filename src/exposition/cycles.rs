//! The figures of the process itself: its policy, its cycles, and orders that wait.

use super::family::{Families, number, seconds_since_epoch, truth};
use crate::board::{Deed, Known, OrderState};
use crate::exit::Exit;

pub(super) fn add(families: &mut Families, known: &Known) {
    families
        .gauge("build_info", "1, and the version that runs, in its labels.")
        .add(
            &[
                ("version", env!("CARGO_PKG_VERSION")),
                ("revision", env!("THANOS_BUCKET_COMMIT")),
            ],
            1.0,
        );
    families
        .gauge("start_timestamp_seconds", "When the process began.")
        .add(&[], seconds_since_epoch(known.started));
    families
        .gauge("ready", "Whether the process is ready: 1, or 0.")
        .add(&[], truth(known.not_ready.is_none()));
    policy(families, known);
    cycles(families, known);
    let mut ended = families.counter(
        "orders_total",
        "Orders of the API that have ended, by the exit code of the run that carried them out.",
    );
    for deed in Deed::ALL {
        for code in Exit::ALL.map(Exit::code) {
            let many = known.orders_ended.get(&(deed, code)).copied();
            let labels = [
                ("operation", deed.as_str()),
                ("exit_code", &code.to_string()),
            ];
            ended.add(&labels, number(many.unwrap_or_default()));
        }
    }
    let waiting = known.orders.iter();
    let waiting = waiting.filter(|order| order.state == OrderState::Waits);
    families
        .gauge(
            "orders_waiting",
            "Orders of the API that wait for their turn.",
        )
        .add(&[], number(waiting.count() as u64));
}

fn policy(families: &mut Families, known: &Known) {
    families
        .gauge(
            "config_last_reload_successful",
            "Whether the policy's file is in force as it was last read: 1, or 0.",
        )
        .add(
            &[],
            truth(known.policy.refused.is_none() && known.policy.taken.is_some()),
        );
    families
        .gauge(
            "config_last_reload_success_timestamp_seconds",
            "When the policy that is in force was taken.",
        )
        .add_if(&[], known.policy.taken.map(seconds_since_epoch));
}

fn cycles(families: &mut Families, known: &Known) {
    let cycles = &known.cycles;
    let mut ended = families.counter(
        "cycles_total",
        "Cycles that have ended: a success is one in which no rule had to stop.",
    );
    ended.add(&[("result", "success")], number(cycles.succeeded));
    ended.add(&[("result", "failure")], number(cycles.failed));
    families
        .gauge("cycle_in_progress", "Whether a cycle is in hand: 1, or 0.")
        .add(&[], truth(cycles.began.is_some()));
    families
        .gauge(
            "cycle_start_timestamp_seconds",
            "When the cycle in hand began; absent between cycles.",
        )
        .add_if(&[], cycles.began.map(seconds_since_epoch));
    families
        .gauge(
            "cycle_last_duration_seconds",
            "How long the last cycle took.",
        )
        .add_if(&[], cycles.ended.map(|(_, elapsed)| elapsed.as_secs_f64()));
    families
        .gauge(
            "cycle_last_end_timestamp_seconds",
            "When the last cycle ended.",
        )
        .add_if(&[], cycles.ended.map(|(at, _)| seconds_since_epoch(at)));
    families
        .gauge(
            "cycle_last_success_timestamp_seconds",
            "When the last cycle ended in which no rule had to stop.",
        )
        .add_if(&[], cycles.success.map(seconds_since_epoch));
    families
        .gauge(
            "cycle_next_timestamp_seconds",
            "When the next cycle begins, at the latest; absent while one is in hand.",
        )
        .add_if(&[], cycles.next.map(seconds_since_epoch));
}
