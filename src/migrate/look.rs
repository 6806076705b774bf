//! What was looked at, and when: buckets change while a block waits for its turn, for a slot, or for bytes to be read.

use std::time::Duration;

use tokio::time::Instant;

/// Nothing is written on the strength of what was looked at longer ago.
pub(super) const FRESH: Duration = Duration::from_secs(2);

/// What a look showed.
#[derive(Debug, Clone)]
pub(super) struct Look<T> {
    pub(super) shown: T,
    /// When the look began; `None` for what was only planned.
    began: Option<Instant>,
}

impl<T> Look<T> {
    /// Looks now.
    pub(super) async fn now<E>(look: impl Future<Output = Result<T, E>>) -> Result<Self, E> {
        let began = Some(Instant::now());
        let shown = look.await?;
        Ok(Self { shown, began })
    }

    /// Of a look that began then.
    pub(super) fn of(began: Instant, shown: T) -> Self {
        Self {
            shown,
            began: Some(began),
        }
    }

    /// What a plan says, which nobody has looked at since.
    pub(super) fn planned(shown: T) -> Self {
        Self { shown, began: None }
    }

    /// Whether something may be written on its strength.
    pub(super) fn is_fresh(&self) -> bool {
        self.began.is_some_and(|began| began.elapsed() <= FRESH)
    }

    /// How long ago it began; `None` for what was only planned.
    pub(super) fn age(&self) -> Option<Duration> {
        self.began.map(|began| began.elapsed())
    }

    /// What is concluded from it is as old as it is.
    pub(super) fn map<U>(self, conclude: impl FnOnce(T) -> U) -> Look<U> {
        Look {
            shown: conclude(self.shown),
            began: self.began,
        }
    }

    /// Another look that relies on this one as well: it is as old as the older one.
    pub(super) fn no_younger_than<U>(self, other: &Look<U>) -> Self {
        let began = match (self.began, other.began) {
            (Some(one), Some(other)) => Some(one.min(other)),
            _ => None,
        };
        Self { began, ..self }
    }

    /// Dates a look that relied on this one: it keeps its own time while this one is fresh, and gets the time of this one otherwise.
    pub(super) fn dating<U>(&self, other: Look<U>) -> Look<U> {
        if self.is_fresh() {
            return other;
        }
        Look {
            began: self.began,
            ..other
        }
    }
}

/// How often looks are taken anew right before something is written, at most.
pub(super) const LOOKS: usize = 5;

/// Judges how old looks have become while they were taken. A server that stalls once is asked again; one that always takes its time cannot show
/// anything newer.
#[derive(Debug, Default)]
pub(super) struct Pace {
    quickest: Option<Duration>,
}

impl Pace {
    /// Whether something may be written on the strength of looks of this age.
    pub(super) fn allows(&mut self, age: Duration) -> bool {
        let is_usual = self
            .quickest
            .is_some_and(|quickest| age <= quickest.saturating_mul(2));
        self.quickest = Some(self.quickest.map_or(age, |quickest| quickest.min(age)));
        age <= FRESH || is_usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_stalls_is_asked_again_and_a_slow_one_once_more() {
        let paces = |ages: &[u64]| {
            let mut pace = Pace::default();
            let mut ages = ages.iter().map(|seconds| Duration::from_secs(*seconds));
            ages.position(|age| pace.allows(age))
        };
        assert_eq!(paces(&[1]), Some(0));
        assert_eq!(paces(&[20, 1]), Some(1));
        assert_eq!(paces(&[3, 4]), Some(1));
        assert_eq!(paces(&[3, 20, 7, 6]), Some(3));
    }

    async fn look() -> Look<()> {
        let Ok(look) = Look::now(std::future::ready(Ok::<_, std::convert::Infallible>(()))).await;
        look
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_ages_from_when_it_began() {
        assert!(!Look::planned(()).is_fresh());
        let first = look().await;
        assert!(first.is_fresh());
        tokio::time::advance(FRESH).await;
        assert!(first.is_fresh());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(!first.is_fresh());
        assert!(!first.dating(look().await).is_fresh());
        assert!(look().await.dating(look().await).is_fresh());
        let slow = Look::now(async {
            tokio::time::sleep(2 * FRESH).await;
            Ok::<_, std::convert::Infallible>(())
        });
        let Ok(slow) = slow.await;
        assert!(!slow.is_fresh());
    }
}
