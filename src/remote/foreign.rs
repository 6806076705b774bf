//! What servers tell, read without a server: for those who hold such bytes already.

use bytes::Bytes;

use super::delivered::{Brought, Delivered};
use super::exported;
use super::frames::Frames;
use super::server::Wanted;
use super::taking::Taking;
use super::trouble::Trouble;
use crate::error::{Error, Kind, Result};
use crate::promql::Selector;
use crate::samples::Item;

/// Reads the body of a streamed answer to remote read: frames, as they lie one behind the other.
pub fn read_frames(body: &[u8]) -> Result<Vec<Item>> {
    with(|taking, delivered| {
        let mut frames = Frames::default();
        frames.push(body);
        while let Some(frame) = frames.next().map_err(Trouble::Garbled)? {
            taking.frame(frame, delivered)?;
        }
        frames.end().map_err(Trouble::Garbled)
    })
}

/// Reads what one frame holds.
pub fn read_frame(message: &[u8]) -> Result<Vec<Item>> {
    let message = Bytes::copy_from_slice(message);
    with(|taking, delivered| taking.frame(message, delivered))
}

/// Reads an answer to remote read that holds samples, unpacked.
pub fn read_message(message: &[u8]) -> Result<Vec<Item>> {
    with(|taking, delivered| taking.whole(message, delivered))
}

/// Reads a line of `VictoriaMetrics`' export.
pub fn read_line(line: &[u8]) -> Result<Vec<Item>> {
    with(|taking, delivered| {
        let (labels, samples) = exported::read(line).map_err(Trouble::Garbled)?;
        taking.samples(&labels, samples, delivered)
    })
}

fn with(
    read: impl FnOnce(&mut Taking<'_>, &mut Delivered<'_, '_>) -> Result<(), Trouble>,
) -> Result<Vec<Item>> {
    let selector: Selector = r#"{__name__!=""}"#.parse()?;
    let wanted = Wanted {
        selector: &selector,
        earlier: &[],
        range: i64::MIN..i64::MAX,
    };
    let mut items = Vec::new();
    let mut sink = |item| {
        if item != Item::Mark {
            items.push(item);
        }
        Ok(())
    };
    let read = Delivered::begin(&mut sink, Brought::default())
        .and_then(|mut delivered| read(&mut Taking::new(&wanted), &mut delivered));
    let why = match read {
        Ok(()) => return Ok(items),
        Err(Trouble::Untaken(err)) => return Err(err),
        Err(
            Trouble::Failed(_, why)
            | Trouble::Garbled(why)
            | Trouble::CutShort(why)
            | Trouble::TooMuch(why)
            | Trouble::OtherForm(why),
        ) => why,
    };
    Err(Error::new(Kind::Corrupt, "read what a server tells").because(why))
}
