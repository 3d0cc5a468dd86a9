//! The queue as the loop sees it, over a disk that writes when it is told to.

#![allow(clippy::unimplemented, reason = "the loop asks for nothing else")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{Notify, watch};

use super::bug::Bug;
use super::world::{self, Shared, World};
use crate::queue::{
    Accepted, Activation, AuditCheck, AuditEntry, AuditFilter, AuditRecord, Canary, Change, DeadFilter, DeadLetter,
    Fact, Health, KnownFact, KnownVersion, NewActivation, NewEvent, Pending, Queue, Seq, Space, StoreStats, Stored,
    Story, TakeLimits, TenantId, TenantStats, UnixMs,
};
use crate::sandbox::DEFAULT_COMPONENT;

/// The answer to what the loop does not ask for.
fn closed<T>() -> Pending<T> {
    // Without the sender it is the answer of a queue that is closed.
    Pending::new().1
}

pub(super) struct Store(pub(super) Shared);

impl Store {
    /// What is done when the disk gets to it, and said later.
    fn write<T: Send + 'static>(&self, write: impl FnOnce(&mut World) -> T + Send + 'static) -> Pending<T> {
        let (sender, pending) = Pending::new();
        let write = Box::new(move |world: &mut World| -> world::Reply {
            let value = write(world);
            Box::new(move || {
                // Whoever asked may be gone.
                let _ = sender.send(Ok(value));
            })
        });
        world::lock(&self.0).waiting.push_back(write);
        pending
    }

    /// What is on disk now, and said later.
    fn read<T: Send + 'static>(&self, read: impl FnOnce(&World) -> T) -> Pending<T> {
        let (sender, pending) = Pending::new();
        let mut world = world::lock(&self.0);
        let value = read(&world);
        world.replies.push(Box::new(move || {
            let _ = sender.send(Ok(value));
        }));
        pending
    }

    fn activations_as_read(world: &World) -> Vec<Activation> {
        let mut all = world.activations.clone();
        if world.life > 0 {
            match world.bug {
                Some(Bug::FallbackForgotten) => all.iter_mut().for_each(|one| one.fallback = None),
                Some(Bug::CanaryForgotten) => all.iter_mut().for_each(|one| one.canary = None),
                _ => {}
            }
        }
        all
    }
}

impl World {
    fn number_of(&self, pin: &str) -> Option<u32> {
        self.versions.iter().rposition(|known| known == pin).map(|index| index as u32 + 1)
    }

    fn numbered(&mut self, pin: String) -> u32 {
        self.number_of(&pin).unwrap_or_else(|| {
            self.versions.push(pin);
            self.versions.len() as u32
        })
    }

    /// As the store's own `activate` does it (`queue/sqlite/versions.rs`).
    fn put_in_force(&mut self, after: Option<Seq>, new: NewActivation) -> Activation {
        let newest = self.activations.last().cloned();
        if let Some(newest) = &newest
            && self.number_of(&new.pin) == Some(newest.version)
            && match (&new.canary, newest.canary) {
                (Some((pin, share)), Some(canary)) => {
                    *share == canary.share && self.number_of(pin) == Some(canary.version)
                }
                (wanted, canary) => wanted.is_none() && canary.is_none(),
            }
        {
            return newest.clone();
        }
        let version = self.numbered(new.pin);
        let canary = new.canary.map(|(pin, share)| Canary { version: self.numbered(pin), share });
        let from = match self.bug {
            Some(Bug::FromTakePosition) => after.unwrap_or(self.taken).max(1),
            Some(Bug::SwitchAmidTake) => after.unwrap_or(self.taken).min(self.taken_before) + 1,
            _ => after.unwrap_or(self.taken) + 1,
        };
        let made = Activation {
            number: self.activations.len() as u64 + 1,
            from: newest.map_or(from, |newest| from.max(newest.from)),
            at: 0,
            version,
            canary,
            fallback: new.fallback,
            by: new.audit.by,
            reason: new.audit.reason,
        };
        self.activate(made.clone());
        made
    }

    fn take(&mut self, after: Seq, limits: TakeLimits) -> Vec<Stored> {
        let accepted = self.rows.len() as Seq;
        let mut events = self.open(after, accepted, limits.events.min(self.most_taken));
        if let Some(last) = events.last().map(|event| event.seq)
            && self.taken < last
        {
            self.taken_before = self.taken;
            self.taken = last;
        }
        match self.bug {
            Some(Bug::OutOfOrder) => events.reverse(),
            Some(Bug::LeftOut) if events.len() > 2 => drop(events.remove(1)),
            _ => {}
        }
        events
    }

    fn write_facts(&mut self, facts: Vec<Fact>) {
        for Fact { space, key, value } in facts {
            match value {
                Some(value) => self.facts.insert((space as u8, key), value),
                None => self.facts.remove(&(space as u8, key)),
            };
        }
    }
}

impl Queue for Store {
    fn arrivals(&self, _: TenantId) -> Arc<Notify> {
        Arc::clone(&world::lock(&self.0).arrivals)
    }

