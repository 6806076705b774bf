//! The vendors, and wherein the S3-compatible interface of each is not Amazon's. What is written here is enforced by the server; beside each is where
//! it is told. None of it was tried on the real services.

/// A vendor.
#[derive(Debug)]
pub struct Vendor {
    /// Its type, as Thanos spells it.
    pub name: &'static str,
    /// Reads a host of the vendor's.
    pub named: fn(&str) -> Option<Named>,
    /// What a bucket's name in the path of a host of the vendor's is answered with; `None` where it is taken.
    pub path_style: Option<(u16, &'static str)>,
    /// Whether a bucket's name in the path is taken where the host is an address, as the vendor's own client puts it there.
    pub paths_at_addresses: bool,
    pub lists: Lists,
    /// Whether it knows `encoding-type=url`.
    pub encodes: Encoding,
    /// Whether a page that is not the last one has `NextMarker` where no delimiter was asked for.
    pub next_marker: NextMarker,
    /// Whether it refuses `fetch-owner`.
    pub refuses_owners: bool,
    /// The header that has an object put only where there is none, and the code of the refusal, whose status is 409.
    pub forbids_overwriting: Option<(&'static str, &'static str)>,
    /// Whether that header works in buckets that keep versions, or did.
    pub forbids_in_versions: bool,
    /// What checksums, trailers and chunks of Amazon's are answered with.
    pub refuses_checksums: (u16, &'static str),
    pub tags: Tags,
    /// What all parts but the last have at least.
    pub least_part_bytes: usize,
    /// The storage classes, as the interface spells them; the second of each pair says whether what lies there has to be restored first.
    pub classes: &'static [(&'static str, bool)],
    /// What is answered to questions about versions and locks.
    pub about: About,
    /// The header that bears the number of a request.
    pub request_id: &'static str,
}

/// What a host tells.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// The bucket whose name stands before the service's.
    pub bucket: Option<String>,
    /// The regions that a signature may be for; none where the host tells none.
    pub regions: Vec<String>,
    /// Whether it speaks S3 at all, and not the vendor's own language only.
    pub speaks_s3: bool,
}

/// Which listings it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lists {
    /// Version 1; what asks for version 2 is answered in version 1, for the parameter is none that it looks at.
    One,
    Both,
}

/// What becomes of names in listings that are asked for percent-encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Known,
    /// Markers are not understood any more: the same page comes for ever.
    Broken,
}

/// Where a page of version 1 names where the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextMarker {
    Always,
    /// Where a delimiter was asked for, as Amazon.
    WithDelimiter,
}

/// What entity tags are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tags {
    /// The MD5 of an object; of one that came in parts the MD5 of their MD5s, and their number.
    Amazons,
    /// The same of objects; of one that came in parts something else that looks like Amazon's.
    OtherOfParts,
    /// The same, in capitals.
    OtherOfPartsInCapitals,
    /// Of one that came in parts a digest of something else, with a hyphen in front.
    WithHyphenInFront,
}

/// What it tells of how a bucket keeps its objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    All,
    /// Versions and locks are not implemented.
    Nothing,
}

/// Tencent.
pub const COS: Vendor = Vendor {
    name: "COS",
    named: cos,
    // cloud.tencent.com/document/product/436/102489 ("COS bucket domain names"): buckets made since 2024-01-01.
    path_style: Some((403, "PathStyleDomainForbidden")),
    // Thanos' key `endpoint` is the address of the bucket itself.
    paths_at_addresses: false,
    // rclone, backend/s3/provider/TencentCOS.yaml: `list_version: 1`.
    lists: Lists::One,
    encodes: Encoding::Known,
    // document/product/436/7734 ("GET Bucket"): `NextMarker` wherever a page is not the last one.
    next_marker: NextMarker::Always,
    refuses_owners: false,
    // document/product/436/7749 ("PUT Object"): `x-cos-forbid-overwrite`, which does nothing in buckets with versions.
    forbids_overwriting: Some(("x-cos-forbid-overwrite", "FileAlreadyExists")),
    forbids_in_versions: false,
    // rclone: `use_data_integrity_protections: false`.
    refuses_checksums: (501, "NotImplemented"),
    // rclone: `use_multipart_etag: false`.
    tags: Tags::OtherOfParts,
    // document/product/436/14518 ("Specifications and limits"): parts of 1 MB to 5 GB.
    least_part_bytes: 1 << 20,
    classes: &[
        ("STANDARD", false),
        ("STANDARD_IA", false),
        ("INTELLIGENT_TIERING", false),
        ("MAZ_STANDARD", false),
        ("MAZ_STANDARD_IA", false),
        ("ARCHIVE", true),
        ("DEEP_ARCHIVE", true),
    ],
    about: About::All,
    request_id: "x-cos-request-id",
};

