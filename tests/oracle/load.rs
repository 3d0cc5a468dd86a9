//! Senders that go on whatever happens to the service, the ledger of what they were told, and the
//! judgement on what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::accoil::Call;
use super::host::{client, event, upload};

/// Users of each sender; no two senders have one in common, so that the order in which a user's
/// events are sent is the order in which they are accepted.
const USERS: u64 = 3;

/// Numbers that look random, the same every time.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// One below a limit.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// A time between two, more often a short one.
    pub(crate) fn moment(&mut self, from: u64, to: u64) -> Duration {
        let (one, other) = (self.below(1000), self.below(1000));
        Duration::from_millis(from + (to - from) * one * other / 998_001)
    }
}

/// What was sent, and what of it was answered with 200.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) sent: BTreeSet<String>,
    pub(crate) answered: BTreeSet<String>,
    /// Requests that the service answered with something else.
    pub(crate) refused: Vec<u16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Away,
    At(SocketAddr),
    Done,
}

/// Four senders.
pub(crate) struct Load {
    target: watch::Sender<Target>,
    ledger: Arc<Mutex<Ledger>>,
    senders: JoinSet<()>,
}

impl Load {
    /// Sends events of a tenant once there is somewhere to send them.
    pub(crate) fn of(tenant: &'static str) -> Self {
        Self::at_pace(tenant, Duration::from_millis(32))
    }

    /// The same, with pauses of up to so long between a sender's requests; most are short.
    pub(crate) fn at_pace(tenant: &'static str, pause: Duration) -> Self {
        let target = watch::Sender::new(Target::Away);
        let ledger = Arc::new(Mutex::new(Ledger::default()));
        let mut senders = JoinSet::new();
        for number in 0..4 {
            senders.spawn(send((tenant, number, pause), target.subscribe(), Arc::clone(&ledger)));
        }
        Self { target, ledger, senders }
    }

    pub(crate) fn at(&self, address: SocketAddr) {
        self.target.send_replace(Target::At(address));
    }

    /// The service is being killed.
    pub(crate) fn away(&self) {
        self.target.send_replace(Target::Away);
    }

    /// The events that have had their 200 until now.
    pub(crate) fn answered(&self) -> BTreeSet<String> {
        self.ledger.lock().unwrap().answered.clone()
    }

    /// Ends the senders once they have the answers that they want.
    pub(crate) async fn end(mut self) -> Ledger {
        self.target.send_replace(Target::Done);
        while let Some(ended) = self.senders.join_next().await {
            ended.unwrap();
        }
        std::mem::take(&mut *self.ledger.lock().unwrap())
    }
}

async fn send(
    (tenant, sender, pause): (&str, u64, Duration),
    mut target: watch::Receiver<Target>,
    ledger: Arc<Mutex<Ledger>>,
) {
    let (client, mut random) = (client(), Random::new(sender));
    let (mut count, mut again) = (0, Vec::new());
    loop {
        // Gone with its test, it is done as well.
        let target = target.wait_for(|target| *target != Target::Away).await.map_or(Target::Done, |target| *target);
        let Target::At(address) = target else { return };
        let names = if again.is_empty() { names(sender, &mut count, &mut random) } else { std::mem::take(&mut again) };
        ledger.lock().unwrap().sent.extend(names.iter().cloned());
        let events: Vec<Value> = names.iter().map(|name| event_of(name)).collect();
        let request = client.post(format!("http://{address}/2/httpapi")).body(upload(tenant, &events).to_string());
        match request.send().await.map(|response| response.status().as_u16()) {
            Ok(200) => ledger.lock().unwrap().answered.extend(names),
            Ok(other) => ledger.lock().unwrap().refused.push(other),
            // Some senders come again with the same events, and some never do.
            Err(_) if random.below(2) == 0 => again = names,
            Err(_) => {}
        }
        // A pace at which deliveries keep up.
        tokio::time::sleep(random.moment(0, pause.as_millis() as u64)).await;
    }
}

fn names(sender: u64, count: &mut u64, random: &mut Random) -> Vec<String> {
    let most = *count % 7;
    let name = |_| {
        *count += 1;
        format!("s{sender}u{}-{count:06}", random.below(USERS))
    };
    (0..=most).map(name).collect()
}

/// The event with this name, the same whenever it is asked for.
pub(crate) fn event_of(name: &str) -> Value {
    let number: u64 = name.rsplit('-').next().unwrap().parse().unwrap();
    let mut event = event(user_of(name), name);
    event["time"] = (1_700_000_000_000 + number).into();
    event
}

fn user_of(name: &str) -> &str {
    name.split_once('-').unwrap().0
}

/// A track that was answered with success.
#[derive(Debug, Clone)]
pub(crate) struct Track {
    pub(crate) generation: u32,
    pub(crate) user: String,
    pub(crate) name: String,
}

/// Those among these calls whose name ends so; the ending is taken off.
pub(crate) fn tracks(calls: &[Call], ending: &str) -> Vec<Track> {
    let tracks = calls.iter().filter(|call| call.kind == "track" && call.status == 202);
    let track = |call: &Call| {
        let name = call.event().strip_suffix(ending)?.to_owned();
        Some(Track { generation: call.generation, user: call.user().to_owned(), name })
    };
    tracks.filter_map(track).collect()
}

/// What there is to say about deliveries.
#[derive(Debug, Default)]
pub(crate) struct Judgement {
    pub(crate) delivered: BTreeSet<String>,
    /// For each generation, how many of its deliveries had been made by an earlier one.
    pub(crate) doubles: BTreeMap<u32, usize>,
}

impl Judgement {
    pub(crate) fn all_doubles(&self) -> usize {
        self.doubles.values().sum()
    }

    pub(crate) fn most_doubles(&self) -> usize {
        self.doubles.values().copied().max().unwrap_or(0)
    }
}

/// Judges the order of what was delivered: within a generation a user's events come in the order
/// of their acceptance, each once and none left out; the next one goes on after the last of the one
/// before, or sends its last ones again.
pub(crate) fn judge(tracks: &[Track]) -> Judgement {
    let mut judgement = Judgement::default();
    let mut users: BTreeMap<&str, Vec<&Track>> = BTreeMap::new();
    for track in tracks {
        users.entry(&track.user).or_default().push(track);
        judgement.delivered.insert(track.name.clone());
    }
    for (user, tracks) in users {
        let order: BTreeSet<&str> = tracks.iter().map(|track| track.name.as_str()).collect();
        let place: BTreeMap<&str, usize> = order.into_iter().zip(0..).collect();
        let (mut next, mut generation) = (0, 0);
        for track in tracks {
            let place = place[track.name.as_str()];
            let is_in_order = place == next || (place < next && track.generation > generation);
            assert!(is_in_order, "{user}: {track:?} has place {place}, and {next} of generation {generation} was next");
            (next, generation) = (place + 1, track.generation);
        }
    }
    let mut seen = BTreeSet::new();
    for track in tracks {
        if !seen.insert(&track.name) {
            *judgement.doubles.entry(track.generation).or_default() += 1;
        }
    }
    judgement
}
