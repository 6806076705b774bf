//! Folders: links, rights, and disks that come and go.

mod mounts;
mod permissions;
mod replaced;
mod unreadable_entries;
