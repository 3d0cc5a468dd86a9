//! One call to Accoil: what it carries, where it goes, and the lane that keeps its order.

use std::sync::Arc;

use super::AccoilEvent;
use super::writer::Members;

/// One request of the ingest API, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Call {
    /// Creates a user or updates its traits (ingress-api/identify).
    Identify {
        /// The user.
        user_id: String,
        /// The account the user belongs to.
        group_id: Option<String>,
        /// The user's traits, a bag.
        traits: String,
        /// When they were true.
        timestamp: Option<String>,
    },
    /// Creates an account or updates its traits, and makes the user its member (ingress-api/group).
    Group {
        /// The account.
        group_id: String,
        /// The member.
        user_id: Option<String>,
        /// The account's traits, a bag.
        traits: String,
        /// When they were true.
        timestamp: Option<String>,
    },
    /// Counts an event of a user (ingress-api/track); it takes no properties.
    Track {
        /// The user.
        user_id: String,
        /// The event's name.
        event: String,
        /// When it happened.
        timestamp: Option<String>,
    },
    /// The whole event in one call, for an endpoint that takes the structure of Amplitude's page.
    Combined {
        /// The event.
        event: AccoilEvent,
        /// The path part of the configured URL.
        path: Arc<str>,
    },
}

/// What calls must keep their order with: the user, or the account when no user is named.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Calls of one user.
    User(String),
    /// Calls of one account that name no user.
    Group(String),
}

impl Call {
    /// The path the call is posted to, beginning with `/`.
    pub fn path(&self) -> &str {
        match self {
            Self::Identify { .. } => "/v2/identify",
            Self::Group { .. } => "/v2/group",
            Self::Track { .. } => "/v2/track",
            Self::Combined { path, .. } => path,
        }
    }

    /// The user the call names.
    pub fn user_id(&self) -> Option<&str> {
        match self {
            Self::Identify { user_id, .. } | Self::Track { user_id, .. } => Some(user_id),
            Self::Group { user_id, .. } => user_id.as_deref(),
            Self::Combined { event, .. } => event.user_id.as_deref(),
        }
    }

    /// The account the call names; of several, the first.
    pub fn group_id(&self) -> Option<&str> {
        match self {
            Self::Identify { group_id, .. } => group_id.as_deref(),
            Self::Group { group_id, .. } => Some(group_id),
            Self::Track { .. } => None,
            Self::Combined { event, .. } => event.group_traits.first().map(|group| group.group_id.as_str()),
        }
    }

    /// Adds the lanes of this call that are not in `lanes` yet: its user's, else those of the
    /// accounts it names.
    pub fn add_lanes(&self, lanes: &mut Vec<Lane>) {
        let mut add = |lane: Lane| {
            if !lanes.contains(&lane) {
                lanes.push(lane);
            }
        };
        match (self.user_id(), self) {
            (Some(user), _) => add(Lane::User(user.to_owned())),
            (None, Self::Combined { event, .. }) => {
                event.group_traits.iter().for_each(|group| add(Lane::Group(group.group_id.clone())));
            }
            (None, _) => self.group_id().into_iter().for_each(|group| add(Lane::Group(group.to_owned()))),
        }
    }

    /// Appends the JSON body. Empty bags and fields without a value are left out.
    pub fn write_body(&self, out: &mut String) {
        let mut members = Members::open(out);
        match self {
            Self::Identify { user_id, group_id, traits, timestamp } => {
                members.string("userId", user_id);
                members.optional("groupId", group_id.as_deref());
                members.bag("traits", traits);
                members.optional("timestamp", timestamp.as_deref());
            }
            Self::Group { group_id, user_id, traits, timestamp } => {
                members.string("groupId", group_id);
                members.optional("userId", user_id.as_deref());
                members.bag("traits", traits);
                members.optional("timestamp", timestamp.as_deref());
            }
            Self::Track { user_id, event, timestamp } => {
                members.string("userId", user_id);
                members.string("event", event);
                members.optional("timestamp", timestamp.as_deref());
            }
            Self::Combined { event, .. } => write_event(&mut members, event),
        }
        members.close();
    }
}

pub(super) fn write_event(members: &mut Members<'_>, event: &AccoilEvent) {
    members.optional("userId", event.user_id.as_deref());
    members.optional("event", event.event.as_deref());
    members.optional("timestamp", event.timestamp.as_deref());
    members.bag("metadata", &event.metadata);
    if event.group_traits.is_empty() {
        return;
    }
    let out = members.key("groupTraits");
    for (index, group) in event.group_traits.iter().enumerate() {
        out.push(if index == 0 { '[' } else { ',' });
        let mut entry = Members::open(out);
        entry.string("groupId", &group.group_id);
        entry.bag("traits", &group.traits);
        entry.close();
    }
    out.push(']');
}
