//! Remote read's and remote write's messages: `types.proto` and `remote.proto` are Prometheus' own without what only Go's generator reads and
//! `Labels`, which no message holds, and with `optional` where -0 is to be told from 0; `prometheus.rs` is made of them.

#[rustfmt::skip]
#[expect(
    clippy::pedantic,
    unreachable_pub,
    reason = "as it was generated"
)]
mod prometheus;

pub(super) use self::prometheus::*;

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that cannot be set up should panic"
    )]

    use std::path::Path;

    /// S-24.11
    #[test]
    fn the_messages_are_those_of_prometheus_own_files() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/remote/proto");
        let files = protox::compile(["remote.proto"], [&here]).unwrap();
        let out = tempfile::tempdir().unwrap();
        let mut config = prost_build::Config::new();
        config
            .out_dir(out.path())
            .bytes(["."])
            .disable_comments(["."])
            .compile_fds(files)
            .unwrap();
        let made = std::fs::read_to_string(out.path().join("prometheus.rs")).unwrap();
        let path = here.join("prometheus.rs");
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        if made != kept {
            // Whoever changes a .proto commits what comes of it.
            std::fs::write(&path, &made).unwrap();
        }
        assert_eq!(made, kept, "{} was made anew", path.display());
    }
}
