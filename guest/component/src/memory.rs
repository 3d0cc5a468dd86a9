//! Memory for a short life: an instance maps one batch and is thrown away, so
//! nothing that it allocates needs to be given back.
//!
//! Measured against the standard allocator on batches of 256 events of 0.9 KB
//! this makes mapping about a twelfth quicker (BENCHMARKS.md).

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

/// WebAssembly's unit of memory.
const PAGE: usize = 64 * 1024;

/// How many pages are asked for at once.
const STEP: usize = 16;

unsafe extern "C" {
    /// Where the linker's data ends, by its address.
    static __heap_base: u8;
}

/// Hands out memory from the end of the data upwards.
pub(crate) struct Upwards {
    /// Where the next piece may begin; 0 before the first one.
    next: Cell<usize>,
}

impl Upwards {
    pub(crate) const fn new() -> Self {
        Self { next: Cell::new(0) }
    }

    fn end_of_memory() -> usize {
        core::arch::wasm32::memory_size::<0>() * PAGE
    }

    /// Makes sure that memory reaches to `end`.
    fn reach(end: usize) -> bool {
        let missing = end.saturating_sub(Self::end_of_memory());
        missing == 0
            || [STEP, 0].iter().any(|step| {
                let pages = missing.div_ceil(PAGE).max(*step);
                core::arch::wasm32::memory_grow::<0>(pages) != usize::MAX
            })
    }

    /// Moves the end of the last piece, if it is this one.
    fn resize_last(&self, piece: *mut u8, old: usize, new: usize) -> bool {
        let is_last = piece.addr() + old == self.next.get();
        let Some(end) = piece.addr().checked_add(new) else {
            return false;
        };
        let fits = is_last && Self::reach(end);
        if fits {
            self.next.set(end);
        }
        fits
    }
}

// SAFETY: an instance has one thread.
unsafe impl Sync for Upwards {}

// SAFETY: pieces are cut from memory above the linker's data, aligned as asked for, and never
// overlap: `next` only goes back over the piece that was cut last, when that is given back.
unsafe impl GlobalAlloc for Upwards {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let from = match self.next.get() {
            0 => (&raw const __heap_base).addr(),
            next => next,
        };
        let piece = from.next_multiple_of(layout.align());
        let Some(end) = piece.checked_add(layout.size()) else {
            return std::ptr::null_mut();
        };
        if !Self::reach(end) {
            return std::ptr::null_mut();
        }
        self.next.set(end);
        std::ptr::with_exposed_provenance_mut(piece)
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        self.resize_last(piece, layout.size(), 0);
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if self.resize_last(piece, layout.size(), new_size) || new_size <= layout.size() {
            return piece;
        }
        // SAFETY: the caller promises that the size and alignment make a layout.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: as for any allocation.
        let new = unsafe { self.alloc(new_layout) };
        if !new.is_null() {
            // SAFETY: both are at least as long as the old size, and the new one is another piece.
            unsafe { std::ptr::copy_nonoverlapping(piece, new, layout.size()) };
        }
        new
    }
}
