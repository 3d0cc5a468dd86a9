//! The engine: wasmtime with all that the product does not need switched off.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use sha2::{Digest, Sha256};
use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Engine, PoolingAllocationConfig, Store, WasmFeatures};

use super::contract::{GroupSelector, MappingComponent};
use super::slots::Slots;
use super::store::{Bounded, Bounds, Held};
use crate::limits::Limits;

/// How often deadlines are looked at.
const TICK: Duration = Duration::from_millis(TICK_MS);
const TICK_MS: u64 = 10;

/// How many calls can run at a time: more than the service has threads for mappings, since candidates
/// run beside them.
const CALLS: usize = 64;

/// Instances of a call: a mapping and its selector.
const INSTANCES_PER_CALL: usize = 2;

/// How much of a slot's memory stays in place when its instance is gone: as
/// much as a batch needs.
const RESIDENT_BYTES: usize = 1024 * 1024;

/// What wasmtime may need to keep track of an instance.
const INSTANCE_BYTES: usize = 1024 * 1024;

/// Fuel for one call when it is metered: far more than a deadline allows.
const FUEL: u64 = 1 << 40;

/// The engine could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the WebAssembly engine does not start: {0:#}")]
pub struct Error(wasmtime::Error);

impl Error {
    /// The stable code of this error.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "sandbox-engine"
    }
}

/// Whether guests count the instructions that they execute. It changes the
/// compiled code and makes it slower, so only tools for authors do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metering {
    /// Do not count.
    Off,
    /// Count.
    Fuel,
}

/// The engine and what every guest shares. Make one for a process.
pub struct Sandbox {
    pub(super) engine: Engine,
    pub(super) mapping_linker: Linker<Held>,
    pub(super) selector_linker: Linker<Bounds>,
    pub(super) limits: Arc<Limits>,
    pub(super) metering: Metering,
    pub(super) slots: Arc<Slots>,
    _ticker: Ticker,
}

impl Sandbox {
    /// Starts the engine, and a thread that watches deadlines.
    ///
    /// # Errors
    ///
    /// When the machine can't run it.
    pub fn new(limits: &Limits, metering: Metering) -> Result<Self, Error> {
        Self::with_room(limits, metering, CALLS)
    }

    /// The same for a process that runs one mapping at a time, with its selector, and may have little
    /// memory. It makes the same code.
    ///
    /// # Errors
    ///
    /// As [`Sandbox::new`].
    pub(crate) fn with_few_slots(limits: &Limits, metering: Metering) -> Result<Self, Error> {
        Self::with_room(limits, metering, 1)
    }

