//! The tools that are measured: how each is called at its best, and what must have come of it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};

use crate::ground::{Ground, Held, Site, expect};

/// Where the tools are.
#[derive(Debug, Clone)]
pub struct Programs {
    pub product: PathBuf,
    pub thanos: PathBuf,
    pub rclone: PathBuf,
    pub s5cmd: PathBuf,
    /// This program, whose own subcommands are measured too.
    pub driver: PathBuf,
}

/// A tool, and how it is told to do a work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Ours,
    OursThroughClient,
    /// Without the digest that buckets with object lock demand, as rclone at its best.
    OursThroughClientWithoutMd5,
    OursInAnyOrder,
    OursPlan,
    /// The plan once everything has moved, and still lies marked in the source.
    OursPlanAgain,
    /// The run of the night after: everything has moved, and still lies marked in the source.
    OursAgain,
    S5cmd,
    Rclone,
    RcloneThroughClient,
    RcloneThroughClientWide,
    ThanosReplicate,
    ThanosLs,
    BareCopyObject,
    BareGetPut,
    BareReads,
    CopyFolder,
}

/// What a tool does, and is therefore compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Moves or copies without the bytes passing here.
    ByService,
    /// Moves or copies through this machine.
    ThroughClient,
    /// Looks at blocks.
    Look,
    /// What the server can do at best: a limit, and no peer.
    Limit,
}

impl Peer {
    /// What tables call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ours => "thanos-bucket",
            Self::OursThroughClient => "thanos-bucket --copy=client",
            Self::OursThroughClientWithoutMd5 => "thanos-bucket --copy=client, without Content-MD5",
            Self::OursInAnyOrder => "thanos-bucket --publish-order=none",
            Self::OursPlan => "thanos-bucket --dry-run",
            Self::OursPlanAgain => "thanos-bucket --dry-run, all moved before",
            Self::OursAgain => "thanos-bucket, all moved before",
            Self::S5cmd => "s5cmd cp",
            Self::Rclone => "rclone copy",
            Self::RcloneThroughClient => "rclone copy, through the client",
            Self::RcloneThroughClientWide => "rclone copy, through the client, 32 transfers",
            Self::ThanosReplicate => "thanos tools bucket replicate",
            Self::ThanosLs => "thanos tools bucket ls",
            Self::BareCopyObject => "bare CopyObject",
            Self::BareGetPut => "bare GET and PUT",
            Self::BareReads => "bare GET of each meta.json, after a listing",
            Self::CopyFolder => "cp -r, and fsync",
        }
    }

    /// What it is compared with.
    pub fn kind(self) -> Kind {
        match self {
            Self::Ours | Self::OursInAnyOrder | Self::S5cmd | Self::Rclone | Self::CopyFolder => {
                Kind::ByService
            }
            Self::OursThroughClient
            | Self::OursThroughClientWithoutMd5
            | Self::RcloneThroughClient
            | Self::RcloneThroughClientWide
            | Self::ThanosReplicate => Kind::ThroughClient,
            Self::OursPlan | Self::OursPlanAgain | Self::OursAgain | Self::ThanosLs => Kind::Look,
            Self::BareCopyObject | Self::BareGetPut | Self::BareReads => Kind::Limit,
        }
    }

    /// Whether it is thanos-bucket.
    pub fn is_ours(self) -> bool {
        self.name().starts_with("thanos-bucket")
    }

    /// Whether it works where everything has moved before.
    pub fn comes_again(self) -> bool {
        matches!(self, Self::OursPlanAgain | Self::OursAgain)
    }

    /// How it is called there. Nothing of this process's environment reaches it but PATH; what it wants of a home it finds in `home`.
    pub fn command(self, programs: &Programs, site: &Site, home: &Path) -> Command {
        let mut command = match self {
            Self::Ours | Self::OursAgain => ours(programs, site, &[]),
            Self::OursThroughClient => ours(programs, site, &["--copy=client"]),
            Self::OursThroughClientWithoutMd5 => {
                let site = Site {
                    target_config: site.target_config_without_md5.clone(),
                    ..site.clone()
                };
                ours(programs, &site, &["--copy=client"])
            }
            Self::OursInAnyOrder => ours(programs, site, &["--publish-order=none"]),
            Self::OursPlan | Self::OursPlanAgain => ours(programs, site, &["--dry-run"]),
            Self::S5cmd => s5cmd(programs, site),
            Self::Rclone => rclone(programs, site, "hot", &["--transfers=64", "--checkers=64"]),
            Self::RcloneThroughClient => rclone_through_client(programs, site, "--transfers=4"),
            Self::RcloneThroughClientWide => {
                rclone_through_client(programs, site, "--transfers=32")
            }
            Self::ThanosReplicate => replicate(programs, site),
            Self::ThanosLs => {
                let mut command = Command::new(&programs.thanos);
                command.args(["tools", "bucket", "ls"]);
                command.arg(flag("--objstore.config-file", &site.source_config));
                command
            }
            Self::BareCopyObject => bare(programs, site, "copy-objects"),
            Self::BareGetPut => bare(programs, site, "carry-objects"),
            Self::BareReads => bare(programs, site, "read-metas"),
            Self::CopyFolder => {
                let mut command = Command::new(&programs.driver);
                command.args(["copy-folder", &site.source, &site.target]);
                command
            }
        };
        let set: Vec<_> = command
            .get_envs()
            .map(|(name, value)| (name.to_owned(), value.unwrap_or_default().to_owned()))
            .collect();
        command
            .env_clear()
            .envs(set)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", home)
            .env("TMPDIR", home)
            .current_dir(home);
        command
    }

    /// Whether it has done what it was to do with a source that held these blocks: a benchmark that measures failures lies.
    pub fn check(self, ground: &dyn Ground, blocks: Held, said: &str) -> Result<()> {
        match self {
            Self::Ours
            | Self::OursThroughClient
            | Self::OursThroughClientWithoutMd5
            | Self::OursInAnyOrder => {
                expect("target", ground.target()?, blocks)?;
                expect("source", ground.source()?, blocks.marked())
            }
            Self::OursAgain | Self::OursPlanAgain => {
                expect("target", ground.target()?, blocks)?;
                expect("source", ground.source()?, blocks.marked())?;
                ensure!(planned(said) == Some(0), "it is not over: {said}");
                Ok(())
            }
            Self::OursPlan => {
                ensure!(
                    planned(said) == Some(blocks.published),
                    "it plans something else than {} blocks: {said}",
                    blocks.published
                );
                Ok(())
            }
            Self::ThanosLs => {
                let listed = said.lines().count();
                ensure!(listed == blocks.published, "it lists {listed} blocks");
                Ok(())
            }
            // It fails where a read does.
            Self::BareReads => Ok(()),
            _ => {
                expect("target", ground.target()?, blocks)?;
                expect("source", ground.source()?, blocks)
            }
        }
    }
}

