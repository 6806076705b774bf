//! What a Thanos block is: its name, its `meta.json`, its marks, the objects it is made of, and the proof that two buckets hold the same one.
//! Values only; nothing here touches a bucket.

mod completeness;
mod cover;
mod fingerprint;
mod group;
mod id;
mod inventory;
mod mark;
mod meta;
mod proof;
mod provenance;
mod read_back;

pub use completeness::Completeness;
pub use cover::{Cover, NoCover};
pub use fingerprint::{Fingerprint, Likeness};
pub use group::{Group, Labels};
pub use id::{BlockId, is_loose_block_id};
pub use inventory::{Inventory, LeftOut, Object, ObjectPath, Role};
pub use mark::{DeletionMark, MarkError, NoCompactMark, check_no_downsample_mark};
pub use meta::{BlockMeta, File, MetaError, MetaFile};
pub use proof::{Difference, Match, Proof, Strength, Tags, agreement, compare};
pub use provenance::{Provenance, RunId};
pub use read_back::{ReadBack, is_put_at_once, pairs, suspects, tags_are_digests, tags_differ};

/// The object whose presence makes a directory a block; written last.
pub const META_JSON: &str = "meta.json";
/// The object that tells Thanos' compactor to delete a block.
pub const DELETION_MARK: &str = "deletion-mark.json";
/// The object that tells Thanos' compactor to leave a block as it is.
pub const NO_COMPACT_MARK: &str = "no-compact-mark.json";
/// The object that tells Thanos' compactor not to downsample a block.
pub const NO_DOWNSAMPLE_MARK: &str = "no-downsample-mark.json";
/// The object by which an overwrite in progress is known after a crash; ours alone.
pub const OVERWRITE_MARKER: &str = "thanos-bucket-overwrite.json";
