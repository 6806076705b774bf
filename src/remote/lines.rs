//! The lines of an answer that is read as it comes. No more is kept than a line, and none is longer than is wanted.

/// Finds lines in bytes that come piece by piece.
#[derive(Debug)]
pub(super) struct Lines {
    /// What has come of a line that is not whole.
    begun: Vec<u8>,
    longest: usize,
}

/// A line has more bytes than these.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong(pub(super) usize);

impl Lines {
    pub(super) fn new(longest: usize) -> Self {
        Self {
            begun: Vec::new(),
            longest,
        }
    }

    /// These bytes have come; each line that is whole now is taken.
    pub(super) fn push<E: From<TooLong>>(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (line, after) = rest.split_at_checked(end).unwrap_or((rest, b""));
            if self.begun.is_empty() {
                take(line)?;
            } else {
                self.keep(line)?;
                take(&self.begun)?;
                self.begun.clear();
            }
            rest = after.get(1..).unwrap_or_default();
        }
        self.keep(rest)?;
        Ok(())
    }

    /// Nothing more comes: what has come of a last line without an end.
    pub(super) fn end(self) -> Vec<u8> {
        self.begun
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), TooLong> {
        if self.begun.len() + bytes.len() > self.longest {
            return Err(TooLong(self.longest));
        }
        self.begun.extend_from_slice(bytes);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    #[test]
    fn lines_are_found_however_their_bytes_come_in_pieces() {
        let text = "one\n\nthree is longer\nend";
        for size in 1..=text.len() {
            let mut lines = Lines::new(20);
            let mut found = Vec::new();
            for piece in text.as_bytes().chunks(size) {
                lines
                    .push(piece, |line| -> Result<(), TooLong> {
                        found.push(String::from_utf8(line.to_vec()).unwrap());
                        Ok(())
                    })
                    .unwrap();
            }
            assert_eq!(found, ["one", "", "three is longer"], "{size}");
            assert_eq!(lines.end(), b"end");
        }
        let mut lines = Lines::new(4);
        let mut push = |bytes: &[u8]| lines.push(bytes, |_| Ok(()));
        assert_eq!(push(b"1234"), Ok(()));
        assert_eq!(push(b"\n123"), Ok(()));
        assert_eq!(push(b"45"), Err(TooLong(4)));
    }
}