    fn with_room(limits: &Limits, metering: Metering, calls: usize) -> Result<Self, Error> {
        let engine = Engine::new(&config(limits, metering, calls * INSTANCES_PER_CALL)).map_err(Error)?;
        let mut mapping_linker = Linker::new(&engine);
        MappingComponent::add_to_linker::<_, HasSelf<_>>(&mut mapping_linker, |held| held).map_err(Error)?;
        let mut selector_linker = Linker::new(&engine);
        GroupSelector::add_to_linker::<_, HasSelf<_>>(&mut selector_linker, |bounds| bounds).map_err(Error)?;
        let ticker = Ticker::start(&engine).map_err(|error| Error(error.into()))?;
        let limits = Arc::new(limits.clone());
        let slots = Arc::new(Slots::new(calls));
        Ok(Self { engine, mapping_linker, selector_linker, limits, metering, slots, _ticker: ticker })
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether guests count their instructions.
    #[must_use]
    pub fn metering(&self) -> Metering {
        self.metering
    }
}

impl Sandbox {
    /// A digest of all that compiled code depends on besides the component: release and settings of the
    /// engine, and the limits under which it was looked through.
    pub(crate) fn compatibility(&self) -> [u8; 32] {
        let mut digest = Digester(Sha256::new());
        self.engine.precompile_compatibility_hash().hash(&mut digest);
        digest.write(format!("{:?} {:?} {}", self.limits, self.metering, env!("CARGO_PKG_VERSION")).as_bytes());
        digest.0.finalize().into()
    }
}

/// Hashes by SHA-256, which stays the same from run to run.
struct Digester(Sha256);

impl Hasher for Digester {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

/// Everything an instance is made in: used for one call, then thrown away.
pub(super) fn fresh_store<D: Bounded>(engine: &Engine, limits: &Arc<Limits>, metering: Metering) -> Store<D> {
    let mut store = Store::new(engine, D::new(Bounds::new(limits)));
    store.limiter(|data| data.bounds_mut());
    store.set_hostcall_fuel(limits.output_bytes);
    store.set_epoch_deadline(ticks(Duration::from_millis(limits.deadline_ms)));
    if metering == Metering::Fuel {
        // Can only fail when the engine does not meter.
        let _ = store.set_fuel(FUEL);
    }
    store
}

/// So long in ticks: one more, since the first one can come at any moment.
pub(super) fn ticks(time: Duration) -> u64 {
    let of_second = u64::from(time.subsec_nanos()).div_ceil(TICK_MS * 1_000_000);
    time.as_secs().saturating_mul(1000 / TICK_MS).saturating_add(of_second + 1)
}

/// The instructions that a metered call has executed.
pub(super) fn fuel_used<D>(store: &Store<D>) -> Option<u64> {
    store.get_fuel().ok().map(|left| FUEL - left)
}

/// The WebAssembly that guests may use: the 2.0 standard and constant
/// expressions as LLVM writes them. What is left out (threads, garbage
/// collection, exceptions, 64-bit memories, asynchronous components …) is
/// where nearly all of wasmtime's advisories of 2026 lie.
pub(super) fn features() -> WasmFeatures {
    WasmFeatures::WASM2 | WasmFeatures::EXTENDED_CONST | WasmFeatures::COMPONENT_MODEL
}

fn config(limits: &Limits, metering: Metering, slots: usize) -> Config {
    let mut config = Config::new();
    config.wasm_features(WasmFeatures::all(), false);
    config.wasm_features(features(), true);
    config.concurrency_support(false);
    config.gc_support(false);
    config.shared_memory(false);
    config.epoch_interruption(true);
    config.consume_fuel(metering == Metering::Fuel);
    config.max_wasm_stack(limits.stack_bytes);
    config.wasm_backtrace_max_frames(std::num::NonZeroUsize::new(8));
    config.allocation_strategy(pool(limits, slots));
    // The same answer on every machine, also for the bits of a NaN.
    config.cranelift_nan_canonicalization(true);
    config
}

/// Slots for instances, kept from batch to batch. Measured on batches of 256
/// events of 0.9 KB, with fresh mappings instead every seventh microsecond of a
/// batch goes into page faults. A slot's memory is set to zero before it is
/// used again.
fn pool(limits: &Limits, slots: usize) -> PoolingAllocationConfig {
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(count(slots));
    pool.total_core_instances(count(slots * limits.instances));
    pool.total_memories(count(slots * limits.memories));
    pool.total_tables(count(slots * limits.tables));
    pool.max_core_instances_per_component(count(limits.instances));
    pool.max_memories_per_component(count(limits.memories));
    pool.max_tables_per_component(count(limits.tables));
    pool.max_memory_size(limits.most_memory());
    pool.table_elements(limits.table_elements);
    pool.max_component_instance_size(INSTANCE_BYTES);
    pool.max_core_instance_size(INSTANCE_BYTES);
    pool.max_unused_warm_slots(count(slots));
    pool.linear_memory_keep_resident(RESIDENT_BYTES);
    pool.table_keep_resident(RESIDENT_BYTES / 16);
    pool
}

/// A thread that moves the engine's clock on.
struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    fn start(engine: &Engine) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (engine, stopped) = (engine.weak(), Arc::clone(&stop));
        let thread = std::thread::Builder::new().name("deadlines".to_owned()).spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                std::thread::park_timeout(TICK);
                match engine.upgrade() {
                    Some(engine) => engine.increment_epoch(),
                    None => return,
                }
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It can't have panicked, and there is nobody to tell.
            let _ = thread.join();
        }
    }
}
