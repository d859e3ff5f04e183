//! From the tree of an expression to its table: threads in order of priority, then sets of threads.

use std::collections::HashMap;

use super::run::Run;
use super::{DEAD, LETTERS, Letters, Node, Pattern, ROOM};

/// A table filled with one value.
fn table<T: Clone, const N: usize>(value: T) -> Result<Box<[T; N]>, String> {
    let filled = vec![value; N].into_boxed_slice();
    filled.try_into().map_err(|_| "a table of another size".to_owned())
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// Takes a character of one of the groups of the set, and goes on to the next step.
    Take(usize, usize),
    /// Goes on with both, the first preferred.
    Fork(usize, usize),
    /// Has matched; true for the alternative that yields its last character.
    Match(bool),
}

/// The threads of an expression.
pub(super) struct Program {
    steps: Vec<Step>,
    start: usize,
    /// For each set of characters, the groups in it.
    members: Vec<Vec<u8>>,
}

impl Program {
    pub(super) fn compile(alternatives: &[Node], yielding: Option<usize>, members: &[Vec<u8>]) -> Self {
        let mut made = Self {
            steps: Vec::new(),
            start: 0,
            members: members.to_vec(),
        };
        // Built from the end, so that what comes next is known.
        let mut start = None;
        for (at, node) in alternatives.iter().enumerate().rev() {
            let end = made.push(Step::Match(yielding == Some(at)));
            let this = made.node(node, end);
            start = Some(match start {
                None => this,
                Some(after) => made.push(Step::Fork(this, after)),
            });
        }
        made.start = start.unwrap_or_default();
        made
    }

    fn push(&mut self, step: Step) -> usize {
        self.steps.push(step);
        self.steps.len() - 1
    }

    fn node(&mut self, node: &Node, next: usize) -> usize {
        match node {
            Node::Class(set) => self.push(Step::Take(*set, next)),
            Node::Concat(nodes) => nodes.iter().rev().fold(next, |next, node| self.node(node, next)),
            Node::Either(nodes) => {
                let mut starts: Vec<usize> = nodes.iter().map(|node| self.node(node, next)).collect();
                let last = starts.pop().unwrap_or(next);
                starts
                    .into_iter()
                    .rev()
                    .fold(last, |after, this| self.push(Step::Fork(this, after)))
            }
            Node::Repeat(node, least, most) => {
                let tail = match most {
                    None => {
                        // The loop needs its own place before it is known where it starts.
                        let fork = self.push(Step::Match(false));
                        let body = self.node(node, fork);
                        self.steps[fork] = Step::Fork(body, next);
                        fork
                    }
                    Some(most) => (*least..*most).fold(next, |after, _| {
                        let body = self.node(node, after);
                        self.push(Step::Fork(body, next))
                    }),
                };
                (0..*least).fold(tail, |after, _| self.node(node, after))
            }
        }
    }

    /// Follows forks to the steps that take or match, in order of preference. What is less
    /// preferred than a match is dropped: the match wins over it whatever comes.
    fn follow(&self, from: usize, set: &mut Vec<usize>, seen: &mut [bool]) -> bool {
        if seen[from] {
            return false;
        }
        seen[from] = true;
        match self.steps[from] {
            Step::Fork(first, second) => self.follow(first, set, seen) || self.follow(second, set, seen),
            Step::Take(..) => {
                set.push(from);
                false
            }
            Step::Match(_) => {
                set.push(from);
                true
            }
        }
    }

    fn closure(&self, from: impl Iterator<Item = usize>) -> Vec<usize> {
        let (mut set, mut seen) = (Vec::new(), vec![false; self.steps.len()]);
        for step in from {
            if self.follow(step, &mut set, &mut seen) {
                break;
            }
        }
        set
    }

    /// Where a set of threads goes with a character of the group.
    fn advance(&self, set: &[usize], group: u8) -> Vec<usize> {
        self.closure(set.iter().filter_map(|step| match self.steps[*step] {
            Step::Take(class, next) if self.members[class].contains(&group) => Some(next),
            _ => None,
        }))
    }

