//! Why a request is refused, and what of that its sender is told.

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::StatusCode;

use crate::queue::QueueError;

/// Why a request was refused: what is counted, logged and decides the status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The body is no JSON, no form, or no gzip.
    InvalidBody,
    /// A field of the request is missing.
    MissingField,
    /// The key belongs to no tenant.
    InvalidKey,
    /// Some events can't be taken; none was.
    InvalidEvents,
    /// The body is too large.
    TooLarge,
    /// There are too many events.
    TooManyEvents,
    /// The content has an encoding or form that is not read.
    Unsupported,
    /// The body did not come in time.
    BodyLate,
    /// The connection ended in the middle of the body.
    BodyCut,
    /// No such path.
    NotFound,
    /// The path wants another method.
    WrongMethod,
    /// The tenant takes in no events.
    Disabled,
    /// Too much waits to be written.
    Busy,
    /// The tenant's share of the disk is used up.
    TenantFull,
    /// The store is as large as it may be.
    StoreFull,
    /// The file system has too little room.
    DiskFull,
    /// The disk fails.
    Failing,
    /// The store did not answer in time.
    Slow,
    /// The service is closing.
    Closing,
    /// A fault of this program.
    Internal,
}

impl Reason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 20] = [
        Self::InvalidBody,
        Self::MissingField,
        Self::InvalidKey,
        Self::InvalidEvents,
        Self::TooLarge,
        Self::TooManyEvents,
        Self::Unsupported,
        Self::BodyLate,
        Self::BodyCut,
        Self::NotFound,
        Self::WrongMethod,
        Self::Disabled,
        Self::Busy,
        Self::TenantFull,
        Self::StoreFull,
        Self::DiskFull,
        Self::Failing,
        Self::Slow,
        Self::Closing,
        Self::Internal,
    ];

    /// The stable code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidBody => "invalid-body",
            Self::MissingField => "missing-field",
            Self::InvalidKey => "invalid-key",
            Self::InvalidEvents => "invalid-events",
            Self::TooLarge => "too-large",
            Self::TooManyEvents => "too-many-events",
            Self::Unsupported => "unsupported",
            Self::BodyLate => "body-late",
            Self::BodyCut => "body-cut",
            Self::NotFound => "not-found",
            Self::WrongMethod => "wrong-method",
            Self::Disabled => "tenant-disabled",
            Self::Busy => "busy",
            Self::TenantFull => "tenant-full",
            Self::StoreFull => "store-full",
            Self::DiskFull => "disk-full",
            Self::Failing => "disk-failing",
            Self::Slow => "store-slow",
            Self::Closing => "closing",
            Self::Internal => "internal",
        }
    }

    /// The status of the answer. Everything that may be better later is 503: SDKs wait longer before
    /// they try again than after 429, which they take for being too fast.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::InvalidBody | Self::MissingField | Self::InvalidKey | Self::InvalidEvents | Self::BodyCut => {
                StatusCode::BAD_REQUEST
            }
            Self::TooLarge | Self::TooManyEvents => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::BodyLate => StatusCode::REQUEST_TIMEOUT,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::WrongMethod => StatusCode::METHOD_NOT_ALLOWED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether an operator should hear of it: the fault is on this side.
    pub(super) const fn is_ours(self) -> bool {
        matches!(self.status(), StatusCode::SERVICE_UNAVAILABLE | StatusCode::INTERNAL_SERVER_ERROR)
            && !matches!(self, Self::Closing | Self::Disabled)
    }
}

/// What is wrong with which events, in the terms of Amplitude's answers: field to indexes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Flaws {
    pub(super) invalid: BTreeMap<&'static str, Vec<usize>>,
    pub(super) missing: BTreeMap<&'static str, Vec<usize>>,
}

impl Flaws {
    /// A field of this event has a value that can't be taken.
    pub(super) fn invalid(&mut self, field: &'static str, index: usize) {
        self.invalid.entry(field).or_default().push(index);
    }

