//! What a Thanos block is: its name, its `meta.json`, its marks, the objects it is made of, and the proof that two buckets hold the same one.
//! Values only; nothing here touches a bucket.

mod agreement;
mod at_rest;
mod completeness;
mod contents;
mod cover;
mod file_id;
mod fingerprint;
mod group;
mod id;
mod inventory;
mod mark;
mod meta;
mod names;
mod packed;
mod proof;
mod provenance;
mod read_back;

pub use agreement::{
    Strength, Tags, agreement, is_put_at_once, pairs, suspects, tags_are_digests, tags_differ,
};
pub use completeness::Completeness;
pub use contents::{Contents, Sha256Sum};
pub use cover::{Cover, NoCover};
pub use file_id::FileId;
pub use fingerprint::{Fingerprint, Form, Likeness};
pub use group::{Group, Labels};
pub use id::{BlockId, is_loose_block_id};
pub use inventory::{Inventory, LeftOut, Object, ObjectPath, Role};
pub use mark::{DeletionMark, MarkError, NoCompactMark, check_no_downsample_mark};
pub use meta::{BlockMeta, Details, File, MetaError, MetaFile, Other};
pub use names::{DELETION_MARK, META_JSON, NO_COMPACT_MARK, NO_DOWNSAMPLE_MARK, OVERWRITE_MARKER};
pub use packed::Packed;
pub use proof::{Difference, Match, Proof, compare};
pub use provenance::{Provenance, RunId};
pub use read_back::ReadBack;
