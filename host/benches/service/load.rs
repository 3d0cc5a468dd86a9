//! Senders.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::host::{Host, key};
use super::sink::Sink;
use super::{BATCH, SENDERS, USERS};

/// Numbers for insert ids, never used twice.
static NEXT: AtomicUsize = AtomicUsize::new(0);

/// An event of about 0.8 KB.
fn push_event(body: &mut String, user: usize, name: &str) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    write!(
        body,
        r#"{{"user_id":"user-{user}@example.com","device_id":"C8F9E604-F01A-4BD9-95C6-8E5357DF265D","event_type":"{name}","time":{},"insert_id":"insert-{number}","session_id":1396381378123,"app_version":"2.1.0","platform":"Web","os_name":"Chrome","os_version":"128","device_brand":"Apple","device_model":"MacBook Pro","country":"United States","region":"California","city":"San Francisco","language":"English","ip":"127.0.0.1","event_properties":{{"page":"/reports/{number}","duration_ms":1234,"filters":["owner","status","created"],"is_first":false,"source":"navigation","template":"quarterly overview"}},"user_properties":{{"plan":"pro","role":"admin","seats":25,"trial_end":"2026-12-01","industry":"Software","employees":"51-200"}},"library":"amplitude-ts/2.11.0"}}"#,
        1_396_381_378_123_usize + number
    )
    .unwrap();
}

fn body(tenant: usize, events: impl Iterator<Item = (usize, String)>) -> String {
    let mut body = format!(r#"{{"api_key":"{}","events":["#, key(tenant));
    for (index, (user, name)) in events.enumerate() {
        if index > 0 {
            body.push(',');
        }
        push_event(&mut body, user, &name);
    }
    body.push_str("]}");
    body
}

async fn post(client: reqwest::Client, url: String, body: String) {
    loop {
        let response = client.post(&url).body(body.clone()).send().await.unwrap();
        match response.status().as_u16() {
            200 => return,
            503 => tokio::time::sleep(Duration::from_millis(100)).await,
            _ => panic!("{:?}", response.text().await),
        }
    }
}

/// Sends events as fast as they are accepted; gives their number.
pub(crate) async fn send(host: &Host, events: usize, tenants: usize) -> usize {
    let requests = events.div_ceil(BATCH);
    let next = Arc::new(AtomicUsize::new(0));
    let url = format!("http://{}/batch", host.ingest);
    let mut senders = JoinSet::new();
    for _ in 0..SENDERS {
        let (client, url, next) = (host.client.clone(), url.clone(), Arc::clone(&next));
        senders.spawn(async move {
            loop {
                let request = next.fetch_add(1, Ordering::Relaxed);
                if request >= requests {
                    return;
                }
                let first = request / tenants * BATCH;
                let events = (0..BATCH).map(|index| ((first + index) % users(tenants), "Report Created".to_owned()));
                post(client.clone(), url.clone(), body(request % tenants, events)).await;
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    requests * BATCH
}

/// Users of each tenant: as many in all, but enough for lanes.
fn users(tenants: usize) -> usize {
    (USERS / tenants).max(20)
}

/// One event of each user of each tenant; gives their number.
pub(crate) async fn send_all_users(host: &Host, tenants: usize) -> usize {
    let url = format!("http://{}/batch", host.ingest);
    for tenant in 0..tenants {
        let events = (0..users(tenants)).map(|user| (user, "First".to_owned()));
        post(host.client.clone(), url.clone(), body(tenant, events)).await;
    }
    tenants * users(tenants)
}

/// Sends requests of ten events at a steady rate, whatever the answers take; gives for each event
/// the time from the answer to its arrival at the sink.
pub(crate) async fn steady(host: &Host, sink: &Sink, rate: f64, time: Duration) -> Vec<Duration> {
    const EVENTS: usize = 10;
    let requests = (rate * time.as_secs_f64() / EVENTS as f64) as usize;
    let before = sink.tracks();
    let url = format!("http://{}/2/httpapi", host.ingest);
    let start = Instant::now();
    let mut sending = JoinSet::new();
    for request in 0..requests {
        let due = start + time.mul_f64(request as f64 / requests as f64);
        tokio::time::sleep_until(due.into()).await;
        let events = (0..EVENTS).map(|index| {
            let number = request * EVENTS + index;
            (number % USERS, format!("at-{number}"))
        });
        let (client, url, body) = (host.client.clone(), url.clone(), body(0, events));
        sending.spawn(async move {
            post(client, url, body).await;
            (request, Instant::now())
        });
    }
    let mut answered = vec![start; requests];
    while let Some(sent) = sending.join_next().await {
        let (request, at) = sent.unwrap();
        answered[request] = at;
    }
    sink.until(before + requests * EVENTS).await;
    sink.times().into_iter().map(|(number, at)| at.saturating_duration_since(answered[number / EVENTS])).collect()
}
