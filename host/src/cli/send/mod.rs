//! `send`: maps events and delivers the calls to Accoil.

mod prepare;
mod report;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::thread::available_parallelism;

use clap::Args;
use tokio::sync::mpsc;

use super::meter::Meter;
use super::reading::read_all;
use super::{Exit, Failure, complain, destination_failure, mapping, tell};
use crate::config::{self, Config, Tenant};
use crate::input::{Input, Progress};
use crate::outbound::{Client, Destination, Novelty, Unit, deliver};
use crate::pipeline::{Batch, Mapper, Tally, in_order};
use prepare::{Prepared, prepare};
use report::Report;

/// Map events and deliver them to Accoil
///
/// Reads what `transform` reads, and also the lines that `transform --requests`
/// prints and the file of what failed in an earlier run. Calls of one user keep
/// their order; calls that would tell Accoil nothing new are not sent; what can
/// be tried again is tried again for a while.
///
/// The configuration names the tenant's key and endpoint:
///
///     [[tenants]]
///     name = "acme"
///     [tenants.accoil]
///     api_key = "env:ACME_ACCOIL_KEY"
///     # endpoint = "http://127.0.0.1:8402"     a sink on this machine needs
///     # allow_private_endpoint = true          both of these
///     [tenants.mapping]
///     settings = { properties = ["plan"] }
///
/// What was not delivered is written to a file (--failed) that send takes
/// again. The exit code is 0 only if everything was delivered or skipped.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    /// The files to read; - is standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    /// The configuration.
    #[arg(long, value_name = "accoil.toml")]
    config: PathBuf,

    /// Which tenant of the configuration; needed if it has several.
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,

    /// Send nothing; print the requests that would be sent.
    #[arg(long)]
    dry_run: bool,

    /// Where to write what was not delivered; must not exist yet. Written only
    /// if there is something to write.
    #[arg(long, value_name = "FILE", default_value = "failed.ndjson")]
    failed: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let config_failure = |error: config::ConfigError| Failure::new(Exit::Usage, error.code(), error);
    let config = config::load(&arguments.config).map_err(config_failure)?;
    let tenant = config.tenant(arguments.tenant.as_deref()).map_err(config_failure)?;
    let outbound_failure = |error| destination_failure(&config, tenant, &error);
    let destination = Destination::new(&tenant.accoil).map_err(outbound_failure)?;
    let loaded = mapping::load_tenant(&config, tenant)?;
    let mut report = Report::new(&arguments.failed, &arguments.files, arguments.dry_run)?;

    let (sender, units) = mpsc::channel(1);
    let job =
        Job { arguments, config: &config, loaded: &loaded, destination: &destination, progress: Progress::default() };
    if arguments.dry_run {
        drop(units);
        job.read(None, &mut report)?;
    } else {
        let client = Client::new(destination.clone(), &config.delivery).map_err(outbound_failure)?;
        deliver_all(&job, client, sender, units, &mut report)?;
    }
    report.finish(tenant)
}

/// Reads and maps on threads of its own, while this one delivers.
fn deliver_all(
    job: &Job<'_>,
    client: Client,
    sender: mpsc::Sender<Unit>,
    units: mpsc::Receiver<Unit>,
    report: &mut Report,
) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(Exit::Output, "runtime", error);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(failed)?;
    let mut read_report = report.of_reading();
    let read = std::thread::scope(|threads| {
        let reading = threads.spawn(|| job.read(Some(sender), &mut read_report));
        let novelty = Novelty::new(job.config.delivery.remembered);
        let interrupt = async {
            // Without the signal there is no way to interrupt but the hard one.
            let _ = tokio::signal::ctrl_c().await;
            job.progress.hang_up.store(true, Ordering::Relaxed);
            tokio::spawn(async {
                // Who asks twice does not want to wait.
                if tokio::signal::ctrl_c().await.is_ok() {
                    std::process::exit(130);
                }
            });
            tell(
                "interrupted: requests under way are finished, the rest goes to the file of what failed; once more to end at once",
            );
        };
        let stopped = runtime.block_on(deliver(client, &job.config.delivery, novelty, units, interrupt, |outcome| {
            report.delivered(&outcome);
        }));
        report.stopped = stopped;
        reading.join()
    });
    match read {
        Ok(result) => result?,
        Err(panic) => std::panic::resume_unwind(panic),
    }
    report.take_reading(read_report);
    Ok(())
}

/// What is read, and with what it is mapped.
struct Job<'a> {
    arguments: &'a Arguments,
    config: &'a Config,
    loaded: &'a mapping::Loaded,
    destination: &'a Destination,
    progress: Progress,
}

impl Job<'_> {
    /// Reads all inputs; gives the units away, or prints them if nobody wants them.
    fn read(&self, sender: Option<mpsc::Sender<Unit>>, report: &mut Report) -> Result<(), Failure> {
        let limits = &self.config.limits;
        let inputs: Vec<Input> = self.arguments.files.iter().map(|path| Input::of(path)).collect();
        let mapper = Mapper::new(&self.loaded.mapping, &self.loaded.settings, self.loaded.chooser.as_ref());
        let workers = available_parallelism().map_or(1, NonZeroUsize::get);
        let meter = Meter::start(&inputs);
        let errors = Mutex::new(Vec::new());
        let mut tally = Tally::default();
        let dry = Novelty::new(self.config.delivery.remembered);
        let ran = in_order(
            workers,
            limits.stack_bytes * 4,
            |hand_on| {
                let read = read_all(&inputs, limits, &self.progress, hand_on);
                if let Ok(mut errors) = errors.lock() {
                    *errors = read;
                }
            },
            |batch: Batch| prepare(&mapper, self.destination, &batch),
            |prepared: Prepared| {
                tally.add(&prepared.tally);
                meter.show(self.progress.bytes.load(Ordering::Relaxed), tally.events);
                report.prepared(&prepared);
                for unit in prepared.units {
                    match &sender {
                        // Fails only when delivery has panicked, and that is told.
                        Some(sender) => drop(sender.blocking_send(unit)),
                        None => report.would_send(&unit, &dry),
                    }
                }
                if report.has_failed() {
                    self.progress.stop.store(true, Ordering::Relaxed);
                }
            },
        );
        meter.finish();
        ran.map_err(|error| Failure::new(Exit::Output, "threads", error))?;
        let errors = errors.into_inner().unwrap_or_default();
        errors.iter().for_each(|error| complain(error.code(), &error.to_string()));
        report.read(&tally, errors.len());
        Ok(())
    }
}

impl Tenant {
    /// What a summary calls this tenant's destination.
    fn destination_name(&self) -> &str {
        self.accoil.endpoint.as_deref().unwrap_or("Accoil")
    }
}
