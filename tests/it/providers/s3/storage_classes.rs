//! Storage classes: which objects are put in which, whoever copies them.

use serde_json::Value;

use super::requests::large_and_small;
use crate::support::complaint::{COLD, HOT, assert_names, complaint};
use crate::support::minio::{Bucket, Minio};
use crate::support::on_minio::run;
use crate::support::run::OLD;

/// The class of each object of the bucket, by what it is: a segment or another.
fn classes(bucket: &Bucket<'_>) -> Vec<(bool, String)> {
    let names = bucket.tree();
    let class = |name: &String| {
        let said = bucket
            .minio()
            .mc(&["stat", "--json", &format!("minio/cold/{name}")]);
        let stat: Value = serde_json::from_str(&said).unwrap();
        let class = stat["metadata"]["X-Amz-Storage-Class"].as_str();
        let is_segment = name.contains("/chunks/");
        (is_segment, class.unwrap_or("STANDARD").to_owned())
    };
    names.keys().map(class).collect()
}

/// S-3.14
#[test]
fn segments_and_the_rest_are_put_in_the_classes_that_are_asked_for() {
    let minio = Minio::start();
    let servers = large_and_small(&minio);
    let reduced = "REDUCED_REDUNDANCY";
    for by in ["--copy=server", "--copy=client"] {
        for (flags, segments, rest) in [
            (
                &["--target.storage-class=REDUCED_REDUNDANCY"] as &[&str],
                reduced,
                "STANDARD",
            ),
            (
                &[
                    "--target.storage-class=STANDARD",
                    "--target.storage-class.meta=REDUCED_REDUNDANCY",
                ],
                "STANDARD",
                reduced,
            ),
        ] {
            run(&servers.configs(), &[&[OLD, by], flags].concat()).expect(0);
            servers.assert_moved();
            for (is_segment, class) in classes(&servers.target) {
                let expected = if is_segment { segments } else { rest };
                assert_eq!(class, expected, "{by} {flags:?}");
            }
            servers.reset();
            super::requests::put_in_parts(&servers);
        }
    }
}

/// S-3.14
#[test]
fn a_storage_class_that_there_is_not_or_that_nobody_can_read_is_refused() {
    let cold = |metadata: &str| {
        format!(
            "--objstore-to.config={{type: S3, config: {{bucket: cold, endpoint: '127.0.0.1:1', insecure: true, access_key: k, secret_key: s, put_user_metadata: {{{metadata}}}}}}}"
        )
    };
    let amazon = "--objstore-to.config={type: S3, config: {bucket: cold, endpoint: s3.eu-west-1.amazonaws.com, access_key: k, secret_key: s}}";
    let (plain, archived) = (cold(""), cold("X-Amz-Storage-Class: GLACIER"));
    for (target, flags, expected) in [
        (
            plain.as_str(),
            &["--target.storage-class=GLACIER"] as &[&str],
            "--target.storage-class \"GLACIER\": what lies in that class has to be restored",
        ),
        (
            &plain,
            &["--target.storage-class.meta=Deep-Archive"],
            "--target.storage-class.meta \"Deep-Archive\"",
        ),
        (
            &plain,
            &["--target.storage-class=A CLASS"],
            "is no name of a storage class",
        ),
        (
            amazon,
            &["--target.storage-class=standard"],
            "is none of Amazon's storage classes: expected one of STANDARD,",
        ),
        (
            &archived,
            &[],
            "config.put_user_metadata.X-Amz-Storage-Class \"GLACIER\"",
        ),
        (
            &archived,
            &["--target.storage-class=STANDARD"],
            "--allow-unreadable-storage-class",
        ),
        (
            COLD,
            &["--target.storage-class=STANDARD"],
            "is given for a folder, which has no storage classes",
        ),
    ] {
        let line = complaint(&[&[HOT, target, OLD], flags].concat(), &[]);
        assert_names(&line, &[expected]);
    }
}
