//! Requests in protobuf, one after another: as a collector's file exporter writes them, or as gRPC does.

use std::io::Read;

use flate2::read::MultiGzDecoder;

use super::take::{MOST_BYTES, Take, message};
use crate::error::Result;
use crate::payload::received::Payload;

/// What stands before each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frames {
    /// Four bytes of length.
    Lengths,
    /// A byte that says whether it is compressed, and four of length.
    Grpc,
    /// The first bytes do not tell.
    Either,
}

/// How many bytes show which frames there are.
pub(super) const HEAD: u64 = 6;

/// With what a message begins, unless it is empty: the tag of the one member that a request has.
const TAG: u8 = 0x0a;

impl Frames {
    /// Those of a payload that begins with these bytes.
    pub(super) fn of(head: &[u8]) -> Self {
        match head {
            [1, ..] | [0, 0, 0, 0, 0] => Self::Grpc,
            [.., TAG, TAG] => Self::Either,
            [.., TAG] => Self::Grpc,
            _ => Self::Lengths,
        }
    }

    fn head_bytes(self) -> u64 {
        match self {
            Self::Lengths | Self::Either => 4,
            Self::Grpc => 5,
        }
    }

    /// Whether the message behind the frame is compressed, and how long it is; `None` where that is no frame.
    fn read(self, head: &[u8]) -> Option<(bool, u64)> {
        let (flag, length) = match self {
            Self::Lengths | Self::Either => (0, head),
            Self::Grpc => head.split_first().map(|(flag, length)| (*flag, length))?,
        };
        let length = u32::from_be_bytes(length.try_into().ok()?);
        (flag <= 1).then_some((flag == 1, length.into()))
    }

    /// Whether the bytes are such frames to their end.
    fn fit(self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let head = usize::try_from(self.head_bytes()).unwrap_or(usize::MAX);
            let behind = bytes.split_at_checked(head).and_then(|(head, rest)| {
                let (_, length) = self.read(head)?;
                rest.get(usize::try_from(length).ok()?..)
            });
            match behind {
                Some(behind) => bytes = behind,
                None => return false,
            }
        }
        true
    }
}

/// Gives each request.
pub(super) fn each(payload: &mut Payload, frames: Frames, take: &mut dyn Take) -> Result<()> {
    if frames == Frames::Either {
        let bytes = payload.whole(MOST_BYTES)?;
        let fit = [Frames::Grpc, Frames::Lengths].into_iter();
        let frames = { fit }.find(|frames| frames.fit(&bytes));
        let mut payload = Payload {
            body: &mut &*bytes,
            received_at_ms: payload.received_at_ms,
            query_params: payload.query_params,
            place: payload.place,
        };
        return each(&mut payload, frames.unwrap_or(Frames::Lengths), take);
    }
    for number in 1_u64.. {
        let head = read(payload, frames.head_bytes())?;
        if head.is_empty() {
            break;
        }
        let Some((is_compressed, length)) = frames.read(&head) else {
            return take.fault(None, &format!("message {number} of protobuf is cut off"));
        };
        if length > MOST_BYTES {
            let why = format!(
                "message {number} of protobuf says that it has {length} bytes: at most {MOST_BYTES} are read"
            );
            return take.fault(None, &why);
        }
        let bytes = read(payload, length)?;
        if bytes.len() as u64 != length {
            return take.fault(None, &format!("message {number} of protobuf is cut off"));
        }
        if !is_compressed {
            message(&bytes, Some(number), take)?;
            continue;
        }
        if let Some(bytes) = inflated(&bytes) {
            message(&bytes, Some(number), take)?;
        } else {
            let why = format!(
                "message {number} of protobuf is compressed, and not with gzip, or has more than {MOST_BYTES} bytes"
            );
            take.fault(None, &why)?;
        }
    }
    Ok(())
}

fn read(payload: &mut Payload, most: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = (&mut *payload.body).take(most).read_to_end(&mut bytes);
    read.map_err(|err| payload.malformed(None, err))?;
    Ok(bytes)
}

fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut inflated = Vec::new();
    let mut decoder = MultiGzDecoder::new(bytes).take(MOST_BYTES + 1);
    decoder.read_to_end(&mut inflated).ok()?;
    (inflated.len() as u64 <= MOST_BYTES).then_some(inflated)
}
