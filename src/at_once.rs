//! How much goes on at once. What one limit lets through, the next one shares out, so that they stand in one place and are tuned together.
//!
//! A run copies `--concurrency` blocks at once. Each has [`OBJECTS_AT_ONCE`] objects in transfer, and each of those [`PARTS_AT_ONCE`] parts being
//! read and as many being put: with the usual 10 blocks at most 320 requests. How many bytes they hold is no matter of these: transfers share a budget
//! of memory, and wait for it. Nor is how many a server can do: [`REQUESTS_AT_FIRST`] go to it at once, up to [`MOST_REQUESTS`] where that gets more
//! done, and fewer once it asks for that.
//!
//! A further [`WAITING`] blocks of a unit are copied and wait for those before them. Of those that wait, for room or for their turn, [`LOOK_AHEAD`]
//! are looked at in both buckets at once. While buckets are surveyed nothing else goes on, and [`READS`] small objects are read at once.

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
pub const WAITING: usize = 32;

/// Blocks that are looked at together before their turn, at most: one listing serves many of them, and must not be old when it is the last one's
/// turn.
pub const LOOK_AHEAD: usize = 32;

/// Small objects being read at once for a survey.
pub const READS: usize = 128;

/// Requests to one server at once, in the beginning.
pub const REQUESTS_AT_FIRST: usize = 128;

/// Requests to one server at once where it asks for few.
pub const FEWEST_REQUESTS: usize = 2;

/// Requests to one server at once where that gets more done.
pub const MOST_REQUESTS: usize = 512;
