//! The Dockerfile, read as far as it goes: what it does not know it refuses, so that no instruction is passed over.

use std::fs;

use crate::support::run::repository;

/// What is built from one `FROM` to the next.
pub struct Stage {
    pub from: String,
    pub name: String,
    /// Instructions and what stands behind each.
    pub steps: Vec<(String, String)>,
}

impl Stage {
    /// What stands behind each instruction of that name.
    pub fn all(&self, instruction: &str) -> Vec<&str> {
        let of_name = self.steps.iter().filter(|(name, _)| name == instruction);
        of_name.map(|(_, rest)| rest.as_str()).collect()
    }

    /// What stands behind the one instruction of that name.
    #[track_caller]
    pub fn only(&self, instruction: &str) -> &str {
        let all = self.all(instruction);
        assert_eq!(all.len(), 1, "{instruction}: {all:?}");
        all[0]
    }
}

/// The stages of the Dockerfile.
pub fn stages() -> Vec<Stage> {
    let text = fs::read_to_string(repository("Dockerfile")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let whole = lines.fold(String::new(), |whole, line| match line.strip_suffix('\\') {
        Some(begun) => whole + begun.trim() + " ",
        None => whole + line.trim() + "\n",
    });
    let mut stages: Vec<Stage> = Vec::new();
    for line in whole.lines().filter(|line| !line.is_empty()) {
        let (instruction, rest) = line.split_once(' ').unwrap();
        match instruction {
            "FROM" => {
                let (from, name) = rest.split_once(" AS ").unwrap_or((rest, ""));
                stages.push(Stage {
                    from: from.to_owned(),
                    name: name.to_owned(),
                    steps: Vec::new(),
                });
            }
            "ARG" | "COPY" | "ENTRYPOINT" | "LABEL" | "RUN" | "USER" | "WORKDIR" => {
                let stage = stages.last_mut().unwrap();
                stage.steps.push((instruction.to_owned(), rest.to_owned()));
            }
            _ => panic!("no test knows what {instruction} does: {line}"),
        }
    }
    stages
}
