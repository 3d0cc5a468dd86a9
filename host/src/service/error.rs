//! What keeps the service from starting or from doing what it was asked.

use crate::config::Problems;
use crate::ingest::DoorError;
use crate::outbound::OutboundError;
use crate::queue::QueueError;
use crate::sandbox;
use crate::server::TlsError;
use crate::tenant::{SwitchError, TenantError};
use crate::versions::CandidateError;

/// Why the service does not start, or does not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The configuration can't be used.
    #[error(transparent)]
    Config(#[from] Problems),
    /// The sandbox does not start.
    #[error(transparent)]
    Engine(sandbox::Error),
    /// The certificate of the event listener can't be used.
    #[error(transparent)]
    Tls(TlsError),
    /// Threads can't be started.
    #[error("threads for mappings can't be started: {0}")]
    Threads(std::io::Error),
    /// A task ended badly.
    #[error("a task of the service ended badly: {0}")]
    Task(String),
    /// The destination of a tenant can't be used.
    #[error("tenant {tenant}: accoil: {error}")]
    Destination {
        /// The tenant.
        tenant: String,
        /// Why.
        error: OutboundError,
    },
    /// The component of a tenant can't be read.
    #[error("tenant {tenant}: mapping: {file}: {problem}")]
    Component {
        /// The tenant.
        tenant: String,
        /// The component's file.
        file: String,
        /// What the system said.
        problem: String,
    },
    /// The mapping of a tenant can't be used.
    #[error("tenant {tenant}: mapping: {error}")]
    Mapping {
        /// The tenant.
        tenant: String,
        /// Why.
        error: CandidateError,
    },
    /// The store does not do what a tenant needs.
    #[error("tenant {tenant}: {error}")]
    Queue {
        /// The tenant.
        tenant: String,
        /// Why.
        error: QueueError,
    },
    /// The store can't be read or written.
    #[error(transparent)]
    Store(#[from] QueueError),
    /// A tenant's loop does not start.
    #[error("tenant {tenant}: {error}")]
    Tenant {
        /// The tenant.
        tenant: String,
        /// Why.
        error: TenantError,
    },
    /// What is in force for a tenant was not changed.
    #[error("tenant {tenant}: {error}")]
    Switch {
        /// The tenant.
        tenant: String,
        /// Why.
        error: SwitchError,
    },
    /// The tenant has no such version.
    #[error("tenant {tenant} has no version {version}; see `mappings list` for those there are")]
    UnknownVersion {
        /// The tenant.
        tenant: String,
        /// The number.
        version: u32,
    },
    /// The store has no such component.
    #[error(
        "no component sha256:{digest} was ever deployed here; upload it, or see `mappings list` for those there are"
    )]
    UnknownComponent {
        /// Its digest.
        digest: String,
    },
    /// A version can't be made ready as it was.
    #[error("tenant {tenant}: version {version} can't run here as it did: {problem}")]
    VersionLost {
        /// The tenant.
        tenant: String,
        /// The number.
        version: u32,
        /// Why.
        problem: String,
    },
    /// What was asked makes no sense in the state that the tenant is in.
    #[error("tenant {tenant}: {problem}")]
    State {
        /// The tenant.
        tenant: String,
        /// What and why, and what to do instead.
        problem: String,
    },
    /// The service is stopping.
    #[error("the service is stopping; ask again when it runs")]
    Closing,
    /// The door can't be opened.
    #[error(transparent)]
    Door(DoorError),
    /// There is no such tenant.
    #[error("there is no tenant {name}; see the status for those there are")]
    UnknownTenant {
        /// The name.
        name: String,
    },
    /// There is no such event.
    #[error("no event {id} is in the queue, the history or the dead letters of {tenant}")]
    UnknownEvent {
        /// Its id.
        id: String,
        /// The tenants that were looked through.
        tenant: String,
    },
}

impl ServiceError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Config(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Tls(error) => error.code(),
            Self::Threads(_) => "service-threads",
            Self::Task(_) => "service-task",
            Self::Destination { error, .. } => error.code(),
            Self::Component { .. } => "component-open",
            Self::Mapping { error, .. } => error.code(),
            Self::Queue { error, .. } | Self::Store(error) => error.code(),
            Self::Tenant { error, .. } => error.code(),
            Self::Switch { error, .. } => error.code(),
            Self::UnknownVersion { .. } => "unknown-version",
            Self::UnknownComponent { .. } => "unknown-component",
            Self::VersionLost { .. } => "version-lost",
            Self::State { .. } => "rollout-state",
            Self::Closing => "closing",
            Self::Door(error) => error.code(),
            Self::UnknownTenant { .. } => "unknown-tenant",
            Self::UnknownEvent { .. } => "unknown-event",
        }
    }

    /// Whether the caller asked for something that is not there.
    pub fn is_missing(&self) -> bool {
        matches!(
            self,
            Self::UnknownTenant { .. }
                | Self::UnknownEvent { .. }
                | Self::UnknownVersion { .. }
                | Self::UnknownComponent { .. }
                | Self::Store(QueueError::Missing { .. })
        )
    }
}
