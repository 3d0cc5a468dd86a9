//! What goes into the queue and what comes out of it: plain types.

use std::fmt;

/// Milliseconds since 1970, UTC.
pub type UnixMs = u64;

/// A place in a tenant's order of acceptance: 1 is the first event it ever accepted.
pub type Seq = u64;

/// A tenant's number in the store; a name keeps its number for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub u32);

impl fmt::Display for TenantId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// What tells an event from all others of its tenant: a digest of insert id and device id.
pub type DedupKey = u128;

/// An event that is to be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEvent {
    /// Its id; the queue makes one of the sequence number (`seq-7`) where it has none.
    pub id: Option<String>,
    /// For deduplication; `None` means that it is never a duplicate.
    pub key: Option<DedupKey>,
    /// The event as JSON text.
    pub body: String,
}

/// What became of events that were given to [`super::Queue::accept`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// Events that were taken in.
    pub events: usize,
    /// Events that were known already, in the store or earlier in the same request.
    pub duplicates: usize,
    /// The bytes of the events that were taken in.
    pub bytes: u64,
}

/// An event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its place in the order.
    pub seq: Seq,
    /// Its id.
    pub id: String,
    /// When it was accepted.
    pub accepted_at: UnixMs,
    /// Its JSON text; what is left of it when `damaged`.
    pub body: Vec<u8>,
    /// The row's checksum does not fit its content.
    pub damaged: bool,
    /// Set when the event is a dead letter that is replayed.
    pub replay: Option<Replay>,
    /// Set when delivery was tried and has to be tried again.
    pub attempt: Option<Attempt>,
}

/// Where a replayed event comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// The place it had when it became a dead letter.
    pub original: Seq,
    /// The request lines that were delivered before it died, one a line; they are not sent again.
    pub delivered: String,
}

/// A delivery that was tried and did not succeed yet.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attempt {
    /// The version that made the calls.
    pub version: u32,
    /// The calls that are left, as request lines, one a line.
    pub calls: String,
    /// The calls that were delivered, in the same form.
    pub delivered: String,
    /// How often the first of `calls` was tried.
    pub attempts: u32,
    /// When it is to be tried again.
    pub due_at: UnixMs,
    /// For how long it has been tried, the time not counted in which the destination was closed to
    /// all. Milliseconds.
    pub age_ms: u64,
    /// The last status, if there was an answer.
    pub status: Option<u16>,
    /// The first bytes of the last answer, or what the network said.
    pub answer: String,
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All its calls were delivered, or said nothing new.
    Delivered,
    /// The mapping skipped it.
    Skipped,
    /// It became a dead letter.
    Dead,
}

/// What happened to an event that was taken. Each can be applied twice without harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// It ended well.
    Settled {
        /// Which event.
        seq: Seq,
        /// The version that mapped it.
        version: u32,
        /// `Delivered` or `Skipped`.
        ending: Ending,
        /// What there is to tell about it, as JSON text.
        note: String,
    },
    /// Delivery was tried and has to be tried again.
    Attempted {
        /// Which event.
        seq: Seq,
        /// What is left.
        attempt: Attempt,
    },
    /// It ended as a dead letter.
    Dead {
        /// Which event.
        seq: Seq,
        /// A stable code.
        reason: String,
        /// The reason for people.
        detail: String,
        /// The calls that are left and what was tried; without calls when the mapping failed.
        attempt: Attempt,
    },
}

/// Something remembered about a tenant beside its events; the newest of a space and key counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is about.
    pub space: Space,
    /// The key within the space.
    pub key: Vec<u8>,
    /// `None` deletes it.
    pub value: Option<Vec<u8>>,
}

/// A fact that is remembered: its key, its value, and when it last changed.
pub type KnownFact = (Vec<u8>, Vec<u8>, UnixMs);

/// What facts are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Space {
    /// The last known properties of a group.
    GroupProperties = 1,
    /// The last known properties of a user.
    UserProperties = 2,
    /// What was last delivered about a user, a group or a membership.
    Told = 3,
    /// What a tenant's mapping is to be as of the configuration, and the experiment that runs.
    Rollout = 4,
}

/// A dead letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub tenant: TenantId,
    /// The event.
    pub event: Stored,
    /// When it became one.
    pub died_at: UnixMs,
    /// A stable code.
    pub reason: String,
    /// The reason for people.
    pub detail: String,
    /// What was tried.
    pub attempt: Attempt,
}

/// Which dead letters are meant; what is not set does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeadFilter {
    /// Of this tenant.
    pub tenant: Option<TenantId>,
    /// Of these numbers, if there are any.
    pub ids: Vec<i64>,
    /// With this reason's code.
    pub reason: Option<String>,
    /// Of the event with this id.
    pub event_id: Option<String>,
    /// That died at this time or later.
    pub since: Option<UnixMs>,
    /// That died before this time.
    pub until: Option<UnixMs>,
    /// At most so many, oldest first.
    pub limit: Option<usize>,
}

/// All that is known about one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Story {
    /// The event; with its attempt, if it is still being tried.
    pub event: Stored,
    /// Whether it was taken from the queue.
    pub taken: bool,
    /// How it ended, when, by which version, and the note.
    pub settled: Option<SettledNote>,
    /// Its dead letter, if it is one now.
    pub dead: Option<DeadLetter>,
}

/// How an event ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettledNote {
    /// How.
    pub ending: Ending,
    /// When.
    pub at: UnixMs,
    /// The version that mapped it.
    pub version: u32,
    /// What there is to tell about it, as JSON text.
    pub note: String,
}

/// The state of one tenant's queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TenantStats {
    /// Events that have not ended.
    pub queued: u64,
    /// Their size in bytes.
    pub queued_bytes: u64,
    /// The last event that was taken; 0 when none was.
    pub taken: Seq,
    /// The last event that was accepted; 0 when none was.
    pub accepted: Seq,
    /// When the oldest event that has not ended was accepted.
    pub oldest: Option<UnixMs>,
    /// Dead letters.
    pub dead: u64,
    /// The size of their events in bytes.
    pub dead_bytes: u64,
    /// How far back deduplication reaches, in milliseconds.
    pub dedup_window_ms: u64,
}

/// The state of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreStats {
    /// Size of the store's files, in bytes.
    pub file_bytes: u64,
    /// Of these, bytes in use.
    pub used_bytes: u64,
    /// Free bytes of the file system.
    pub free_bytes: u64,
    /// Commits since the start.
    pub commits: u64,
    /// Rows found damaged since the start.
    pub damaged: u64,
}
