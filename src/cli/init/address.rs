//! Which product answers at an address.

use bytes::Bytes;
use serde::Deserialize;

use crate::cli::Failure;
use crate::transport::{Transport, usual_pace};

/// An address as it is written into the settings: with a scheme and without a slash at the end.
pub(super) fn normal(address: &str) -> String {
    let address = address.trim().trim_end_matches('/');
    let address = match address.split_once("://") {
        Some(_) => address.to_owned(),
        None => format!("https://{address}"),
    };
    // What a browser shows of a site in the cloud goes on behind the host.
    match cloud_host(&address) {
        Some(host) => format!("https://{host}"),
        None => address,
    }
}

fn cloud_host(address: &str) -> Option<&str> {
    let host = address.strip_prefix("https://")?.split('/').next()?;
    host.ends_with(".atlassian.net").then_some(host)
}

/// The kind of the connection. Sites of Atlassian's cloud are known by their name; others are
/// asked, without a credential.
pub(super) async fn jira_kind(
    address: &str,
    transport: &Transport,
) -> Result<&'static str, Failure> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct ServerInfo {
        deployment_type: Option<String>,
    }

    if cloud_host(address).is_some() {
        return Ok("jira-cloud");
    }
    let place = format!("{address}/rest/api/2/serverInfo");
    let request = http::Request::get(&place).header("accept", "application/json");
    let request = request.body(Bytes::new()).map_err(|_| {
        Failure::Usage(format!("--jira {address} is not an address; write https://HOST"))
    })?;
    let answer = transport.ask(request, usual_pace).await.map_err(|error| {
        anyhow::anyhow!("{place} was not answered: {error}; check the address and the network")
    })?;
    let told = serde_json::from_slice::<ServerInfo>(answer.body());
    match (answer.status().as_u16(), told) {
        (200, Ok(ServerInfo { deployment_type: Some(kind) })) if kind == "Cloud" => {
            Ok("jira-cloud")
        }
        (200, Ok(_)) => Ok("jira-data-center"),
        (status, _) => Err(Failure::Failed(anyhow::anyhow!(
            "{place} does not answer as Jira does (status {status}); give the address at which \
             Jira's start page opens, with its path if it has one"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_people_paste_it() {
        assert_eq!(normal("northwind.atlassian.net"), "https://northwind.atlassian.net");
        let pasted = "https://northwind.atlassian.net/jira/your-work";
        assert_eq!(normal(pasted), "https://northwind.atlassian.net");
        assert_eq!(normal("https://jira.example.com/jira/"), "https://jira.example.com/jira");
        assert_eq!(normal("http://127.0.0.1:80"), "http://127.0.0.1:80");
    }
}
