//! "Did you mean": the known name that is most like a mistyped one.

/// Nobody mistypes a name into a longer word.
const LONGEST: usize = 100;

/// The candidate that `word` was probably meant to be, if one is near enough.
pub(super) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
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

/// Levenshtein's: how many letters must be put in, taken out or replaced.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (line, letter) in one.chars().enumerate() {
        let mut left = line + 1;
        let mut above_left = line;
        for (above, wanted) in row.iter_mut().skip(1).zip(other.chars()) {
            let replaced = above_left + usize::from(letter != wanted);
            above_left = *above;
            *above = replaced.min(*above + 1).min(left + 1);
            left = *above;
        }
        if let Some(first) = row.first_mut() {
            *first = line + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_put_in_taken_out_and_replaced_are_counted() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "abc", 3),
            ("abc", "", 3),
            ("kitten", "sitting", 3),
            ("dry-run", "dryrun", 1),
            ("flaw", "lawn", 2),
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