/// Alibaba.
pub const OSS: Vendor = Vendor {
    name: "ALIYUNOSS",
    named: oss,
    // alibabacloud.com/help/en/oss/developer-reference/compatibility-with-amazon-s3: virtual hosted requests only.
    path_style: Some((403, "SecondLevelDomainForbidden")),
    paths_at_addresses: true,
    lists: Lists::Both,
    encodes: Encoding::Known,
    next_marker: NextMarker::Always,
    refuses_owners: false,
    // help/en/oss/developer-reference/putobject: `x-oss-forbid-overwrite`, which does nothing where versioning is enabled or suspended.
    forbids_overwriting: Some(("x-oss-forbid-overwrite", "FileAlreadyExists")),
    forbids_in_versions: false,
    // apache/polaris#3346: `aws-chunked encoding is not supported with the specified x-amz-content-sha256 value`.
    refuses_checksums: (400, "InvalidArgument"),
    // rclone, backend/s3/provider/Alibaba.yaml: `use_multipart_etag: false`.
    tags: Tags::OtherOfPartsInCapitals,
    // help/en/oss/user-guide/limits: parts of 100 KB to 5 GB.
    least_part_bytes: 100 << 10,
    // help/en/oss/developer-reference/compatibility-with-amazon-s3: Amazon's names stand for its own.
    classes: &[
        ("STANDARD", false),
        ("STANDARD_IA", false),
        ("GLACIER", true),
        ("DEEP_ARCHIVE", true),
    ],
    about: About::All,
    request_id: "x-oss-request-id",
};

/// Huawei.
pub const OBS: Vendor = Vendor {
    name: "OBS",
    named: obs,
    // Code and status as clients of other languages report them (minio-py and the AWS SDK against it): "VirtualHostDomainRequired".
    path_style: Some((403, "VirtualHostDomainRequired")),
    paths_at_addresses: true,
    // rclone, backend/s3/provider/HuaweiOBS.yaml: parallel file systems know no version 2, and with names encoded "marker will not work and keep list
    // same page forever".
    lists: Lists::One,
    encodes: Encoding::Broken,
    // api-obs/obs_04_0022 ("Listing Objects in a Bucket"): `NextMarker` wherever a page is not the last one.
    next_marker: NextMarker::Always,
    refuses_owners: false,
    // api-obs/obs_04_0080 ("Uploading Objects - PUT") has none.
    forbids_overwriting: None,
    forbids_in_versions: false,
    // terraform-provider-huaweicloud#7021: what the AWS SDK sends of itself since 2025.
    refuses_checksums: (400, "XAmzContentSHA256Mismatch"),
    tags: Tags::Amazons,
    // api-obs/obs_04_0099 ("Uploading Parts"): parts of 100 KB to 5 GB.
    least_part_bytes: 100 << 10,
    // huaweicloud-sdk-go-obs, obs/trait_object.go: what the header of Amazon's has for WARM and COLD.
    classes: &[
        ("STANDARD", false),
        ("STANDARD_IA", false),
        ("INTELLIGENT_TIERING", false),
        ("GLACIER", true),
        ("DEEP_ARCHIVE", true),
    ],
    about: About::All,
    request_id: "x-amz-request-id",
};

/// Baidu.
pub const BOS: Vendor = Vendor {
    name: "BOS",
    named: bos,
    // intl.cloud.baidu.com/doc/BOS/s/Ck1rk80hn-en ("Get access domain name"): both styles.
    path_style: None,
    paths_at_addresses: true,
    lists: Lists::Both,
    encodes: Encoding::Known,
    next_marker: NextMarker::WithDelimiter,
    // intl.cloud.baidu.com/en/doc/BOS, "Compatible Interfaces": ListObjectsV2 without `fetch-owner`.
    refuses_owners: true,
    // Baidu's own protocol has `x-bce-forbid-overwrite`; the S3-compatible one tells of no such header.
    forbids_overwriting: None,
    forbids_in_versions: false,
    refuses_checksums: (400, "InvalidArgument"),
    tags: Tags::WithHyphenInFront,
    // doc/BOS, "UploadPart": parts of 100 KB to 5 GB.
    least_part_bytes: 100 << 10,
    // bce-sdk-go, services/bos/api/util.go.
    classes: &[
        ("STANDARD", false),
        ("STANDARD_IA", false),
        ("COLD", false),
        ("ARCHIVE", true),
    ],
    about: About::Nothing,
    request_id: "x-bce-request-id",
};

