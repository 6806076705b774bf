//! What README shows works as it stands there.

use std::fs;

use super::{example, fenced, installed};
use crate::support::folders::World;
use crate::support::querier::Querier;
use crate::support::run::{Ran, migrate};
use crate::support::service::run;

#[test]
fn each_command_in_readme_works() {
    let mut runs = 0;
    for text in fenced("sh") {
        match text.trim() {
            // Tested above; what is running now; what the tests begin with; tested by the house.
            "examples/demo" | "tests/run" | "cargo build --release" | "tests/clauses" => {}
            commands => {
                let world = World::of_examples();
                fs::write(world.path("queries.yaml"), example("queries.yaml")).unwrap();
                if commands.contains("--config=plan.json") {
                    for (name, of) in [
                        ("plan.json", "openmetrics.json"),
                        ("metrics.om", "metrics.om"),
                    ] {
                        let text = example(&format!("backfill/{of}"));
                        fs::write(world.path(name), text).unwrap();
                    }
                }
                let (hot, cold) = (Querier::start(), Querier::start());
                let commands = commands.replace("http://query-hot:9090", &hot.url());
                let commands = commands.replace("http://query-cold:9090", &cold.url());
                let mut command = installed(&world);
                command.arg(&commands);
                // Before a migration not all is where it is to be.
                let looks = ["thanos-bucket verify", "thanos-bucket cutover-check"];
                let is_early = looks.iter().any(|look| commands.starts_with(look));
                Ran::of(command).expect(if is_early { 3 } else { 0 });
                runs += 1;
            }
        }
    }
    assert!(runs > 0);
}

#[test]
fn each_configuration_in_readme_is_accepted() {
    for text in fenced("yaml") {
        let world = World::of_examples();
        let file = world.path("readme.yaml");
        fs::write(&file, &text).unwrap();
        if text.contains("action:") {
            let flag = format!("--selector.relabel-config-file={}", file.display());
            world
                .migrate(&["--older-than=30d", "--dry-run", &flag])
                .expect(0);
        } else if text.contains("rules:") {
            fs::copy(world.source_config(), world.path("hot.yaml")).unwrap();
            fs::copy(world.target_config(), world.path("cold.yaml")).unwrap();
            Ran::of(run(&file, &["--validate"])).expect(0);
        } else {
            // Read and understood, it names one bucket twice; nothing is contacted.
            let mut command = migrate(&file, &file, &["--older-than=30d"]);
            command
                .env("HOT_ACCESS_KEY", "a")
                .env("HOT_SECRET_KEY", "b");
            let ran = Ran::of(command).expect(2);
            assert!(ran.stderr.contains("same bucket"), "{}", ran.stderr);
        }
    }
}
