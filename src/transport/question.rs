//! What a client that only asks may send: every GET, and the POSTs that carry a question in their
//! body. Everything else is refused before it leaves, whoever made it.

use http::Method;
use serde::Deserialize;

use super::Request;

/// The ends of the paths to which questions are posted, and the one by which a GitHub App gets its
/// token.
const QUESTIONS: [&str; 7] = [
    "/graphql",
    "/rest/api/3/search/jql",
    "/rest/api/3/search/approximate-count",
    "/rest/api/3/issue/bulkfetch",
    "/rest/api/3/changelog/bulkfetch",
    "/rest/api/2/search",
    "/access_tokens",
];

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    query: std::borrow::Cow<'a, str>,
}

/// Whether a request only asks.
#[must_use]
pub fn is_question(request: &Request) -> bool {
    if request.method() == Method::GET {
        return true;
    }
    let path = request.uri().path();
    if request.method() != Method::POST || !QUESTIONS.iter().any(|end| path.ends_with(end)) {
        return false;
    }
    !path.ends_with("/graphql") || is_query(request.body())
}

/// Whether a GraphQL document holds queries only.
fn is_query(body: &[u8]) -> bool {
    let Ok(document) = serde_json::from_slice::<Document<'_>>(body) else { return false };
    let mut words = document.query.split(|c: char| !c.is_alphanumeric() && c != '_');
    words.all(|word| word != "mutation" && word != "subscription")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn asks(method: Method, path: &str, body: &str) -> bool {
        let mut request = Request::new(Bytes::from(body.to_owned()));
        *request.method_mut() = method;
        *request.uri_mut() = format!("https://tracker.example{path}").parse().unwrap();
        is_question(&request)
    }

    #[test]
    fn questions_pass() {
        assert!(asks(Method::GET, "/rest/api/3/myself", ""));
        assert!(asks(Method::POST, "/rest/api/3/search/jql", "{}"));
        assert!(asks(Method::POST, "/ex/jira/11/rest/api/3/issue/bulkfetch", "{}"));
        assert!(asks(Method::POST, "/jira/rest/api/2/search", "{}"));
        assert!(asks(Method::POST, "/app/installations/7/access_tokens", ""));
        assert!(asks(Method::POST, "/api/graphql", r#"{"query":"query Q { viewer { id } }"}"#));
    }

    #[test]
    fn whatever_changes_something_does_not() {
        for method in [Method::PUT, Method::PATCH, Method::DELETE] {
            assert!(!asks(method, "/rest/api/3/search/jql", "{}"));
        }
        assert!(!asks(Method::POST, "/rest/api/3/issue", "{}"));
        assert!(!asks(Method::POST, "/repos/o/r/hooks", "{}"));
        assert!(!asks(Method::POST, "/app/hook/deliveries/7/attempts", ""));
        assert!(!asks(Method::POST, "/graphql", "not json"));
        for document in
            ["mutation { closeIssue }", "query Q { a } mutation M { b }", "subscription S"]
        {
            let body = serde_json::json!({ "query": document }).to_string();
            assert!(!asks(Method::POST, "/graphql", &body), "{document}");
        }
    }
}