fn cos(host: &str) -> Option<Named> {
    let names = [".myqcloud.com", ".tencentcos.cn"];
    let rest = names.iter().find_map(|name| host.strip_suffix(name))?;
    let (bucket, region) = around(rest, &["cos", "cos-internal"])?;
    Some(Named {
        bucket,
        regions: Some(region)
            .filter(|region| region != "accelerate")
            .into_iter()
            .collect(),
        speaks_s3: true,
    })
}

fn oss(host: &str) -> Option<Named> {
    let rest = host.strip_suffix(".aliyuncs.com")?;
    let (before, last) = match rest.rsplit_once('.') {
        Some((before, last)) => (before, last),
        None => ("", rest),
    };
    let place = last.strip_prefix("oss-")?;
    let place = place.strip_suffix("-internal").unwrap_or(place);
    let bucket = before.strip_suffix("s3").unwrap_or(before);
    let bucket = bucket.trim_end_matches('.');
    let regions = if place.starts_with("accelerate") {
        Vec::new()
    } else {
        vec![place.to_owned(), format!("oss-{place}")]
    };
    Some(Named {
        bucket: (!bucket.is_empty()).then(|| bucket.to_owned()),
        regions,
        speaks_s3: true,
    })
}

fn obs(host: &str) -> Option<Named> {
    let names = [".myhuaweicloud.com", ".myhuaweicloud.eu"];
    let rest = names.iter().find_map(|name| host.strip_suffix(name))?;
    let (bucket, region) = around(rest, &["obs"])?;
    Some(Named {
        bucket,
        regions: vec![region],
        speaks_s3: true,
    })
}

fn bos(host: &str) -> Option<Named> {
    let rest = host.strip_suffix(".bcebos.com")?;
    if let Some((bucket, region)) = around(rest, &["s3"]) {
        return Some(Named {
            bucket,
            regions: vec![region],
            speaks_s3: true,
        });
    }
    // Without `s3` before it the region's own host, which speaks Baidu's language.
    Some(Named {
        bucket: rest.rsplit_once('.').map(|(bucket, _)| bucket.to_owned()),
        regions: Vec::new(),
        speaks_s3: false,
    })
}

/// What stands before and after the first label that is one of these.
fn around(host: &str, labels: &[&str]) -> Option<(Option<String>, String)> {
    let (before, region) = host.rsplit_once('.')?;
    let (bucket, label) = match before.rsplit_once('.') {
        Some((bucket, label)) => (Some(bucket.to_owned()), label),
        None => (None, before),
    };
    labels.contains(&label).then(|| (bucket, region.to_owned()))
}

mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_as_their_vendors_name_them() {
        let named = |bucket: Option<&str>, regions: &[&str], speaks_s3| Named {
            bucket: bucket.map(str::to_owned),
            regions: regions.iter().map(|region| (*region).to_owned()).collect(),
            speaks_s3,
        };
        for (vendor, host, expected) in [
            (
                &COS,
                "hot-125.cos.ap-guangzhou.myqcloud.com",
                Some(named(Some("hot-125"), &["ap-guangzhou"], true)),
            ),
            (
                &COS,
                "hot-125.cos.accelerate.myqcloud.com",
                Some(named(Some("hot-125"), &[], true)),
            ),
            (
                &COS,
                "cos.ap-guangzhou.myqcloud.com",
                Some(named(None, &["ap-guangzhou"], true)),
            ),
            (&COS, "hot-125.file.myqcloud.com", None),
            (
                &OSS,
                "hot.s3.oss-cn-hangzhou-internal.aliyuncs.com",
                Some(named(
                    Some("hot"),
                    &["cn-hangzhou", "oss-cn-hangzhou"],
                    true,
                )),
            ),
            (
                &OSS,
                "hot.oss-accelerate.aliyuncs.com",
                Some(named(Some("hot"), &[], true)),
            ),
            (
                &OSS,
                "s3.oss-cn-hangzhou.aliyuncs.com",
                Some(named(None, &["cn-hangzhou", "oss-cn-hangzhou"], true)),
            ),
            (
                &OBS,
                "hot.obs.cn-north-4.myhuaweicloud.com",
                Some(named(Some("hot"), &["cn-north-4"], true)),
            ),
            (&OBS, "ecs.cn-north-4.myhuaweicloud.com", None),
            (
                &BOS,
                "hot.s3.bj.bcebos.com",
                Some(named(Some("hot"), &["bj"], true)),
            ),
            (
                &BOS,
                "hot.bj.bcebos.com",
                Some(named(Some("hot"), &[], false)),
            ),
            (&BOS, "127.0.0.1", None),
        ] {
            assert_eq!((vendor.named)(host), expected, "{} {host}", vendor.name);
        }
    }
}
