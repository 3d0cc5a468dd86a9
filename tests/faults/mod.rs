//! What goes wrong around the service, one file for each: kills, disks, destinations, neighbours. After each the oracle judges
//! what came of all that was answered with 200. `docs/reliability.md` says which promise is held by which test.

mod body_abuse;
mod clock;
pub(crate) mod damage;
mod destination;
mod disk_errors;
pub(crate) mod disk_full;
mod fuzzed;
mod http2_abuse;
mod http_abuse;
pub(crate) mod kill;
mod kill_amid;
mod network;
mod noisy_tenant;
mod order;
mod pauses;
mod power_cut;
mod power_faults;
mod redirects;
mod slow_destination;
mod soak;
mod statuses;
mod storm;
mod swap;
mod tls;
mod torn_tail;
mod verify;
