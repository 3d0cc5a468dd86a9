//! What is on disk, what is on its way, what the destination received, and what must hold of it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::{Notify, oneshot};

use super::bug::Bug;
use crate::accoil::{AccoilEvent, Call};
use crate::event::Event;
use crate::outbound::Answer;
use crate::queue::{Activation, Attempt, Change, Ending, Seq, Stored};
use crate::sandbox::{Fault, FaultKind, Outcome, Ran};
use crate::versions::invariants::{self, Choice};
use crate::versions::{Pin, Split, Version};

/// Says that something was done.
pub(super) type Reply = Box<dyn FnOnce() + Send>;

/// Does something on disk; gives the reply.
pub(super) type Write = Box<dyn FnOnce(&mut World) -> Reply + Send>;

/// Calls that count, of each event.
const PARTS: u32 = 2;

/// An event in the store.
pub(super) struct Row {
    pub(super) user: u32,
    pub(super) ended: Option<(Ending, u32)>,
    pub(super) attempt: Option<Attempt>,
}

/// A request that waits for its answer.
pub(super) struct Request {
    pub(super) call: Call,
    pub(super) reply: oneshot::Sender<Answer>,
}

#[derive(Default)]
pub(super) struct World {
    pub(super) bug: Option<Bug>,
    /// Crashes before.
    pub(super) life: u32,
    /// On disk: the event of a number is one place before it.
    pub(super) rows: Vec<Row>,
    pub(super) taken: Seq,
    pub(super) taken_before: Seq,
    pub(super) versions: Vec<String>,
    pub(super) activations: Vec<Activation>,
    pub(super) facts: BTreeMap<(u8, Vec<u8>), Vec<u8>>,
    /// Not on disk yet, and on disk but not said so.
    pub(super) waiting: VecDeque<Write>,
    pub(super) replies: Vec<Reply>,
    pub(super) arrivals: Arc<Notify>,
    /// How many events the next take brings at most.
    pub(super) most_taken: usize,
    pub(super) requests: Vec<Request>,
    /// What was received: calls that count, and from which candidate an event is.
    received: BTreeSet<(Seq, u32)>,
    from: BTreeMap<Seq, u32>,
    refused: BTreeSet<Seq>,
    /// Calls that may be received again.
    again: BTreeSet<(Seq, u32)>,
    recently_ended: Vec<Seq>,
    pub(super) resent: usize,
    pub(super) repinned: usize,
    pub(super) attempts: usize,
    /// Something was put in force since this was last looked at.
    pub(super) has_switched: bool,
    pub(super) violation: Option<String>,
}

pub(super) type Shared = Arc<Mutex<World>>;

pub(super) fn lock(world: &Shared) -> MutexGuard<'_, World> {
    world.lock().unwrap()
}

/// What a candidate makes of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    Calls,
    Skip,
    Reject,
    Fault,
}

/// Candidates 0 and 1 have no difficulty with any event.
pub(super) const CANDIDATES: u32 = 7;

/// The one that takes so long for an event that those after it in the same batch are not run any more.
const SLOW: u32 = 6;

fn made(candidate: u32, seq: Seq) -> Made {
    match candidate {
        2 if seq.is_multiple_of(3) => Made::Fault,
        3 if seq.is_multiple_of(2) => Made::Reject,
        4 if seq % 3 == 1 => Made::Skip,
        5 if seq.is_multiple_of(7) => Made::Fault,
        SLOW if seq.is_multiple_of(5) => Made::Fault,
        _ => Made::Calls,
    }
}

