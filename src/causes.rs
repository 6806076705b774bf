//! An error and what caused it, one after the other.

use std::error::Error as StdError;

/// The error itself, what caused that, and so on.
pub fn chain<'a>(
    err: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(err), |&err| err.source())
}

/// The first of them that is of this type.
#[must_use]
pub fn first<'a, T: StdError + 'static>(err: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    chain(err).find_map(|cause| cause.downcast_ref())
}

/// What the last of them says, for whoever knows the others.
#[must_use]
pub fn deepest(err: &(dyn StdError + 'static)) -> String {
    chain(err).last().unwrap_or(err).to_string()
}

/// What all of them say on one line, each once: many print their causes themselves.
#[must_use]
pub fn told(err: &(dyn StdError + 'static)) -> String {
    let mut told = err.to_string();
    for cause in chain(err).skip(1).map(ToString::to_string) {
        if !told.contains(&cause) {
            told = format!("{told}: {cause}");
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Link(&'static str, Option<Box<Link>>);

    impl fmt::Display for Link {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(self.0)
        }
    }

    impl StdError for Link {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            self.1.as_deref().map(|cause| cause as _)
        }
    }

    #[test]
    fn each_cause_is_told_once_and_found_by_its_type() {
        let last = Link("reset", None);
        let err = Link(
            "send: refused",
            Some(Box::new(Link("refused", Some(Box::new(last))))),
        );
        assert_eq!(told(&err), "send: refused: reset");
        assert_eq!(deepest(&err), "reset");
        assert_eq!(chain(&err).count(), 3);
        assert_eq!(
            first::<Link>(&err).map(ToString::to_string).as_deref(),
            Some("send: refused")
        );
        assert!(first::<fmt::Error>(&err).is_none());
    }
}
