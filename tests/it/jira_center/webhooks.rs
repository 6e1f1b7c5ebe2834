//! Both generations of webhooks: signed by Jira 10, with the secret in the address before.

use http::HeaderMap;
use streamgauge::sim::jira::Delivery;
use streamgauge::trackers::{Hints, URL_TOKEN, WebhookError};

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(*name, value.parse().unwrap());
    }
    headers
}

/// One delivery of a link between two issues and one of an edit.
async fn deliveries(server: Server) -> (Rig, Vec<u64>, Vec<Delivery>) {
    let rig = Rig::start(server).await;
    let all = rig.create(PAY, 2);
    rig.site().set_webhook("http://127.0.0.1:1/webhooks/jira", SECRET);
    rig.edit(all[0], &Edit::Status(DOING));
    let mut deliveries = rig.site().take_deliveries();
    rig.site().link(all[0], BLOCKS, all[1]).unwrap();
    deliveries.extend(rig.site().take_deliveries().pop());
    (rig, all, deliveries)
}

#[tokio::test]
async fn jira_10_signs_and_names_no_delivery() {
    let (rig, all, sent) = deliveries(Server::default()).await;
    let [edit, link] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!(edit.identifier, "");
    let text = String::from_utf8(edit.body.to_vec()).unwrap();
    assert!(!text.contains("fieldId") && !text.contains("accountId"), "{text}");
    let signed = |delivery: &Delivery| headers(&[("x-hub-signature", &delivery.signature)]);
    let ask = |delivery: &Delivery| rig.tracker.webhook(&signed(delivery), &delivery.body);
    let named = |ids: &[u64]| {
        Ok(Hints { sources: ids.iter().map(u64::to_string).collect(), scan: false, sweep: false })
    };
    assert_eq!(ask(edit), named(&all[..1]));
    assert_eq!(ask(link), named(&all));
    assert_eq!(rig.tracker.webhook(&signed(edit), &link.body), Err(WebhookError::Forged));
    let both = headers(&[("x-hub-signature", "sha256=00"), (URL_TOKEN, SECRET)]);
    let told = rig.tracker.webhook(&both, &edit.body);
    assert_eq!(told, Err(WebhookError::Forged), "a signature decides alone");
}

#[tokio::test]
async fn jira_9_cannot_sign_and_is_known_by_its_address() {
    let (rig, all, sent) = deliveries(Server::nine()).await;
    assert!(sent.iter().all(|delivery| delivery.signature.is_empty()));
    let ask = |pairs: &[(&'static str, &str)]| rig.tracker.webhook(&headers(pairs), &sent[0].body);
    let expected = Hints { sources: vec![all[0].to_string()], scan: false, sweep: false };
    assert_eq!(ask(&[(URL_TOKEN, SECRET)]), Ok(expected));
    for wrong in ["", "a-webhook-secre", "a-webhook-secret ", "A-WEBHOOK-SECRET"] {
        assert_eq!(ask(&[(URL_TOKEN, wrong)]), Err(WebhookError::Forged), "{wrong:?}");
    }
    assert_eq!(ask(&[]), Err(WebhookError::Forged));
    assert_eq!(ask(&[(URL_TOKEN, SECRET), (URL_TOKEN, SECRET)]), Err(WebhookError::Forged));
}