/// How many blocks a plan or report says that it selected.
fn planned(said: &str) -> Option<usize> {
    let selected = |line: &str| {
        Some(
            line.trim_start()
                .strip_prefix("selected ")?
                .trim_start()
                .to_owned(),
        )
    };
    let line = said.lines().find_map(selected)?;
    if line == "nothing" {
        return Some(0);
    }
    let (number, _) = line.split_once(" block")?;
    number.replace(',', "").parse().ok()
}

fn flag(name: &str, path: &Path) -> String {
    format!("{name}={}", path.display())
}

fn ours(programs: &Programs, site: &Site, more: &[&str]) -> Command {
    let mut command = Command::new(&programs.product);
    command
        .arg("migrate")
        .arg(flag("--objstore.config-file", &site.source_config))
        .arg(flag("--objstore-to.config-file", &site.target_config))
        .arg("--older-than=2025-06-01")
        .args(more);
    command
}

fn replicate(programs: &Programs, site: &Site) -> Command {
    let mut command = Command::new(&programs.thanos);
    command
        .args(["tools", "bucket", "replicate", "--single-run"])
        .arg(flag("--objstore.config-file", &site.source_config))
        .arg(flag("--objstore-to.config-file", &site.target_config))
        .args(["--resolution=0s", "--resolution=5m", "--resolution=1h"])
        .args(["--compaction-min=1", "--compaction-max=100"])
        // Any free port; and no waiting for those who might still ask there.
        .args(["--http-address=127.0.0.1:0", "--http-grace-period=0s"]);
    command
}

fn s5cmd(programs: &Programs, site: &Site) -> Command {
    let mut command = Command::new(&programs.s5cmd);
    command
        .args(["--endpoint-url", &site.endpoint, "--log", "error", "cp"])
        .arg(format!("s3://{}/*", site.source))
        .arg(format!("s3://{}/", site.target))
        .env("AWS_ACCESS_KEY_ID", &site.access_key)
        .env("AWS_SECRET_ACCESS_KEY", &site.secret_key)
        .env("AWS_REGION", crate::s3::REGION);
    command
}

/// From the remote `hot`. The server copies where the target is on the same remote.
fn rclone(programs: &Programs, site: &Site, target: &str, more: &[&str]) -> Command {
    let mut command = Command::new(&programs.rclone);
    command
        .args(["copy", "--config=", "--fast-list", "--s3-no-check-bucket"])
        .args(more)
        .arg(format!("hot:{}", site.source))
        .arg(format!("{target}:{}", site.target));
    if let Some(certificate) = &site.certificate {
        command.arg(flag("--ca-cert", certificate));
    }
    for remote in ["HOT", "COLD"] {
        for (name, value) in [
            ("TYPE", "s3"),
            ("PROVIDER", "Minio"),
            ("REGION", crate::s3::REGION),
            ("ENDPOINT", &site.endpoint),
            ("ACCESS_KEY_ID", &site.access_key),
            ("SECRET_ACCESS_KEY", &site.secret_key),
        ] {
            command.env(format!("RCLONE_CONFIG_{remote}_{name}"), value);
        }
    }
    command
}

fn rclone_through_client(programs: &Programs, site: &Site, transfers: &str) -> Command {
    let tuned = [
        transfers,
        "--disable=copy",
        "--multi-thread-streams=0",
        "--s3-upload-cutoff=5G",
        "--s3-use-unsigned-payload=true",
        "--ignore-checksum",
    ];
    rclone(programs, site, "cold", &tuned)
}

fn bare(programs: &Programs, site: &Site, subcommand: &str) -> Command {
    let mut command = Command::new(&programs.driver);
    command.args([subcommand, &site.endpoint, &site.access_key]);
    command.args([&site.secret_key, &site.source, &site.target]);
    command
}

#[cfg(test)]
mod tests {
    use super::planned;

    #[test]
    fn the_number_of_selected_blocks_is_read_from_a_plan() {
        let plan = "plan of run 1\n  tool          thanos-bucket\n  selected      5,000 blocks, 15,000 objects, 13.2 MiB\n";
        assert_eq!(planned(plan), Some(5000));
        assert_eq!(planned("  selected      1 block, 3 objects\n"), Some(1));
        assert_eq!(planned("  selected      nothing\n"), Some(0));
        assert_eq!(planned("nothing"), None);
    }
}
