//! "Did you mean": the known name that is most like a mistyped one.

/// Nobody mistypes a name into a longer word.
const LONGEST: usize = 100;

/// The candidate that `word` was probably meant to be, if one is near enough.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if word.len() > LONGEST {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, candidate)| {
            distance * 3 <= word.len() || word.len() >= 4 && candidate.starts_with(word)
        })
        .min()
        .map(|(_, candidate)| candidate)
}

/// How many letters must be put in, taken out or replaced, or swapped with their neighbours.
#[must_use]
pub fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    // The row before the last one, and the last one: distances to every beginning of `other`.
    let mut earlier: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    let mut letter_before = None;
    for (line, letter) in one.chars().enumerate() {
        let mut next = vec![line + 1];
        let mut left = line + 1;
        for (column, wanted) in other.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX);
            let replaced = at(&row, column) + usize::from(letter != *wanted);
            let mut least = replaced.min(at(&row, column + 1) + 1).min(left + 1);
            let before = column.checked_sub(1);
            let is_swap = letter_before == Some(*wanted)
                && before.and_then(|before| other.get(before)) == Some(&letter);
            if let Some(before) = before.filter(|_| is_swap) {
                least = least.min(at(&earlier, before).saturating_add(1));
            }
            next.push(least);
            left = least;
        }
        earlier = std::mem::replace(&mut row, next);
        letter_before = Some(letter);
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_put_in_taken_out_replaced_and_swapped_are_counted() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("dry-run", "dryrun", 1),
            ("flaw", "lawn", 2),
            ("dorp", "drop", 1),
            ("ab", "ba", 1),
            ("abc", "cab", 2),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }

    #[test]
    fn only_what_is_near_is_suggested() {
        let known = ["older-than", "output", "overwrite-existing", "dry-run"];
        for (word, expected) in [
            ("older-then", Some("older-than")),
            ("dryrun", Some("dry-run")),
            ("outptu", Some("output")),
            ("overwrite", Some("overwrite-existing")),
            ("verbose", None),
            ("o", None),
            ("", None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word}");
        }
    }
}
