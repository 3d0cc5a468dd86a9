//! What the tests of delivery share: a configuration for a place on this machine, units, and a run
//! to its end.

use std::future::pending;
use std::net::SocketAddr;
use std::num::{NonZeroU64, NonZeroUsize};

use accoil_stream::accoil::Call;
use accoil_stream::config::{AccoilConfig, AuthForm, DeliveryConfig, DialectName};
use accoil_stream::outbound::{Client, Destination, Failure, Novelty, Outcome, Unit, deliver};
use accoil_stream::secret::Secret;
use accoil_stream::sink::{Script, Sink, SinkOptions};
use tokio::sync::mpsc;

pub(crate) const KEY: &str = "canary-7d1f";

pub(crate) fn any_port() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

pub(crate) async fn sink(script: &str) -> Sink {
    let script = Script::parse(script).unwrap();
    Sink::start(any_port(), SinkOptions { script, keep: 1000, ..SinkOptions::default() }).await.unwrap()
}

pub(crate) fn accoil(endpoint: String) -> AccoilConfig {
    AccoilConfig {
        api_key: Secret::new(KEY),
        endpoint: Some(endpoint),
        allow_private_endpoint: true,
        auth: AuthForm::Raw,
        dialect: DialectName::V2,
        combined_url: None,
        ca_file: None,
        in_flight: None,
        requests_per_second: None,
    }
}

/// Delivery with waits of milliseconds.
pub(crate) fn delivery(in_flight: usize) -> DeliveryConfig {
    DeliveryConfig {
        in_flight: NonZeroUsize::new(in_flight).unwrap(),
        retry_first_ms: NonZeroU64::new(10).unwrap(),
        retry_max_ms: NonZeroU64::new(50).unwrap(),
        ..DeliveryConfig::default()
    }
}

pub(crate) fn client(accoil: &AccoilConfig, delivery: &DeliveryConfig) -> Client {
    Client::new(Destination::new(accoil).unwrap(), delivery).unwrap()
}

/// Delivers units to an address of this machine and gives the outcomes in the order of their ends.
pub(crate) async fn run(to: SocketAddr, delivery: &DeliveryConfig, units: Vec<Unit>) -> Vec<Outcome> {
    run_to(&accoil(format!("http://{to}")), delivery, units).await
}

pub(crate) async fn run_to(accoil: &AccoilConfig, delivery: &DeliveryConfig, units: Vec<Unit>) -> Vec<Outcome> {
    let (sender, receiver) = mpsc::channel(1);
    let mut outcomes = Vec::new();
    let feeding = async move {
        for unit in units {
            sender.send(unit).await.unwrap();
        }
    };
    let novelty = Novelty::new(delivery.remembered);
    let client = client(accoil, delivery);
    tokio::join!(
        feeding,
        deliver(client, delivery, novelty, receiver, pending(), |outcome| { outcomes.push(outcome) })
    );
    outcomes
}

pub(crate) fn unit(id: &str, calls: Vec<Call>) -> Unit {
    Unit { id: id.into(), calls }
}

pub(crate) fn track(user: &str, event: &str) -> Call {
    Call::Track { user_id: user.into(), event: event.into(), timestamp: None }
}

pub(crate) fn identify(user: &str, traits: &str) -> Call {
    Call::Identify { user_id: user.into(), group_id: None, traits: traits.into(), timestamp: None }
}

pub(crate) fn group(group: &str, user: &str, traits: &str) -> Call {
    let timestamp = Some("2026-01-02T03:04:05.006Z".into());
    Call::Group { group_id: group.into(), user_id: Some(user.into()), traits: traits.into(), timestamp }
}

/// One track for each user.
pub(crate) fn tracks(users: &[&str]) -> Vec<Unit> {
    users.iter().map(|user| unit(user, vec![track(user, "e")])).collect()
}

pub(crate) fn failure(outcome: &Outcome) -> &Failure {
    outcome.failure.as_ref().unwrap()
}
