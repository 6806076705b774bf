//! Why a try at a server came to nothing, and so what may be tried next.

use crate::error::{Error, Kind};
use crate::promql::exchange::Failure;

/// Why a try came to nothing.
#[derive(Debug)]
pub(super) enum Trouble {
    /// As the kind says.
    Failed(Kind, String),
    /// What came is not what the server meant to send: it was cut, or somebody on the way answers. Another try may mend it.
    Garbled(String),
    /// The answer ends where somebody on the way lost patience. Another try may mend it, or less that is asked for.
    CutShort(String),
    /// The server does not give so much at once.
    TooMuch(String),
    /// The form of the answer cannot be read. Another can.
    OtherForm(String),
    /// Whoever takes what comes does not.
    Untaken(Error),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure.kind, failure.why)
    }
}

impl Trouble {
    /// In words.
    pub(super) fn why(&self) -> String {
        match self {
            Self::Failed(_, why)
            | Self::Garbled(why)
            | Self::CutShort(why)
            | Self::TooMuch(why)
            | Self::OtherForm(why) => why.clone(),
            Self::Untaken(err) => format!("{err:#}"),
        }
    }
}
