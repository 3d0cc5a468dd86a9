//! What a tenant's queue must be, plain enough to be right.

use std::collections::{BTreeMap, BTreeSet};

use accoil_stream::queue::{Accepted, DeadLetter, DedupKey, NewEvent, QueueError, Seq, Stored, TenantStats};

/// An event that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    id: String,
    body: String,
    /// The version of its attempt.
    attempt: Option<u32>,
}

/// A tenant's queue.
pub(super) struct Model {
    pub(super) accepted: Seq,
    pub(super) taken: Seq,
    known: BTreeSet<DedupKey>,
    open: BTreeMap<Seq, Event>,
    dead: Vec<(Seq, Event)>,
    /// The most bytes that may be queued and in dead letters.
    limit: u64,
}

impl Model {
    pub(super) fn new(limit: u64) -> Self {
        Self { accepted: 0, taken: 0, known: BTreeSet::new(), open: BTreeMap::new(), dead: Vec::new(), limit }
    }

    /// One of the events that were taken, whether it has ended or not.
    pub(super) fn pick(&self, nth: u8) -> Option<Seq> {
        (self.taken > 0).then(|| u64::from(nth) % self.taken + 1)
    }

    fn queued_bytes(&self) -> u64 {
        self.open.values().map(|event| event.body.len() as u64).sum()
    }

    fn dead_bytes(&self) -> u64 {
        self.dead.iter().map(|(_, event)| event.body.len() as u64).sum()
    }

    /// Those that are no duplicates.
    fn fresh<'a>(&self, events: &'a [NewEvent]) -> Vec<&'a NewEvent> {
        let mut here = self.known.clone();
        events.iter().filter(|event| event.key.is_none_or(|key| here.insert(key))).collect()
    }

    pub(super) fn accept(&mut self, events: &[NewEvent], answer: &Result<Accepted, QueueError>) {
        let fresh = self.fresh(events);
        let bytes: u64 = fresh.iter().map(|event| event.body.len() as u64).sum();
        let all = self.queued_bytes() + self.dead_bytes() + bytes;
        match answer {
            Ok(accepted) => {
                let expected = Accepted { events: fresh.len(), duplicates: events.len() - fresh.len(), bytes };
                assert_eq!(*accepted, expected);
                assert!(bytes == 0 || all <= self.limit, "more than a tenant may have");
                self.put(events);
            }
            Err(QueueError::TenantFull { .. }) => assert!(all > self.limit, "there is room"),
            Err(other) => panic!("{other}"),
        }
    }

    /// The disk says that there are more than anybody was told.
    pub(super) fn accept_unheard(&mut self, events: &[NewEvent], found: Seq) {
        self.put(events);
        assert_eq!(self.accepted, found, "a part of what was refused is there");
    }

    fn put(&mut self, events: &[NewEvent]) {
        for new in self.fresh(events) {
            self.accepted += 1;
            let id = new.id.clone().unwrap_or_else(|| format!("seq-{}", self.accepted));
            self.open.insert(self.accepted, Event { id, body: new.body.clone(), attempt: None });
        }
        self.known.extend(events.iter().filter_map(|event| event.key));
    }

    pub(super) fn take(&mut self, found: &[Stored], most: usize) {
        let wanted: Vec<_> = self.open.range(self.taken + 1..).take(most).map(|(seq, event)| (*seq, event)).collect();
        are(found, &wanted);
        self.taken = wanted.last().map_or(self.taken, |(seq, _)| *seq);
    }

    pub(super) fn end(&mut self, seq: Seq, dies: bool) {
        if let Some(event) = self.open.remove(&seq)
            && dies
        {
            self.dead.push((seq, event));
        }
    }

    pub(super) fn attempt(&mut self, seq: Seq, version: u32) {
        if let Some(event) = self.open.get_mut(&seq) {
            event.attempt = Some(version);
        }
    }

    pub(super) fn replay(&mut self, limit: usize, count: u64) {
        for (_, event) in self.remove_dead(limit, count) {
            self.accepted += 1;
            self.open.insert(self.accepted, Event { attempt: None, ..event });
        }
    }

    pub(super) fn drop_dead(&mut self, limit: usize, count: u64) {
        self.remove_dead(limit, count);
    }

    fn remove_dead(&mut self, limit: usize, count: u64) -> Vec<(Seq, Event)> {
        let gone: Vec<_> = self.dead.drain(..limit.min(self.dead.len())).collect();
        assert_eq!(gone.len() as u64, count);
        gone
    }

    pub(super) fn check(&self, stats: &TenantStats, unsettled: &[Stored], dead: &[DeadLetter]) {
        let found = (stats.queued, stats.queued_bytes, stats.taken, stats.accepted, stats.dead, stats.dead_bytes);
        let (open, dead_letters) = (self.open.len() as u64, self.dead.len() as u64);
        let bytes = (self.queued_bytes(), self.dead_bytes());
        assert_eq!(found, (open, bytes.0, self.taken, self.accepted, dead_letters, bytes.1));
        let wanted: Vec<_> = self.open.range(..=self.taken).map(|(seq, event)| (*seq, event)).collect();
        are(unsettled, &wanted);
        let found: Vec<_> = dead.iter().map(|letter| (letter.event.seq, letter.event.id.as_str())).collect();
        let wanted: Vec<_> = self.dead.iter().take(found.len()).map(|(seq, event)| (*seq, event.id.as_str())).collect();
        assert_eq!(found, wanted);
    }
}

fn are(found: &[Stored], wanted: &[(Seq, &Event)]) {
    let seen = |stored: &Stored| {
        assert!(!stored.damaged, "{stored:?}");
        let body = String::from_utf8(stored.body.clone()).expect("it was text");
        let attempt = stored.attempt.as_ref().map(|attempt| attempt.version);
        (stored.seq, Event { id: stored.id.clone(), body, attempt })
    };
    let found: Vec<_> = found.iter().map(seen).collect();
    let wanted: Vec<_> = wanted.iter().map(|(seq, event)| (*seq, (*event).clone())).collect();
    assert_eq!(found, wanted);
}
