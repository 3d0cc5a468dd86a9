//! A tenant of a running service: its versions, and the events that it was given.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::cli::ops::client::{Admin, Fetched, Service};
use crate::cli::ops::time::written;
use crate::cli::{Exit, Failure};
use crate::input::{Item, Progress};
use crate::limits::Limits;
use crate::pipeline::{Batch, Collector};
use crate::sandbox::OnFault;

/// Tells where the next page of the history begins. A page without it is the last one.
const NEXT: &str = "x-next-after";

/// How many events of a page are left out, since they are damaged.
const DAMAGED: &str = "x-damaged";

/// A tenant that can be asked about.
pub(super) struct Live {
    admin: Admin,
    tenant: String,
    last: SignedDuration,
}

/// A version of it.
#[derive(Clone, Debug)]
pub(super) struct Version {
    number: u32,
    tenant: String,
    digest: String,
    settings: Box<RawValue>,
    selector: Option<KnownSelector>,
}

/// Its group selector.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct KnownSelector {
    component: String,
    settings: Box<RawValue>,
    pub(super) on_fault: OnFault,
}

/// What came of reading its events.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Events that the service left out, since they are damaged.
    pub(super) damaged: u64,
    /// Why there are not all of them.
    pub(super) failure: Option<Failure>,
}

#[derive(Debug, Deserialize)]
struct Listed {
    in_force: InForce,
    versions: Vec<Known>,
}

#[derive(Debug, Deserialize)]
struct InForce {
    version: u32,
}

#[derive(Debug, Deserialize)]
struct Known {
    version: u32,
    mapping: Option<String>,
    settings: Option<Box<RawValue>>,
    #[serde(default)]
    selector: Option<KnownSelector>,
}

impl Live {
    /// Finds the service and the tenant; `last` is the time whose events are compared.
    pub(super) fn find(config: &Path, tenant: &str, last: SignedDuration) -> Result<Self, Failure> {
        let admin = Service { config: config.to_owned(), json: false }.find()?;
        let tenant = admin.tenant(Some(tenant))?;
        Ok(Self { admin, tenant, last })
    }

    /// What the service is configured to allow: events meet the limits here that they meet there.
    pub(super) fn limits(&self) -> &Limits {
        &self.admin.address.limits
    }

    /// A version by its number; the one in force if it is not said. Of a canary, that is the version of the others.
    pub(super) fn version(&self, number: Option<u32>) -> Result<Version, Failure> {
        let number = match number {
            Some(number) => number,
            None => self.list(("limit", "1".to_owned()))?.in_force.version,
        };
        let known = self.list(("version", number.to_string()))?.versions;
        let tenant = self.tenant.clone();
        match known.into_iter().find(|known| known.version == number) {
            Some(Known { mapping: Some(digest), settings: Some(settings), selector, .. }) => {
                Ok(Version { number, tenant, digest, settings, selector })
            }
            _ => {
                let problem = format!("tenant {tenant}: the store no longer knows what version {number} is");
                Err(Failure::new(Exit::Incomplete, "version-lost", problem))
            }
        }
    }

    fn list(&self, query: (&'static str, String)) -> Result<Listed, Failure> {
        self.admin.read(&self.admin.get(&["versions"], &[("tenant", self.tenant.clone()), query])?)
    }

    /// The component of a version.
    pub(super) fn component(&self, version: &Version) -> Result<Vec<u8>, Failure> {
        Ok(self.admin.fetch(&["components", &version.digest], &[])?.bytes)
    }

    /// The component of a version's selector.
    pub(super) fn selector(&self, selector: &KnownSelector) -> Result<Vec<u8>, Failure> {
        Ok(self.admin.fetch(&["components", &selector.component], &[])?.bytes)
    }

    /// Hands on what was accepted up to now, page by page, as it was sent.
    pub(super) fn read(&self, progress: &Progress, hand_on: &mut dyn FnMut(Batch)) -> Read {
        let mut collector = Collector::new(hand_on);
        let mut read = Read::default();
        read.failure = self.pages(progress, &mut collector, &mut read.damaged).err();
        collector.flush();
        read
    }

    fn pages<F: FnMut(Batch)>(
        &self,
        progress: &Progress,
        collector: &mut Collector<F>,
        damaged: &mut u64,
    ) -> Result<(), Failure> {
        let until = Timestamp::now();
        let since = until.checked_sub(self.last).unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH);
        let name: Arc<str> = self.tenant.as_str().into();
        let (mut after, mut line) = (0, 0);
        loop {
            let query = [
                ("tenant", self.tenant.clone()),
                ("since", written(since)),
                ("until", written(until)),
                ("after", after.to_string()),
            ];
            let Fetched { headers, bytes } = self.admin.fetch(&["history"], &query)?;
            progress.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
            *damaged += number(&headers, DAMAGED).unwrap_or_default();
            for text in bytes.split(|byte| *byte == b'\n').filter(|text| !text.is_empty()) {
                line += 1;
                collector.push(&name, Item { line, text: Ok(text) });
            }
            match number(&headers, NEXT) {
                Some(next) if next > after => after = next,
                _ => return Ok(()),
            }
        }
    }

