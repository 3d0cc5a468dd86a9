//! The commands: one file each. This one has what they share, the exit codes
//! first of all.

mod authoring;
mod check;
mod compare;
mod completions;
mod config;
mod conformance;
mod mapping;
mod meter;
mod ops;
mod reading;
mod send;
mod serve;
mod share;
mod sink;
mod store;
mod test_connection;
mod transform;

use std::borrow::Cow;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Tenant};
use crate::outbound::OutboundError;

/// Exit codes that scripts can rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All went well.
    Success = 0,
    /// The command ran to its end, but something in the input was no event,
    /// or was not delivered; or a service refused what it was asked; or a
    /// comparison found more differences than are allowed.
    Incomplete = 1,
    /// The command line or the configuration is wrong, or leads to no service.
    Usage = 2,
    /// The component, or its settings, can't be used.
    Refused = 3,
    /// An input could not be read to its end.
    Input = 4,
    /// The result could not be written.
    Output = 5,
}

/// An error that ends a command.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    code: Cow<'static, str>,
    message: String,
}

impl Failure {
    pub(crate) fn new(exit: Exit, code: impl Into<Cow<'static, str>>, message: impl ToString) -> Self {
        Self { exit, code: code.into(), message: message.to_string() }
    }
}

/// Stream Amplitude events to Accoil through a mapping in a sandbox.
///
/// A mapping says which user an event belongs to, which of its properties are
/// told to Accoil, and which of its groups is the account. It is a WebAssembly
/// component; without --mapping the built-in one is used, which does what
/// Amplitude's destination "Accoil (Event Stream)" does, and has settings.
///
/// Try it:
///
///   accoil-stream transform events.ndjson
///   accoil-stream transform events.ndjson --requests
///
/// Exit codes: 0 all went well; 1 something in the input was no event or was
/// not delivered, or a service refused what it was asked, or more differs than
/// is allowed; 2 wrong command line or configuration, or no service there; 3
/// the component or its settings can't be used; 4 an input could not be read
/// to its end; 5 the result could not be written.
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment, bin_name = "accoil-stream", max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Transform(transform::Arguments),
    Send(send::Arguments),
    Serve(serve::Arguments),
    Sink(sink::Arguments),
    New(authoring::new::Arguments),
    Build(authoring::build::Arguments),
    Check(check::Arguments),
    Test(authoring::test::Arguments),
    Bench(authoring::bench::Arguments),
    Compare(compare::Arguments),
    Config(config::Arguments),
    TestConnection(test_connection::Arguments),
    Import(ops::import::Arguments),
    Status(ops::status::Arguments),
    Explain(ops::explain::Arguments),
    Rerun(ops::rerun::Arguments),
    Mappings(ops::mappings::Arguments),
    Experiments(ops::experiments::Arguments),
    Audit(ops::audit::Arguments),
    DeadLetters(ops::dead_letters::Arguments),
    Reload(ops::admin::Reload),
    Backup(ops::admin::Backup),
    Restore(store::Restore),
    Verify(store::Verify),
    Forget(ops::admin::Forget),
    ForgetTold(ops::admin::ForgetTold),
    Completions(completions::Arguments),
}

/// Runs the command that the process was called with.
#[must_use]
pub fn run() -> ExitCode {
    if let Some(exit) = crate::admission::run_if_child() {
        return exit;
    }
    // Prints help, version and usage errors itself; the latter exit with 2.
    let result = match Cli::parse().command {
        Command::Transform(arguments) => transform::run(&arguments),
        Command::Send(arguments) => send::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Sink(arguments) => sink::run(&arguments),
        Command::New(arguments) => authoring::new::run(&arguments),
        Command::Build(arguments) => authoring::build::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Test(arguments) => authoring::test::run(&arguments),
        Command::Bench(arguments) => authoring::bench::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Config(arguments) => config::run(&arguments),
        Command::TestConnection(arguments) => test_connection::run(&arguments),
        Command::Import(arguments) => ops::import::run(&arguments),
        Command::Status(arguments) => ops::status::run(&arguments),
        Command::Explain(arguments) => ops::explain::run(&arguments),
        Command::Rerun(arguments) => ops::rerun::run(&arguments),
        Command::Mappings(arguments) => ops::mappings::run(&arguments),
        Command::Experiments(arguments) => ops::experiments::run(&arguments),
        Command::Audit(arguments) => ops::audit::run(&arguments),
        Command::DeadLetters(arguments) => ops::dead_letters::run(&arguments),
        Command::Reload(arguments) => arguments.run(),
        Command::Backup(arguments) => arguments.run(),
        Command::Restore(arguments) => arguments.run(),
        Command::Verify(arguments) => arguments.run(),
        Command::Forget(arguments) => arguments.run(),
        Command::ForgetTold(arguments) => arguments.run(),
        Command::Completions(arguments) => completions::run(&arguments),
    };
    let exit = result.unwrap_or_else(|failure| {
        complain(&failure.code, &failure.message);
        failure.exit
    });
    ExitCode::from(exit as u8)
}

/// Prints an error, with its stable code, for people to read.
#[expect(clippy::print_stderr, reason = "errors of a command go to standard error")]
pub(crate) fn complain(code: &str, message: &str) {
    eprintln!("error[{code}]: {}", printable(message));
}

/// Prints a remark on standard error.
#[expect(clippy::print_stderr, reason = "standard output is for results")]
pub(crate) fn tell(message: &str) {
    eprintln!("{}", printable(message));
}

/// Text of which parts come from an input or a component, without what could command a terminal.
pub(crate) fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        // What turns the direction of writing, or breaks lines unseen, deceives whoever reads it.
        let is_deceiving = matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if is_deceiving || (character.is_control() && character != '\n') {
            printable.extend(character.escape_default());
        } else {
            printable.push(character);
        }
    }
    printable
}

/// Prints a result on standard output.
pub(crate) fn print(result: &[u8]) -> Result<Exit, Failure> {
    match io::stdout().write_all(result).and_then(|()| io::stdout().flush()) {
        Err(error) if !is_closed(&error) => Err(output_failure(&error)),
        _ => Ok(Exit::Success),
    }
}

/// Standard output can't be written to.
pub(crate) fn output_failure(error: &io::Error) -> Failure {
    Failure::new(Exit::Output, "output-write", format!("standard output: {error}"))
}

/// The destination that a tenant is configured with can't be used.
pub(crate) fn destination_failure(config: &Config, tenant: &Tenant, error: &OutboundError) -> Failure {
    let place = format!("{}: tenant {}: accoil", config.path.display(), tenant.name);
    Failure::new(Exit::Usage, error.code(), format!("{place}: {error}"))
}

/// The reader of a pipe went away: there is nothing wrong, and nothing to do.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn nothing_that_is_printed_commands_the_terminal() {
        assert_eq!(super::printable("a\u{1b}[31m\rb\u{9b}é\nc"), "a\\u{1b}[31m\\rb\\u{9b}é\nc");
    }
}
