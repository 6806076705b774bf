//! Baidu's: `<region>.bcebos.com`, with `s3.` before it where S3 is spoken, and a bucket's name before that.

use super::{BOS, Host, divided};

pub(super) fn host(host: &str) -> Option<Host> {
    let labels = host.strip_suffix(".bcebos.com")?;
    let region = |rest: &str| {
        let region = rest.strip_prefix("s3.").unwrap_or(rest);
        (!region.is_empty() && !region.contains('.')).then(|| region.to_owned())
    };
    let (bucket, rest) = divided(labels, |rest| region(rest).is_some())?;
    Some(Host {
        service: BOS,
        bucket: bucket.map(str::to_owned),
        rest: host
            .get(labels.len() - rest.len()..)
            .unwrap_or(host)
            .to_owned(),
        region: region(rest),
    })
}
