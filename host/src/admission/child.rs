//! What the child does: nothing that it was not asked for, and then it ends.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::Builder;

use super::confine::Bounds;
use super::trial::{self, Tried};
use super::wire::{Received, Verdict, write_code, write_verdict};
use crate::sandbox::{About, Mapping, Metering, Plugin, PluginKind, Refusal, Sandbox, Selector, World};

/// The argument that makes a child of this program. It is no command for people.
pub(super) const ARGUMENT: &str = "admit-component";

/// Stack for compiling.
const STACK_BYTES: usize = 16 << 20;

/// The same in stacks of a guest, as for all threads that run guests.
const GUEST_STACKS: usize = 4;

/// Does the work of a child, if this process was started as one.
#[must_use]
pub fn run_if_child() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().as_deref() != Some(OsStr::new(ARGUMENT)) {
        return None;
    }
    let done = Bounds::of(arguments)
        .ok_or_else(|| io::Error::other("this is no command for people: the program starts itself so"))
        .and_then(Bounds::apply)
        .and_then(|()| work());
    Some(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The parent reads it; if it can't be written there is nobody to tell.
            let _ = writeln!(io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    })
}

fn work() -> io::Result<()> {
    let received = Received::read(&mut io::stdin().lock()).map_err(io::Error::other)?;
    let guest_stacks = received.task.limits.stack_bytes.saturating_mul(GUEST_STACKS);
    let worker = Builder::new().stack_size(guest_stacks.max(STACK_BYTES)).spawn(move || {
        let mut out = io::stdout().lock();
        let verdict = verdict(&received, &mut out)?;
        write_verdict(&mut out, &verdict)
    })?;
    worker.join().unwrap_or_else(|_| Err(io::Error::other("it panicked")))
}

fn verdict(received: &Received, out: &mut impl Write) -> io::Result<Verdict> {
    let task = &received.task;
    let metering = if task.is_metered { Metering::Fuel } else { Metering::Off };
    let sandbox = match Sandbox::with_few_slots(&task.limits, metering) {
        Ok(sandbox) => sandbox,
        Err(error) => return without_code(out, Verdict::Unable(error.to_string())),
    };
    match task.kind {
        PluginKind::Mapping => Ok(match compiled(&sandbox, received, out)? {
            Ok(mapping) => tried(&sandbox, &mapping, received),
            Err(refusal) => Verdict::Refused(refusal),
        }),
        PluginKind::GroupSelector => {
            let selector: Result<Selector, Refusal> = compiled(&sandbox, received, out)?;
            Ok(match selector {
                Ok(selector) => admitted(selector.about(), None, None),
                Err(refusal) => Verdict::Refused(refusal),
            })
        }
    }
}

/// Compiles a component, writes its code, and only then runs it: a guest that found a way out of the
/// sandbox here could not change the code that the parent runs.
fn compiled<W: World>(
    sandbox: &Sandbox,
    received: &Received,
    out: &mut impl Write,
) -> io::Result<Result<Plugin<W>, Refusal>> {
    let compiled = sandbox.compile(&received.component).and_then(|compiled| {
        let code = if received.task.wants_code { compiled.code()? } else { Vec::new() };
        Ok((compiled, code))
    });
    let (compiled, code) = match compiled {
        Ok(compiled) => compiled,
        Err(refusal) => {
            write_code(out, &[])?;
            return Ok(Err(refusal));
        }
    };
    write_code(out, &code)?;
    Ok(sandbox.ask(compiled))
}

/// Tries a mapping, with its selector if it has one.
fn tried(sandbox: &Sandbox, mapping: &Mapping, received: &Received) -> Verdict {
    let Received { task, selector, events, .. } = received;
    let Some(settings) = &task.settings else { return admitted(mapping.about(), None, None) };
    let Some(with) = &task.selector else {
        return admitted(mapping.about(), None, Some(trial::try_alone(mapping, settings, events)));
    };
    match sandbox.admit_selector(selector) {
        Err(refusal) => Verdict::SelectorRefused(refusal),
        Ok(selector) => {
            let selector = Arc::new(selector);
            let tried = trial::try_together(mapping, settings, &selector, &with.settings, with.on_fault, events);
            admitted(mapping.about(), Some(selector.about()), Some(tried))
        }
    }
}

fn admitted(about: &About, selector: Option<&About>, trial: Option<Tried>) -> Verdict {
    Verdict::Admitted { about: Box::new(about.clone()), selector: selector.cloned().map(Box::new), trial }
}

fn without_code(out: &mut impl Write, verdict: Verdict) -> io::Result<Verdict> {
    write_code(out, &[])?;
    Ok(verdict)
}
