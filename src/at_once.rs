//! How much goes on at once. What one limit lets through, the next one shares out, so that they stand in one place and are tuned together.
//!
//! A run copies `--concurrency` blocks at once. Each has [`OBJECTS_AT_ONCE`] objects in transfer, and each of those [`PARTS_AT_ONCE`] parts being
//! read and as many being put: with the usual 10 blocks at most 320 requests. How many bytes
//! they hold is no matter of these: transfers share a budget of memory, and wait for it.
//!
//! A further [`WAITING`] blocks of a unit are copied and wait for those before them; of the blocks that wait for their turn, [`LOOK_AHEAD`] are
//! prepared for it. While buckets are surveyed nothing else goes on, and [`READS`] small objects are read at once.

/// Objects of one block in transfer at once.
pub const OBJECTS_AT_ONCE: usize = 4;

/// Parts of one object being fetched, and as many being put.
pub const PARTS_AT_ONCE: usize = 4;

/// Parts of one object whose sizes are being asked for, before it is in transfer.
pub const PARTS_ASKED_FOR_AT_ONCE: usize = 8;

/// Pieces of one body being fetched while another goes out.
pub const PIECES_AHEAD: usize = 2;

/// Pieces being read from each bucket while two objects are compared.
pub const PIECES_COMPARED_AT_ONCE: usize = 2;

/// Blocks of one unit that are at work beyond those being copied: copied blocks wait for those before them, and to copy more would only slow
/// down the one that the others wait for.
pub const WAITING: usize = 2;

/// Blocks before a gate whose turn is prepared: what takes long, or serves many blocks, is done before it.
pub const LOOK_AHEAD: usize = 8;

/// Small objects being read at once for a survey.
pub const READS: usize = 32;
