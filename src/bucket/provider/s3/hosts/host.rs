//! What the name of a vendor's host tells, and how it is read.

/// What the name of a vendor's host tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::bucket::provider) struct Host {
    /// What stands for all hosts of the service.
    pub(in crate::bucket::provider) service: &'static str,
    /// The bucket whose name stands before the rest.
    pub(in crate::bucket::provider) bucket: Option<String>,
    /// The host without it.
    pub(in crate::bucket::provider) rest: String,
    /// Where it is, where the host says so.
    pub(in crate::bucket::provider) region: Option<String>,
}

/// The services, as [`Host::service`] names them.
pub(in crate::bucket::provider) const COS: &str = "cos.myqcloud.com";
pub(in crate::bucket::provider) const OSS: &str = "oss.aliyuncs.com";
pub(in crate::bucket::provider) const OBS: &str = "obs.myhuaweicloud.com";
pub(in crate::bucket::provider) const BOS: &str = "bcebos.com";

/// Divides labels at the first from the left after which `is_rest` holds for what remains: the bucket's name, which may have dots in it or be missing,
/// and the rest.
pub(super) fn divided(
    labels: &str,
    is_rest: impl Fn(&str) -> bool,
) -> Option<(Option<&str>, &str)> {
    if is_rest(labels) {
        return Some((None, labels));
    }
    let dots = labels.match_indices('.').map(|(at, _)| at);
    dots.filter_map(|at| Some((labels.get(..at)?, labels.get(at + 1..)?)))
        .find(|(bucket, rest)| !bucket.is_empty() && is_rest(rest))
        .map(|(bucket, rest)| (Some(bucket), rest))
}
