//! The manifests in `examples/kubernetes`: Kubernetes takes them, and what their pods are told to do is done.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use super::{example, installed};
use crate::support::folders::World;
use crate::support::run::{Ran, binary, repository};
use crate::support::servers::program;
use crate::support::world::Contents;

const CRON_JOB: &str = "kubernetes/cronjob.yaml";
const JOB: &str = "kubernetes/job.yaml";
const DEPLOYMENT: &str = "kubernetes/deployment.yaml";
const POD_MONITOR: &str = "kubernetes/podmonitor.yaml";

/// Creates what a manifest describes, as an API server does that enforces the Pod Security Standard `restricted`, and nowhere.
fn created(manifest: &str) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("manifest.yaml");
    fs::write(&path, manifest).unwrap();
    let mut command = Command::new(program("kubernetes-manifests"));
    command.arg(path);
    Ran::of(command)
}

/// The arguments that a manifest gives, one line for a shell in the folder that [`installed`] made.
fn arguments(manifest: &str, world: &World) -> String {
    let here = world.path("");
    let arguments: Vec<_> = manifest
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "))
        .filter(|argument| *argument == "migrate" || argument.starts_with("--"))
        .map(|argument| argument.replace("/etc/thanos/", here.to_str().unwrap()))
        .collect();
    assert_eq!(arguments[0], "migrate");
    arguments.join(" ")
}

/// Runs the tool as a pod of a manifest does.
fn pod(manifest: &str, world: &World) -> Ran {
    let mut command = installed(world);
    command.arg(format!("thanos-bucket {}", arguments(manifest, world)));
    Ran::of(command)
}

/// The only number that stands in a manifest between these two.
fn number_between(manifest: &str, before: &str, after: &str) -> u32 {
    let found: Vec<_> = manifest.match_indices(before).collect();
    assert_eq!(found.len(), 1, "{before}");
    let rest = &manifest[found[0].0 + before.len()..];
    rest.split(after).next().unwrap().trim().parse().unwrap()
}

#[test]
fn each_manifest_is_taken_by_kubernetes() {
    let found = fs::read_dir(repository("examples/kubernetes")).unwrap();
    let mut kinds = BTreeSet::new();
    for entry in found {
        let ran = created(&fs::read_to_string(entry.unwrap().path()).unwrap()).expect(0);
        kinds.extend(ran.stdout.lines().map(|line| {
            let (_, kind) = line.rsplit_once(": ").unwrap();
            kind.to_owned()
        }));
    }
    let expected = [
        "ConfigMap",
        "CronJob",
        "Deployment",
        "Job",
        "PodMonitor",
        "ServiceAccount",
    ]
    .map(str::to_owned);
    assert_eq!(kinds, expected.into());
}

/// What the test above says is worth something.
#[test]
fn a_manifest_with_a_slip_is_not_taken() {
    for (name, right, wrong, why) in [
        (JOB, "completions: 16", "completion: 16", "unknown field"),
        (
            JOB,
            "completions: 16",
            "completions: many",
            "cannot unmarshal",
        ),
        (
            JOB,
            "completionMode: Indexed",
            "completionMode: indexed",
            "completionMode",
        ),
        (
            JOB,
            "completionMode: Indexed",
            "",
            "spec.backoffLimitPerIndex",
        ),
        (
            JOB,
            "backoffLimitPerIndex: 3",
            "",
            "requires the backoffLimitPerIndex",
        ),
        (
            JOB,
            "action: FailIndex",
            "action: FailPod",
            "rules[0].action",
        ),
        (
            JOB,
            "containerName: thanos-bucket",
            "containerName: other",
            "containerName",
        ),
        (
            JOB,
            "restartPolicy: Never",
            "restartPolicy: OnFailure",
            "restartPolicy",
        ),
        (
            JOB,
            "runAsNonRoot: true",
            "runAsNonRoot: false",
            "not restricted",
        ),
        (JOB, "drop: [ALL]", "drop: [CHOWN]", "not restricted"),
        (
            CRON_JOB,
            "concurrencyPolicy: Forbid",
            "concurrencyPolicy: Never",
            "concurrencyPolicy",
        ),
        (DEPLOYMENT, "type: Recreate", "type: Replace", "strategy"),
        (DEPLOYMENT, "replicas: 1", "replica: 1", "unknown field"),
        (DEPLOYMENT, "drop: [ALL]", "drop: [CHOWN]", "not restricted"),
        (
            DEPLOYMENT,
            "- { name: policy, mountPath: /etc/thanos/policy, readOnly: true }",
            "- { name: rules, mountPath: /etc/thanos/policy, readOnly: true }",
            "volumeMounts[0].name",
        ),
        (POD_MONITOR, "port: http", "ports: http", "unknown field"),
        (
            POD_MONITOR,
            "interval: 30s",
            "interval: [30s]",
            "cannot unmarshal",
        ),
        (POD_MONITOR, "coreos.com/v1", "coreos.com/v2", "apiVersion"),
        (CRON_JOB, "30 2 * * *", "30 25 * * *", "spec.schedule"),
        (CRON_JOB, "mountPath: /etc/thanos, ", "", "mountPath"),
        (
            CRON_JOB,
            "allowPrivilegeEscalation: false",
            "",
            "not restricted",
        ),
        (
            CRON_JOB,
            "seccompProfile: { type: RuntimeDefault }",
            "",
            "not restricted",
        ),
    ] {
        let text = example(name);
        assert_eq!(text.matches(right).count(), 1, "{name}: {right}");
        let ran = created(&text.replace(right, wrong)).expect(1);
        assert!(ran.stderr.contains(why), "{right}: {}", ran.stderr);
    }
}

