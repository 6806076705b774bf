//! About what a plan costs: requests by kind, bytes, and time.

use std::num::NonZeroU64;
use std::time::Duration;

use super::requests::{Asked, Carrier, requests};
use super::review::Review;
use crate::plan::Selected;

/// About what a plan costs.
#[derive(Debug)]
pub struct Estimate {
    /// The requests.
    pub asked: Asked,
    /// Bytes that are read from the source and put into the target by this process.
    pub bytes_here: u64,
    /// Bytes that the service copies by itself.
    pub bytes_by_service: u64,
    /// How many bytes a second the operator counts with.
    pub rate: Option<NonZeroU64>,
}

impl Estimate {
    /// Of a plan, where that one copies.
    #[must_use]
    pub fn of(review: &Review<'_>, carrier: Carrier, rate: Option<NonZeroU64>) -> Self {
        let mut estimate = Self {
            asked: Asked::default(),
            bytes_here: 0,
            bytes_by_service: 0,
            rate,
        };
        for block in &review.blocks {
            let selected = block.selected;
            let carrier = carrier_of(selected, carrier);
            estimate
                .asked
                .add(&requests(selected, review.purpose, carrier));
            let data = block.put.bytes.saturating_sub(meta_bytes(selected));
            let by_service = match carrier {
                Carrier::Here => 0,
                Carrier::Service => data,
            };
            let here = block.put.bytes.saturating_sub(by_service);
            estimate.bytes_here = estimate.bytes_here.saturating_add(here);
            estimate.bytes_by_service = estimate.bytes_by_service.saturating_add(by_service);
        }
        estimate
    }

    /// All bytes that are put into the target.
    #[must_use]
    pub fn bytes_to_put(&self) -> u64 {
        self.bytes_here.saturating_add(self.bytes_by_service)
    }

    /// How long these take at the rate that is counted with, begun seconds being whole ones.
    #[must_use]
    pub fn time(&self) -> Option<Duration> {
        let rate = self.rate?.get();
        Some(Duration::from_secs(self.bytes_to_put().div_ceil(rate)))
    }
}

impl Review<'_> {
    /// The same, with requests counted as they are where that one copies: [`Review::new`] lets every object go through this process.
    #[must_use]
    pub fn carried_by(mut self, carrier: Carrier) -> Self {
        self.totals.requests_estimate = Estimate::of(&self, carrier, None).asked.sum();
        self
    }
}

/// What `meta.json` adds to what is put: this process puts it, whoever copies the rest.
fn meta_bytes(selected: &Selected) -> u64 {
    let objects = selected.block.objects();
    let meta = objects.meta().filter(|_| selected.action.publishes());
    meta.map_or(0, |meta| meta.size_bytes)
}

/// A block whose `meta.json` tells digests is read here, for only that checks them.
fn carrier_of(selected: &Selected, carrier: Carrier) -> Carrier {
    let tells_digests = || {
        let files = selected.meta.block.files();
        files.iter().any(|file| file.sha256.is_some())
    };
    match carrier {
        Carrier::Service if !tells_digests() => Carrier::Service,
        _ => Carrier::Here,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::testing::{World, block};

    /// S-17.8: what a service copies passes nobody, but for `meta.json`.
    #[test]
    fn what_the_service_copies_is_told_from_what_goes_through_here() {
        let world = World::of([block(1), block(2).hours(2, 4)]).holding([block(2).hours(2, 4)]);
        let plan = world.plan();
        let review = Review::new(&plan, &world.rules, None);
        let rate = NonZeroU64::new(100 << 20);
        let here = Estimate::of(&review, Carrier::Here, rate);
        let by_service = Estimate::of(&review, Carrier::Service, rate);
        let data = (1 << 30) - 4096 + 3072;
        assert_eq!((here.bytes_here, here.bytes_by_service), (data + 1024, 0));
        assert_eq!(
            (by_service.bytes_here, by_service.bytes_by_service),
            (1024, data)
        );
        assert_eq!(by_service.asked.source.get, 4);
        assert_eq!(by_service.asked.target.copy, here.asked.source.get - 4);
        // 1 GiB at 100 MiB a second, whoever copies it.
        assert_eq!(here.time(), Some(Duration::from_secs(11)));
        assert_eq!(by_service.time(), here.time());
        assert_eq!(Estimate::of(&review, Carrier::Here, None).time(), None);
    }
}
