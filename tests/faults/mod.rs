//! What goes wrong around the service, one file for each: kills, disks, destinations, neighbours. After each the oracle judges
//! what came of all that was answered with 200. `docs/reliability.md` says which promise is held by which test.

pub(crate) mod damage;
mod destination;
mod disk_errors;
pub(crate) mod disk_full;
pub(crate) mod kill;
mod kill_amid;
mod order;
mod swap;
