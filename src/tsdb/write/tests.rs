//! Where segments end.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::{About, Writer};
use crate::tsdb::read::Block;

/// S-24.42
#[test]
fn segments_end_where_those_of_prometheus_do() {
    // It was written with segments of 1,500 bytes.
    let theirs = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/tsdb/floats");
    let folder = tempfile::tempdir().unwrap();
    let ours = folder.path().join("block");
    let mut writer = Writer::with_segments(&ours, 1500).unwrap();
    for series in Block::open(&theirs).unwrap().series() {
        let (labels, chunks) = series.unwrap();
        writer.series(&labels, &chunks).unwrap();
    }
    let about = About {
        max_time_ms: i64::MAX,
        labels: BTreeMap::new(),
        extensions: None,
    };
    let written = writer.finish(&about).unwrap().unwrap();
    assert!(written.files.len() > 3);
    let segments = fs::read_dir(theirs.join("chunks")).unwrap();
    assert_eq!(written.files.len(), segments.count() + 1);
    for file in &written.files {
        let read = |folder: &Path| fs::read(folder.join(&file.path)).unwrap();
        assert!(read(&theirs) == read(&ours), "{}", file.path);
    }
    // Ids tell no later time.
    assert_eq!(written.id.time_ms(), (1 << 48) - 1);
}
