//! Whether what a bucket lies on still answers. One file that cannot be read is one bad spot on a disk; file after file is a disk that is gone.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, PoisonError};

use object_store::path::Path as Location;

use super::failure::is_dead;

/// How many blocks must fail with errors of the disk, with no successful read in between, for the disk to count as gone.
const IN_A_ROW: usize = 3;

/// What reading has shown lately.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// The blocks that could not be read since something was read.
    failing: Mutex<BTreeSet<String>>,
}

impl Health {
    /// A read succeeded.
    pub(super) fn note_read(&self) {
        let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
        failing.clear();
    }

    /// An object could not be read. Tells whether that is no matter of this one object any more.
    pub(super) fn is_gone(&self, location: &Location, err: &io::Error) -> bool {
        let block = location.parts().next();
        if let Some(block) = block.filter(|_| is_dead(err)) {
            let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
            failing.insert(block.as_ref().to_owned());
            failing.len() >= IN_A_ROW
        } else {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    /// S-6.3
    #[test]
    fn block_after_block_that_cannot_be_read_is_a_disk_that_is_gone() {
        let health = Health::default();
        let fails = |name: &str, errno: Errno| health.is_gone(&Location::from(name), &errno.into());
        for _ in 0..10 {
            assert!(!fails("a/index", Errno::IO), "one bad spot");
            assert!(!fails("b/index", Errno::IO), "another");
            assert!(!fails("c/index", Errno::ACCESS), "no error of the disk");
        }
        health.note_read();
        assert!(!fails("c/index", Errno::IO));
        assert!(!fails("a/chunks/000001", Errno::IO));
        assert!(fails("d/index", Errno::NOTCONN));
    }
}
