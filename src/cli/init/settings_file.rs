//! `streamgauge.toml` as `init` writes it.

use std::fmt::Write as _;

use super::Found;
use super::text::{comment, count, heading, names, plain, quoted};
use crate::trackers::Standing;

const HEAD: &str = "\
#:schema ./streamgauge.schema.json

# How Streamgauge reaches the trackers, where it keeps what it learns, and who may look. Written by
# `streamgauge init`; it is yours now. The sample config/streamgauge.toml of the project explains
# every key. Secrets are only named here: { env = \"NAME\" } or { file = \"/run/secrets/name\" }.

portfolio = \"portfolio.toml\"
";

const STORE: &str = "
[store]
# One file, beside the program's working directory. postgres://USER@HOST/DATABASE lets several
# processes share the work; `password` says where its password is.
url = \"sqlite:streamgauge.db\"

[web]
# Pages and webhooks of `streamgauge serve`. Other addresses need a [[web.token]].
listen = \"127.0.0.1:8787\"
";

const DIGESTS: &str = "\
# `streamgauge serve` sends digests; `streamgauge digest` shows one now. A file, every Monday:
#[[digest]]
#id = \"monday\"
#for = \"portfolio\"
#at = \"0 7 * * MON\"
#to = [\"file:digests\"]
";

pub(super) fn text(found: &[Found], titles: bool) -> String {
    let mut out = HEAD.to_owned();
    if !titles {
        out.push_str("\n# Titles of items are neither asked for nor stored.\ntitles = false\n");
    }
    out.push_str(STORE);
    heading(&mut out, "Connections");
    for (at, one) in found.iter().enumerate() {
        if at > 0 {
            out.push('\n');
        }
        connection(&mut out, one);
    }
    heading(&mut out, "Digests");
    out.push_str(DIGESTS);
    out
}

fn connection(out: &mut String, found: &Found) {
    let Found { plan, inventory } = found;
    let _ = write!(out, "[[connection]]\n{}", plan.keys());
    let what = if plan.is_github() { "Repositories" } else { "Projects" };
    comment(out, &format!("{what} to read. Take out what is not to be measured."));
    out.push_str("scopes = [\n");
    for project in super::draft::live(found) {
        let name = plain(&project.name);
        let name = (name != project.key).then_some(name);
        let items = project.items.map(|items| count(items, "item"));
        let told: Vec<String> = name.into_iter().chain(items).collect();
        let told = told.join(": ");
        let line = format!("  {},   # {told}", quoted(&project.key));
        let _ = writeln!(out, "{}", line.trim_end_matches([' ', '#']));
    }
    out.push_str("]\n");
    let left: Vec<String> = inventory
        .projects
        .iter()
        .filter_map(|project| Some((project, word(project.standing)?)))
        .map(|(project, word)| format!("{} ({word})", plain(&project.key)))
        .collect();
    if !left.is_empty() {
        comment(out, &format!("Not read: {}.", names(&left, 50)));
    }
    links(out, found);
    if plan.is_github() {
        status_field(out, found);
    }
    let secret = plan.id.to_uppercase();
    out.push_str(
        "# With a webhook a change shows within seconds; pulls alone find everything, later.\n",
    );
    let _ = writeln!(out, "#webhook_secret = {{ env = \"{secret}_WEBHOOK_SECRET\" }}");
}

fn word(standing: Standing) -> Option<&'static str> {
    match standing {
        Standing::Live => None,
        Standing::Archived => Some("archived"),
        Standing::Trashed => Some("in the bin"),
        Standing::Hidden => Some("not visible to this account"),
    }
}

/// Link types that mean "cannot go on until".
fn links(out: &mut String, found: &Found) {
    let types = &found.inventory.link_types;
    if types.is_empty() {
        return;
    }
    comment(
        out,
        &format!(
            "Link types that mean \"cannot go on until\". This site has: {}.",
            names(&types.iter().map(|name| plain(name)).collect::<Vec<_>>(), 50)
        ),
    );
    if types.iter().any(|name| name == "Blocks") {
        out.push_str("blocking_links = [\"Blocks\"]\n");
    } else {
        comment(
            out,
            "None of them is called Blocks, so no link is read as blocking until you say:",
        );
        let _ = writeln!(out, "#blocking_links = [{}]", quoted(&types[0]));
    }
}

fn status_field(out: &mut String, found: &Found) {
    let without: Vec<String> = found
        .inventory
        .boards
        .iter()
        .filter(|board| board.status_field.is_none())
        .map(|board| plain(&board.name))
        .collect();
    out.push_str("# The field of project boards that holds the status of an issue.\n");
    out.push_str("status_field = \"Status\"\n");
    if !without.is_empty() {
        comment(out, &format!("Boards without a field of that name: {}.", names(&without, 20)));
    }
}
