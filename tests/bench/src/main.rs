//! Measures thanos-bucket beside its peers: all of them in turn, on the same data, in one run. `tests/bench/run` installs everything and calls it.
//!
//! | module | what it decides |
//! |---|---|
//! | `scenario` | what is measured: which tools do which work, over which distance |
//! | `targets` | what thanos-bucket is to reach, and whether it does |
//! | `rounds` | in which order tools have their turns, and what counts as one run |
//! | `peer` | how each tool is called, and what must have come of it |
//! | `bare` | what the server can do at best |
//! | `work` | the data |
//! | `ground`, `minio`, `folder` | where data lies, and how it is made new for each run |
//! | `delay` | what a distance is |
//! | `measure`, `spread` | what one run costs, and what several come to |
//! | `table`, `machine` | how it is told |
//!
//! It needs Linux, for it reads `/proc`.
#![expect(unreachable_pub, reason = "nothing lies outside a program")]

mod bare;
mod delay;
mod folder;
mod ground;
mod machine;
mod measure;
mod minio;
mod peer;
mod rounds;
mod s3;
mod scenario;
mod spread;
mod table;
mod targets;
mod work;

use std::env;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::rounds::{Bench, Taken};
use crate::s3::Service;
use crate::scenario::{ALL, Scenario};
use crate::work::Scale;

/// Measures thanos-bucket beside its peers.
#[derive(Debug, Parser)]
#[command(bin_name = "tests/bench/run")]
struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Measures.
    Run(Run),
    /// Has a server copy all objects of a bucket.
    CopyObjects(Buckets),
    /// Reads all objects of a bucket and puts them into another.
    CarryObjects(Buckets),
    /// Reads the `meta.json` of all blocks of a bucket.
    ReadMetas(Buckets),
    /// Copies a folder into another that there is, and flushes what it copied.
    CopyFolder { source: PathBuf, target: PathBuf },
}

#[derive(Debug, Args)]
struct Buckets {
    endpoint: String,
    access_key: String,
    secret_key: String,
    source: String,
    target: String,
}

#[derive(Debug, Args)]
struct Run {
    /// How often each tool has its turn.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Only these scenarios; those that are not known are told with all that are.
    #[arg(long, num_args = 1.., value_name = "NAME")]
    only: Vec<String>,
    /// A little data: shows that everything works, and measures nothing.
    #[arg(long)]
    quick: bool,
    /// Ends with exit code 1 where a target is missed.
    #[arg(long, conflicts_with = "quick")]
    check: bool,
    /// Writes `tests/bench/RESULTS.md` anew.
    #[arg(long, conflicts_with_all = ["quick", "only"])]
    write_results: bool,
    /// The folder of `minio` and `thanos`, which need not be there if they are on PATH.
    #[arg(long)]
    servers: PathBuf,
    #[arg(long)]
    product: PathBuf,
    #[arg(long)]
    rclone: PathBuf,
    #[arg(long)]
    s5cmd: PathBuf,
    /// Where MinIO's data is to lie.
    #[arg(long)]
    data: PathBuf,
    /// Where everything else is to lie.
    #[arg(long)]
    scratch: PathBuf,
}

fn main() -> ExitCode {
    act().unwrap_or_else(|err| {
        let _ = writeln!(io::stderr(), "{err:#}");
        ExitCode::FAILURE
    })
}

