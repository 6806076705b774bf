//! The other interface of the service, which speaks S3: asked as any S3 is, path by path.

use crate::support::minio::Minio;
use crate::support::proxy::Line;
use crate::support::run::{OLD, Ran, migrate};
use crate::support::world::{Contents, three};

/// S-3.78: its host is asked with the bucket in the path, which is the only way that it knows.
#[test]
fn a_bucket_is_asked_for_in_the_path_of_the_compatible_host() {
    let minio = Minio::start();
    let (hot, cold) = (minio.bucket("hot"), minio.bucket("cold"));
    for (name, content) in three()
        .iter()
        .flat_map(crate::support::block::Block::objects)
    {
        hot.put(&name, content);
    }
    // The proxy plays the host, which is reached by plain HTTP here.
    let compatible = "axtests.compat.objectstorage.us-phoenix-1.oraclecloud.com";
    let proxy = Line::to(minio.port()).open();
    let text = |bucket: &crate::support::minio::Bucket, file: &str| {
        let text = bucket.text(None);
        let address = format!("127.0.0.1:{}", minio.port());
        let path = bucket.config(file).with_file_name(format!("compat-{file}"));
        std::fs::write(&path, text.replace(&address, compatible)).unwrap();
        path
    };
    let (source, target) = (text(&hot, "hot.yaml"), text(&cold, "cold.yaml"));
    let mut command = migrate(&source, &target, &[OLD]);
    command.env("HTTP_PROXY", format!("http://127.0.0.1:{}", proxy.port()));
    Ran::of(command).expect(0);
    let asked = proxy.requests();
    assert!(
        asked
            .iter()
            .all(|request| request.header("host") == Some(compatible))
    );
    assert!(
        asked
            .iter()
            .all(|request| request.path.contains("/hot") || request.path.contains("/cold"))
    );
    assert_eq!(hot.marked().len(), 3);
    assert_eq!(cold.published().len(), 3);
}
