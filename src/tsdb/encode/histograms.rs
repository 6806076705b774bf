//! Chunks of histograms: which histogram has a place in which chunk.

use bytes::Bytes;

use super::bits::BitWriter;
use super::layout::Layout;
use super::rows::{Bucket, Kind, Row};
use super::spans::{indices, spans, spread, union};
use crate::samples::{Chunk, ResetHint, Span, is_stale};

/// What the header of a chunk says of a reset between the chunk before and this one.
const UNKNOWN: u8 = 0;
const NO_RESET: u8 = 0x40;
const RESET: u8 = 0x80;
const GAUGES: u8 = 0xc0;

/// A chunk of histograms that is being put together. They are kept until it ends, for buckets may come that all of them need room for.
#[derive(Debug)]
pub(super) struct Open<K: Kind> {
    header: u8,
    layout: Layout,
    rows: Vec<Row<K>>,
}

// A derived one would want it of the kind.
impl<K: Kind> Default for Open<K> {
    fn default() -> Self {
        Self {
            header: UNKNOWN,
            layout: Layout::default(),
            rows: Vec::new(),
        }
    }
}

impl<K: Kind> Open<K> {
    pub(super) const fn samples(&self) -> usize {
        self.rows.len()
    }

    /// Takes the next one, and returns the chunk that ends before it, if one does.
    pub(super) fn take(
        &mut self,
        hint: ResetHint,
        mut layout: Layout,
        mut row: Row<K>,
        bits: &mut BitWriter,
    ) -> Option<Chunk> {
        let mut ended = None;
        let begins = match self.rows.last() {
            None => Err(match hint {
                ResetHint::Gauge => GAUGES,
                ResetHint::Reset => RESET,
                ResetHint::Unknown | ResetHint::NoReset => UNKNOWN,
            }),
            Some(last) if hint == ResetHint::Gauge => {
                let fits = self.header == GAUGES && self.is_like(last, &layout, &row);
                fits.then_some(()).ok_or(GAUGES)
            }
            Some(last) => self.continues(last, hint, &layout, &row),
        };
        if is_stale(row.sum) {
            // Nothing else of it counts.
            layout = Layout::default();
            row = Row {
                count: K::Count::default(),
                zero_count: K::Count::default(),
                positive: Vec::new(),
                negative: Vec::new(),
                ..row
            };
        }
        match begins {
            Ok(()) if is_stale(row.sum) => {}
            Ok(()) => self.agree(layout, &mut row),
            Err(header) => {
                ended = self.end(bits);
                self.header = header;
                self.layout = layout;
            }
        }
        self.rows.push(row);
        ended
    }

    /// Whether a gauge can follow the last one.
    fn is_like(&self, last: &Row<K>, layout: &Layout, row: &Row<K>) -> bool {
        is_stale(row.sum)
            || !is_stale(last.sum)
                && self.has_schema_of(layout)
                && self.layout.has_bounds_of(layout)
    }

    #[expect(clippy::float_cmp, reason = "it is the same or it is not")]
    fn has_schema_of(&self, layout: &Layout) -> bool {
        self.layout.schema == layout.schema && self.layout.zero_threshold == layout.zero_threshold
    }

    /// Whether a counter can follow the last one; else what the header of the next chunk says.
    fn continues(
        &self,
        last: &Row<K>,
        hint: ResetHint,
        layout: &Layout,
        row: &Row<K>,
    ) -> Result<(), u8> {
        if self.header == GAUGES {
            return Err(if K::TELLS_NO_RESET { NO_RESET } else { UNKNOWN });
        }
        if hint == ResetHint::Reset {
            return Err(RESET);
        }
        if is_stale(row.sum) {
            return Ok(());
        }
        if is_stale(last.sum) {
            return Err(UNKNOWN);
        }
        if row.count < last.count {
            return Err(RESET);
        }
        if !self.has_schema_of(layout) {
            return Err(UNKNOWN);
        }
        let is_reset = !self.layout.has_bounds_of(layout)
            || row.zero_count < last.zero_count
            || falls(
                &self.layout.positive,
                &layout.positive,
                &last.positive,
                &row.positive,
            )
            || falls(
                &self.layout.negative,
                &layout.negative,
                &last.negative,
                &row.negative,
            );
        if is_reset { Err(RESET) } else { Ok(()) }
    }

