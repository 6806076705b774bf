//! What a rule is, for those who look on.

/// What a rule is, for those who look on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOutline {
    /// Its name, which no other rule of the policy has.
    pub name: String,
    /// The bucket whose blocks it moves.
    pub source: String,
    /// The bucket that receives them.
    pub target: String,
    /// How many bytes the source may hold, where that is said.
    pub hot_bytes_limit: Option<u64>,
}

impl RuleOutline {
    /// Whether what is known of the one holds for the other: they have a name, and buckets.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let key = |outline: &Self| {
            let Self {
                name,
                source,
                target,
                hot_bytes_limit: _,
            } = outline;
            (name.clone(), source.clone(), target.clone())
        };
        key(self) == key(other)
    }
}
