//! Bytes over time: so many equal steps, which grow as time goes on.

/// So many steps at most.
const STEPS: usize = 240;
const FIRST_STEP_MS: i64 = 1_000;

/// What one run copied, step after step from its beginning.
#[derive(Debug, Clone)]
pub(super) struct Throughput {
    begin_ms: i64,
    step_ms: i64,
    bytes: Vec<u64>,
}

impl Throughput {
    pub(super) fn since(begin_ms: i64) -> Self {
        Self {
            begin_ms: bounded(begin_ms),
            step_ms: FIRST_STEP_MS,
            bytes: Vec::new(),
        }
    }

    /// Notes that so many bytes were copied evenly from one time to another.
    pub(super) fn add(&mut self, from_ms: i64, to_ms: i64, bytes: u64) {
        let (from_ms, to_ms) = (bounded(from_ms.min(to_ms)), bounded(to_ms));
        self.reach(from_ms.min(to_ms), to_ms);
        let (from, to) = (from_ms - self.begin_ms, to_ms - self.begin_ms);
        let (first, last) = (from / self.step_ms, to / self.step_ms);
        let place = |step: i64| usize::try_from(step).unwrap_or_default();
        let steps = place(last - first) as u64 + 1;
        if self.bytes.len() <= place(last) {
            self.bytes.resize(place(last) + 1, 0);
        }
        let (share, rest) = (bytes / steps, bytes % steps);
        for step in self
            .bytes
            .iter_mut()
            .take(place(last) + 1)
            .skip(place(first))
        {
            *step = step.saturating_add(share);
        }
        if let Some(step) = self.bytes.get_mut(place(last)) {
            *step = step.saturating_add(rest);
        }
    }

    /// Makes room for both times; files may come in any order, so that what comes first may be read last.
    fn reach(&mut self, from_ms: i64, to_ms: i64) {
        let limit = i64::try_from(STEPS).unwrap_or(i64::MAX);
        loop {
            let earlier = (self.begin_ms - from_ms).max(0);
            let before = earlier / self.step_ms + i64::from(earlier % self.step_ms > 0);
            let begin_ms = self.begin_ms - before * self.step_ms;
            let known = i64::try_from(self.bytes.len()).unwrap_or(limit);
            if before + known <= limit && (to_ms - begin_ms) / self.step_ms < limit {
                let empty = usize::try_from(before).unwrap_or_default();
                self.bytes.splice(0..0, std::iter::repeat_n(0, empty));
                self.begin_ms = begin_ms;
                return;
            }
            self.widen();
        }
    }

    fn widen(&mut self) {
        self.step_ms *= 2;
        let pairs = self.bytes.chunks(2);
        self.bytes = pairs
            .map(|pair| {
                pair.iter()
                    .fold(0_u64, |sum, bytes| sum.saturating_add(*bytes))
            })
            .collect();
    }

    pub(super) fn step_ms(&self) -> i64 {
        self.step_ms
    }

    pub(super) fn begin_ms(&self) -> i64 {
        self.begin_ms
    }

    /// Bytes of each step.
    pub(super) fn steps(&self) -> &[u64] {
        &self.bytes
    }

    pub(super) fn sum(&self) -> u64 {
        self.bytes
            .iter()
            .fold(0, |sum, bytes| sum.saturating_add(*bytes))
    }

    /// The most of one step, in bytes a second.
    pub(super) fn peak(&self) -> u64 {
        let most = self.bytes.iter().max().copied().unwrap_or_default();
        per_second(most, self.step_ms)
    }
}

/// Files may tell any time.
fn bounded(ms: i64) -> i64 {
    ms.clamp(-(i64::MAX / 8), i64::MAX / 8)
}

/// So many bytes in so much time, by the second.
pub(super) fn per_second(bytes: u64, ms: i64) -> u64 {
    let ms = u128::try_from(ms).unwrap_or_default().max(1);
    u64::try_from(u128::from(bytes) * 1000 / ms).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// S-20.9
    #[test]
    fn no_byte_is_lost_however_long_it_goes_on() {
        let mut flow = Throughput::since(5_000);
        for minute in 0..10_000 {
            let at = 5_000 + minute * 60_000;
            flow.add(at - 90_000, at, 1_001);
        }
        flow.add(i64::MIN, i64::MAX, 7);
        assert_eq!(flow.sum(), 10_000 * 1_001 + 7);
        assert!(flow.steps().len() <= STEPS);
    }

    /// S-20.5: files come in any order.
    #[test]
    fn what_comes_first_may_be_told_last() {
        for minutes in [1, 10, 1_000] {
            let times = (0..minutes).map(|minute| minute * 60_000);
            let [mut one, mut other] = [0, (minutes - 1) * 60_000].map(Throughput::since);
            times
                .clone()
                .for_each(|at| one.add(at, at + 59_999, 60_000));
            times
                .rev()
                .for_each(|at| other.add(at, at + 59_999, 60_000));
            assert_eq!(one.sum(), other.sum());
            let (one, other) = (one.peak(), other.peak());
            assert!(one.abs_diff(other) * 10 <= one, "{one} {other}");
        }
    }

    #[test]
    fn bytes_are_spread_over_the_time_that_they_took() {
        let mut flow = Throughput::since(0);
        flow.add(0, 3_999, 4_000);
        assert_eq!(flow.steps(), [1_000; 4]);
        assert_eq!(flow.peak(), 1_000);
    }
}
