//! Huawei's: `obs.<region>.myhuaweicloud.com`, with a bucket's name before it.

use super::{Host, OBS, divided};

pub(super) fn host(host: &str) -> Option<Host> {
    let domains = [".myhuaweicloud.com", ".myhuaweicloud.eu"];
    let labels = domains
        .iter()
        .find_map(|domain| host.strip_suffix(domain))?;
    let region = |rest: &str| {
        let region = rest.strip_prefix("obs.")?;
        (!region.is_empty() && !region.contains('.')).then(|| region.to_owned())
    };
    let (bucket, rest) = divided(labels, |rest| region(rest).is_some())?;
    Some(Host {
        service: OBS,
        bucket: bucket.map(str::to_owned),
        rest: host
            .get(labels.len() - rest.len()..)
            .unwrap_or(host)
            .to_owned(),
        region: region(rest),
    })
}
