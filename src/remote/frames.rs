//! The frames of a streamed answer: a length as a varint, a checksum, and so many bytes.

use bytes::{Bytes, BytesMut};

use crate::tsdb::crc::crc32c;

/// What Prometheus itself reads at most.
const LONGEST_FRAME: usize = 50_000_000;

/// No varint of 64 bits has more bytes.
const LONGEST_VARINT: usize = 10;

/// What is shown of what is no frame, in bytes.
const SHOWN: usize = 300;

/// Finds frames in bytes that come piece by piece. No more is kept than has come.
#[derive(Debug, Default)]
pub(super) struct Frames(BytesMut);

impl Frames {
    /// These bytes have come.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// The next whole frame; `None` until more comes.
    ///
    /// Errors: what is no frame.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>, String> {
        let Some((length, digits)) = self.length()? else {
            return Ok(None);
        };
        let head = digits + 4;
        let whole = head + length;
        let Some(frame) = self.0.get(..whole) else {
            // One piece of memory for all that is still to come, if that is no more than a sane server sends.
            let missing = whole - self.0.len();
            self.0.reserve(missing.min(4 << 20));
            return Ok(None);
        };
        let (checksum, body) = frame.split_at_checked(head).unwrap_or_default();
        let checksum = checksum
            .last_chunk()
            .map(|bytes| u32::from_be_bytes(*bytes));
        if checksum != Some(crc32c(body)) {
            return Err(self.told("a frame's checksum is wrong"));
        }
        let frame = self.0.split_to(whole).freeze();
        Ok(Some(frame.slice(head..)))
    }

    /// Nothing more comes.
    ///
    /// Errors: a frame is not whole.
    pub(super) fn end(&self) -> Result<(), String> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(self.told("it ends within a frame"))
    }

    /// The length of the next frame, and how many bytes tell it.
    fn length(&self) -> Result<Option<(usize, usize)>, String> {
        let mut length: u64 = 0;
        for (place, byte) in self.0.iter().take(LONGEST_VARINT).enumerate() {
            let bits = u64::from(byte & 0x7f);
            let shift = 7 * place;
            if shift == 63 && bits > 1 {
                break;
            }
            length |= bits << shift;
            if byte & 0x80 == 0 {
                let fit = usize::try_from(length).ok();
                return match fit.filter(|length| *length <= LONGEST_FRAME) {
                    Some(length) => Ok(Some((length, place + 1))),
                    None => Err(self.told(&format!(
                        "a frame has {length} bytes, and more than {LONGEST_FRAME} are too many"
                    ))),
                };
            }
        }
        if self.0.len() >= LONGEST_VARINT {
            return Err(self.told("a frame's length is none"));
        }
        Ok(None)
    }

    /// What is wrong; servers that fail within an answer write their error behind what they have sent.
    fn told(&self, wrong: &str) -> String {
        let rest = self.0.get(..SHOWN).unwrap_or(&self.0);
        let text = str::from_utf8(rest).map(str::trim).unwrap_or_default();
        let is_text = text.len() > 8 && !text.contains(|c: char| c.is_control() && c != '\n');
        if is_text {
            format!("{wrong}; in its place stands {text:?}")
        } else {
            wrong.to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;

    fn frame(body: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        prost::encoding::encode_varint(body.len() as u64, &mut frame);
        frame.extend(crc32c(body).to_be_bytes());
        frame.extend(body);
        frame
    }

    /// S-24.12
    #[test]
    fn frames_are_found_however_their_bytes_come_in_pieces() {
        let bodies: [&[u8]; 4] = [b"one", b"", &[7; 300], b"last"];
        let all = bodies.map(frame).concat();
        for size in [1, 2, 3, 7, 64, all.len()] {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for piece in all.chunks(size) {
                frames.push(piece);
                while let Some(frame) = frames.next().unwrap() {
                    found.push(frame);
                }
            }
            assert_eq!(found, bodies, "{size}");
            assert_eq!(frames.end(), Ok(()));
        }
    }

    /// S-24.12
    #[test]
    fn what_is_no_frame_is_told() {
        let mut wrong_sum = frame(b"one");
        *wrong_sum.last_mut().unwrap() = b'f';
        let whole = frame(b"whole");
        let cut = whole.get(..whole.len() - 1).unwrap().to_vec();
        let mut gigabytes = Vec::new();
        prost::encoding::encode_varint(3 << 30, &mut gigabytes);
        for (bytes, why) in [
            (wrong_sum, "a frame's checksum is wrong"),
            (cut, "it ends within a frame"),
            (whole.get(..3).unwrap().to_vec(), "it ends within a frame"),
            (
                gigabytes,
                "a frame has 3221225472 bytes, and more than 50000000 are too many",
            ),
            (vec![0xff; 10], "a frame's length is none"),
            (vec![0xff; 9], "it ends within a frame"),
            (
                b"exceeded sample limit (50)\n".to_vec(),
                "it ends within a frame; in its place stands \"exceeded sample limit (50)\"",
            ),
        ] {
            let mut frames = Frames::default();
            frames.push(&bytes);
            let told = frames.next().and_then(|frame| {
                assert_eq!(frame, None);
                frames.end()
            });
            assert_eq!(told, Err(why.to_owned()));
        }
    }
}