    fn take(&self, _: TenantId, after: Seq, limits: TakeLimits) -> Pending<Vec<Stored>> {
        self.write(move |world| world.take(after, limits))
    }

    fn unsettled(&self, _: TenantId, after: Seq, limits: TakeLimits) -> Pending<Vec<Stored>> {
        self.read(|world| world.open(after, world.taken, limits.events.min(world.most_taken)))
    }

    fn load(&self, _: TenantId, seq: Seq) -> Pending<Option<Stored>> {
        self.read(|world| world.open(seq - 1, seq, 1).pop())
    }

    fn record(&self, _: TenantId, changes: Vec<Change>, facts: Vec<Fact>) -> Pending<()> {
        self.write(move |world| {
            changes.iter().for_each(|change| world.apply(change));
            world.write_facts(facts);
        })
    }

    fn activate(&self, _: TenantId, after: Option<Seq>, new: NewActivation) -> Pending<Activation> {
        self.write(move |world| world.put_in_force(after, new))
    }

    fn activations(&self, _: TenantId) -> Pending<Vec<Activation>> {
        self.read(Self::activations_as_read)
    }

    /// As `queue/sqlite/versions.rs` reads them.
    fn activations_from(&self, _: TenantId, first: Seq) -> Pending<Vec<Activation>> {
        self.read(|world| {
            let mut found: Vec<Activation> = Vec::new();
            for one in Self::activations_as_read(world).into_iter().rev() {
                let lowest = found.last().map_or(Seq::MAX, |later| later.from);
                if lowest <= first || (world.bug == Some(Bug::NewestForAll) && !found.is_empty()) {
                    break;
                }
                if one.from < lowest {
                    found.push(one);
                }
            }
            found.reverse();
            found
        })
    }

    fn versions(&self, _: TenantId) -> Pending<Vec<KnownVersion>> {
        self.read(|world| {
            let known = |(index, pin): (usize, &String)| KnownVersion {
                number: index as u32 + 1,
                at: 0,
                pin: pin.clone(),
                by: String::new(),
                reason: String::new(),
            };
            world.versions.iter().enumerate().map(known).collect()
        })
    }

    fn component(&self, _: &str) -> Pending<Option<Vec<u8>>> {
        self.read(|_| Some(DEFAULT_COMPONENT.to_vec()))
    }

    fn facts(&self, _: TenantId, space: Space) -> Pending<Vec<KnownFact>> {
        self.read(|world| {
            let of_space = world.facts.iter().filter(|((kind, _), _)| *kind == space as u8);
            of_space.map(|((_, key), value)| (key.clone(), value.clone(), crate::event::now_ms())).collect()
        })
    }

    fn clear_facts(&self, _: TenantId, space: Space) -> Pending<u64> {
        self.write(move |world| {
            world.facts.retain(|(kind, _), _| *kind != space as u8);
            0
        })
    }

    fn tenant_stats(&self) -> Pending<BTreeMap<TenantId, TenantStats>> {
        self.read(|world| {
            let stats = TenantStats { taken: world.taken, accepted: world.rows.len() as Seq, ..TenantStats::default() };
            BTreeMap::from([(TenantId(1), stats)])
        })
    }

    fn close(&self) {}

    // The loop does not ask for these.
    fn tenant(&self, _: &str) -> Pending<TenantId> {
        closed()
    }
    fn accept(&self, _: TenantId, _: Vec<NewEvent>, _: Vec<Fact>) -> Pending<Accepted> {
        closed()
    }
    fn audit(&self, _: AuditEntry) -> Pending<AuditRecord> {
        closed()
    }
    fn audit_log(&self, _: AuditFilter) -> Pending<Vec<AuditRecord>> {
        closed()
    }
    fn audit_check(&self) -> Pending<AuditCheck> {
        closed()
    }
    fn recent(&self, _: TenantId, _: Seq, _: UnixMs, _: TakeLimits) -> Pending<Vec<Stored>> {
        closed()
    }
    fn keep_component(&self, _: String, _: Vec<u8>) -> Pending<()> {
        closed()
    }
    fn dead_letters(&self, _: DeadFilter) -> Pending<Vec<DeadLetter>> {
        closed()
    }
    fn replay(&self, _: DeadFilter) -> Pending<u64> {
        closed()
    }
    fn drop_dead_letters(&self, _: DeadFilter) -> Pending<u64> {
        closed()
    }
    fn find(&self, _: TenantId, _: &str) -> Pending<Option<Story>> {
        closed()
    }
    fn erase(&self, _: TenantId, _: Box<dyn FnMut(&Stored) -> bool + Send>) -> Pending<u64> {
        closed()
    }
    fn backup(&self, _: &Path) -> Pending<()> {
        closed()
    }
    fn store_stats(&self) -> Pending<StoreStats> {
        closed()
    }
    fn health(&self) -> watch::Receiver<Health> {
        watch::channel(Health::Good).1
    }
}
