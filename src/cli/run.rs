//! `run`: its flags, and the request that they add up to.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use tokio::sync::Notify;
use ulid::Ulid;

use super::args::{Audited, Meanings, Served, exit_codes_of_a_move};
use super::flags::Origins;
use super::policy::{Source, missing};
use super::report_file::Asked;
use crate::audit::Blank;
use crate::command::run::{Request, Until};
use crate::error::{Error, Result};

/// Repeats migrations by a policy, until it is told to end.
///
/// A policy has rules: from where to where, which blocks, and when. In each cycle
/// every rule is followed once, as migrate would do it. A run that fails is repeated
/// in the next cycle. A policy that changes is taken with the next cycle, unless
/// something is wrong with it; SIGHUP has it read at once.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    /// The policy: YAML text.
    ///
    /// `$(VAR)` is replaced from the environment. Give this or --policy-file.
    #[arg(long, value_name = "YAML", help_heading = "What happens")]
    policy: Option<String>,

    /// The path of a file with the policy. Paths in it begin at its folder.
    #[arg(long, value_name = "PATH", help_heading = "What happens")]
    policy_file: Option<PathBuf>,

    /// Judge the policy, and end; nothing is contacted.
    #[arg(long, help_heading = "What happens")]
    validate: bool,

    /// End after one cycle, with the exit code of the rule that fared worst.
    #[arg(long, help_heading = "What happens")]
    single_run: bool,

    #[command(flatten)]
    served: Served,

    #[command(flatten)]
    pub(super) audited: Audited,
}

const USAGE: &str = "thanos-bucket run --policy-file=PATH [FLAGS]";

const SEE_HELP: &str = "--help says more, with environment variables, examples and exit codes.";

const EXAMPLES: &str = "\
Each flag can be given by its environment variable; the command line wins.

A policy; a rule takes each flag of migrate that says which blocks or how, with _
for - and .:
    interval: 1h
    rules:
      - name: archive
        source: hot.yaml
        target: cold.yaml
        older_than: 90d
        hours: 22:00-06:00 Europe/Berlin

Examples:
  See whether a policy is sound:
    thanos-bucket run --policy-file=policy.yaml --validate

  Follow it, and keep what happens to each block:
    thanos-bucket run --policy-file=policy.yaml --report-file=runs.ndjson";

fn examples_and_exit_codes() -> String {
    let exit_codes = exit_codes_of_a_move(&MEANINGS);
    format!(
        "{EXAMPLES}\n\n{exit_codes}  A signal that comes while no run is in hand ends it with exit code 0."
    )
}

const MEANINGS: Meanings = Meanings {
    done: "it was told to end while it waited; with --single-run, each rule was\n\
           followed to its end; with --validate, the policy is sound",
    aborted: "it could not begin; with --single-run, a rule could not be followed,\n\
              or its run had to stop",
    attention: "with --single-run: something needs a person",
};

impl Flags {
    /// The request, whole and sound but for the policy, which is read when it begins. `trail` is the report file that was asked for.
    pub(super) fn request(self, origins: &Origins<'_>, trail: Option<Asked>) -> Result<Request> {
        let Self {
            policy,
            policy_file,
            validate,
            single_run,
            served,
            audited: _,
        } = self;
        if policy.is_none() && policy_file.is_none() {
            return Err(missing());
        }
        if validate && single_run {
            let (one, other) = (origins.name("validate"), origins.name("single-run"));
            return Err(Error::usage(format!(
                "{one} and {other} are both given: expected one of them"
            )));
        }
        let settings = served.settings(origins)?;
        // One cycle beside a process that goes on would find its port taken.
        let is_wanted = !single_run || origins.is_given("http-address");
        let source = Source {
            text: policy,
            path: policy_file,
            environment: origins.environment.clone(),
        };
        Ok(Request {
            load: Arc::new(move |now| source.load(now)),
            until: if validate {
                Until::Judged
            } else if single_run {
                Until::OneCycle
            } else {
                Until::Stopped
            },
            trail: Box::new(move |verb, rule| match &trail {
                Some(asked) => asked.of_rule(verb, rule).open(),
                None => Ok(Blank::default()),
            }),
            reload: Arc::new(Notify::new()),
            http: settings.filter(|_| is_wanted),
            chance: Box::new(chance),
        })
    }
}

/// A number from 0 to 1, another one each time.
fn chance() -> f64 {
    let random = Ulid::generate().random() % (1 << 32);
    let random = u32::try_from(random).unwrap_or_default();
    f64::from(random) / f64::from(u32::MAX)
}
