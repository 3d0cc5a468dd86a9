//! Order: what must not overtake what.
//!
//! A unit (the calls of one event) holds one or more lanes. Within a lane units run one at a time,
//! in the order in which they were pushed; a unit runs when it is at the head of all its lanes.
//! Since a unit joins all its lanes at once, two units can never wait for each other.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::hash::Hash;

/// A unit's place in the order; later units have greater ones.
pub type Ticket = u64;

/// The units that wait or run.
#[derive(Debug)]
pub struct Lanes<K, T> {
    /// Per lane the tickets in order, the running one first.
    queues: HashMap<K, VecDeque<Ticket>>,
    units: HashMap<Ticket, Entry<K, T>>,
    /// Units that may run, oldest first.
    ready: BTreeSet<Ticket>,
    next: Ticket,
}

#[derive(Debug)]
struct Entry<K, T> {
    lanes: Vec<K>,
    /// In how many lanes another unit is before this one.
    behind: usize,
    /// Gone once the unit runs.
    unit: Option<T>,
}

impl<K: Hash + Eq + Clone, T> Lanes<K, T> {
    /// No units.
    pub fn new() -> Self {
        Self { queues: HashMap::new(), units: HashMap::new(), ready: BTreeSet::new(), next: 0 }
    }

    /// Adds a unit behind all that hold one of `lanes`, which must not repeat. Without lanes it is
    /// ready at once.
    pub fn push(&mut self, lanes: Vec<K>, unit: T) {
        let ticket = self.next;
        self.next += 1;
        let mut behind = 0;
        for lane in &lanes {
            let queue = self.queues.entry(lane.clone()).or_default();
            behind += usize::from(!queue.is_empty());
            queue.push_back(ticket);
        }
        if behind == 0 {
            self.ready.insert(ticket);
        }
        self.units.insert(ticket, Entry { lanes, behind, unit: Some(unit) });
    }

    /// The oldest unit that may run. It holds its lanes until [`Lanes::finish`].
    pub fn take_ready(&mut self) -> Option<(Ticket, T)> {
        let ticket = self.ready.pop_first()?;
        let unit = self.units.get_mut(&ticket)?.unit.take()?;
        Some((ticket, unit))
    }

    /// Says that a unit is done and lets those behind it move up. A ticket that is not running
    /// changes nothing.
    pub fn finish(&mut self, ticket: Ticket) {
        if self.units.get(&ticket).is_none_or(|entry| entry.unit.is_some()) {
            return;
        }
        let lanes = self.units.remove(&ticket).map(|entry| entry.lanes).unwrap_or_default();
        for lane in lanes {
            self.leave(&lane);
        }
    }

    /// Takes the head off a lane.
    fn leave(&mut self, lane: &K) {
        let Some(queue) = self.queues.get_mut(lane) else {
            return;
        };
        queue.pop_front();
        let Some(&head) = queue.front() else {
            self.queues.remove(lane);
            return;
        };
        if let Some(entry) = self.units.get_mut(&head) {
            entry.behind -= 1;
            if entry.behind == 0 {
                self.ready.insert(head);
            }
        }
    }

    /// The ticket that the next unit gets.
    pub fn next_ticket(&self) -> Ticket {
        self.next
    }

    /// The oldest unit that waits or runs. Looks at all of them.
    pub fn oldest(&self) -> Option<Ticket> {
        self.units.keys().min().copied()
    }

    /// How many units of a lane wait or run.
    pub fn len_of(&self, lane: &K) -> usize {
        self.queues.get(lane).map_or(0, VecDeque::len)
    }

    /// How many units may run, and do not yet.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// How many units wait or run.
    pub fn len(&self) -> usize {
        self.units.len()
    }

    /// Whether no unit waits or runs.
    pub fn is_empty(&self) -> bool {
        self.units.is_empty()
    }
}

impl<K: Hash + Eq + Clone, T> Default for Lanes<K, T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_blocked_head_blocks_its_own_lanes_only() {
        let mut lanes = Lanes::new();
        lanes.push(vec!["a"], 1);
        lanes.push(vec!["a", "b"], 2);
        lanes.push(vec!["b"], 3);
        lanes.push(vec!["c"], 4);
        lanes.push(vec![], 5);
        let (first, _) = lanes.take_ready().unwrap();
        assert_eq!(lanes.take_ready().unwrap().1, 4);
        assert_eq!(lanes.take_ready().unwrap().1, 5);
        assert!(lanes.take_ready().is_none());
        lanes.finish(first);
        let (second, unit) = lanes.take_ready().unwrap();
        assert_eq!((unit, lanes.take_ready()), (2, None));
        lanes.finish(second);
        lanes.finish(second);
        assert_eq!(lanes.take_ready().unwrap().1, 3);
        assert_eq!(lanes.len(), 3);
    }

    /// The model: a list of all units in order. One may run if no earlier unfinished one shares a
    /// lane with it.
    #[derive(Debug, PartialEq)]
    enum State {
        Waiting,
        Running,
        Done,
    }

    fn may_run(units: &[(Vec<u8>, State)], index: usize) -> bool {
        let (lanes, state) = &units[index];
        let earlier = units[..index].iter().filter(|(_, state)| *state != State::Done);
        *state == State::Waiting && !earlier.into_iter().any(|(other, _)| other.iter().any(|lane| lanes.contains(lane)))
    }

    #[derive(Debug, Clone)]
    enum Step {
        Push(BTreeSet<u8>),
        Take,
        Finish(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            proptest::collection::btree_set(0u8..5, 0..4).prop_map(Step::Push),
            Just(Step::Take),
            (0usize..8).prop_map(Step::Finish),
        ]
    }

    proptest! {
        #[test]
        fn behaves_as_a_list_looked_through_from_the_start(steps in proptest::collection::vec(step(), 0..200)) {
            let mut lanes = Lanes::new();
            let mut model: Vec<(Vec<u8>, State)> = Vec::new();
            let mut running: Vec<(Ticket, usize)> = Vec::new();
            for step in steps {
                match step {
                    Step::Push(keys) => {
                        let keys: Vec<u8> = keys.into_iter().collect();
                        lanes.push(keys.clone(), model.len());
                        model.push((keys, State::Waiting));
                    }
                    Step::Take => {
                        let expected = (0..model.len()).find(|&index| may_run(&model, index));
                        let taken = lanes.take_ready();
                        prop_assert_eq!(taken.map(|(_, unit)| unit), expected);
                        if let Some((ticket, unit)) = taken {
                            model[unit].1 = State::Running;
                            running.push((ticket, unit));
                        }
                    }
                    Step::Finish(choice) if !running.is_empty() => {
                        let (ticket, unit) = running.swap_remove(choice % running.len());
                        model[unit].1 = State::Done;
                        lanes.finish(ticket);
                    }
                    Step::Finish(_) => {}
                }
                prop_assert_eq!(lanes.len(), model.iter().filter(|(_, state)| *state != State::Done).count());
            }
        }
    }
}
