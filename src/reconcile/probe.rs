//! Asks a target what it can do, and judges it by what the data need.

use tracing::{info, warn};

use super::task::Task;
use crate::cutover::{Side, Weight};
use crate::promql::Client;
use crate::reconciled::{
    Ability, Capabilities, Documents, Founds, Need, Reconciled, capabilities, lacking,
};

/// What the target says that it can do; `None` where it has no endpoint for that, or says nothing, which is told.
pub(super) async fn asked(task: &Task, founds: &mut Founds) -> Option<Capabilities> {
    let access = task.plan.target.status.as_ref()?;
    let mut limits = task.limits();
    // Gateways answer for paths without a route as for servers that are away.
    limits.retry.max_retries = limits.retry.max_retries.min(1);
    let unseen = |why: String, founds: &mut Founds| {
        warn!(why, "the target does not say what it can do");
        let key = (Weight::Unseen, "capabilities-not-seen", Some(Side::Target));
        founds.say(key, why);
    };
    let client = match Client::of_unknown(access, &limits) {
        Ok(client) => client,
        Err(err) => {
            unseen(format!("{err:#}"), founds);
            return None;
        }
    };
    let (buildinfo, flags, runtimeinfo, tsdb, config, features) = tokio::join!(
        client.document("status/buildinfo"),
        client.document("status/flags"),
        client.document("status/runtimeinfo"),
        client.document("status/tsdb"),
        client.document("status/config"),
        client.document("features"),
    );
    let why = buildinfo.as_ref().err().map(|err| format!("{err:#}"));
    let documents = Documents {
        buildinfo: buildinfo.ok(),
        flags: flags.ok(),
        runtimeinfo: runtimeinfo.ok(),
        tsdb: tsdb.ok(),
        config: config.ok(),
        features: features.ok(),
    };
    if documents.are_none() {
        unseen(why.unwrap_or_default(), founds);
        return None;
    }
    let told = capabilities(&documents);
    info!(
        product = told.product,
        version = told.version,
        "the target says what it can do"
    );
    Some(told)
}

/// Judges what the target said by what was found in the source.
pub(super) fn judged(task: &Task, found: &Reconciled, founds: &mut Founds) {
    let Some(told) = &found.capabilities else {
        return;
    };
    let mut needs = Vec::new();
    let mut need = |ability, what_for: &str, weight| {
        needs.push(Need {
            ability,
            what_for: what_for.to_owned(),
            weight,
        });
    };
    let histograms = found.sums().source.histograms;
    if histograms > 0 {
        let what_for = format!("{histograms} samples of the source");
        need(Ability::NativeHistograms, &what_for, Weight::Difference);
    }
    if task.plan.target.write.is_some() {
        if !task.plan.exemplar_checks.is_empty() {
            need(
                Ability::Exemplars,
                "the plan's exemplar_checks",
                Weight::Difference,
            );
        }
        // Whether what was written has come is seen in the samples.
        let what_for = "what the plan writes by write_url";
        need(Ability::RemoteWrite, what_for, Weight::Note);
        need(Ability::OutOfOrder, what_for, Weight::Note);
    }
    lacking(told, &needs, founds);
}
