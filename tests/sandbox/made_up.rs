//! Components that nobody wrote, by the thousand.

use std::collections::BTreeMap;

use accoil_stream_fuzz::{admitted, made};

/// So many of each kind.
fn rounds() -> u64 {
    if crate::oracle::is_long() { 20_000 } else { 250 }
}

/// Bytes that look like chance and are the same each time (xorshift64).
fn bytes(kind: u8, seed: u64) -> Vec<u8> {
    let mut state = (seed + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let words = 8 + seed % 200;
    std::iter::once(kind).chain((0..words).flat_map(|_| next())).collect()
}

#[test]
fn what_wasm_smith_makes_runs_or_is_refused_by_a_code() {
    let mut codes = BTreeMap::<_, u64>::new();
    for kind in *b"sxc" {
        for seed in 0..rounds() {
            // `admitted` fails when a refusal has no code or no end, or an event no outcome.
            if let Some(component) = made(&bytes(kind, seed)) {
                *codes.entry(admitted(&component).unwrap_or("ran")).or_default() += 1;
            }
        }
    }
    // The generator must not have gone lame.
    let seen = |code| codes.get(code).copied().unwrap_or(0);
    assert!(codes.values().sum::<u64>() > 2 * rounds(), "{codes:?}");
    for code in ["component-describe", "component-import", "component-invalid"] {
        assert!(seen(code) > 5, "{code}: {codes:?}");
    }
}
