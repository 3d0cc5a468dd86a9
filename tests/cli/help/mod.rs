//! What a newcomer reads, and what a wrong command line is answered.

mod authors;

use super::support::*;

fn help(arguments: &[&str]) -> String {
    let ran = Folder::new().run(arguments);
    assert_eq!((ran.exit, ran.err.as_str()), (0, ""), "{arguments:?}");
    ran.out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_program() {
    insta::assert_snapshot!(help(&["--help"]), @r#"
    Stream Amplitude events to Accoil through a mapping in a sandbox.

    A mapping says which user an event belongs to, which of its properties are
    told to Accoil, and which of its groups is the account. It is a WebAssembly
    component; without --mapping the built-in one is used, which does what
    Amplitude's destination "Accoil (Event Stream)" does, and has settings.

    Try it:

      accoil-stream transform events.ndjson
      accoil-stream transform events.ndjson --requests

    Exit codes: 0 all went well; 1 something in the input was no event or was
    not delivered, or a service refused what it was asked, or more differs than
    is allowed; 2 wrong command line or configuration, or no service there; 3
    the component or its settings can't be used; 4 an input could not be read
    to its end; 5 the result could not be written.

    Usage: accoil-stream <COMMAND>

    Commands:
      transform        Map events and print, one line an event, what becomes of them
      send             Map events and deliver them to Accoil
      serve            Take events in, keep them, deliver them
      sink             Stand in for Accoil's ingest API on this machine
      new              Make the folder of a new plugin, ready to build and test
      build            Build a plugin to its component
      check            Say whether a component can run here, and what it is
      test             Run a plugin's cases and show what differs
      bench            Measure a plugin beside the default mapping, in one run
      compare          Say what a candidate mapping would change, by meaning
      config           Check the configuration, or print its schema for editors
      test-connection  Test the way to Accoil: name, connection, TLS, a harmless request
      import           Give the events of files to a running service
      status           Show how a running service and its tenants are
      explain          Tell what became of an event, and why
      rerun            Print the requests that a version makes of an event; nothing is sent
      mappings         List, deploy, roll back or promote mappings while events flow
      experiments      Run a candidate mapping beside the live one, and tell what it would change
      audit            Show who changed what, when and why; or check that nobody rewrote it
      dead-letters     List, show, replay or drop events that could not be delivered
      reload           Make a running service read its configuration again
      backup           Write a copy of a running service's store to a file
      restore          Make a store of a backup
      verify           Look through the store for damage
      forget           Forget a user: what is kept of events that have ended
      forget-told      Forget what Accoil was told, so that all of it is told again
      completions      Print a script that lets your shell complete commands and options
      help             Print this message or the help of the given subcommand(s)

    Options:
      -h, --help
              Print help (see a summary with '-h')

      -V, --version
              Print version
    "#);
    assert_eq!(help(&["--version"]), concat!("accoil-stream ", env!("CARGO_PKG_VERSION")));
    assert_eq!(help(&["help", "transform"]), help(&["transform", "--help"]));
}

#[test]
fn transform() {
    insta::assert_snapshot!(help(&["transform", "--help"]), @r#"
    Map events and print, one line an event, what becomes of them

    Reads lines of JSON, a JSON array, the body of a request to Amplitude's HTTP
    V2 API ({"events": […]}), any of these gzipped, and the zip archives of
    Amplitude's Export API. Prints one JSON object for each event, in order:

      {"outcome":"deliver","events":[{"userId":…,"event":…,"groupTraits":[…]}]}
      {"outcome":"skip","reason":…}      by a rule of the mapping
      {"outcome":"reject","reason":…}    the mapping holds the event for broken
      {"outcome":"fault","reason":…}     the mapping failed
      {"outcome":"invalid","reason":…}   this was no event

    A summary, and what was wrong with the input, goes to standard error. The
    exit code is 0 only if everything in the input was an event, and every input
    was read to its end.

    Usage: accoil-stream transform [OPTIONS] [FILE]...

    Arguments:
      [FILE]...
              The files to read; - is standard input

              [default: -]

    Options:
          --mapping <X.wasm>
              The component to map with, instead of the built-in one

          --settings <FILE>
              The mapping's settings: a JSON or TOML file

          --selector <X.wasm>
              A group selector, which chooses the account instead of the mapping

          --selector-settings <FILE>
              The selector's settings: a JSON or TOML file

          --on-selector-fault <WHAT>
              What becomes of an event on which the selector fails: it is a fault, or the mapping's own
              rule chooses

              [default: dead-letter]

          --requests
              Print the requests to Accoil instead, one line each: method, path, body

          --threads <N>
              How many threads map; by default as many as there are processors

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn send() {
    insta::assert_snapshot!(help(&["send", "--help"]), @r#"
    Map events and deliver them to Accoil

    Reads what `transform` reads, and also the lines that `transform --requests`
    prints and the file of what failed in an earlier run. Calls of one user keep
    their order; calls that would tell Accoil nothing new are not sent; what can
    be tried again is tried again for a while.

    The configuration names the tenant's key and endpoint:

        [[tenants]]
        name = "acme"
        [tenants.accoil]
        api_key = "env:ACME_ACCOIL_KEY"
        # endpoint = "http://127.0.0.1:8402"     a sink on this machine needs
        # allow_private_endpoint = true          both of these
        [tenants.mapping]
        settings = { properties = ["plan"] }

    What was not delivered is written to a file (--failed) that send takes
    again. The exit code is 0 only if everything was delivered or skipped.

    Usage: accoil-stream send [OPTIONS] --config <accoil.toml> <FILE>...

    Arguments:
      <FILE>...
              The files to read; - is standard input

    Options:
          --config <accoil.toml>
              The configuration

          --tenant <NAME>
              Which tenant of the configuration; needed if it has several

          --dry-run
              Send nothing; print the requests that would be sent

          --failed <FILE>
              Where to write what was not delivered; must not exist yet. Written only if there is
              something to write

              [default: failed.ndjson]

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn sink() {
    insta::assert_snapshot!(help(&["sink", "--help"]), @r#"
    Stand in for Accoil's ingest API on this machine

    Takes calls as Accoil does, checks each against the documented contract,
    answers 202 whatever it finds, and prints what it got: one JSON object a
    call. Stop it with Ctrl-C; it then prints its counts.

    A script makes it answer otherwise: lines of JSON, used up one after the
    other, such as

      {"status":503,"times":3}
      {"status":429,"retry_after":"2"}
      {"status":202,"delay_ms":500,"path":"/v2/track"}
      {"cut":true}                      closes the connection, no answer

    Usage: accoil-stream sink [OPTIONS]

    Options:
          --listen <ADDRESS>
              Where to listen; port 0 takes any free one

              [default: 127.0.0.1:8402]

          --script <FILE>
              What to answer, instead of 202

          --combined-path <PATH>
              A path that takes the combined dialect

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn compare() {
    insta::assert_snapshot!(help(&["compare", "--help"]), @r#"
    Say what a candidate mapping would change, by meaning

    Runs two mappings over the same events and compares what each would tell
    Accoil: accounts, users, metadata, groups and their traits, names, times,
    skips, rejections, faults, numbers of requests. Reads what `transform`
    reads. The same component with other settings:

      accoil-stream compare --settings now.json --candidate-settings new.json events.ndjson

    Or over the events that a running service was given. The baseline is the
    version in force, and the limits are those of the configuration. Both sides
    get events as they were sent: one without a time has none here, where the
    service gives it that of its acceptance, and one without an id is called by
    its place:

      accoil-stream compare --tenant acme --last 24h --candidate new.wasm

    The order of an object's keys means nothing; the spelling of a number does
    (1.0 is not 1), and so does the order of groups. What a skip, a rejection or
    a fault says in words is not compared. Instructions are counted, so a
    deadline may meet a mapping here that is in time elsewhere.

    Exit codes: 0 the share of events that differ is at most --allow; 1 it is
    larger, or something in the input was no event or is damaged, or there was
    no event, or a service refused; 2 wrong command line, configuration or
    settings file, or no service there; 3 a component or its settings can't be
    used; 4 an input could not be read to its end; 5 the result could not be
    written.

    Usage: accoil-stream compare [OPTIONS] [FILE]...

    Arguments:
      [FILE]...
              The files to read; - is standard input

              [default: -]

    Options:
          --tenant <NAME>
              The events of this tenant of a running service, instead of files

          --last <TIME>
              Of which time: 30m, 24h, 7d; 24h if it is not said

          --config <accoil.toml>
              The configuration that the service runs with; accoil.toml if it is not said

          --baseline <A.wasm>
              The component that is in force: a file, or `default` for the built-in one, or with
              --tenant version:N. If it is not said, the built-in one, or with --tenant the version in
              force

          --candidate <B.wasm>
              The component that may follow it, named in the same way; without this option the same with
              other settings

          --settings <FILE>
              Settings of both: a JSON or TOML file. Without any, with --tenant version:N has its own, a
              candidate that is no version those of the baseline's version, and all else those in force

          --baseline-settings <FILE>
              Settings of the baseline, if they are others

          --candidate-settings <FILE>
              Settings of the candidate, if they are others

          --baseline-selector <A.wasm>
              The group selector of the baseline: a file, or none. If it is not said, none, or with
              --tenant that of its version

          --baseline-selector-settings <FILE>
              Its settings: a JSON or TOML file

          --candidate-selector <B.wasm>
              The group selector of the candidate: a file, or none. If it is not said, that of the
              baseline, or with --candidate version:N that of the version

          --candidate-selector-settings <FILE>
              Its settings: a JSON or TOML file. A selector that is not named anew has those it had

          --json
              Print the report as JSON

          --examples <N>
              How many events to show of each kind of difference; at most 100

              [default: 3]

          --allow <SHARE>
              The share of events that may differ: 0.01 or 1%

              [default: 0]

          --threads <N>
              How many threads map; by default as many as there are processors

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn config_check() {
    insta::assert_snapshot!(help(&["config", "check", "--help"]), @r#"
    Say everything that is wrong in a configuration

    One line for each problem, with file, line and key: unknown keys, values,
    secrets that can't be had; and when there are none of these, endpoints,
    components, and settings that do not fit their component. The exit code
    is 2 if there was anything.

    Usage: accoil-stream config check [accoil.toml]

    Arguments:
      [accoil.toml]
              The configuration

              [default: accoil.toml]

    Options:
      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn import() {
    insta::assert_snapshot!(help(&["import", "--help"]), @r#"
    Give the events of files to a running service

    Reads what `transform` reads, and sends it to the service's /batch, in
    order, unchanged, with the tenant's first ingest key. Waits when the service
    asks it to. Events that the service refuses are told with file and line, and
    written to a file (--refused).

    How far it came is kept in a file (--state) after each request; the same
    command goes on from there. An event without insert id that was accepted
    just before the command was stopped may be accepted twice; the service
    knows those with one.

    Usage: accoil-stream import [OPTIONS] <FILE>...

    Arguments:
      <FILE>...
              The files to read; - is standard input, which is read from its beginning each time

    Options:
          --config <accoil.toml>
              The configuration that the service runs with

              [default: accoil.toml]

          --tenant <NAME>
              Whose events they are; needed if the configuration has several tenants

          --url <URL>
              Where the service is, if not where the configuration says that it listens

          --state <FILE>
              Where to keep how far it came; by default beside the first file, called as it with
              .import-state at the end

          --refused <FILE>
              Where to write events that are refused; must not exist yet, except when going on. Written
              only if there is something to write

              [default: refused.ndjson]

          --patience <SECONDS>
              For how many seconds a service is waited for that takes nothing

              [default: 600]

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn dead_letters_replay() {
    insta::assert_snapshot!(help(&["dead-letters", "replay", "--help"]), @r#"
    Put dead letters at the end of the queue again

    They are mapped by the version that is in force then. What was delivered
    of them already is not sent again.

    Usage: accoil-stream dead-letters replay [OPTIONS] [ID]...

    Arguments:
      [ID]...
              Their numbers in the list

    Options:
          --tenant <NAME>
              Those of one tenant

          --reason <CODE>
              Those with this reason

          --since <TIME>
              Those that died at this time or later: 2026-01-02T03:04:05Z, or 24h for a day ago

          --until <TIME>
              Those that died before this time

          --event <EVENT_ID>
              Those of the event with this id

          --limit <N>
              At most so many, the oldest first

          --all
              All of them, if nothing else says which

          --config <accoil.toml>
              The configuration that the service runs with

              [default: accoil.toml]

          --json
              Print what the service answered, as JSON

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn test_connection() {
    insta::assert_snapshot!(help(&["test-connection", "--help"]), @r#"
    Test the way to Accoil: name, connection, TLS, a harmless request

    Says what each step proved, and what none can: Accoil answers 202 before it
    checks a key.

    Usage: accoil-stream test-connection [OPTIONS] --config <accoil.toml>

    Options:
          --config <accoil.toml>
              The configuration

          --tenant <NAME>
              Which tenant of the configuration; needed if it has several

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn completions_for_every_shell() {
    for (shell, mark) in [
        ("bash", "-F _accoil__stream"),
        ("elvish", "edit:completion:arg-completer[accoil-stream]"),
        ("fish", "complete -c accoil-stream"),
        ("powershell", "Register-ArgumentCompleter -Native -CommandName 'accoil-stream'"),
        ("zsh", "#compdef accoil-stream"),
    ] {
        let script = help(&["completions", shell]);
        assert!(script.contains(mark) && script.contains("test-connection"), "{script}");
    }
}

#[test]
fn a_wrong_command_line_exits_with_2() {
    let folder = Folder::with(&[("events", events(&["one"]).as_bytes())]);
    let mut said = String::new();
    for arguments in [
        &["transfrom"][..],
        &["transform", "events", "--request"],
        &["transform", "--threads", "0", "events"],
        &["send", "events"],
        &["send", "--config", "accoil.toml"],
        &["sink", "--listen", "8402"],
        &["check"],
        &["completions", "cmd"],
    ] {
        let ran = folder.run(arguments);
        assert_eq!((ran.exit, ran.out.as_str()), (2, ""), "{arguments:?}");
        let told = ran.err.split("\n\n").take_while(|part| !part.starts_with("Usage")).collect::<Vec<_>>();
        said.push_str(&told.join("\n"));
        said.push('\n');
    }
    insta::assert_snapshot!(said, @r#"
    error: unrecognized subcommand 'transfrom'
      tip: a similar subcommand exists: 'transform'
    error: unexpected argument '--request' found
      tip: a similar argument exists: '--requests'
    error: invalid value '0' for '--threads <N>': number would be zero for non-zero type
    For more information, try '--help'.

    error: the following required arguments were not provided:
      --config <accoil.toml>
    error: the following required arguments were not provided:
      <FILE>...
    error: invalid value '8402' for '--listen <ADDRESS>': invalid socket address syntax
    For more information, try '--help'.

    error: the following required arguments were not provided:
      <X.wasm>
    error: invalid value 'cmd' for '<SHELL>'
      [possible values: bash, elvish, fish, powershell, zsh]
    For more information, try '--help'.
    "#);
    // Without a command it tells what there is.
    let ran = folder.run(&[]);
    assert_eq!(ran.exit, 2);
    assert!(ran.err.contains("Usage: accoil-stream <COMMAND>") && ran.err.contains("transform  "), "{}", ran.err);
}
