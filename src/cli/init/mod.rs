//! `streamgauge init`: asks the trackers what exists and writes a first pair of files.

mod address;
mod ask;
mod draft;
mod meanings;
mod plan;
mod portfolio_file;
mod settings_file;
mod text;
mod zone;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as ClapArgs;
use clap::builder::PossibleValuesParser;

use super::{Done, Failure, Outcome, manual, print};
use crate::clock::{SharedClock, SystemClock};
use crate::entropy::Entropy;
use crate::model::StatusEntry;
use crate::portfolio::Portfolio;
use crate::settings::Settings;
use crate::telemetry;
use crate::trackers::settings::ConnectError;
use crate::trackers::{Inventory, Standing};
use crate::transport::{Limits, Transport};
use plan::Plan;
use portfolio_file::Frame;
use text::count;

/// With more projects than this, a person is asked which ones are meant.
const MANY: usize = 12;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// The folder for streamgauge.toml and portfolio.toml. Default: the folder of --config.
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Address of a Jira site. Whether it is Cloud or Data Center is found out.
    #[arg(long, value_name = "URL")]
    jira: Option<String>,
    /// E-mail address of the account that the Jira API token belongs to (Cloud).
    #[arg(long, value_name = "EMAIL")]
    jira_user: Option<String>,
    /// Environment variable that holds the Jira token. Default: JIRA_TOKEN.
    #[arg(long, value_name = "NAME")]
    jira_token_env: Option<String>,
    /// Only this Jira project; may be given several times. Default: all that can be seen.
    #[arg(long = "project", value_name = "KEY")]
    projects: Vec<String>,
    /// Read GitHub: owners or repositories, or without a value all that the token sees.
    #[arg(long, value_name = "OWNER[/REPOSITORY]", num_args = 0..)]
    github: Option<Vec<String>>,
    /// Environment variable that holds the GitHub token. Default: GITHUB_TOKEN.
    #[arg(long, value_name = "NAME")]
    github_token_env: Option<String>,
    /// Base address of the API of a GitHub server. Default: github.com.
    #[arg(long, value_name = "URL")]
    github_url: Option<String>,
    /// The words for the levels.
    #[arg(long, value_name = "WORD", default_value = "generic",
        value_parser = PossibleValuesParser::new(["generic", "safe", "less", "scrum-at-scale", "spotify"]))]
    vocabulary: String,
    /// The IANA time zone of the portfolio. Default: this machine's.
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Neither ask for nor store the titles of items.
    #[arg(long)]
    no_titles: bool,
    /// Replace files that exist.
    #[arg(long)]
    force: bool,
    /// Ask nothing, even on a terminal.
    #[arg(long)]
    non_interactive: bool,
}

/// A connection and what it shows.
#[derive(Debug)]
struct Found {
    plan: Plan,
    inventory: Inventory,
}

pub(crate) async fn run(config: &Path, args: &Args) -> Outcome {
    telemetry::init(false, telemetry::COMMANDS).map_err(Failure::Usage)?;
    let settings_file = match &args.dir {
        Some(folder) => folder.join("streamgauge.toml"),
        None => config.to_owned(),
    };
    let portfolio_file = settings_file.with_file_name("portfolio.toml");
    let files = [&settings_file, &portfolio_file];
    if let Some(there) = files.iter().find(|file| file.exists() && !args.force) {
        return Err(Failure::Usage(format!(
            "{} exists and is not touched; --dir DIR writes elsewhere, --force replaces it",
            there.display()
        )));
    }
    let (zone, zone_from) = time_zone(args.timezone.as_deref())?;
    let clock: SharedClock = Arc::new(SystemClock);
    let transport = Transport::over_network(Limits::default(), clock, Entropy::from_system())?;
    let mut found = Vec::new();
    for plan in plan::plans(args, &transport).await? {
        found.push(look(plan, args, &transport).await?);
    }
    let draft = draft::of(&found);
    let frame = Frame { vocabulary: &args.vocabulary, zone: &zone, zone_from };
    let settings = settings_file::text(&found, !args.no_titles);
    let portfolio = portfolio_file::text(&found, &draft, &frame);
    prove(&settings, &portfolio)?;
    write(&portfolio_file, &portfolio, args.force)?;
    write(&settings_file, &settings, args.force)?;
    // What the first lines of the two files point editors to; nobody edits these.
    for (name, schema) in [
        ("streamgauge.schema.json", manual::SETTINGS_SCHEMA),
        ("portfolio.schema.json", manual::PORTFOLIO_SCHEMA),
    ] {
        write(&settings_file.with_file_name(name), schema, true)?;
    }
    for one in &found {
        report(one);
    }
    print::line(&format!(
        "wrote {} and {}: {}, {}",
        settings_file.display(),
        portfolio_file.display(),
        count(draft.streams.len() as u64, "stream"),
        count(draft.teams.len() as u64, "team"),
    ));
    next(&settings_file);
    Ok(Done::Complete)
}

fn time_zone(named: Option<&str>) -> Result<(String, &'static str), Failure> {
    let Some(name) = named else { return Ok(zone::of_this_machine()) };
    match name.parse::<chrono_tz::Tz>() {
        Ok(zone) => Ok((zone.name().to_owned(), "--timezone")),
        Err(_) => Err(Failure::Usage(format!(
            "--timezone {name} is not a time zone; write a name such as Europe/Berlin"
        ))),
    }
}