fn act() -> Result<ExitCode> {
    match Arguments::parse().act {
        Act::Run(run) => run.act(),
        Act::CopyObjects(buckets) => {
            let service = buckets.service()?;
            let copied = bare::copy_objects(&service, &buckets.source, &buckets.target);
            Runtime::new()?.block_on(copied)?;
            Ok(ExitCode::SUCCESS)
        }
        Act::CarryObjects(buckets) => {
            let service = buckets.service()?;
            let carried = bare::carry_objects(&service, &buckets.source, &buckets.target);
            Runtime::new()?.block_on(carried)?;
            Ok(ExitCode::SUCCESS)
        }
        Act::ReadMetas(buckets) => {
            let service = buckets.service()?;
            let read = bare::read_metas(&service, &buckets.source);
            Runtime::new()?.block_on(read)?;
            Ok(ExitCode::SUCCESS)
        }
        Act::CopyFolder { source, target } => {
            folder::copy_and_flush(&source, &target)?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

impl Buckets {
    fn service(&self) -> Result<Service> {
        Service::new(&self.endpoint, &self.access_key, &self.secret_key)
    }
}

impl Run {
    fn act(&self) -> Result<ExitCode> {
        let scenarios = self.scenarios()?;
        let bench = self.bench()?;
        let mut stdout = io::stdout();
        let mut told = String::new();
        let mut taken: Vec<Taken> = Vec::new();
        let mut failed = false;
        for scenario in scenarios {
            match rounds::take(scenario, &bench) {
                Ok(of_scenario) => {
                    let table = table::of_scenario(&of_scenario) + "\n";
                    stdout.write_all(table.as_bytes())?;
                    told += &table;
                    taken.push(of_scenario);
                }
                // The others are measured all the same: a run takes long.
                Err(err) => {
                    failed = true;
                    writeln!(io::stderr(), "{err:#}")?;
                }
            }
        }
        let judged = targets::judge(&taken);
        let summary = format!(
            "{}\n{}",
            table::of_targets(&judged),
            machine::description(&bench)
        );
        stdout.write_all(summary.as_bytes())?;
        if self.quick {
            writeln!(
                stdout,
                "Little was moved: these figures and ratios mean nothing."
            )?;
        }
        if self.write_results && !failed {
            let text = format!("{INTRODUCTION}\n## Targets\n\n{summary}\n## Figures\n\n{told}");
            fs::write("tests/bench/RESULTS.md", text.trim_end().to_owned() + "\n")?;
        }
        let missed = self.check && !judged.iter().all(targets::Judged::is_met);
        Ok(if failed || missed {
            ExitCode::FAILURE
        } else {
            ExitCode::SUCCESS
        })
    }

    fn scenarios(&self) -> Result<Vec<&'static Scenario>> {
        for name in &self.only {
            if !ALL.iter().any(|known| known.name == name) {
                let known: Vec<_> = ALL.iter().map(|known| known.name).collect();
                bail!(
                    "there is no scenario {name}: expected some of {}",
                    known.join(" ")
                );
            }
        }
        let is_wanted = |scenario: &&Scenario| {
            self.only.is_empty() || self.only.iter().any(|name| name == scenario.name)
        };
        Ok(ALL.iter().filter(is_wanted).collect())
    }

    fn bench(&self) -> Result<Bench> {
        Ok(Bench {
            programs: peer::Programs {
                product: self.product.clone(),
                thanos: installed(&self.servers, "thanos")?,
                rclone: self.rclone.clone(),
                s5cmd: self.s5cmd.clone(),
                driver: env::current_exe()?,
            },
            minio: installed(&self.servers, "minio")?,
            scale: if self.quick {
                Scale::Quick
            } else {
                Scale::Whole
            },
            rounds: usize::from(self.rounds),
            data: self.data.clone(),
            scratch: self.scratch.clone(),
        })
    }
}

const INTRODUCTION: &str = "# What thanos-bucket costs beside its peers

Written by `tests/bench/run --write-results`. Every tool had its turn in every round, on the same data, and each turn began with a new target. Figures are
medians, with the least and the most of all rounds behind them; ratios are those of medians. The peer of a row is the best one of its kind: that has the
service copy, or that moves the bytes through the client, or that looks. `tests/bench/src/peer.rs` says how each is called.
";

/// The path of a program in that folder, or else on PATH.
fn installed(folder: &Path, name: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = [folder.to_owned()]
        .into_iter()
        .chain(env::split_paths(&path));
    folders
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is not installed"))
}