    /// Why there may be nothing to compare.
    pub(super) fn nothing(&self) -> String {
        let Self { tenant, last, .. } = self;
        format!(
            "tenant {tenant} was given no event in the last {last:#} that is still kept; ended events are kept for \
             [queue] history_hours, within history_bytes"
        )
    }
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

impl Version {
    pub(super) fn settings(&self) -> &str {
        self.settings.get()
    }

    pub(super) fn selector(&self) -> Option<&KnownSelector> {
        self.selector.as_ref()
    }
}

impl KnownSelector {
    pub(super) fn settings(&self) -> &str {
        self.settings.get()
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "version {} of {}", self.number, self.tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::ops::stand_in::StandIn;

    fn live(service: &StandIn) -> (Live, tempfile::TempDir) {
        let folder = service.folder();
        let live = Live::find(&folder.path().join("accoil.toml"), "acme", SignedDuration::from_hours(24)).unwrap();
        (live, folder)
    }

    fn read(live: &Live) -> (Vec<(u64, String)>, Read) {
        let mut events = Vec::new();
        let read = live.read(&Progress::default(), &mut |batch: Batch| {
            for (place, text) in batch.items() {
                events.push((place.line, String::from_utf8(text.unwrap().to_vec()).unwrap()));
            }
        });
        (events, read)
    }

    #[test]
    fn a_time_that_has_an_end_is_asked_for_and_each_line_is_an_event() {
        let service = StandIn::always(200, "{\"a\":1.00}\n{\"b\":2}\n");
        let (live, _folder) = live(&service);
        let (events, read) = read(&live);
        assert_eq!(events, [(1, "{\"a\":1.00}".to_owned()), (2, "{\"b\":2}".to_owned())]);
        assert!(read.failure.is_none() && read.damaged == 0, "{read:?}");
        let line = service.seen().remove(0).line.replace("%3A", ":");
        let rest = line.strip_prefix("GET /history?tenant=acme&since=").unwrap();
        let (since, rest) = rest.split_once("&until=").unwrap();
        let until: Timestamp = rest.strip_suffix("&after=0").unwrap().parse().unwrap();
        assert_eq!(until.duration_since(since.parse().unwrap()), SignedDuration::from_hours(24));
    }

    #[test]
    fn what_a_service_does_not_give_is_not_all_of_it() {
        let service = StandIn::always(503, r#"{"code":"closing","message":"the service stops"}"#);
        let (live, _folder) = live(&service);
        let (events, read) = read(&live);
        assert_eq!((events.len(), read.failure.unwrap().code.as_ref()), (0, "closing"));
    }

    #[test]
    fn a_version_that_the_store_lost_is_told_as_such() {
        let versions = r#"{"in_force":{"version":2},"versions":[{"version":2,"mapping":null,"settings":null}]}"#;
        let service = StandIn::always(200, versions);
        let (live, _folder) = live(&service);
        assert_eq!(live.version(None).unwrap_err().code.as_ref(), "version-lost");
        let seen: Vec<_> = service.seen().into_iter().map(|seen| seen.line).collect();
        assert_eq!(seen, ["GET /versions?tenant=acme&limit=1", "GET /versions?tenant=acme&version=2"]);
    }
}
