//! What was begun and not finished: it is told, with a time at which something of it was written, and is gone once it is ended.

use object_store::ObjectStoreExt;
use thanos_bucket::bucket::{Begun, BegunForm};

use super::{Opened, Subject, key, kind};
use thanos_bucket::Kind;

/// S-18.4, S-18.5
pub async fn is_told_and_ended(bucket: &Opened, subject: &Subject<'_>) {
    let store = bucket.store();
    let unfinished = match store.unfinished() {
        Ok(unfinished) => unfinished,
        Err(why) => {
            assert!(["AZURE", "GCS"].contains(&subject.kind), "{why}");
            return;
        }
    };
    let names = [
        "unfinished/01J9ZK3M7Q8T5V6W7X8Y9Z0A1B/chunks/000001",
        "unfinished/a b é",
    ];
    let mut uploads = Vec::new();
    for name in names {
        let mut upload = store.put_multipart(&key(name)).await.unwrap();
        upload.put_part("half of it".into()).await.unwrap();
        uploads.push(upload);
    }
    let below = key("unfinished");
    let listed = match unfinished.begun(Some(&below)).await {
        Ok(listed) => listed,
        Err(err) => {
            assert_eq!(kind(bucket, Err::<(), _>(err)), Some(Kind::Unsupported));
            assert!(subject.server == "s3proxy" || subject.kind == "ALIYUNOSS");
            return;
        }
    };
    let is_ours =
        |one: &&Begun| one.form == BegunForm::StagedFile || names.contains(&one.key.as_str());
    let ours: Vec<&Begun> = listed.iter().filter(is_ours).collect();
    assert_eq!(ours.len(), names.len(), "{listed:?}");
    for begun in ours {
        let now = unfinished.look_at(begun).await.unwrap().unwrap();
        let age = chrono::Utc::now() - now.touched.unwrap();
        assert!(age.num_minutes().abs() < 5, "{now:?}");
        unfinished.end(begun).await.unwrap();
        assert_eq!(unfinished.look_at(begun).await.unwrap(), None);
        // Somebody else may have ended it.
        unfinished.end(begun).await.unwrap();
    }
    for name in names {
        let read = store.get(&key(name)).await;
        assert_eq!(kind(bucket, read), Some(Kind::NotFound));
    }
}
