//! `completion`: the script by which a shell completes subcommands, flags and their values, made from the flags themselves.

use clap::builder::PossibleValue;
use clap::{Args, Command};
use clap_complete::{Shell, generate};

use super::values::{alternatives, one_of};
use crate::error::{Error, Result};
use crate::exit::Exit;

/// Prints a script by which a shell completes subcommands, flags and their values.
///
/// It knows the flags of this version: a package writes it where the shell looks
/// for it, and a shell that reads it at its start is never behind. Nothing is
/// contacted.
#[derive(Args)]
#[command(after_help = SEE_HELP, after_long_help = examples_and_exit_codes())]
#[command(display_name = "thanos-bucket", override_usage = USAGE)]
pub(super) struct Flags {
    /// The shell that is to read it.
    #[arg(value_name = "SHELL", value_parser = one_of(SHELLS))]
    shell: Option<Shell>,
}

const SHELLS: [(&str, Shell); 5] = [
    ("bash", Shell::Bash),
    ("zsh", Shell::Zsh),
    ("fish", Shell::Fish),
    ("elvish", Shell::Elvish),
    ("powershell", Shell::PowerShell),
];

const USAGE: &str = "thanos-bucket completion SHELL";

const SEE_HELP: &str = "--help says where each shell looks for it.";

const EXAMPLES: &str = "\
Examples:
  bash, with its package bash-completion:
    thanos-bucket completion bash \\
      >~/.local/share/bash-completion/completions/thanos-bucket

  zsh, where ~/.zfunc is on its fpath before compinit is called:
    thanos-bucket completion zsh >~/.zfunc/_thanos-bucket

  fish:
    thanos-bucket completion fish \\
      >~/.config/fish/completions/thanos-bucket.fish

  elvish, in ~/.config/elvish/rc.elv:
    eval (thanos-bucket completion elvish | slurp)

  PowerShell, in the file that $PROFILE names:
    thanos-bucket completion powershell | Out-String | Invoke-Expression";

fn examples_and_exit_codes() -> String {
    let codes = [
        (Exit::Done, "the script is printed"),
        (Exit::Aborted, "stdout cannot be written"),
        (Exit::Misused, "usage"),
    ];
    let rows = codes.map(|(exit, text)| format!("  {:<5}{text}\n", exit.code()));
    format!("{EXAMPLES}\n\nExit codes:\n{}", rows.concat())
}

impl Flags {
    /// The script for `command`, which has its flags as they are typed.
    pub(super) fn script(&self, mut command: Command) -> Result<String> {
        let shell = self.shell.ok_or_else(|| {
            let shells = alternatives(&SHELLS.map(|(name, _)| name));
            Error::usage(format!("SHELL is required: expected {shells}"))
        })?;
        Ok(match shell {
            Shell::Bash => script(shell, &mut command, BASH_NAME) + BASH_ENTRY,
            Shell::Fish => {
                script(shell, &mut command, NAME) + FISH_SUBCOMMAND + &fish_words(&command)
            }
            _ => script(shell, &mut command, NAME),
        })
    }
}

fn script(shell: Shell, command: &mut Command, name: &str) -> String {
    let mut script = Vec::new();
    generate(shell, command, name, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

const NAME: &str = "thanos-bucket";

// What is generated for bash finds no subcommand where the name has a hyphen: https://github.com/clap-rs/clap/issues/6421
const BASH_NAME: &str = "thanosbucket";

// To bash an equals sign is a word of its own, which what is generated does not know: it would offer flags behind `--flag=`.
const BASH_ENTRY: &str = r#"
complete -r thanosbucket
_thanos_bucket() {
    local cur="$2" prev="$3"
    if [[ "${COMP_WORDS[COMP_CWORD]}" == "=" ]]; then
        cur=""
    elif [[ "$prev" == "=" && "$COMP_CWORD" -ge 2 ]]; then
        prev="${COMP_WORDS[COMP_CWORD-2]}"
    fi
    _thanosbucket "$1" "$cur" "$prev"
}
if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _thanos_bucket -o nosort -o bashdefault -o default thanos-bucket
else
    complete -F _thanos_bucket -o bashdefault -o default thanos-bucket
fi
"#;

// What is generated for fish asks its argparse, which knows no flag with a dot in its name, for the subcommand, and finds none then.
const FISH_SUBCOMMAND: &str = r"
function __fish_thanos_bucket_needs_command
    set -l words (commandline -opc)
    set -e words[1]
    set -l is_value no
    for word in $words
        if test $is_value = yes
            set is_value no
        else if not string match -q -- '-*' $word
            echo $word
            return 1
        else if not string match -qr -- '=|^-[^-]|^--(help|version)$' $word
            set is_value yes
        end
    end
    return 0
end
";

/// What is generated for fish leaves out the words that stand without a flag.
fn fish_words(command: &Command) -> String {
    let positionals = command.get_subcommands().flat_map(|subcommand| {
        let positionals = subcommand.get_positionals();
        positionals.map(move |arg| (subcommand.get_name(), arg.get_possible_values()))
    });
    let lines = positionals.filter(|(_, words)| !words.is_empty());
    let lines = lines.map(|(subcommand, words)| {
        let words: Vec<&str> = words.iter().map(PossibleValue::get_name).collect();
        format!(
            "complete -c {NAME} -n '__fish_thanos_bucket_using_subcommand {subcommand}' -f -a '{}'\n",
            words.join(" ")
        )
    });
    lines.collect()
}
