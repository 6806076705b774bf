//! One line of an audit trail: its members, each under the name that stands in the file. Writing and reading share it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The version of the form. It rises when a member or an event changes its meaning or goes; new ones may come without.
pub const VERSION: u64 = 1;

/// One line. A member that an event has nothing to say of is left out.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Line {
    /// The version of the form.
    pub v: u64,
    /// When it happened: RFC 3339, in UTC, to the millisecond.
    pub at: String,
    /// The run that tells it.
    pub run: String,
    /// What happened, in a word.
    pub event: String,
    /// The block that it happened to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
    /// What it happened to, where that is no block: the name of an object or an upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,

    /// The version of the tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The subcommand.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verb: Option<String>,
    /// Whether nothing is written to a bucket.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// The source, or the one bucket that there is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The target.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// First samples at or after this time are too young.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cutoff: Option<String>,
    /// The flags that were given, with their values, but for texts that may hold secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub arguments: Option<BTreeMap<String, Vec<String>>>,
    /// The process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub process: Option<u32>,

    /// External labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// `0s`, `5m`, `1h`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resolution: Option<String>,
    /// The first sample: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_time: Option<String>,
    /// The end of the range: RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_time: Option<String>,
    /// How often compacted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<i64>,
    /// How many objects make it up.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects: Option<u64>,
    /// Their size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,

    /// What is planned, in a word.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// How many objects are to be put.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects_to_put: Option<u64>,
    /// Their size in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_to_put: Option<u64>,
    /// Why it is left out, in a word; or what kind of thing it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What in particular: of a failure, the whole chain of causes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,

    /// What was not done yet and is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_yet: Option<String>,
    /// After how many seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<f64>,
    /// Who copied the objects: `service` or `here`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The block of the target that holds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cover: Option<String>,
    /// How far it is proven: `size`, `checksum` or `content`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
    /// What became of its mark: `none`, `written` or `kept`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,

    /// How it ended, in a word. Whatever has this member is the end of the work on its block in this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ending: Option<String>,
    /// The block that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_for: Option<String>,
    /// Objects that were put, repeats included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub objects_put: Option<u64>,
    /// Bytes that were put, repeats included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes_sent: Option<u64>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_seconds: Option<f64>,
    /// Whether a person must look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs_a_person: Option<bool>,
    /// What that person can do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub what_to_do: Option<String>,

    /// How many blocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blocks: Option<u64>,
    /// How many blocks are left out, by reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excluded: Option<BTreeMap<String, u64>>,
    /// What of a group stays in the source and is not selected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hot: Option<Held>,
    /// What of a group the target held before, as far as it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cold: Option<Held>,

    /// The exit code of the process.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<u8>,
    /// Whether everything had its turn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub complete: Option<bool>,
    /// Why the whole run had to stop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aborted: Option<String>,
    /// The signal that asked for the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The limit that ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// How many blocks came to each ending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endings: Option<BTreeMap<String, u64>>,
}

/// What a bucket holds of a group.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Held {
    /// How many blocks.
    pub blocks: u64,
    /// Their size in bytes.
    pub size_bytes: u64,
    /// The times that they span, first sample and end, in order and apart.
    pub spans: Vec<(String, String)>,
}
