//! The commands for those who write plugins.

use super::help;

#[test]
fn new() {
    insta::assert_snapshot!(help(&["new", "--help"]), @r#"
    Make the folder of a new plugin, ready to build and test

    A plugin is a group selector, which decides which of an event's groups is
    the account and leaves all else to the default mapping, or a whole mapping.
    The folder holds a small rule that works, cases for `test`, and a README of
    one screen that says what to do next.

      accoil-stream new paying-account --lang rust
      cd paying-account && accoil-stream build

    Usage: accoil-stream new [OPTIONS] --lang <LANGUAGE> <NAME>

    Arguments:
      <NAME>
              The plugin's name, and the folder's: a-z, 0-9 and hyphens

    Options:
          --world <WORLD>
              What the plugin decides

              [default: group-selector]
              [possible values: group-selector, mapping]

          --lang <LANGUAGE>
              The language to write it in

              [possible values: rust, typescript, python, c]

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn build() {
    insta::assert_snapshot!(help(&["build", "--help"]), @r#"
    Build a plugin to its component

    Reads plugin.toml, runs the tools of the plugin's language, and writes
    NAME.wasm into the folder. If a tool is missing, the error says what to
    install. The component is looked through: one that is no plugin of its
    world, or that uses what is not in the sandbox, is refused by name, and the
    exit code is 3.

    Usage: accoil-stream build [DIR]

    Arguments:
      [DIR]
              The plugin's folder

              [default: .]

    Options:
      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn check() {
    insta::assert_snapshot!(help(&["check", "--help"]), @r#"
    Say whether a component can run here, and what it is

    Shows what it exports and imports, what it says about itself, its size, and
    what a run over a few sample events used. A group selector is run with the
    built-in mapping. A component that can't run is refused with the reason, and
    the exit code is 3.

    With --conformance it runs what any mapping or selector must pass instead:
    checks with events and settings of every sort, under the limits of the
    service. Exit code: 0 all pass, 1 something fails, 3 refused.

    Usage: accoil-stream check [OPTIONS] <X.wasm>

    Arguments:
      <X.wasm>
              The component

    Options:
          --settings <FILE>
              Settings to run it with: a JSON or TOML file. Default: {}

          --conformance
              Run the conformance suite

          --json
              Print its report as JSON

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn test() {
    insta::assert_snapshot!(help(&["test", "--help"]), @r#"
    Run a plugin's cases and show what differs

    A case is a JSON file in the folder cases/: of the plugin's folder, or
    beside the component.

      {"name": "the paying account is preferred",
       "settings": {…},            of the plugin; {} if they are not there
       "mapping_settings": {…},    of the mapping that a selector works with
       "events": [ … ],            as they come from Amplitude
       "expected": [ … ]}          an outcome for each, as transform prints it

    An event without an id is called by its place, counted from 0.

    Each case runs in the same sandbox and under the same limits as in the
    service: as a batch, again, and event by event. It fails when an outcome is
    another one, also when only one of these runs differs, or when an event uses
    more than it may. The order of names means nothing, the digits of numbers do.

    What an event used is that of a call of its own: time and memory (of a
    selector, its own), instructions as admission counts them (fuel; a selector
    and its mapping together), bytes that were given back.

    Exit codes: 0 every case passed; 1 one did not; 2 wrong command line, a file
    is no case, or there is none; 3 a component can't be used; 5 a file could
    not be written.

    Usage: accoil-stream test [OPTIONS] [DIR|X.wasm]

    Arguments:
      [DIR|X.wasm]
              The plugin's folder, or a component

              [default: .]

    Options:
          --cases <DIR>
              Where the cases are, if they are not in their place

          --mapping <X.wasm>
              For a selector: the mapping that it works with, instead of the built-in one

          --config <accoil.toml>
              The configuration whose `limits` and `admission` hold, instead of the defaults. Nothing
              else in it is looked at

          --update
              Write what comes now into the cases as what is expected. The rest of each file stays as it
              is

          --watch
              Run again whenever the component or a case changes, until Ctrl-C

          --usage
              Show what each event used, not only the most of a case

          --junit <FILE>
              Write a report in JUnit's XML, for CI systems

      -h, --help
              Print help (see a summary with '-h')
    "#);
}

#[test]
fn bench() {
    insta::assert_snapshot!(help(&["bench", "--help"]), @r"
    Measure a plugin beside the default mapping, in one run

    Reads what transform reads, all of it at first (at most 100000 events or 200
    MB), and runs both in turn on one thread, in batches as the service makes
    them: times change from run to run and from machine to machine, the ratio of
    the two much less. A selector is measured as what it adds to its mapping.

    An event that is run alone pays for the start of an instance. Instructions
    (fuel) are counted in calls of their own, which are not timed; with a
    selector, those of its mapping are among them.

    Exit codes: 0 all went well; 1 something in the input was no event, or there
    was none; 2 wrong command line or settings file; 3 a component or its
    settings can't be used; 4 an input could not be read to its end.

    Usage: accoil-stream bench [OPTIONS] <X.wasm> <EVENTS>...

    Arguments:
      <X.wasm>
              The component

      <EVENTS>...
              The files with events; - is standard input

    Options:
          --settings <FILE>
              The plugin's settings: a JSON or TOML file

          --mapping <X.wasm>
              For a selector: the mapping that it works with, instead of the built-in one. For a
              mapping: the one that it is measured beside

          --mapping-settings <FILE>
              Settings of that mapping: a JSON or TOML file

          --config <accoil.toml>
              The configuration whose `limits` and `admission` hold, instead of the defaults. Nothing
              else in it is looked at

          --rounds <N>
              Most rounds

              [default: 15]

          --seconds <SECONDS>
              How long each part goes on, about, in seconds

              [default: 10]

          --json
              Print JSON

      -h, --help
              Print help (see a summary with '-h')
    ");
}
