//! Hosts of vendors beside Amazon whose services speak S3: one bucket is reached by many of them (of its region, over inner networks, accelerated, with its
//! name before the host's or behind it), and each vendor's names of buckets are unique among all of its own.

mod bos;
mod cos;
mod obs;
mod oss;

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

/// What a host tells, in lower case and without a port; `None` of one that is no vendor's.
pub(in crate::bucket::provider) fn known(host: &str) -> Option<Host> {
    let host = host.trim_end_matches('.');
    cos::host(host)
        .or_else(|| oss::host(host))
        .or_else(|| obs::host(host))
        .or_else(|| bos::host(host))
}

/// Divides labels at the first from the left after which `is_rest` holds for what remains: the bucket's name, which may have dots in it or be missing,
/// and the rest.
fn divided(labels: &str, is_rest: impl Fn(&str) -> bool) -> Option<(Option<&str>, &str)> {
    if is_rest(labels) {
        return Some((None, labels));
    }
    let dots = labels.match_indices('.').map(|(at, _)| at);
    dots.filter_map(|at| Some((labels.get(..at)?, labels.get(at + 1..)?)))
        .find(|(bucket, rest)| !bucket.is_empty() && is_rest(rest))
        .map(|(bucket, rest)| (Some(bucket), rest))
}
