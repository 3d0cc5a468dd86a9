//! The raw limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use accoil_stream::accoil::Call;
use accoil_stream::config::{AccoilConfig, AuthForm, DeliveryConfig, DialectName, QueueConfig};
use accoil_stream::outbound::{Answer, Client, Decision, Destination};
use accoil_stream::queue::{Change, Ending, NewEvent, Queue, SqliteQueue, TakeLimits};
use accoil_stream::secret::Secret;
use tokio::task::JoinSet;

use super::sink::Sink;

/// Requests a second that the service's client and the sink do with nothing in between: one track an
/// event.
pub(crate) async fn http(sink: &Sink, requests: usize) -> f64 {
    let before = sink.tracks();
    let (client, next) = (client(sink), Arc::new(AtomicUsize::new(0)));
    let start = Instant::now();
    let mut senders = JoinSet::new();
    for _ in 0..32 {
        let (client, next) = (client.clone(), Arc::clone(&next));
        senders.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < requests {
                let track = Call::Track {
                    user_id: "user-123@example.com".to_owned(),
                    event: "Report Created".to_owned(),
                    timestamp: Some("2026-01-02T03:04:05.006Z".to_owned()),
                };
                let answer = client.post_call(&track, Decision::Send).await;
                assert!(matches!(answer, Answer::Http { status: 202, .. }), "{answer:?}");
            }
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender.unwrap();
    }
    (sink.tracks() - before) as f64 / start.elapsed().as_secs_f64()
}

fn client(sink: &Sink) -> Client {
    let accoil = AccoilConfig {
        api_key: Secret::new("key"),
        endpoint: Some(format!("http://{}", sink.address)),
        allow_private_endpoint: true,
        auth: AuthForm::Raw,
        dialect: DialectName::V2,
        combined_url: None,
        ca_file: None,
        in_flight: None,
        requests_per_second: None,
    };
    Client::new(Destination::new(&accoil).unwrap(), &DeliveryConfig::default()).unwrap()
}

/// Events a second that the store accepts, gives out and settles, in groups.
pub(crate) async fn store(events: usize) -> f64 {
    const GROUP: usize = 100;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let queue = Arc::new(SqliteQueue::open(folder.path(), &QueueConfig::default(), false).unwrap());
    let tenant = queue.tenant("t").await.unwrap();
    let body = "x".repeat(800);
    let start = Instant::now();
    let accepting = Arc::clone(&queue);
    let accepted = tokio::spawn(async move {
        let mut waiting = std::collections::VecDeque::new();
        for first in (0..events).step_by(GROUP) {
            let new = (first..first + GROUP).map(|number| NewEvent {
                id: Some(format!("id-{number}")),
                key: Some(number as u128),
                body: body.clone(),
            });
            waiting.push_back(accepting.accept(tenant, new.collect(), Vec::new()));
            if waiting.len() >= super::SENDERS {
                waiting.pop_front().unwrap().await.unwrap();
            }
        }
        for pending in waiting {
            pending.await.unwrap();
        }
    });
    let (mut after, mut done) = (0, 0);
    let mut last = None;
    while done < events {
        let taken = queue.take(tenant, after, TakeLimits { events: 256, bytes: 1 << 20 }).await.unwrap();
        let Some(newest) = taken.last() else {
            queue.arrivals(tenant).notified().await;
            continue;
        };
        after = newest.seq;
        done += taken.len();
        let settled = taken.iter().map(|event| Change::Settled {
            seq: event.seq,
            version: 1,
            ending: Ending::Delivered,
            note: r#"{"answers":["unchanged",202]}"#.to_owned(),
        });
        if let Some(last) = last.replace(queue.record(tenant, settled.collect(), Vec::new())) {
            last.await.unwrap();
        }
    }
    last.unwrap().await.unwrap();
    accepted.await.unwrap();
    let rate = events as f64 / start.elapsed().as_secs_f64();
    queue.close();
    rate
}
