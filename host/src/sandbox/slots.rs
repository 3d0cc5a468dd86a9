//! Room for instances. Who finds none waits: a call that fails for want of it would look like a fault of the guest.

use std::sync::{Condvar, Mutex, PoisonError};

/// How many calls may run at a time.
pub(super) struct Slots {
    free: Mutex<usize>,
    freed: Condvar,
}

/// Room for one call: a mapping and its selector.
pub(super) struct Slot<'a>(&'a Slots);

impl Slots {
    pub(super) fn new(calls: usize) -> Self {
        Self { free: Mutex::new(calls), freed: Condvar::new() }
    }

    /// Waits until there is room.
    pub(super) fn take(&self) -> Slot<'_> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free = self.freed.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Slot(self)
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_finds_no_room_waits_until_there_is_some() {
        let slots = Slots::new(1);
        let first = slots.take();
        std::thread::scope(|threads| {
            let (sender, taken) = mpsc::channel();
            let slots = &slots;
            threads.spawn(move || {
                let _second = slots.take();
                sender.send(()).unwrap();
            });
            assert!(taken.recv_timeout(Duration::from_millis(50)).is_err(), "it found room that there is not");
            drop(first);
            taken.recv().unwrap();
        });
    }
}
