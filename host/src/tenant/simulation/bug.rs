//! Mistakes that the simulation must find. Each is made at the edge of the loop, where it looks as if
//! the loop, or the store, had made it.

/// A mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bug {
    /// A version is in force from the take position on, and not from the event after it.
    FromTakePosition,
    /// A version is in force from amid the last take on: the switch did not wait for it.
    SwitchAmidTake,
    /// The take position is not on disk when events are given out.
    TakePositionLost,
    /// After a restart the version to fall back on is forgotten.
    FallbackForgotten,
    /// After a restart the canary is forgotten.
    CanaryForgotten,
    /// After a restart only what is newest is known, and what was taken before is mapped by it.
    NewestForAll,
    /// An event is settled before it was delivered.
    SettledBeforeDelivered,
    /// Records that were reported as written are lost in a crash.
    RecordsLost,
    /// What was tried is forgotten, and all calls are sent again.
    AttemptForgotten,
    /// Events are taken in the wrong order.
    OutOfOrder,
    /// One event of a take is left out.
    LeftOut,
    /// A record says the wrong version.
    WrongVersionRecorded,
}

impl Bug {
    pub(super) const ALL: [Self; 12] = [
        Self::FromTakePosition,
        Self::SwitchAmidTake,
        Self::TakePositionLost,
        Self::FallbackForgotten,
        Self::CanaryForgotten,
        Self::NewestForAll,
        Self::SettledBeforeDelivered,
        Self::RecordsLost,
        Self::AttemptForgotten,
        Self::OutOfOrder,
        Self::LeftOut,
        Self::WrongVersionRecorded,
    ];
}
