//! How a service is: what its process holds of memory and of handles, and how its attempts go.

use std::time::Duration;

use super::Host;

fn kilobytes(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

impl Host {
    /// Its memory, in kB.
    pub(crate) fn memory_kb(&self) -> u64 {
        kilobytes(self.pid(), "VmRSS")
    }

    /// The most memory that it has had since [`Host::forget_peak`], in kB.
    pub(crate) fn peak_kb(&self) -> u64 {
        kilobytes(self.pid(), "VmHWM")
    }

    /// Lets the peak begin anew.
    pub(crate) fn forget_peak(&self) {
        std::fs::write(format!("/proc/{}/clear_refs", self.pid()), "5").unwrap();
    }

    /// How many files, sockets and pipes it has open.
    pub(crate) fn handles(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.pid())).unwrap().count()
    }

    /// Waits until it has no more handles open than these.
    pub(crate) async fn until_handles(&self, most: usize) {
        let waiting = async {
            while self.handles() > most {
                // There is nothing to be told by.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        assert!(waited.is_ok(), "{} handles are open, and at most {most} should be", self.handles());
    }

    /// How many attempts at delivering a tenant's events have failed.
    pub(crate) async fn failed(&self, tenant: &str) -> u64 {
        let line = format!("accoil_stream_attempts_failed_total{{tenant=\"{tenant}\"}} ");
        let metrics = self.metrics().await;
        metrics.lines().find_map(|found| found.strip_prefix(&line)).map_or(0, |number| number.parse().unwrap())
    }

    /// Waits until so many have.
    pub(crate) async fn until_failed(&self, tenant: &str, number: u64) {
        let waiting = async {
            while self.failed(tenant).await < number {
                // There is nothing to be told by.
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), waiting).await;
        assert!(waited.is_ok(), "never {number} attempts failed: {}", self.status(tenant).await);
    }
}
