//! Brings together what two sides have of the same series.

use std::cmp::Ordering;
use std::iter::Peekable;

use crate::error::Result;
use crate::samples::Labels;

/// What the sides have of one series; at least one of them has something.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair<S, T> {
    /// The series.
    pub labels: Labels,
    /// What the source has of it.
    pub source: Option<S>,
    /// What the target has of it.
    pub target: Option<T>,
}

/// Joins two sides, each of which tells its series in order and each once. Memory is that of one series of each.
///
/// An error of a side comes in its place, and ends it.
pub fn join<S, T>(
    source: impl Iterator<Item = Result<(Labels, S)>>,
    target: impl Iterator<Item = Result<(Labels, T)>>,
) -> impl Iterator<Item = Result<Pair<S, T>>> {
    let (mut source, mut target) = (source.peekable(), target.peekable());
    let mut is_over = false;
    std::iter::from_fn(move || {
        if is_over {
            return None;
        }
        let next = next(&mut source, &mut target).transpose();
        is_over = matches!(next, None | Some(Err(_)));
        next
    })
}

fn next<S, T>(
    source: &mut Peekable<impl Iterator<Item = Result<(Labels, S)>>>,
    target: &mut Peekable<impl Iterator<Item = Result<(Labels, T)>>>,
) -> Result<Option<Pair<S, T>>> {
    let order = match (source.peek(), target.peek()) {
        (None, None) => return Ok(None),
        // An error is taken at once.
        (Some(Err(_)), _) | (Some(_), None) => Ordering::Less,
        (_, Some(Err(_))) | (None, Some(_)) => Ordering::Greater,
        (Some(Ok((one, _))), Some(Ok((other, _)))) => one.cmp(other),
    };
    let left = match order {
        Ordering::Less | Ordering::Equal => source.next().transpose()?,
        Ordering::Greater => None,
    };
    let right = match order {
        Ordering::Greater | Ordering::Equal => target.next().transpose()?,
        Ordering::Less => None,
    };
    Ok(match (left, right) {
        (Some((labels, source)), right) => Some(Pair {
            labels,
            source: Some(source),
            target: right.map(|(_, target)| target),
        }),
        (None, Some((labels, target))) => Some(Pair {
            labels,
            source: None,
            target: Some(target),
        }),
        (None, None) => None,
    })
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use super::*;
    use crate::error::{Error, Kind};

    fn side(names: &[&str]) -> Vec<Result<(Labels, String)>> {
        let told = names.iter().map(|name| {
            if *name == "!" {
                return Err(Error::new(Kind::Corrupt, "read a block"));
            }
            let labels = [("__name__".to_owned(), (*name).to_owned())];
            Ok((labels.into_iter().collect(), (*name).to_owned()))
        });
        told.collect()
    }

    #[test]
    fn each_series_comes_once_in_order_with_what_both_sides_have_of_it() {
        for (source, target, expected) in [
            (&[][..], &[][..], ""),
            (&["a"], &[], "a-"),
            (&[], &["a"], "-a"),
            (&["a", "b", "d"], &["b", "c", "d"], "a- bb -c dd"),
            (&["a", "b"], &["c"], "a- b- -c"),
            (&["a", "!", "b"], &["a", "b"], "aa !"),
            (&["a", "b"], &["a", "!"], "aa !"),
            (&["a"], &["a", "!"], "aa !"),
            (&["b"], &["!"], "!"),
        ] {
            let joined = join(side(source).into_iter(), side(target).into_iter());
            let shown = joined.map(|pair| {
                let Ok(pair) = pair else {
                    return "!".to_owned();
                };
                let of = |side: Option<String>| side.unwrap_or_else(|| "-".to_owned());
                assert!(!pair.labels.is_empty());
                format!("{}{}", of(pair.source), of(pair.target))
            });
            let shown: Vec<String> = shown.collect();
            assert_eq!(shown.join(" "), expected, "{source:?} {target:?}");
        }
        let joined = join(side(&["a"]).into_iter(), side(&["a"]).into_iter());
        let first = joined.map(Result::unwrap).next().unwrap();
        assert_eq!(first.labels.metric(), "a");
    }
}
