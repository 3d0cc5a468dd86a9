//! The configuration changes while events flow.

use serde_json::json;

use crate::oracle::host::{INGEST_KEY, base, config, tenant, upload};
use crate::oracle::{Accoil, Host, event, events};

#[tokio::test]
async fn a_mistake_leaves_the_old_configuration_running_and_is_told() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    host.configure(&config(&accoil, "").replace("ingest_keys", "ingest_kyes"));
    host.until_log("did you mean ingest_keys?").await;
    host.configure(&config(&accoil, "\n[tenants.mapping]\nsettings = { properties = 7 }"));
    host.until_log("settings-invalid").await;
    host.accept("acme", &events("u", 0..1)).await;
    accoil.until_tracked(1).await;
    let (status, answer) = host.command("/reload", &json!({})).await;
    assert_eq!((status, &answer["code"]), (400, &json!("settings-invalid")));
    assert!(host.admin("/status").await["unused_config"].as_str().unwrap().contains("settings"));
    host.configure(&config(&accoil, ""));
    assert_eq!(host.command("/reload", &json!({})).await.0, 200);
    assert!(host.admin("/status").await.get("unused_config").is_none());
}

#[tokio::test]
async fn tenants_come_and_go_and_nothing_is_lost() {
    let (accoil, second) = (Accoil::start().await, Accoil::start().await);
    let host = Host::start(&config(&accoil, "")).await;
    let both = format!("{}{}{}", base(), tenant("acme", &accoil, ""), tenant("new", &second, "paused = true"));
    host.configure(&both);
    host.until_log("tenant new: added").await;
    host.accept("new", &events("u", 0..5)).await;
    host.configure(&config(&accoil, ""));
    host.until_log("tenant new: removed").await;
    assert_eq!(host.post("/2/httpapi", &upload("new", &events("u", 5..6))).await.0, 400);
    host.configure(&both.replace("paused = true", ""));
    second.until_tracked(5).await;
    assert_eq!(second.orders()["u"].len(), 5);
}

#[tokio::test]
async fn a_paused_tenant_holds_and_a_disabled_one_refuses() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "paused = true")).await;
    host.accept("acme", &events("u", 0..5)).await;
    assert_eq!(host.status("acme").await["queued"], 5);
    host.configure(&config(&accoil, "enabled = false"));
    accoil.until_tracked(5).await;
    let (status, answer) = host.post("/2/httpapi", &upload("acme", &events("u", 5..6))).await;
    assert_eq!((status, &answer["code"]), (503, &json!(503)));
    host.configure(&config(&accoil, ""));
    host.until_status("acme", |status| status["enabled"] == true).await;
    host.accept("acme", &events("u", 5..6)).await;
    accoil.until_tracked(6).await;
}

#[tokio::test]
async fn two_keys_are_good_while_one_is_replaced() {
    let accoil = Accoil::start().await;
    let host = Host::start(&config(&accoil, "")).await;
    std::fs::write(host.path("second"), format!("{INGEST_KEY}-second")).unwrap();
    host.configure(&config(&accoil, "").replace("[\"file:ingest-acme\"]", "[\"file:ingest-acme\", \"file:second\"]"));
    host.until_log("tenant acme: intake").await;
    for (key, name) in [("acme", "a"), ("second", "b")] {
        assert_eq!(host.post("/2/httpapi", &upload(key, &[event("u", name)])).await.0, 200);
    }
    host.configure(&config(&accoil, "").replace("file:ingest-acme", "file:second"));
    host.until_status("acme", |status| status["delivered"] == 2).await;
    for _ in 0..100 {
        if host.post("/2/httpapi", &upload("acme", &[event("u", "c")])).await.0 == 400 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the old key is good for ever");
}
