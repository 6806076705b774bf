//! Globs of mappings: segments with dots between, of which `*` stands for any one.

/// A glob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Exactly(String),
    Any,
}

impl Glob {
    /// Reads a glob; `None` for what `graphite_exporter` refuses.
    pub(super) fn of(text: &str) -> Option<Self> {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_fit = |segment: &str| {
            segment == "*"
                || segment.starts_with(is_word) && segment.chars().all(|c| is_word(c) || c == '-')
        };
        let is_glob =
            text.split('.').all(is_fit) && !text.starts_with(|c: char| c.is_ascii_digit());
        let segments = text.split('.').map(|segment| match segment {
            "*" => Segment::Any,
            _ => Segment::Exactly(segment.to_owned()),
        });
        is_glob.then(|| Self(segments.collect()))
    }

    /// What the stars stand for, where it matches.
    pub(super) fn captures<'a>(&self, path: &'a str) -> Option<Vec<&'a str>> {
        let mut captures = Vec::new();
        let mut parts = path.split('.');
        for segment in &self.0 {
            let part = parts.next()?;
            match segment {
                Segment::Any => captures.push(part),
                Segment::Exactly(text) if text == part => {}
                Segment::Exactly(_) => return None,
            }
        }
        parts.next().is_none().then_some(captures)
    }

    /// By which of two that match the more exact one is the lesser: a star counts the more the earlier it stands.
    pub(super) fn vagueness(&self) -> Vec<bool> {
        self.0.iter().map(|it| *it == Segment::Any).collect()
    }
}
