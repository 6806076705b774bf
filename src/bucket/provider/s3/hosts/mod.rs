//! Hosts of vendors beside Amazon whose services speak S3: one bucket is reached by many of them (of its region, over inner networks, accelerated, with its
//! name before the host's or behind it), and each vendor's names of buckets are unique among all of its own.

mod bos;
mod cos;
mod host;
mod obs;
mod oss;

pub(in crate::bucket::provider) use host::{BOS, COS, Host, OBS, OSS};

/// What a host tells, in lower case and without a port; `None` of one that is no vendor's.
pub(in crate::bucket::provider) fn known(host: &str) -> Option<Host> {
    let host = host.trim_end_matches('.');
    cos::host(host)
        .or_else(|| oss::host(host))
        .or_else(|| obs::host(host))
        .or_else(|| bos::host(host))
}