    /// Makes room in the histogram for the buckets that the chunk has, and in the chunk for those that the histogram has.
    fn agree(&mut self, layout: Layout, row: &mut Row<K>) {
        if layout.positive == self.layout.positive && layout.negative == self.layout.negative {
            return;
        }
        let positive = Sides::new(&self.layout.positive, &layout.positive);
        let negative = Sides::new(&self.layout.negative, &layout.negative);
        let lacks = positive.lacks() || negative.lacks();
        if lacks {
            spread(&mut row.positive, &positive.new, &positive.both);
            spread(&mut row.negative, &negative.new, &negative.both);
        }
        if !positive.grows() && !negative.grows() {
            return;
        }
        for row in &mut self.rows {
            spread(&mut row.positive, &positive.old, &positive.both);
            spread(&mut row.negative, &negative.old, &negative.both);
        }
        // Spans that need not be written anew stay as the histogram has them, which may not be the fewest that there could be.
        let anew = |sides: &Sides| sides.lacks() || lacks && self.header == GAUGES;
        let (anew_positive, anew_negative) = (anew(&positive), anew(&negative));
        let pick = |anew, sides: &Sides, given| if anew { spans(&sides.both) } else { given };
        self.layout.positive = pick(anew_positive, &positive, layout.positive);
        self.layout.negative = pick(anew_negative, &negative, layout.negative);
    }

    /// The chunk, unless it is empty.
    pub(super) fn end(&mut self, bits: &mut BitWriter) -> Option<Chunk> {
        let (first, last) = (self.rows.first()?, self.rows.last()?);
        // Far below 65,536.
        let [.., high, low] = self.rows.len().to_be_bytes();
        bits.restart(&[high, low, self.header]);
        self.layout.write(bits);
        K::write(&self.rows, bits);
        let chunk = Chunk {
            encoding: K::ENCODING,
            min_time_ms: first.time_ms,
            max_time_ms: last.time_ms,
            data: Bytes::copy_from_slice(bits.end()),
        };
        self.rows.clear();
        Some(chunk)
    }
}

/// The buckets of a chunk and those of a histogram on one side of zero, by their indices.
struct Sides {
    old: Vec<i32>,
    new: Vec<i32>,
    both: Vec<i32>,
}

impl Sides {
    fn new(old: &[Span], new: &[Span]) -> Self {
        let (old, new) = (indices(old), indices(new));
        let both = union(&old, &new);
        Self { old, new, both }
    }

    /// Whether the histogram has buckets that the chunk lacks.
    fn grows(&self) -> bool {
        self.both.len() > self.old.len()
    }

    /// Whether it lacks some that the chunk has.
    fn lacks(&self) -> bool {
        self.both.len() > self.new.len()
    }
}

/// Whether a bucket has less than it had. One that is gone had nothing, or else this is so, too.
fn falls<B: Bucket>(old_spans: &[Span], new_spans: &[Span], old: &[B], new: &[B]) -> bool {
    let (mut before, mut now) = (B::default(), B::default());
    if old_spans == new_spans {
        return old.iter().zip(new).any(|(old, new)| {
            before = old.count_behind(before);
            now = new.count_behind(now);
            before > now
        });
    }
    let new_indices = indices(new_spans);
    let mut new = new_indices.iter().zip(new).peekable();
    indices(old_spans).iter().zip(old).any(|(index, old)| {
        before = old.count_behind(before);
        while let Some((_, bucket)) = new.next_if(|(at, _)| *at < index) {
            now = bucket.count_behind(now);
        }
        match new.next_if(|(at, _)| *at == index) {
            Some((_, bucket)) => {
                now = bucket.count_behind(now);
                before > now
            }
            None => before != B::default(),
        }
    })
}
