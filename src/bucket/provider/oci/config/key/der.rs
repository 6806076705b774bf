//! As much of DER as the wrapping of an encrypted key takes: values one after the other.

/// What is read, and what is left of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Der<'a>(pub(super) &'a [u8]);

pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const OBJECT: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

impl<'a> Der<'a> {
    /// The content of the next value, which must have this tag.
    pub(super) fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let (found, rest) = self.0.split_first()?;
        let (first, rest) = rest.split_first()?;
        if *found != tag {
            return None;
        }
        let (length, rest) = if *first < 0x80 {
            (usize::from(*first), rest)
        } else {
            let digits = usize::from(*first & 0x7f);
            if digits == 0 || digits > 4 {
                return None;
            }
            let (length, rest) = rest.split_at_checked(digits)?;
            let length = length
                .iter()
                .fold(0, |length, byte| length << 8 | usize::from(*byte));
            (length, rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// What stands in the next value, a sequence.
    pub(super) fn sequence(&mut self) -> Option<Self> {
        self.take(SEQUENCE).map(Der)
    }

    /// Whether the next value has this tag.
    pub(super) fn is(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// A number that is not negative, and fits.
    pub(super) fn number(&mut self) -> Option<u32> {
        let digits = self.take(INTEGER)?;
        let digits = digits.strip_prefix(&[0]).unwrap_or(digits);
        (digits.len() <= 4).then(|| {
            digits
                .iter()
                .fold(0, |number, byte| number << 8 | u32::from(*byte))
        })
    }
}