/// The settings of a candidate, by which it is known.
pub(super) fn settings(candidate: u32) -> String {
    format!(r#"{{"properties":["c{candidate}"]}}"#)
}

fn candidate_of(settings: &str) -> u32 {
    (0..CANDIDATES).find(|candidate| settings.contains(&format!("\"c{candidate}\""))).unwrap()
}

/// Runs a version, in place of the sandbox.
pub(super) fn run_version(version: &Version, events: &[Event<'_>]) -> Ran {
    let candidate = candidate_of(version.what.settings.text());
    let mut outcomes: Vec<Outcome> = events.iter().map(|event| outcome(candidate, event)).collect();
    let slow = outcomes.iter().position(|outcome| candidate == SLOW && matches!(outcome, Outcome::Fault(_)));
    for late in outcomes.iter_mut().skip(slow.map_or(usize::MAX, |slow| slow + 1)) {
        *late = Outcome::Fault(Fault::new(FaultKind::CutShort, "late"));
    }
    outcomes.into()
}

fn outcome(candidate: u32, event: &Event<'_>) -> Outcome {
    let seq = seq_of(event);
    let part = |part| AccoilEvent {
        user_id: event.user_id.as_deref().map(str::to_owned),
        event: Some(format!("{seq}.{candidate}.{part}")),
        timestamp: None,
        metadata: format!(r#"{{"of":"{seq}.{candidate}.{PARTS}"}}"#),
        group_traits: Vec::new(),
    };
    match made(candidate, seq) {
        Made::Calls => Outcome::Deliver((0..PARTS).map(part).collect()),
        Made::Skip => Outcome::Skip("skip".to_owned()),
        Made::Reject => Outcome::Reject("reject".to_owned()),
        Made::Fault => Outcome::Fault(Fault::new(FaultKind::Panic, "fault")),
    }
}

fn seq_of(event: &Event<'_>) -> Seq {
    event.event_type[1..].parse().unwrap()
}

/// Event, candidate and part of a call; an identify is a part that does not count.
fn said(call: &Call) -> (Seq, u32, u32) {
    let text = match call {
        Call::Track { event, .. } => event.as_str(),
        Call::Identify { traits, .. } => traits.split('"').nth(3).unwrap(),
        Call::Group { .. } | Call::Combined { .. } => panic!("not a call of these mappings"),
    };
    let mut numbers = text.split('.').map(|number| number.parse::<u64>().unwrap());
    let mut next = || numbers.next().unwrap();
    (next(), u32::try_from(next()).unwrap(), u32::try_from(next()).unwrap())
}

impl World {
    pub(super) fn new(bug: Option<Bug>, most_taken: usize) -> Self {
        Self { bug, most_taken, ..Self::default() }
    }

    pub(super) fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.violation.is_none() {
            let activations: Vec<_> =
                self.activations.iter().map(|one| (one.number, one.from, Choice::from(one))).collect();
            self.violation = Some(format!("{}\nlife {}, activations {activations:?}", what(), self.life));
        }
    }

    pub(super) fn candidate(&self, version: u32) -> u32 {
        candidate_of(&Pin::from_json(&self.versions[version as usize - 1]).unwrap().settings)
    }

    pub(super) fn stored(&self, seq: Seq) -> Stored {
        let row = &self.rows[seq as usize - 1];
        let body = format!(r#"{{"event_type":"n{seq}","user_id":"u{}"}}"#, row.user);
        let attempt = row.attempt.clone().filter(|_| self.bug != Some(Bug::AttemptForgotten));
        Stored {
            seq,
            id: format!("seq-{seq}"),
            accepted_at: 0,
            body: body.into_bytes(),
            damaged: false,
            replay: None,
            attempt,
        }
    }

    /// Events of a range that have not ended.
    pub(super) fn open(&self, after: Seq, last: Seq, most: usize) -> Vec<Stored> {
        (after + 1..=last)
            .filter(|seq| self.rows[*seq as usize - 1].ended.is_none())
            .take(most)
            .map(|seq| self.stored(seq))
            .collect()
    }

    pub(super) fn have_all_ended(&self) -> bool {
        self.rows.iter().all(|row| row.ended.is_some())
    }

    /// How an event may end, and by which version, as its number and its user alone say.
    fn endings(&self, seq: Seq) -> Vec<(Ending, u32)> {
        let in_force = self.activations.iter().rev().find(|one| one.from <= seq);
        let Some(in_force) = in_force.or(self.activations.first()) else { return Vec::new() };
        let is_canary = in_force.canary.is_some_and(|canary| {
            let pin = Pin::from_json(&self.versions[canary.version as usize - 1]).unwrap();
            let body = self.stored(seq).body;
            Split::new(pin.digest(), canary.share).takes(&Event::read(&body).unwrap())
        });
        let choice = Choice::from(in_force);
        let base = if is_canary { choice.canary.unwrap() } else { choice.live };
        let mut repins = (1..=self.versions.len() as u32).filter(|version| choice.may_map(*version, Some(base)));
        let good = repins.next();
        let of = |version| match made(self.candidate(version), seq) {
            Made::Calls => (Ending::Delivered, version),
            Made::Skip => (Ending::Skipped, version),
            Made::Reject | Made::Fault => (Ending::Dead, version),
        };
        let is_good = |version: &u32| made(self.candidate(*version), seq) != Made::Fault;
        match (made(self.candidate(base), seq), good.filter(is_good)) {
            (Made::Fault, Some(good)) => vec![of(good)],
            // What is rejected is taken over only if it is the last straw.
            (Made::Reject, Some(good)) => vec![of(base), of(good)],
            _ => vec![of(base)],
        }
    }

    /// The destination takes a call in.
    pub(super) fn receive(&mut self, call: &Call) {
        let (seq, candidate, part) = said(call);
        let first = *self.from.entry(seq).or_insert(candidate);
        self.check(first == candidate, || format!("event {seq} came from candidate {first}, and now from {candidate}"));
        let has_ended = self.rows[seq as usize - 1].ended.is_some();
        self.check(!has_ended, || format!("event {seq} had ended"));
        if part == PARTS {
            return;
        }
        if self.received.insert((seq, part)) {
            self.check_order(seq);
        } else {
            self.resent += 1;
            let may = self.again.remove(&(seq, part));
            self.check(may, || format!("part {part} of event {seq} is sent again"));
        }
    }

    /// Every earlier event of the user that has something to say has said it.
    fn check_order(&mut self, seq: Seq) {
        let user = self.rows[seq as usize - 1].user;
        let earlier = (1..seq).filter(|earlier| self.rows[*earlier as usize - 1].user == user);
        let late: Vec<Seq> = earlier.filter(|earlier| !self.has_said_all(*earlier)).collect();
        self.check(late.is_empty(), || format!("event {seq} overtakes {late:?}"));
    }

    fn has_said_all(&self, seq: Seq) -> bool {
        let is_received = (0..PARTS).all(|part| self.received.contains(&(seq, part)));
        let may_be_silent = || self.endings(seq).iter().any(|(ending, _)| *ending != Ending::Delivered);
        is_received || self.refused.contains(&seq) || may_be_silent()
    }

    pub(super) fn refuse(&mut self, call: &Call) {
        let (seq, candidate, _) = said(call);
        self.from.entry(seq).or_insert(candidate);
        self.refused.insert(seq);
    }

    /// A change comes to the disk.
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Attempted { seq, attempt } => {
                self.attempts += 1;
                if self.rows[*seq as usize - 1].ended.is_none() {
                    self.rows[*seq as usize - 1].attempt = Some(attempt.clone());
                }
            }
            Change::Settled { seq, version, ending, .. } => self.end(*seq, *ending, *version),
            Change::Dead { seq, attempt, .. } => self.end(*seq, Ending::Dead, attempt.version),
        }
    }

    fn end(&mut self, seq: Seq, ending: Ending, version: u32) {
        let is_open = self.rows[seq as usize - 1].ended.is_none();
        self.check(is_open, || format!("event {seq} ends twice"));
        let version = match self.bug {
            Some(Bug::WrongVersionRecorded) => self.activations.last().map_or(version, |newest| newest.version),
            _ => version,
        };
        self.rows[seq as usize - 1].ended = Some((ending, version));
        self.rows[seq as usize - 1].attempt = None;
        self.recently_ended.push(seq);
        self.check_end(seq);
    }

    /// How an event ended fits what was received of it, and what was in force for it.
    fn check_end(&mut self, seq: Seq) {
        let Some((ending, version)) = self.rows[seq as usize - 1].ended else { return };
        let from = self.from.get(&seq).copied();
        let is_complete = (0..PARTS).all(|part| self.received.contains(&(seq, part)));
        let is_refused = self.refused.contains(&seq);
        let fits = match ending {
            Ending::Delivered => is_complete,
            Ending::Skipped => from.is_none(),
            Ending::Dead => from.is_none() || is_refused,
        };
        self.check(fits, || format!("event {seq} ended as {ending:?}, received from {from:?}, all: {is_complete}"));
        let candidate = self.candidate(version);
        self.check(from.is_none_or(|from| from == candidate), || {
            format!(
                "the record of event {seq} says version {version}, of candidate {candidate}, and it came from {from:?}"
            )
        });
        let wanted = if is_refused && ending == Ending::Dead { Ending::Delivered } else { ending };
        let endings = self.endings(seq);
        self.check(endings.contains(&(wanted, version)), || {
            format!("event {seq} ended as {ending:?} by version {version}, and may only as {endings:?}")
        });
    }

    /// An activation comes to the disk.
    pub(super) fn activate(&mut self, made: Activation) {
        if let Some(before) = self.activations.last().cloned() {
            self.check(invariants::may_follow(&before, &made), || format!("{made:?} follows {before:?}"));
        }
        let last = self.from.keys().next_back().copied().unwrap_or(0);
        self.check(invariants::begins_after(&made, last), || format!("{made:?} reaches event {last}"));
        self.has_switched = true;
        self.activations.push(made);
    }

    /// What is not on disk is gone, and what was answered and is not recorded may come again.
    pub(super) fn crash(&mut self, mut is_received: impl FnMut() -> bool) {
        for request in std::mem::take(&mut self.requests) {
            if is_received() {
                self.receive(&request.call);
            }
        }
        self.waiting.clear();
        self.replies.clear();
        self.again = self.received.iter().copied().filter(|(seq, part)| self.may_come_again(*seq, *part)).collect();
        match self.bug {
            Some(Bug::RecordsLost) => {
                if let Some(seq) = self.recently_ended.pop() {
                    self.rows[seq as usize - 1].ended = None;
                }
            }
            Some(Bug::TakePositionLost) => self.taken = self.taken_before,
            _ => {}
        }
        self.recently_ended.clear();
        self.arrivals = Arc::default();
        self.life += 1;
    }

    fn may_come_again(&self, seq: Seq, part: u32) -> bool {
        let row = &self.rows[seq as usize - 1];
        let text = format!("\"{seq}.{}.{part}\"", self.from[&seq]);
        row.ended.is_none() && row.attempt.as_ref().is_none_or(|attempt| !attempt.delivered.contains(&text))
    }

    /// When all has been said.
    pub(super) fn check_all(&mut self) {
        for seq in 1..=self.rows.len() as Seq {
            let has_ended = self.rows[seq as usize - 1].ended.is_some();
            self.check(has_ended, || format!("event {seq} never ended"));
            self.check_end(seq);
            let endings = self.endings(seq);
            let version = self.rows[seq as usize - 1].ended.map(|(_, version)| version);
            let live = self.activations.iter().rev().find(|one| one.from <= seq);
            let is_repin = live.is_some_and(|live| version != Some(live.version) && live.canary.is_none());
            self.repinned += usize::from(is_repin && !endings.is_empty());
        }
    }
}
