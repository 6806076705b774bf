//! How blocks get into the target, whether they move or are copied.

use clap::Args;

use crate::block::Strength;
use crate::cli::values::one_of;
use crate::plan::PublishOrder;

#[derive(Args)]
#[command(next_help_heading = "What happens")]
pub(in crate::cli) struct Copying {
    /// The order in which blocks are published.
    ///
    /// `strict` is the order that a compactor running on the target needs; `none`
    /// is for a target without a compactor.
    #[arg(long, value_name = "ORDER", default_value = "strict")]
    #[arg(value_parser = one_of([("strict", PublishOrder::Strict), ("none", PublishOrder::None)]))]
    pub(in crate::cli) publish_order: PublishOrder,

    /// How thoroughly the target is compared with the source, before any mark.
    ///
    /// `size` compares names and sizes; `checksum` also entity tags where they tell
    /// the content, without a download unless they differ; `content` reads every
    /// object in both buckets.
    #[arg(long, value_name = "HOW", default_value = "checksum")]
    #[arg(value_parser = one_of([
        ("size", Strength::Size),
        ("checksum", Strength::Checksum),
        ("content", Strength::Content),
    ]))]
    pub(in crate::cli) verify: Strength,
}
