//! Takes events in: Amplitude's own protocols, over HTTP.
//!
//! A sender that is set up for Amplitude needs another address and key, no more. It gets Amplitude's
//! answers, and 200 only when its events are on disk. The rules, and why they are so:
//!
//! - **A request with a bad event is refused as a whole**, with the indexes of the bad ones. Amplitude
//!   does the same, and its SDKs drop those and send the others again. Were the good ones taken in at
//!   once, those without an insert id would be doubled. Indexes of all bad events are listed, also
//!   where Amplitude lists the first one only.
//! - **A webhook takes in the good ones**, says 200 and lists the bad ones (or says 400 if all are
//!   bad). Amplitude's webhook sends the same request up to 30 times whatever the error, and never
//!   parts of it: refused as a whole, the good ones would never come through; answered with an error,
//!   those without an id would come 30 times. Bad ones are counted and logged.
//! - **Whatever may be better later is 503** with `Retry-After`, never a closed connection: SDKs lose
//!   the events of a request without an answer. A body that is refused is read to its end, for else
//!   the client could not see the answer.
//! - Ids of any length are taken: a tenant's users may be called `7`.

mod answer;
mod attach;
mod body;
mod budget;
mod counts;
mod directory;
mod door;
mod draft;
mod intake;
mod memory;
mod properties;
mod refusal;
mod request;
mod routes;
mod sketch;
mod span;
#[cfg(test)]
mod tests;

pub use counts::IngestCounts;
pub use directory::Entrant;
pub use door::{Door, DoorError, TenantCounts};
pub use refusal::Reason;
pub use routes::{Proof, ROUTES, Route, RouteEntry, router};
