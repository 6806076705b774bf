//! Where buckets lie, and how they come to lie where those of another layout do.

use std::cmp::Ordering;

use super::rows::Bucket;
use crate::samples::Span;

/// How many buckets there are.
pub(super) fn buckets(spans: &[Span]) -> u64 {
    spans.iter().map(|span| u64::from(span.length)).sum()
}

/// The index of each bucket, in ascending order.
pub(super) fn indices(spans: &[Span]) -> Vec<i32> {
    let mut all = Vec::with_capacity(spans.iter().map(|span| span.length as usize).sum());
    // Spans that reach beyond 32 bits were refused.
    let mut next = 0_i32;
    for span in spans {
        next = next.saturating_add(span.offset);
        for _ in 0..span.length {
            all.push(next);
            next = next.saturating_add(1);
        }
    }
    all
}

/// The indices that either has.
pub(super) fn union(one: &[i32], other: &[i32]) -> Vec<i32> {
    let mut all = Vec::with_capacity(one.len().max(other.len()));
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    loop {
        let order = match (one.peek(), other.peek()) {
            (None, None) => return all,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(one), Some(other)) => one.cmp(other),
        };
        let index = if order.is_lt() {
            one.next()
        } else {
            one.next_if(|_| order.is_eq());
            other.next()
        };
        all.extend(index);
    }
}

/// The fewest spans that have these indices.
pub(super) fn spans(indices: &[i32]) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    let mut next = 0_i32;
    for index in indices {
        let offset = index.saturating_sub(next);
        match spans.last_mut().filter(|_| offset == 0) {
            Some(span) => span.length += 1,
            None => spans.push(Span { offset, length: 1 }),
        }
        next = index.saturating_add(1);
    }
    spans
}

/// Puts buckets where others are among them; those that were not there are empty.
pub(super) fn spread<B: Bucket>(buckets: &mut Vec<B>, from: &[i32], to: &[i32]) {
    let mut old = from.iter().zip(buckets.iter()).peekable();
    let (mut read, mut written) = (B::default(), B::default());
    let spread = to.iter().map(|index| {
        let mut count = B::default();
        if let Some((_, bucket)) = old.next_if(|(from, _)| *from == index) {
            read = bucket.count_behind(read);
            count = read;
        }
        let bucket = count.bucket_behind(written);
        written = count;
        bucket
    });
    *buckets = spread.collect();
}
