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

impl Host {
    /// Reads the host's labels, which stand before its domain: the first from the left behind which `place` finds a place of the service divides the
    /// bucket's name, which may have dots in it or be missing, from the rest. What `place` finds is the region, or that none is named.
    pub(super) fn of(
        service: &'static str,
        host: &str,
        labels: &str,
        place: impl Fn(&str) -> Option<Option<String>>,
    ) -> Option<Self> {
        let of = |bucket: Option<&str>, begins: usize| {
            let region = place(labels.get(begins..)?)?;
            Some(Self {
                service,
                bucket: bucket.map(str::to_owned),
                rest: host.get(begins..)?.to_owned(),
                region,
            })
        };
        let dots = labels.match_indices('.').filter(|(at, _)| *at > 0);
        let mut named = dots.map(|(at, _)| of(labels.get(..at), at + 1));
        of(None, 0).or_else(|| named.find_map(|host| host))
    }
}
