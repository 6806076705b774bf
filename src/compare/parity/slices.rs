//! How a question about many metrics is asked: in slices, and in halves of those that are too much for a server.

use futures::stream::{FuturesUnordered, StreamExt};

use crate::error::Result;

/// What came of all slices.
#[derive(Debug)]
pub(super) struct Asked<'a, T> {
    /// The metrics of each question that was answered, and the answer.
    pub(super) answered: Vec<(Vec<&'a str>, T)>,
    /// The metrics that nothing is known of, and why.
    pub(super) failed: Vec<(&'a str, String)>,
}

/// After so many failures in passing without an answer between them a server is no longer asked.
const MOST_FAILURES: usize = 8;

/// Asks about each slice, so many at once. One that cannot be answered is asked about in halves, down to a single metric.
pub(super) async fn each_slice<'a, T>(
    slices: Vec<Vec<&'a str>>,
    at_once: usize,
    ask: impl AsyncFn(&[&str]) -> Result<T>,
) -> Asked<'a, T> {
    let (mut answered, mut failed) = (Vec::new(), Vec::new());
    let mut waiting: Vec<Vec<&str>> = slices.into_iter().rev().collect();
    let mut in_a_row = 0;
    let mut last = String::new();
    let mut running = FuturesUnordered::new();
    loop {
        while in_a_row < MOST_FAILURES
            && running.len() < at_once.max(1)
            && let Some(slice) = waiting.pop()
        {
            let ask = &ask;
            running.push(async move { (ask(&slice).await, slice) });
        }
        let Some((answer, slice)) = running.next().await else {
            break;
        };
        match answer {
            Ok(answer) => {
                in_a_row = 0;
                answered.push((slice, answer));
            }
            Err(err) => {
                in_a_row += usize::from(err.kind().is_transient());
                last = format!("{err:#}");
                if slice.len() > 1 {
                    let (one, other) = slice.split_at(slice.len() / 2);
                    waiting.extend([other.to_vec(), one.to_vec()]);
                } else {
                    failed.extend(slice.into_iter().map(|name| (name, last.clone())));
                }
            }
        }
    }
    drop(running);
    let given_up = format!("not asked, after {in_a_row} failures, the last of which was: {last}");
    let left = waiting.into_iter().flatten();
    failed.extend(left.map(|name| (name, given_up.clone())));
    Asked { answered, failed }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;
    use crate::error::{Error, Kind};

    const NAMES: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

    /// S-21.43
    #[tokio::test]
    async fn what_is_too_much_is_asked_for_in_halves_down_to_one() {
        let questions = RefCell::new(Vec::new());
        let asked = each_slice(vec![NAMES.to_vec()], 2, async |slice: &[&str]| {
            questions.borrow_mut().push(slice.len());
            if slice.len() > 2 || slice.contains(&"d") {
                return Err(Error::new(Kind::Other, "load so many samples"));
            }
            Ok(slice.len())
        })
        .await;
        let mut answered: Vec<&str> = asked
            .answered
            .iter()
            .flat_map(|(s, _)| s)
            .copied()
            .collect();
        answered.sort_unstable();
        assert_eq!(answered, ["a", "b", "c", "e", "f", "g", "h"]);
        assert_eq!(asked.failed, [("d", "load so many samples".to_owned())]);
        let mut questions = questions.into_inner();
        questions.sort_unstable();
        assert_eq!(questions, [1, 1, 2, 2, 2, 2, 4, 4, 8]);
    }

    /// S-21.43
    #[tokio::test]
    async fn a_server_that_does_not_answer_is_not_asked_forever() {
        let questions = Cell::new(0);
        let slices: Vec<Vec<&str>> = (0..1000).map(|_| NAMES.to_vec()).collect();
        let asked: Asked<'_, ()> = each_slice(slices, 4, async |_: &[&str]| {
            questions.set(questions.get() + 1);
            Err(Error::new(Kind::Transient, "reach it"))
        })
        .await;
        assert_eq!(asked.failed.len(), 8000, "each is known not to be known");
        assert!(asked.failed.iter().all(|(_, why)| why.contains("reach it")));
        assert!(questions.get() < 20, "{}", questions.get());
    }
}