/// What no API server asks for: a pod that cannot write, and an end that comes after the report.
#[test]
fn the_pods_write_nowhere_and_have_time_to_end() {
    for name in [CRON_JOB, JOB] {
        let text = example(name);
        for needed in [
            "readOnlyRootFilesystem: true",
            "onExitCodes: { containerName: thanos-bucket, operator: In, values: [2, 3] }",
            "onPodConditions: [{ type: DisruptionTarget }]",
            // The grace, the time for uploads, and some for the report.
            "--shutdown-grace=45s",
            "terminationGracePeriodSeconds: 75",
        ] {
            assert_eq!(text.matches(needed).count(), 1, "{name}: {needed}");
        }
        assert!(text.contains("# a placeholder"), "{name}");
    }
}

/// S-23.51
#[test]
fn the_deployment_follows_a_sound_policy_and_is_found_by_the_monitor() {
    let text = example(DEPLOYMENT);
    for needed in [
        "readOnlyRootFilesystem: true",
        "shutdown_grace: 45s",
        "terminationGracePeriodSeconds: 75",
        "path: /healthz",
        "path: /readyz",
        "replicas: 1",
    ] {
        assert_eq!(text.matches(needed).count(), 1, "{needed}");
    }
    let port = "containerPort: 10922";
    assert!(text.contains(port) && text.contains("--http-address=:10922"));
    let label = "app.kubernetes.io/name: thanos-migrate";
    assert!(example(POD_MONITOR).contains(&format!("matchLabels: {{ {label} }}")));
    assert!(text.contains(&format!("matchLabels: {{ {label} }}")));
    // The policy as it is mounted, beside buckets of folders.
    let world = World::of_examples();
    let (_, policy) = text.split_once("policy.yaml: |\n").unwrap();
    let (policy, _) = policy.split_once("---\n").unwrap();
    let policy: String = policy
        .lines()
        .flat_map(|line| [line.strip_prefix("    ").unwrap(), "\n"])
        .collect();
    let buckets = [
        ("/etc/thanos/buckets/hot.yaml", world.source_config()),
        ("/etc/thanos/buckets/cold.yaml", world.target_config()),
    ];
    let policy = buckets.iter().fold(policy, |policy, (mounted, path)| {
        assert!(policy.contains(mounted));
        policy.replace(mounted, path.to_str().unwrap())
    });
    let path = world.path("policy.yaml");
    fs::write(&path, policy).unwrap();
    let mut command = binary();
    let flag = format!("--policy-file={}", path.display());
    command.args(["run", "--validate", &flag]);
    let ran = Ran::of(command).expect(0);
    assert!(ran.stdout.contains("archive"), "{}", ran.stdout);
    // What the pod is told has the policy and the token where they are mounted.
    for (argument, mounted) in [
        (
            "--policy-file=/etc/thanos/policy/policy.yaml",
            "mountPath: /etc/thanos/policy,",
        ),
        (
            "--http.bearer-token-file=/etc/thanos/api/token",
            "mountPath: /etc/thanos/api,",
        ),
    ] {
        assert!(text.contains(&format!("- {argument}\n")) && text.contains(mounted));
    }
}

#[test]
fn the_cron_job_gives_arguments_that_do_its_work() {
    let world = World::of_examples();
    pod(&example(CRON_JOB), &world).expect(0);
    assert_eq!(world.target.published().len(), 5);
}

/// S-4.11: the indexes that a job with that many completions gives are the shards that there are.
#[test]
fn the_pods_of_the_job_move_everything_and_each_its_own() {
    let text = example(JOB);
    let count = number_between(&text, "--shard=$(JOB_COMPLETION_INDEX)/", "\n");
    assert_eq!(number_between(&text, "completions:", "\n"), count);
    assert_eq!(number_between(&text, "parallelism:", "\n"), count);
    let world = World::of_examples();
    let mut moved = 0;
    for index in 0..count {
        let text = text.replace("$(JOB_COMPLETION_INDEX)", &index.to_string());
        pod(&text, &world).expect(0);
        let published = world.target.published().len();
        assert_eq!(world.source.marked().len(), published);
        assert!(published >= moved);
        moved = published;
    }
    assert_eq!(moved, 5);
}

/// S-4.11: without `completionMode: Indexed` there is no index, and Kubernetes leaves the words as they are.
#[test]
fn a_pod_that_is_given_no_index_moves_nothing() {
    let world = World::of_examples();
    let text = example(JOB)
        .replace("$(JOB", "\\$\\(JOB")
        .replace("INDEX)", "INDEX\\)");
    let ran = pod(&text, &world).expect(2);
    assert!(
        ran.stderr.contains("$(JOB_COMPLETION_INDEX)/16") && ran.stderr.contains("0 <= i < n"),
        "{}",
        ran.stderr
    );
    assert!(world.target.published().is_empty());
}
