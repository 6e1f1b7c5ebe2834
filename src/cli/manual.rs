//! `streamgauge completions`, `streamgauge man` and `streamgauge schema`: what a shell, a terminal
//! and an editor need to help whoever types.

use clap::{Args as ClapArgs, Command, CommandFactory, ValueEnum};
use clap_complete::Shell;

use super::{Cli, Done, Failure, Outcome, print};

#[derive(Debug, ClapArgs)]
pub(crate) struct CompletionsArgs {
    shell: Shell,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ManArgs {
    /// The page of this command; without it, the page of the program.
    command: Option<String>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SchemaArgs {
    /// Of which file.
    file: File,
}

/// The files that have a schema.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum File {
    Settings,
    Portfolio,
}

pub(crate) fn completions(args: &CompletionsArgs) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "streamgauge", &mut script);
    print::out(&String::from_utf8(script)?);
    Ok(Done::Complete)
}

/// The page of the program, or of one of its commands.
pub(crate) fn man(args: &ManArgs) -> Outcome {
    let mut program = Cli::command();
    program.build();
    let page = match &args.command {
        None => program,
        Some(name) => match program.find_subcommand(name) {
            Some(command) => command.clone(),
            None => {
                let names: Vec<&str> = program.get_subcommands().map(Command::get_name).collect();
                let told = format!("there is no command `{name}`; there are {}", names.join(", "));
                return Err(Failure::Usage(told));
            }
        },
    };
    let mut roff = Vec::new();
    clap_mangen::Man::new(page).render(&mut roff)?;
    print::out(&String::from_utf8(roff)?);
    Ok(Done::Complete)
}

/// What editors check `streamgauge.toml` by; `config/` ships the same.
pub(super) const SETTINGS_SCHEMA: &str = include_str!("../../config/streamgauge.schema.json");
/// The same for `portfolio.toml`.
pub(super) const PORTFOLIO_SCHEMA: &str = include_str!("../../config/portfolio.schema.json");

pub(crate) fn schema(args: &SchemaArgs) -> Outcome {
    print::out(match args.file {
        File::Settings => SETTINGS_SCHEMA,
        File::Portfolio => PORTFOLIO_SCHEMA,
    });
    Ok(Done::Complete)
}