    /// This event lacks a field.
    pub(super) fn missing(&mut self, field: &'static str, index: usize) {
        self.missing.entry(field).or_default().push(index);
    }

    /// Takes up the flaws of one more event.
    pub(super) fn extend(&mut self, more: Self) {
        for (field, indexes) in more.invalid {
            self.invalid.entry(field).or_default().extend(indexes);
        }
        for (field, indexes) in more.missing {
            self.missing.entry(field).or_default().extend(indexes);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.invalid.is_empty() && self.missing.is_empty()
    }

    /// The events that have any flaw, ascending.
    pub(super) fn events(&self) -> Vec<usize> {
        let mut events: Vec<usize> = self.invalid.values().chain(self.missing.values()).flatten().copied().collect();
        events.sort_unstable();
        events.dedup();
        events
    }
}

/// A request that is refused.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    pub(super) reason: Reason,
    /// For people; never holds anything of what was sent.
    pub(super) error: Cow<'static, str>,
    /// A field without which no event of the request can ever be taken: SDKs drop all of them.
    pub(super) missing_field: Option<&'static str>,
    pub(super) flaws: Flaws,
    /// The methods that the path takes.
    pub(super) allow: Option<&'static str>,
    /// Answers 401 instead: for keys that stand in a header.
    pub(super) unauthorized: bool,
}

impl Refusal {
    pub(super) fn new(reason: Reason, error: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason,
            error: error.into(),
            missing_field: None,
            flaws: Flaws::default(),
            allow: None,
            unauthorized: false,
        }
    }

    /// In Amplitude's words.
    pub(super) fn too_large() -> Self {
        Self::new(Reason::TooLarge, "Payload too large")
    }

    /// In Amplitude's words. SDKs drop all events of the request, since none can ever be taken.
    pub(super) fn missing_field(field: &'static str) -> Self {
        let refusal = Self::new(Reason::MissingField, "Request missing required field");
        Self { missing_field: Some(field), ..refusal }
    }

    /// SDKs know this one by its beginning, colon included.
    pub(super) fn invalid_key() -> Self {
        Self::new(Reason::InvalidKey, "Invalid API key: it belongs to no tenant of this service")
    }

    /// SDKs drop the events that are listed and send the others again.
    pub(super) fn invalid_events(flaws: Flaws) -> Self {
        let error = if flaws.invalid.is_empty() {
            "Request missing required field"
        } else {
            "Invalid field values on some events"
        };
        Self { flaws, ..Self::new(Reason::InvalidEvents, error) }
    }

    pub(super) fn busy() -> Self {
        Self::new(Reason::Busy, "Too many events are waiting to be written; send them again later")
    }

    pub(super) fn internal() -> Self {
        Self::new(Reason::Internal, "Internal error; send the events again later")
    }

    pub(super) fn disabled() -> Self {
        Self::new(Reason::Disabled, "The tenant takes in no events now; send them again later")
    }

    pub(super) fn closing() -> Self {
        Self::new(Reason::Closing, "The service is closing; send the events again later")
    }

    /// What the sender is told says less than what the operator is: sizes and paths are none of its
    /// business.
    pub(super) fn of_queue(error: &QueueError) -> Self {
        let reason = match error {
            QueueError::TenantFull { .. } => Reason::TenantFull,
            QueueError::StoreFull { .. } => Reason::StoreFull,
            QueueError::DiskFull { .. } => Reason::DiskFull,
            QueueError::Busy => return Self::busy(),
            QueueError::Closed => return Self::closing(),
            _ => Reason::Failing,
        };
        let error = match reason {
            Reason::TenantFull => "The tenant's queue is full; send the events again later",
            Reason::StoreFull | Reason::DiskFull => "The store is full; send the events again later",
            _ => "The store can't be written; send the events again later",
        };
        Self::new(reason, error)
    }

    pub(super) fn status(&self) -> StatusCode {
        if self.unauthorized { StatusCode::UNAUTHORIZED } else { self.reason.status() }
    }
}
