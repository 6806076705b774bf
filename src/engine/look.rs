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

    /// What a plan says, which nobody has looked at since.
    pub(super) fn planned(shown: T) -> Self {
        Self { shown, began: None }
    }

    /// Whether something may be written on its strength.
    pub(super) fn is_fresh(&self) -> bool {
        self.began.is_some_and(|began| began.elapsed() <= FRESH)
    }

    /// What is concluded from it is as old as it is.
    pub(super) fn map<U>(self, conclude: impl FnOnce(T) -> U) -> Look<U> {
        Look {
            shown: conclude(self.shown),
            began: self.began,
        }
    }

    /// What another look showed in the light of this one: as old as the other, unless this one was not fresh.
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

#[cfg(test)]
mod tests {
    use super::*;

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
