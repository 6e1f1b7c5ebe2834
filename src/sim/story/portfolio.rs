//! What Northwind declares: its `portfolio.toml`.

use crate::model::{StreamKind, ValueArea};

use super::Plan;
use super::calendar::CADENCE_WEEKS;
use super::cast::{
    EPICS, Home, INTENT, OUTCOMES, STREAMS, TEAMS, THEMES, VOUCHERS, VOUCHERS_FROM, VOUCHERS_MOVED,
    VOUCHERS_TO,
};
use super::numbers::{Numbers, ORGANISATION};

/// Shares that the last funding review declared, in the order of the streams; and what the
/// organisation does, which it declares where nothing is planted.
const DECLARED: [f64; 4] = [0.29, 0.25, 0.21, 0.25];
const PRACTISED: [f64; 4] = [0.26, 0.21, 0.19, 0.34];
const BEFORE: [f64; 4] = [0.28, 0.22, 0.20, 0.30];

pub(super) fn toml(plan: &Plan, numbers: &Numbers) -> String {
    let mut text = String::new();
    let parts =
        [header(plan), streams_and_teams(plan), intents(plan), workflow(), bets(plan, numbers)];
    for part in parts {
        text.push_str(&part);
    }
    text
}

fn header(plan: &Plan) -> String {
    format!(
        "name = \"Northwind\"\nvocabulary = \"generic\"\ntimezone = \"Europe/Berlin\"\n\n\
         [[cadence]]\nid = \"pi\"\nanchor = {}\nlength = \"{CADENCE_WEEKS}w\"\n",
        plan.calendar.cadence_anchor()
    )
}

fn streams_and_teams(plan: &Plan) -> String {
    let mut text = String::new();
    for stream in STREAMS {
        let kind = match stream.kind {
            StreamKind::Customer => "customer",
            StreamKind::Enabling => "enabling",
        };
        let (id, name) = (stream.id, stream.name);
        text.push_str(&format!("\n[[stream]]\nid = {id:?}\nname = {name:?}\nkind = {kind:?}\n"));
    }
    let moved = plan.calendar.monday(VOUCHERS_MOVED);
    for team in TEAMS {
        let mut claims = vec![match team.home {
            // One team looks after whatever its project holds beside the other team's component.
            Home::Jira(project @ "ID", "Accounts") => format!("{{ jira = {project:?} }}"),
            Home::Jira(project, component) => {
                format!("{{ jira = {project:?}, component = {component:?} }}")
            }
            Home::GitHub(repo) => format!("{{ github = \"{ORGANISATION}/{repo}\" }}"),
        }];
        let dated = |word: &str| {
            format!("{{ jira = \"PAY\", component = {VOUCHERS:?}, {word} = {moved} }}")
        };
        if team.id == VOUCHERS_FROM {
            claims.push(dated("until"));
        }
        if team.id == VOUCHERS_TO {
            claims.push(dated("from"));
        }
        let (id, name, stream, claims) = (team.id, team.name, team.stream, claims.join(", "));
        let head = format!("\n[[team]]\nid = {id:?}\nname = {name:?}\nstream = {stream:?}\n");
        text.push_str(&format!("{head}claims = [{claims}]\n"));
    }
    text
}

fn intents(plan: &Plan) -> String {
    let shares = |shares: [f64; 4]| {
        let named =
            STREAMS.iter().zip(shares).map(|(stream, share)| format!("{} = {share:.2}", stream.id));
        named.collect::<Vec<_>>().join(", ")
    };
    let mut text = String::new();
    let since = plan.calendar.monday(INTENT);
    let (before, now) = if plan.planted { (BEFORE, DECLARED) } else { (PRACTISED, PRACTISED) };
    let start = plan.calendar.monday(plan.calendar.weeks());
    let why = "Fleet grows with the new depots, Payments returns to its share of last year";
    for (from, shared, why) in [(start, before, "Carried over from last year"), (since, now, why)] {
        let head = format!("\n[[intent]]\ndimension = \"stream\"\nfrom = {from}\nwhy = {why:?}\n");
        text.push_str(&format!("{head}shares = {{ {} }}\n", shares(shared)));
    }
    text.push_str(
        "\n[[guardrail]]\naltitude = \"stream\"\nmay = [\"start\", \"continue\", \"pivot\"]\n\
         why = \"Delegated at the January review\"\n",
    );
    text
}

fn workflow() -> String {
    let mut text = String::from(
        "\n[[workflow]]\nconnection = \"jira\"\nwaiting = [\"Ready for review\", \"In review\"]\n\
         blocked = [\"Blocked\"]\n\
         \n[[workflow]]\nconnection = \"github\"\nproposed = [\"Todo\"]\n\
         active = [\"In progress\"]\nwaiting = [\"In review\"]\ndone = [\"Done\"]\n\
         \n[epic_states]\nfunnel = [\"Funnel\"]\nanalysing = [\"Analysing\"]\n\
         implementing = [\"Implementing\"]\ndone = [\"Done\"]\n",
    );
    let kinds = [
        ("Story", "feature", "feature"),
        ("Bug", "bug", "defect"),
        ("Tech debt", "tech-debt", "debt"),
        ("Spike", "spike", "discovery"),
        ("Risk", "security", "risk"),
    ];
    for (issue_type, label, kind) in kinds {
        for (key, value) in [("issue_type", issue_type), ("label", label)] {
            let rule = format!("\n[[kind]]\nmatch = {{ {key} = {value:?} }}\nis = {kind:?}\n");
            text.push_str(&rule);
        }
    }
    text
}

fn bets(plan: &Plan, numbers: &Numbers) -> String {
    let mut text = String::new();
    for (id, name) in THEMES {
        text.push_str(&format!("\n[[theme]]\nid = {id:?}\nname = {name:?}\n"));
    }
    for outcome in OUTCOMES {
        let direction = outcome.direction.word();
        let area = match outcome.area {
            ValueArea::Current => "current",
            ValueArea::Unrealised => "unrealised",
            ValueArea::TimeToMarket => "time_to_market",
            ValueArea::AbilityToInnovate => "ability_to_innovate",
        };
        let (id, name, stream, unit) = (outcome.id, outcome.name, outcome.stream, outcome.unit);
        let head = format!("\n[[outcome]]\nid = {id:?}\nname = {name:?}\nstream = {stream:?}\n");
        let tail = format!("unit = {unit:?}\ndirection = {direction:?}\nvalue_area = {area:?}\n");
        text.push_str(&format!("{head}{tail}source = {{ push = true }}\n"));
    }
    for (index, epic) in EPICS.iter().enumerate().filter(|(_, epic)| plan.has(epic)) {
        let line = epic.line();
        let (key, title) = (&numbers.epic(index).key, epic.title);
        let (stream, theme, horizon) = (line.stream, line.theme, line.horizon);
        let hypothesis = epic.hypothesis;
        let head = format!("\n[[epic]]\nref = {key:?}\ntitle = {title:?}\nstream = {stream:?}\n");
        let tail =
            format!("theme = {theme:?}\nhorizon = {horizon:?}\nhypothesis = {hypothesis:?}\n");
        text.push_str(&format!("{head}{tail}"));
        if let Some(outcome) = epic.outcome {
            text.push_str(&format!("outcome = {outcome:?}\n"));
        }
    }
    text
}
