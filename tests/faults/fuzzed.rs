//! What fuzzing begins with, and what it once found: see `fuzz/README.md`.

use accoil_stream_fuzz::{Target, kept};

#[test]
fn what_fuzzing_begins_with_and_what_it_once_found_breaks_no_promise() {
    for target in &Target::ALL {
        for file in kept(target) {
            // Shown when it fails.
            println!("{}", file.display());
            (target.run)(&std::fs::read(&file).unwrap());
        }
    }
}