/// Connects, proves the credential, and asks what exists.
async fn look(plan: Plan, args: &Args, transport: &Transport) -> Result<Found, Failure> {
    let connection = plan.connection()?;
    let tracker = connection.connect(!args.no_titles, transport).map_err(|error| match error {
        ConnectError::Secret { .. } => {
            Failure::Usage(format!("{error}; or name another with --{}-token-env", plan.id))
        }
        ConnectError::Wrong { .. } => Failure::Usage(error.to_string()),
    })?;
    print::note(&format!("{}: asking what exists (token in {}) ...", plan.id, plan.token));
    let probe = tracker.probe().await.map_err(|error| anyhow::anyhow!("{error}"))?;
    let ask = async |projects: &[String]| {
        tracker.inventory(projects).await.map_err(|error| anyhow::anyhow!("{error}"))
    };
    let mut inventory = ask(&plan.wanted).await?;
    let live: Vec<&str> = inventory
        .projects
        .iter()
        .filter(|project| project.standing == Standing::Live)
        .map(|project| project.key.as_str())
        .collect();
    let hidden = inventory.projects.iter().filter(|one| one.standing == Standing::Hidden);
    let hidden: Vec<&str> = hidden.map(|project| project.key.as_str()).collect();
    if let [first, ..] = hidden.as_slice() {
        return Err(Failure::Failed(anyhow::anyhow!(
            "{}: {first} does not exist or may not be seen; correct the name, or give the account \
             the right to read it",
            plan.id
        )));
    }
    if live.is_empty() {
        return Err(Failure::Failed(anyhow::anyhow!(
            "{}: the credential is accepted and sees nothing to measure; give it the right to read \
             projects (Jira: Browse Projects; GitHub: Issues of repositories)",
            plan.id
        )));
    }
    if live.len() > MANY && plan.wanted.is_empty() && ask::possible() && !args.non_interactive {
        print::note(&live.join("  "));
        let chosen = ask::words("Which of them? Separate by spaces (empty for all):");
        if !chosen.is_empty() {
            inventory = ask(&chosen).await?;
        }
    }
    inventory.notes.splice(0..0, probe.notes);
    Ok(Found { plan, inventory })
}

/// The files must be accepted by the readers that they are written for.
fn prove(settings: &str, portfolio: &str) -> Result<(), Failure> {
    let broken = |file: &str, why: String| {
        anyhow::anyhow!(
            "the {file} that was made would not be accepted, so nothing is written: {why}"
        )
    };
    toml::from_str::<Settings>(settings)
        .map_err(|error| broken("settings file", error.to_string()))?;
    Portfolio::parse(portfolio, "portfolio.toml")
        .map_err(|problems| broken("portfolio file", problems.to_string()))?;
    Ok(())
}

fn write(path: &Path, text: &str, replace: bool) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| {
        Failure::Failed(anyhow::anyhow!("cannot write {}: {error}", path.display()))
    };
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(cannot)?;
    }
    let mut options = OpenOptions::new();
    options.write(true);
    if replace {
        options.create(true).truncate(true)
    } else {
        options.create_new(true)
    };
    let mut file = options.open(path).map_err(cannot)?;
    file.write_all(text.as_bytes()).map_err(cannot)
}

/// What a connection shows, in one line and its remarks.
fn report(found: &Found) {
    let Found { plan, inventory } = found;
    let sum = |of: &dyn Fn(&crate::trackers::ProjectEntry) -> usize| {
        draft::live(found).map(of).sum::<usize>() as u64
    };
    let mut statuses: Vec<&StatusEntry> =
        draft::live(found).flat_map(|project| &project.statuses).collect();
    statuses.sort();
    statuses.dedup();
    let what = if plan.is_github() { "repository" } else { "project" };
    let items: u64 = draft::live(found).filter_map(|project| project.items).sum();
    let mut parts = vec![count(sum(&|_| 1), what), count(items, "item")];
    let mut told = |number: u64, one: &str| {
        if number > 0 {
            parts.push(count(number, one));
        }
    };
    told(if plan.is_github() { 0 } else { statuses.len() as u64 }, "status");
    told(sum(&|project| project.components.len()), "component");
    told(sum(&|project| project.labels.len()), "label");
    told(sum(&|project| project.teams.len()), "team value");
    told(sum(&|project| project.epics.len()), "open epic");
    told(inventory.boards.len() as u64, "board");
    let place = plan.url.as_deref().unwrap_or("github.com");
    print::line(&format!("{} ({}, {place}): {}", plan.id, plan.kind, parts.join(", ")));
    for note in &inventory.notes {
        print::line(&format!("  {note}"));
    }
}

fn next(settings: &Path) {
    let usual = settings == Path::new("config/streamgauge.toml");
    let with = if usual { String::new() } else { format!(" --config {}", settings.display()) };
    print::line("now:");
    for (command, does) in [
        ("check", "are both files right, and what do the rules cover"),
        ("sync", "the first pass; reads whole histories"),
        ("digest", "what the data says"),
    ] {
        print::line(&format!("  streamgauge{with} {command:<8} # {does}"));
    }
}