    /// 0 for a state that has not matched, 1 for one that has, 2 where only the yielding one has.
    fn rank(&self, set: &[usize]) -> u8 {
        set.iter().fold(0, |rank, step| match self.steps[*step] {
            Step::Match(yielding) => 1 + u8::from(yielding),
            _ => rank,
        })
    }

    /// Makes the table. `classes` is the group of each code point.
    pub(super) fn into_pattern(self, classes: Box<[u8]>) -> Result<Pattern, String> {
        let groups = usize::from(classes.iter().copied().max().unwrap_or_default()) + 1;
        let stride = groups.next_power_of_two().trailing_zeros();
        let mut number: HashMap<Vec<usize>, usize> = HashMap::new();
        let mut sets = vec![Vec::new(), self.closure(std::iter::once(self.start))];
        number.insert(sets[0].clone(), 0);
        number.insert(sets[1].clone(), 1);
        let mut rows: Vec<Vec<usize>> = Vec::new();
        while rows.len() < sets.len() {
            let row = (0..groups).map(|group| {
                let to = self.advance(&sets[rows.len()], u8::try_from(group).unwrap_or(u8::MAX));
                let fresh = sets.len();
                let at = *number.entry(to.clone()).or_insert(fresh);
                if at == fresh {
                    sets.push(to);
                }
                at
            });
            let row = row.collect();
            rows.push(row);
            if sets.len() << stride > ROOM {
                return Err(format!("more than {} states", ROOM >> stride));
            }
        }
        // States that have matched come last, so that one comparison tells.
        let mut order: Vec<usize> = (0..sets.len()).collect();
        order.sort_by_key(|at| self.rank(&sets[*at]));
        let mut renumbered = vec![0; sets.len()];
        for (new, old) in order.iter().enumerate() {
            renumbered[*old] = new << stride;
        }
        let state = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        let from_rank = |rank| state(order.partition_point(|at| self.rank(&sets[*at]) < rank) << stride);
        let mut next: Box<[u16; ROOM]> = table(DEAD)?;
        for (old, row) in rows.iter().enumerate() {
            for (group, to) in row.iter().enumerate() {
                next[renumbered[old] | group] = state(renumbered[*to]);
            }
        }
        let mut ascii = [0; 128];
        ascii.copy_from_slice(&classes[..128]);
        let (start, accepting, yielding) = (state(renumbered[1]), from_rank(1), from_rank(2));
        let after = |from: u16, byte: u8| next[usize::from(from | u16::from(ascii[usize::from(byte)]))];
        let mut stays = table(Run::NONE)?;
        let mut begins = table(0)?;
        let none = Letters {
            run: Run::NONE,
            open: 0,
        };
        let mut letters = [none; LETTERS];
        let mut numbers = 1..LETTERS;
        for row in renumbered.iter().map(|row| state(*row)).filter(|row| *row != DEAD) {
            let run = Run::of(|byte| after(row, byte) == row);
            stays[usize::from(row)] = run;
            if run == Run::NONE || row < accepting || row >= yielding {
                continue;
            }
            let Some(number) = numbers.next() else { break };
            let open = (0..128u8).filter(|byte| !run.holds(*byte) && after(row, *byte) != DEAD);
            letters[number] = Letters {
                run,
                open: open.fold(0, |open, byte| open | 1 << byte),
            };
            let number = u8::try_from(number).map_err(|error| error.to_string())?;
            for (first, second) in (0..128u8).flat_map(|first| (0..128u8).map(move |second| (first, second))) {
                let between = after(start, first);
                if between != DEAD && after(between, second) == row {
                    begins[usize::from(first) << 7 | usize::from(second)] = number;
                }
            }
        }
        Ok(Pattern {
            classes,
            ascii,
            next,
            stays,
            begins,
            letters,
            start,
            accepting,
            yielding,
        })
    }
}
