//! Where queries begin: repositories, organisations, nodes by id, the rate limit.

use serde_json::Value;

use super::super::super::ids::{node_id, read_node_id};
use super::super::super::json::owner_id;
use super::super::plan::Planned;
use super::super::run::Run;
use super::{Out, Thing};

pub fn query<'w>(run: &Run<'w>, field: &Planned<'w>) -> Out<'w> {
    match field.name {
        "id" => Out::text("MDU6UXVlcnk="),
        "viewer" => Out::person(run, "viewer", 0),
        "rateLimit" if run.dialect.metered => rate_limit(run),
        "repository" => {
            let (owner, name) = (field.text("owner"), field.text("name"));
            let (owner, name) = (owner.unwrap_or(""), name.unwrap_or(""));
            match run.world.repo_named(owner, name) {
                Some(repo) if run.world.forbidden.contains(&repo.record.id) => forbidden(),
                Some(repo) => Out::Thing(Thing::Repository(repo)),
                None => not_found("Repository", &format!("the name '{owner}/{name}'")),
            }
        }
        "organization" | "repositoryOwner" => {
            let login = field.text("login").unwrap_or("");
            let owner = owners(run).find(|owner| owner.eq_ignore_ascii_case(login));
            match owner {
                Some(owner) => Out::Thing(Thing::Organization(owner)),
                None if field.name == "repositoryOwner" => Out::Null,
                None => not_found("Organization", &format!("the login of '{login}'")),
            }
        }
        "node" => node(run, field.text("id").unwrap_or("")),
        "nodes" => {
            let ids = field.args.get("ids").and_then(Value::as_array);
            let ids = ids.into_iter().flatten().map(|id| node(run, id.as_str().unwrap_or("")));
            Out::List(ids.collect())
        }
        "__type" => {
            let known = run.dialect.schema.get(field.text("name").unwrap_or(""));
            Out::thing(known.map(Thing::Schema))
        }
        _ => Out::Null,
    }
}

/// The owners of visible repositories.
pub fn owners<'w>(run: &Run<'w>) -> impl Iterator<Item = &'w str> {
    let visible = run.world.repos.values().filter(|repo| run.world.sees(repo));
    visible.map(|repo| repo.record.owner.as_str())
}

pub fn not_found<'w>(what: &str, named: &str) -> Out<'w> {
    Out::Failed("NOT_FOUND", format!("Could not resolve to a {what} with {named}."))
}

fn forbidden<'w>() -> Out<'w> {
    let message = "Resource protected by organization SAML enforcement. You must grant your \
                   Personal Access token access to this organization.";
    Out::Failed("FORBIDDEN", message.to_owned())
}

fn rate_limit<'w>(run: &Run<'w>) -> Out<'w> {
    let standing = run.standing;
    Out::plain(
        "RateLimit",
        vec![
            ("cost", Out::int(run.cost.points)),
            ("limit", Out::int(standing.limit)),
            ("nodeCount", Out::int(run.cost.nodes)),
            ("remaining", Out::int(standing.remaining)),
            ("resetAt", Out::Time(standing.reset)),
            ("used", Out::int(standing.used)),
        ],
    )
}

fn node<'w>(run: &Run<'w>, id: &str) -> Out<'w> {
    match find(run, id) {
        Some(Thing::Issue(issue)) if run.world.forbidden.contains(&issue.repo) => forbidden(),
        Some(thing) => Out::Thing(thing),
        None => {
            let message = format!("Could not resolve to a node with the global id of '{id}'");
            Out::Failed("NOT_FOUND", message)
        }
    }
}

fn find<'w>(run: &Run<'w>, id: &str) -> Option<Thing<'w>> {
    let (prefix, numbers) = read_node_id(id)?;
    let world = run.world;
    Some(match (prefix, numbers.as_slice()) {
        ("R", [repo]) => Thing::Repository(world.repo(*repo)?),
        ("I" | "PR", [_, issue]) => {
            Thing::Issue(world.issue(*issue).filter(|issue| issue.node_id == id)?)
        }
        ("LA", [_, label]) => Thing::Label(world.labels.get(label).filter(|l| !l.deleted)?),
        ("MI", [_, milestone]) => Thing::Milestone(world.milestones.get(milestone)?),
        ("RE", [_, release]) => Thing::Release(world.releases.get(release)?),
        ("IT", [number]) => {
            let at = usize::try_from(*number).ok()?.checked_sub(1)?;
            Thing::IssueType(world.types.get(at)?)
        }
        ("PVT", [_, board]) => Thing::Board(world.boards.get(board)?),
        ("PVTI", [board, card]) => {
            let cards = world
                .issues
                .values()
                .flat_map(|issue| issue.cards.iter().map(move |card| (issue, card)));
            let (issue, card) =
                { cards }.find(|(_, one)| one.board == *board && one.id == *card)?;
            Thing::Card(issue, card)
        }
        ("O", [number]) => Thing::Organization(owners(run).find(|one| owner_id(one) == *number)?),
        (_, [_, issue, event]) => {
            let issue = world.issue(*issue)?;
            let event = issue.events.iter().find(|one| one.id == *event)?;
            (issue.event_node_id(event) == id).then_some(Thing::Event(issue, event))?
        }
        _ => return None,
    })
}

/// The node id of an organisation.
pub fn owner_node_id(login: &str) -> String {
    node_id("O", &[owner_id(login)])
}
