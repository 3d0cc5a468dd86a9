//! Versions of a tenant's mapping as they are kept: what there is, what is in force from which event
//! on, and who did what.

use super::{Seq, UnixMs};

/// All of a tenant's users, as a share.
pub const WHOLE: u32 = 1_000_000;

/// A version: immutable, and numbered from 1 for each tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownVersion {
    /// Its number.
    pub number: u32,
    /// When it was made.
    pub at: UnixMs,
    /// What it consists of, as JSON text.
    pub pin: String,
    /// Who made it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// What is in force for a tenant's events, from one of them on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// Its place among all activations of all tenants. Of two from the same event on, the later
    /// one counts.
    pub number: u64,
    /// The first event that it is in force for.
    pub from: Seq,
    /// When it came into force.
    pub at: UnixMs,
    /// The version of all events, but for those of the canary.
    pub version: u32,
    /// The version of a part of the users.
    pub canary: Option<Canary>,
    /// The version that what this one fails on is run by again.
    pub fallback: Option<Fallback>,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
}

/// A version that a part of the users is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Canary {
    /// Its number.
    pub version: u32,
    /// The part, in millionths.
    pub share: u32,
}

/// The version that was in force before, as long as the one after it is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fallback {
    /// Its number.
    pub version: u32,
    /// Until when.
    pub until: UnixMs,
}

/// What is to be in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewActivation {
    /// What the version of all events consists of, as JSON text. A version that the tenant has
    /// already keeps its number.
    pub pin: String,
    /// The same of the canary's version, and its share in millionths.
    pub canary: Option<(String, u32)>,
    /// As in [`Activation`].
    pub fallback: Option<Fallback>,
    /// What is written down about it, in the same transaction. Its [`AuditEntry::by`] and
    /// [`AuditEntry::reason`] are those of the activation, and of versions that are new.
    pub audit: AuditEntry,
}

/// Something that was done, or refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// About which tenant, by its name.
    pub tenant: Option<String>,
    /// What was done: `deploy`, `rollback`, `refuse` and so on.
    pub what: String,
    /// Who did it.
    pub by: String,
    /// Why.
    pub reason: String,
    /// More about it, as JSON text.
    pub detail: String,
}

/// A line of the audit log. It can't be changed, and each holds a digest over all before it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// Its number, from 1 without gaps.
    pub number: u64,
    /// When it was written.
    pub at: UnixMs,
    /// What it says.
    pub entry: AuditEntry,
    /// SHA-256 over the digest of the line before and this line, in hexadecimal.
    pub digest: String,
}

/// Which lines of the audit log are meant; what is not set does not restrict.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// About this tenant.
    pub tenant: Option<String>,
    /// Lines before this one.
    pub before: Option<u64>,
    /// At most so many, newest first.
    pub limit: Option<usize>,
}

/// What a look through the whole audit log found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditCheck {
    /// How many lines there are.
    pub lines: u64,
    /// The digest of the last one. Whoever has written it down elsewhere sees whether lines before
    /// it were changed.
    pub head: String,
    /// The first line that does not fit the ones before it.
    pub broken: Option<u64>,
}
