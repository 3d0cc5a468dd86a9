//! What the child does: nothing that it was not asked for, and then it ends.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread::Builder;

use super::confine::Bounds;
use super::trial;
use super::wire::{Received, Verdict, write_code, write_verdict};
use crate::sandbox::{Metering, Sandbox};

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

/// Compiles a component, writes its code, and only then runs it: a guest that found a way out of the
/// sandbox here could not change the code that the parent runs.
fn verdict(received: &Received, out: &mut impl Write) -> io::Result<Verdict> {
    let Received { task, component, events } = received;
    let metering = if task.is_metered { Metering::Fuel } else { Metering::Off };
    let sandbox = match Sandbox::with_one_slot(&task.limits, metering) {
        Ok(sandbox) => sandbox,
        Err(error) => return without_code(out, Verdict::Unable(error.to_string())),
    };
    let compiled = match sandbox.compile(component) {
        Ok(compiled) => compiled,
        Err(refusal) => return without_code(out, Verdict::Refused(refusal)),
    };
    let code = if task.wants_code { compiled.code() } else { Ok(Vec::new()) };
    match code {
        Ok(code) => write_code(out, &code)?,
        Err(refusal) => return without_code(out, Verdict::Refused(refusal)),
    }
    Ok(match sandbox.ask(compiled) {
        Err(refusal) => Verdict::Refused(refusal),
        Ok(mapping) => {
            let settings = task.settings.as_ref().map(|text| mapping.settings(text));
            let trial = settings.map(|settings| settings.map(|settings| trial::run(&mapping, &settings, events)));
            Verdict::Admitted { about: Box::new(mapping.about().clone()), trial }
        }
    })
}

fn without_code(out: &mut impl Write, verdict: Verdict) -> io::Result<Verdict> {
    write_code(out, &[])?;
    Ok(verdict)
}
