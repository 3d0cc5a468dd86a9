//! The kinds of difference. Their names are stable.

use serde::{Deserialize, Serialize};

/// One way in which two outcomes of an event differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The account of a user, the first group of an Accoil event that names a user, is another
    /// one, or is there on one side only.
    PrimaryGroup,
    /// Another user, or a user on one side only.
    User,
    /// Metadata has a key that it had not.
    MetadataAdded,
    /// Metadata lost a key.
    MetadataRemoved,
    /// Metadata has another value under a key.
    MetadataChanged,
    /// A group is told that was not.
    GroupAdded,
    /// A group is told no longer.
    GroupRemoved,
    /// A group that both sides tell has a trait that it had not.
    TraitAdded,
    /// A group that both sides tell lost a trait.
    TraitRemoved,
    /// A group that both sides tell has another value for a trait.
    TraitChanged,
    /// Groups that both sides tell come in another order, behind the account.
    GroupOrder,
    /// Tracked under another name, or tracked on one side only.
    EventName,
    /// Another time, or a time on one side only.
    Timestamp,
    /// There are Accoil events that have none on the other side.
    AccoilEventAdded,
    /// There were Accoil events that are gone.
    AccoilEventRemoved,
    /// Skipped now, but not before.
    Skipped,
    /// Skipped before, but not now.
    NoLongerSkipped,
    /// Rejected now, but not before.
    Rejected,
    /// Rejected before, but not now.
    NoLongerRejected,
    /// The mapping fails now, but did not before.
    Fault,
    /// The mapping failed before, but does not now.
    NoLongerFault,
    /// More calls to Accoil.
    MoreRequests,
    /// Fewer calls to Accoil.
    FewerRequests,
}

impl Kind {
    /// How many kinds there are.
    pub const COUNT: usize = Self::ALL.len();

    /// Every kind.
    pub const ALL: [Self; 23] = [
        Self::PrimaryGroup,
        Self::User,
        Self::MetadataAdded,
        Self::MetadataRemoved,
        Self::MetadataChanged,
        Self::GroupAdded,
        Self::GroupRemoved,
        Self::TraitAdded,
        Self::TraitRemoved,
        Self::TraitChanged,
        Self::GroupOrder,
        Self::EventName,
        Self::Timestamp,
        Self::AccoilEventAdded,
        Self::AccoilEventRemoved,
        Self::Skipped,
        Self::NoLongerSkipped,
        Self::Rejected,
        Self::NoLongerRejected,
        Self::Fault,
        Self::NoLongerFault,
        Self::MoreRequests,
        Self::FewerRequests,
    ];

    /// The name under which it is reported.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrimaryGroup => "primary-group",
            Self::User => "user",
            Self::MetadataAdded => "metadata-added",
            Self::MetadataRemoved => "metadata-removed",
            Self::MetadataChanged => "metadata-changed",
            Self::GroupAdded => "group-added",
            Self::GroupRemoved => "group-removed",
            Self::TraitAdded => "trait-added",
            Self::TraitRemoved => "trait-removed",
            Self::TraitChanged => "trait-changed",
            Self::GroupOrder => "group-order",
            Self::EventName => "event-name",
            Self::Timestamp => "timestamp",
            Self::AccoilEventAdded => "accoil-event-added",
            Self::AccoilEventRemoved => "accoil-event-removed",
            Self::Skipped => "skipped",
            Self::NoLongerSkipped => "no-longer-skipped",
            Self::Rejected => "rejected",
            Self::NoLongerRejected => "no-longer-rejected",
            Self::Fault => "fault",
            Self::NoLongerFault => "no-longer-fault",
            Self::MoreRequests => "more-requests",
            Self::FewerRequests => "fewer-requests",
        }
    }

    /// The kind of the same difference seen from the other side.
    #[must_use]
    pub const fn mirrored(self) -> Self {
        match self {
            Self::MetadataAdded => Self::MetadataRemoved,
            Self::MetadataRemoved => Self::MetadataAdded,
            Self::GroupAdded => Self::GroupRemoved,
            Self::GroupRemoved => Self::GroupAdded,
            Self::TraitAdded => Self::TraitRemoved,
            Self::TraitRemoved => Self::TraitAdded,
            Self::AccoilEventAdded => Self::AccoilEventRemoved,
            Self::AccoilEventRemoved => Self::AccoilEventAdded,
            Self::Skipped => Self::NoLongerSkipped,
            Self::NoLongerSkipped => Self::Skipped,
            Self::Rejected => Self::NoLongerRejected,
            Self::NoLongerRejected => Self::Rejected,
            Self::Fault => Self::NoLongerFault,
            Self::NoLongerFault => Self::Fault,
            Self::MoreRequests => Self::FewerRequests,
            Self::FewerRequests => Self::MoreRequests,
            same => same,
        }
    }
}

/// A set of kinds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kinds(u32);

impl Kinds {
    /// Adds a kind.
    pub fn insert(&mut self, kind: Kind) {
        self.0 |= 1 << kind as u32;
    }

    /// Whether it has a kind.
    #[must_use]
    pub const fn contains(self, kind: Kind) -> bool {
        self.0 & (1 << kind as u32) != 0
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Its kinds, in the order of [`Kind::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Kind> {
        Kind::ALL.into_iter().filter(move |kind| self.contains(*kind))
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<T: IntoIterator<Item = Kind>>(kinds: T) -> Self {
        let mut set = Self::default();
        kinds.into_iter().for_each(|kind| set.insert(kind));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_json_and_mirrors_mirror() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{}\"", kind.name()));
            assert_eq!(kind.mirrored().mirrored(), kind);
        }
    }

    #[test]
    fn a_set_gives_back_what_was_put_in() {
        let kinds = [Kind::PrimaryGroup, Kind::Skipped, Kind::FewerRequests];
        let set: Kinds = kinds.into_iter().rev().collect();
        assert!(set.iter().eq(kinds) && !set.is_empty() && Kinds::default().is_empty());
    }
}
