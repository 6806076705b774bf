//! Why a block that was asked for stays deleted.

/// Why a block that was asked for is not brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotBack {
    /// The bucket holds all its data in another block, or will once that is back.
    Superseded,
    /// Another run marked it, or none of this tool did.
    NotOurs,
    /// Another filter leaves out the block that was asked for by its id.
    Excluded,
    /// No `meta.json` lies there, and none is kept.
    NoMetaJson,
    /// Its `meta.json` cannot be read as it is, or is not let be read.
    Unreadable,
    /// Its `meta.json` is none of the block.
    CorruptedMetaJson,
    /// Something of it is neither there nor kept, or is of another size than `meta.json` says.
    NotWhole,
    /// Something of it has to be restored from an archive first.
    Archived,
    /// A deletion mark lies there that this tool did not write, or the block is whole and marked.
    Marked,
    /// Another block of the same labels and resolution holds some of the same time.
    WouldOverlap,
}

impl NotBack {
    /// As documents spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            NotBack::Superseded => "superseded",
            NotBack::NotOurs => "not-ours",
            NotBack::Excluded => "excluded",
            NotBack::NoMetaJson => "no-meta-json",
            NotBack::Unreadable => "unreadable",
            NotBack::CorruptedMetaJson => "corrupted-meta-json",
            NotBack::NotWhole => "not-whole",
            NotBack::Archived => "archived",
            NotBack::Marked => "marked",
            NotBack::WouldOverlap => "would-overlap",
        }
    }
}
