#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should panic"
)]

use serde_json::json;

use super::*;

fn build(version: &str) -> Value {
    json!({"version": version, "revision": "x", "goVersion": "go1.26"})
}

fn prometheus(version: &str, enabled: &str, receives: &str) -> Documents {
    Documents {
        buildinfo: Some(build(version)),
        flags: Some(json!({
            "storage.tsdb.path": "data/",
            "enable-feature": enabled,
            "web.enable-remote-write-receiver": receives,
        })),
        config: Some(json!({"yaml": "global: {}\n"})),
        ..Documents::default()
    }
}

fn thanos(version: &str, flags: Value) -> Documents {
    Documents {
        buildinfo: Some(build(version)),
        flags: Some(flags),
        ..Documents::default()
    }
}

/// S-24.64
#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn what_a_server_says_of_itself_is_all_that_is_known_of_it() {
    let newest = Documents {
        features: Some(json!({
            "tsdb": {"native_histograms": true, "exemplar_storage": false},
            "api": {"remote_write_receiver": true},
        })),
        config: Some(json!({
            "yaml": "storage:\n  tsdb:\n    out_of_order_time_window: 30m\n"
        })),
        runtimeinfo: Some(json!({"storageRetention": "15d"})),
        tsdb: Some(json!({"headStats": {"numSeries": 7}})),
        ..prometheus("", "", "true")
    };
    let victoria = Documents {
        buildinfo: Some(json!({"version": "2.24.0"})),
        tsdb: Some(json!({"totalSeries": 9})),
        ..Documents::default()
    };
    let mimir = Documents {
        buildinfo: Some(json!({"application": "Grafana Mimir", "version": "2.17.0"})),
        ..Documents::default()
    };
    let receiver = json!({
        "grpc-address": "x",
        "remote-write.address": "y",
        "tsdb.max-exemplars": "0",
        "tsdb.out-of-order.time-window": "1d",
        "tsdb.enable-native-histograms": "false",
    });
    let querier = json!({"grpc-address": "x", "query.replica-label": "[]"});
    let (prom, none) = (Some("Prometheus"), None);
    for (documents, product, expected) in [
        (newest.clone(), prom, "yes no yes yes"),
        (prometheus("3.9.1", "", "false"), prom, "yes no no no"),
        (
            prometheus("3.2.0", "exemplar-storage,native-histograms", "true"),
            prom,
            "yes yes yes no",
        ),
        (prometheus("3.2.0", "", "true"), prom, "no no yes no"),
        (prometheus("3.8.0", "", "true"), prom, "unknown no yes no"),
        (
            prometheus("2.39.1", "native-histograms", "true"),
            prom,
            "no no yes no",
        ),
        (prometheus("", "", "true"), prom, "unknown no yes no"),
        (
            thanos("0.42.4", querier.clone()),
            Some("Thanos"),
            "yes unknown no unknown",
        ),
        (
            thanos("0.30.2", querier.clone()),
            Some("Thanos"),
            "no unknown no unknown",
        ),
        (
            thanos("", querier),
            Some("Thanos"),
            "unknown unknown no unknown",
        ),
        (
            thanos("0.38.0", receiver.clone()),
            Some("Thanos"),
            "no no yes yes",
        ),
        (thanos("0.41.0", receiver), Some("Thanos"), "yes no yes yes"),
        (victoria.clone(), Some("VictoriaMetrics"), "no no yes yes"),
        (mimir, Some("Mimir"), "unknown unknown yes unknown"),
        (
            Documents {
                buildinfo: Some(build("3.9.1")),
                ..Documents::default()
            },
            none,
            "unknown unknown unknown unknown",
        ),
        (
            Documents {
                buildinfo: Some(json!("nothing of the kind")),
                flags: Some(json!([1])),
                ..Documents::default()
            },
            none,
            "unknown unknown unknown unknown",
        ),
    ] {
        let told = capabilities(&documents);
        let words = told.abilities.iter().map(|(_, told)| told.as_str());
        let words: Vec<&str> = words.collect();
        assert_eq!(
            (told.product, words.join(" ").as_str()),
            (product, expected),
            "{documents:?}"
        );
    }
    let told = capabilities(&newest);
    assert_eq!(told.retention.as_deref(), Some("15d"));
    assert_eq!((told.series, told.version), (Some(7), None));
    let told = capabilities(&victoria);
    assert_eq!((told.series, told.version), (Some(9), None));
}

/// S-24.64
#[test]
fn what_is_needed_and_lacking_stands_against_it_and_what_is_unknown_is_told() {
    let told = capabilities(&prometheus("3.2.0", "", "true"));
    let need = |ability| Need {
        ability,
        what_for: "the data".to_owned(),
        weight: Weight::Difference,
    };
    let unknown = Capabilities {
        abilities: Vec::new(),
        ..told.clone()
    };
    for (capabilities, ability, expected) in [
        (&told, Ability::RemoteWrite, None),
        (
            &told,
            Ability::NativeHistograms,
            Some((Weight::Difference, "capability-lacking")),
        ),
        (
            &unknown,
            Ability::NativeHistograms,
            Some((Weight::Note, "capability-unknown")),
        ),
    ] {
        let mut founds = Founds::default();
        lacking(capabilities, &[need(ability)], &mut founds);
        let found = founds.at(None).next();
        let key = found.as_ref().map(|found| (found.weight, found.kind));
        assert_eq!(key, expected);
        let text = found.and_then(|found| found.examples.first().unwrap().text.clone());
        assert!(text.is_none_or(|text| text.contains("needed for the data")));
    }
}
