//! The program under test.

fn main() -> std::process::ExitCode {
    accoil_stream::cli::run()
}
