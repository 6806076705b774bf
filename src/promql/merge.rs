//! A range that was asked for in pieces, put together again.

use std::collections::HashMap;

use super::answer::Answered;
use super::value::{Data, Series};
use crate::samples::Labels;

/// The earlier piece, and the later one behind it; the error says why they are no pieces of one thing.
pub(super) fn merged(
    before: Answered<Data>,
    after: Answered<Data>,
) -> Result<Answered<Data>, String> {
    let (Data::Matrix(mut series), Data::Matrix(later)) = (before.value, after.value) else {
        return Err("pieces of a range are no matrices".to_owned());
    };
    // Of equal series each takes up the one of its rank: two of the same labels stay two.
    let mut places: HashMap<Labels, Vec<usize>> = HashMap::new();
    for (place, one) in series.iter().enumerate().rev() {
        places.entry(one.labels.clone()).or_default().push(place);
    }
    for Series { labels, points } in later {
        let place = places.get_mut(&labels).and_then(Vec::pop);
        match place.and_then(|place| series.get_mut(place)) {
            Some(earlier) => {
                let last = earlier.points.last().map(|point| point.time_ms);
                let first = points.first().map(|point| point.time_ms);
                if last.zip(first).is_some_and(|(last, first)| first <= last) {
                    return Err("pieces of a range overlap".to_owned());
                }
                earlier.points.extend(points);
            }
            None => series.push(Series { labels, points }),
        }
    }
    let mut warnings = before.warnings;
    let mut infos = before.infos;
    for (all, more) in [(&mut warnings, after.warnings), (&mut infos, after.infos)] {
        for words in more {
            if !all.contains(&words) {
                all.push(words);
            }
        }
    }
    Ok(Answered {
        value: Data::Matrix(series),
        warnings,
        infos,
    })
}
