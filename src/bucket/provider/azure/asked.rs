//! What a request asks of Azure: the same status means one thing to one request and another to the next.

use reqwest::StatusCode;

use crate::http::secrets::Carriers;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// A page of a listing.
    List,
    /// How the container keeps its objects.
    About,
    /// An object, or a part of it.
    Read,
    /// The head of the answer to that.
    Head,
    /// To put an object.
    Put {
        /// Whether to fail where an object exists.
        create: bool,
    },
    /// To put a block, which nobody sees before it is among an object's.
    Block,
    /// To make an object of blocks.
    Assemble,
    /// To copy an object.
    Copy,
    /// To copy a part of one, as a block.
    CopyBlock,
    /// To end a copy that goes on behind its answer.
    AbortCopy,
    /// To delete an object.
    Delete,
    /// To make the container.
    MakeContainer,
}

/// Where requests carry secrets.
pub(super) const CARRIERS: Carriers = Carriers {
    authorization: &[("Bearer ", ' '), (":", ' ')],
    headers: &["x-ms-copy-source", "x-ms-copy-source-authorization"],
    query: &["sig"],
};

impl Asked {
    /// Whether an answer of that status gives it.
    pub(super) fn is_given_by(self, status: StatusCode) -> bool {
        match self {
            Self::List | Self::About | Self::Head => status == 200,
            Self::Read => matches!(status.as_u16(), 200 | 206),
            Self::AbortCopy => status == 204,
            _ => matches!(status.as_u16(), 200..=202),
        }
    }

    /// Whether an object's entity tag is told once it is given.
    pub(super) fn tells_a_tag(self) -> bool {
        matches!(
            self,
            Self::Read | Self::Head | Self::Put { .. } | Self::Assemble | Self::Copy
        )
    }

    /// Whether something is another than before once it is given.
    pub(super) fn changes(self) -> bool {
        !matches!(self, Self::List | Self::About | Self::Read | Self::Head)
    }

    /// Whether something is written, for which the container has to be there.
    pub(super) fn writes(self) -> bool {
        matches!(
            self,
            Self::Put { .. } | Self::Block | Self::Assemble | Self::Copy | Self::CopyBlock
        )
    }
}
