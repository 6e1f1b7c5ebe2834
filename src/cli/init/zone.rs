//! The time zone of this machine, which is a good first guess at the portfolio's: it is written
//! with its source, and `timezone` changes it.

use std::path::Path;

/// The zone and where it was found.
pub(super) fn of_this_machine() -> (String, &'static str) {
    let variable = std::env::var("TZ").ok().and_then(|text| known(text.trim_start_matches(':')));
    if let Some(zone) = variable {
        return (zone, "the variable TZ");
    }
    let link = std::fs::read_link("/etc/localtime").ok();
    if let Some(zone) = link.as_deref().and_then(linked) {
        return (zone, "/etc/localtime");
    }
    ("UTC".to_owned(), "nothing on this machine that names another")
}

fn linked(path: &Path) -> Option<String> {
    known(path.to_str()?.split_once("zoneinfo/")?.1)
}

fn known(name: &str) -> Option<String> {
    let name = name.rsplit_once("zoneinfo/").map_or(name, |(_, name)| name);
    let zone = name.parse::<chrono_tz::Tz>().ok()?;
    Some(zone.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_the_end_of_the_path() {
        let zone = linked(Path::new("/usr/share/zoneinfo/Europe/Berlin"));
        assert_eq!(zone.as_deref(), Some("Europe/Berlin"));
        assert_eq!(linked(Path::new("/etc/elsewhere")), None);
        assert_eq!(known("/usr/share/zoneinfo/Asia/Tokyo").as_deref(), Some("Asia/Tokyo"));
        assert_eq!(known("CET-1CEST"), None);
    }
}
