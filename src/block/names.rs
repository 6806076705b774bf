//! The names that decide what a block's directory is.

/// The object whose presence makes a directory a block; written last.
pub const META_JSON: &str = "meta.json";
/// The object that tells Thanos' compactor to delete a block.
pub const DELETION_MARK: &str = "deletion-mark.json";
/// The object that tells Thanos' compactor to leave a block as it is.
pub const NO_COMPACT_MARK: &str = "no-compact-mark.json";
/// The object that tells Thanos' compactor not to downsample a block.
pub const NO_DOWNSAMPLE_MARK: &str = "no-downsample-mark.json";
/// The object by which an overwrite in progress is known after a crash; only this tool writes it.
pub const OVERWRITE_MARKER: &str = "thanos-bucket-overwrite.json";
