//! The regular expression a pre-tokenizer splits with, as a small table of states.
//!
//! Published tokenizers split with one family of expressions: alternatives of character classes,
//! tried in order, repeated greedily, without nesting that would need backtracking into a found
//! match. Those are compiled here to a deterministic automaton over classes of characters, with
//! the order of the alternatives kept (the first alternative that matches at all wins, at its
//! longest). Anything outside the family is refused, and the reference engine takes its place:
//! possessive and lazy repeats, counted repeats of groups, nested classes, other look-arounds.

use std::collections::HashMap;

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, HirKind};

/// Entries of the table: all there are indices for.
const ROOM: usize = 1 << u16::BITS;
/// The state from which nothing more can match.
const DEAD: u16 = 0;
const LAST_CHAR: u32 = 0x0010_FFFF;

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The class of each code point; those of ASCII once more, where they are reached faster.
    classes: Box<[u8]>,
    ascii: [u8; 128],
    /// Where each class leads from each state. A state is the index of its row, so that the row and
    /// the class together are the index of the next state; any `u16` is one, and none is checked.
    /// States from `accepting` up have matched.
    next: Box<[u16; ROOM]>,
    /// The letters every state stays in.
    stays: Box<[Run; ROOM]>,
    /// For each two ASCII characters at a start, one more than the index of the word they begin,
    /// if it goes on with letters only; otherwise 0.
    begins: Box<[u8; 1 << 14]>,
    letters: [Letters; LETTERS],
    start: u16,
    accepting: u16,
    /// States from here up have matched only `\s+(?!\S)`.
    yielding: u16,
}

/// Kinds of words that go on with letters; the first stands for none.
const LETTERS: usize = 8;

/// A word that goes on with letters.
#[derive(Clone, Copy, Debug)]
struct Letters {
    run: Run,
    /// ASCII characters after which the match may go on; at any other it ends.
    open: u128,
}

impl Letters {
    /// Whether the match surely ends before this byte.
    #[inline]
    fn may_end(&self, next: Option<&u8>) -> bool {
        next.is_none_or(|byte| *byte < 0x80 && self.open >> byte & 1 == 0)
    }
}

/// The one look-around of the family: white space that leaves its last character to what follows.
const YIELD: &str = r"\s+(?!\S)";
/// What must follow it as the last alternative, for a single space between two words.
const REST: &str = r"\s+";

#[derive(Clone, Debug)]
enum Node {
    Class(usize),
    Concat(Vec<Node>),
    Either(Vec<Node>),
    /// At least, and at most where there is a limit.
    Repeat(Box<Node>, u32, Option<u32>),
}

impl Pattern {
    /// Compiles an expression, or says what in it is not of the family.
    pub(super) fn new(expression: &str) -> Result<Self, String> {
        let mut parser = Parser {
            rest: expression,
            sets: Vec::new(),
        };
        let mut alternatives = Vec::new();
        let mut yielding = None;
        loop {
            if let Some(rest) = parser.rest.strip_prefix(YIELD) {
                if rest.strip_prefix('|') != Some(REST) {
                    return Err(format!("{YIELD} is not followed by {REST} alone"));
                }
                parser.rest = REST;
                yielding = Some(alternatives.len());
            }
            let node = parser.sequence(false)?;
            if nullable(&node) {
                return Err("an alternative can match nothing".to_owned());
            }
            alternatives.push(node);
            match parser.rest.strip_prefix('|') {
                Some(rest) => parser.rest = rest,
                None if parser.rest.is_empty() => break,
                None => return Err(format!("unexpected {:?}", parser.rest)),
            }
        }
        let sets = parser.sets;
        let (classes, members) = partition(&sets)?;
        Program::compile(&alternatives, yielding, &members).into_pattern(classes)
    }

    /// Runs of the characters of a class, one by one or together: what splitting off digits does.
    pub(super) fn runs(set: &ClassUnicode, together: bool) -> Result<Self, String> {
        let (classes, members) = partition(std::slice::from_ref(set))?;
        let one = Node::Class(0);
        let node = if together {
            Node::Repeat(Box::new(one), 1, None)
        } else {
            one
        };
        Program::compile(&[node], None, &members).into_pattern(classes)
    }

    /// The end of the match that starts at `at`; `None` where nothing matches there.
    #[inline]
    pub(super) fn end(&self, text: &str, at: usize) -> Option<usize> {
        // Most words of most texts, without a step for each of their characters.
        let bytes = text.as_bytes();
        if let Some(&[first, second]) = bytes.get(at..at + 2)
            && (first | second) < 0x80
        {
            let number = self.begins[usize::from(first) << 7 | usize::from(second)];
            let letters = &self.letters[usize::from(number) % LETTERS];
            let end = letters.run.end(bytes, at + 2);
            if number != 0 && letters.may_end(bytes.get(end)) {
                return Some(end);
            }
        }
        self.steps(text, at)
    }

    /// The same, a step for each character.
    #[inline(never)]
    fn steps(&self, text: &str, at: usize) -> Option<usize> {
        let bytes = text.as_bytes();
        let (ascii, next, accepting) = (&self.ascii, &*self.next, self.accepting);
        let mut state = self.start;
        let mut here = at;
        let (mut matched, mut end) = (DEAD, at);
        while let Some(&byte) = bytes.get(here) {
            let class = if byte < 0x80 {
                here += 1;
                ascii[byte as usize]
            } else {
                let (char, width) = decode(bytes, here, byte);
                here += width;
                self.classes[char as usize]
            };
            state = next[usize::from(state | u16::from(class))];
            if state == DEAD {
                break;
            }
            here = self.stays[usize::from(state)].end(bytes, here);
            if state >= accepting {
                (matched, end) = (state, here);
            }
        }
        if matched == DEAD {
            return None;
        }
        if matched >= self.yielding && end < bytes.len() {
            // The white space ends before a word: its last character belongs to the word, unless
            // it is the only one, which the alternative after this one matches by itself.
            let last = text[at..end].chars().next_back().map_or(0, char::len_utf8);
            if end - last > at {
                return Some(end - last);
            }
        }
        Some(end)
    }
}

/// The code point at a byte that starts a sequence of several, and its width. The bytes are those
/// of a `str`, so the sequence is whole.
#[inline]
fn decode(bytes: &[u8], at: usize, first: u8) -> (u32, usize) {
    let tail = |offset: usize| u32::from(bytes[at + offset] & 0x3F);
    let first = u32::from(first);
    if first < 0xE0 {
        ((first & 0x1F) << 6 | tail(1), 2)
    } else if first < 0xF0 {
        ((first & 0x0F) << 12 | tail(1) << 6 | tail(2), 3)
    } else {
        ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4)
    }
}

fn nullable(node: &Node) -> bool {
    match node {
        Node::Class(_) => false,
        Node::Concat(nodes) => nodes.iter().all(nullable),
        Node::Either(nodes) => nodes.iter().any(nullable),
        Node::Repeat(node, least, _) => *least == 0 || nullable(node),
    }
}

/// Reads the family's grammar. Character sets are interned in `sets`.
struct Parser<'e> {
    rest: &'e str,
    sets: Vec<ClassUnicode>,
}

impl Parser<'_> {
    /// A sequence up to `|`, `)` or the end.
    fn sequence(&mut self, fold: bool) -> Result<Node, String> {
        let mut nodes = Vec::new();
        while let Some(first) = self.rest.chars().next() {
            let node = match first {
                '|' | ')' => break,
                '(' => self.group(fold)?,
                '[' => self.class(fold)?,
                '\\' => {
                    let set = self.escape()?;
                    self.intern(set, fold)?
                }
                '*' | '+' | '?' | '{' | '}' | ']' | '^' | '$' | '.' | '#' => {
                    return Err(format!("unexpected {first:?}"));
                }
                literal => {
                    self.rest = &self.rest[literal.len_utf8()..];
                    self.intern(single(literal), fold)?
                }
            };
            nodes.push(self.repeated(node)?);
        }
        Ok(Node::Concat(nodes))
    }

    /// `(?:…)`, `(?i:…)` or `(…)`.
    fn group(&mut self, fold: bool) -> Result<Node, String> {
        let (inner, fold) = if let Some(rest) = self.rest.strip_prefix("(?i:") {
            (rest, true)
        } else if let Some(rest) = self.rest.strip_prefix("(?:") {
            (rest, fold)
        } else if self.rest.starts_with("(?") {
            return Err(format!("look-around or flags in {:?}", self.rest));
        } else {
            (&self.rest[1..], fold)
        };
        self.rest = inner;
        let mut alternatives = vec![self.sequence(fold)?];
        while let Some(rest) = self.rest.strip_prefix('|') {
            self.rest = rest;
            alternatives.push(self.sequence(fold)?);
        }
        self.rest = self.rest.strip_prefix(')').ok_or("a group that does not end")?;
        Ok(Node::Either(alternatives))
    }

    /// `[…]` or `[^…]` of characters, ranges and escapes.
    fn class(&mut self, fold: bool) -> Result<Node, String> {
        self.rest = &self.rest[1..];
        let negated = self.rest.starts_with('^');
        if negated {
            self.rest = &self.rest[1..];
        }
        let mut set = ClassUnicode::empty();
        loop {
            let first = self.rest.chars().next().ok_or("a class that does not end")?;
            let part = match first {
                ']' => break,
                '[' => return Err("a nested class".to_owned()),
                '\\' => self.escape()?,
                '&' if self.rest.starts_with("&&") => return Err("an intersection of classes".to_owned()),
                literal => {
                    self.rest = &self.rest[literal.len_utf8()..];
                    single(literal)
                }
            };
            let range = self.rest.strip_prefix('-').filter(|after| !after.starts_with(']'));
            let Some(after) = range else {
                set.union(&part);
                continue;
            };
            self.rest = after;
            let end = match after.chars().next().ok_or("a class that does not end")? {
                '\\' => self.escape()?,
                literal => {
                    self.rest = &after[literal.len_utf8()..];
                    single(literal)
                }
            };
            match (only(&part), only(&end)) {
                (Some(start), Some(end)) if start <= end => {
                    set.union(&ClassUnicode::new([ClassUnicodeRange::new(start, end)]));
                }
                _ => return Err("a range between classes".to_owned()),
            }
        }
        self.rest = &self.rest[1..];
        if set.ranges().is_empty() {
            return Err("an empty class".to_owned());
        }
        if negated {
            set.negate();
        }
        self.intern(set, fold)
    }

    /// `\p{…}`, `\s`, `\S`, an escaped control or punctuation character.
    fn escape(&mut self) -> Result<ClassUnicode, String> {
        let rest = &self.rest[1..];
        let first = rest.chars().next().ok_or("a lone backslash")?;
        let length = match first {
            'p' | 'P' => {
                let name = rest[1..]
                    .strip_prefix('{')
                    .and_then(|rest| rest.split_once('}'))
                    .map(|(name, _)| name)
                    .ok_or("a property without braces")?;
                if !PROPERTIES.contains(&name) {
                    return Err(format!("the property {name:?}"));
                }
                name.len() + 3
            }
            's' | 'S' | 'r' | 'n' | 't' => 1,
            'x' if rest[1..].starts_with('{') => 1 + rest.find('}').ok_or("an escape that does not end")?,
            punctuation if punctuation.is_ascii_punctuation() => {
                self.rest = &rest[1..];
                return Ok(single(punctuation));
            }
            other => return Err(format!("the escape \\{other}")),
        };
        let (escape, after) = self.rest.split_at(1 + length);
        self.rest = after;
        property(escape)
    }

    /// The repeat after a node, if there is one.
    fn repeated(&mut self, node: Node) -> Result<Node, String> {
        let (least, most, width) = match self.rest.as_bytes().first() {
            Some(b'*') => (0, None, 1),
            Some(b'+') => (1, None, 1),
            Some(b'?') => (0, Some(1), 1),
            Some(b'{') => {
                let (bounds, _) = self.rest[1..].split_once('}').ok_or("a repeat that does not end")?;
                let number = |text: &str| {
                    let value = text.parse::<u32>().ok().filter(|value| *value <= 64);
                    value.ok_or_else(|| format!("the repeat {{{bounds}}}"))
                };
                let (least, most) = match bounds.split_once(',') {
                    None => (number(bounds)?, Some(number(bounds)?)),
                    Some((least, "")) => (number(least)?, None),
                    Some((least, most)) => (number(least)?, Some(number(most)?)),
                };
                (least, most, bounds.len() + 2)
            }
            _ => return Ok(node),
        };
        if nullable(&node) {
            return Err("a repeat of what can match nothing".to_owned());
        }
        self.rest = &self.rest[width..];
        // `a+?` is lazy, `a++` possessive, and `a{2}+` differs between engines.
        if self.rest.starts_with(['*', '+', '?', '{']) {
            return Err("a repeat of a repeat".to_owned());
        }
        Ok(Node::Repeat(Box::new(node), least, most))
    }

    fn intern(&mut self, mut set: ClassUnicode, fold: bool) -> Result<Node, String> {
        if fold {
            // Letters of English contractions: no engine folds their sequences to one character.
            if !only(&set).is_some_and(|char| "'strevmldSTREVMLD".contains(char)) {
                return Err("ignored case beyond English contractions".to_owned());
            }
            set.try_case_fold_simple().map_err(|error| error.to_string())?;
        }
        let at = self.sets.iter().position(|known| *known == set).unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        });
        Ok(Node::Class(at))
    }
}

/// Properties on which onig 6.9 and regex-syntax 0.8 were compared over all code points.
const PROPERTIES: &[&str] = &["L", "N", "P", "S", "M", "Lu", "Lt", "Lm", "Lo", "Ll", "Nd"];

fn single(char: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(char, char)])
}

fn only(set: &ClassUnicode) -> Option<char> {
    match set.ranges() {
        [range] if range.start() == range.end() => Some(range.start()),
        _ => None,
    }
}

/// The characters an escape such as `\p{L}` or `\s` stands for.
pub(super) fn property(escape: &str) -> Result<ClassUnicode, String> {
    let hir = regex_syntax::parse(escape).map_err(|error| error.to_string())?;
    match hir.into_kind() {
        HirKind::Class(Class::Unicode(set)) => Ok(set),
        HirKind::Literal(literal) => std::str::from_utf8(&literal.0)
            .ok()
            .and_then(|text| text.chars().next())
            .map(single)
            .ok_or_else(|| format!("the escape {escape}")),
        _ => Err(format!("the escape {escape}")),
    }
}

/// Code points grouped by the sets they are in: the group of each code point, and for each set
/// the groups in it.
fn partition(sets: &[ClassUnicode]) -> Result<(Box<[u8]>, Vec<Vec<u8>>), String> {
    if sets.len() > 64 {
        return Err(format!("{} character classes", sets.len()));
    }
    let mut edges = vec![0, LAST_CHAR + 1];
    for set in sets {
        for range in set.ranges() {
            edges.extend([u32::from(range.start()), u32::from(range.end()) + 1]);
        }
    }
    edges.sort_unstable();
    edges.dedup();
    let mut group_of: HashMap<u64, u8> = HashMap::new();
    let mut members = vec![Vec::new(); sets.len()];
    let mut classes = vec![0u8; LAST_CHAR as usize + 1].into_boxed_slice();
    for pair in edges.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        // Surrogates, which no text holds, stand for nothing.
        let Some(char) = char::from_u32(from) else { continue };
        let within = |set: &ClassUnicode| set.ranges().binary_search_by(|range| order(range, char)).is_ok();
        let key = sets
            .iter()
            .enumerate()
            .filter(|(_, set)| within(set))
            .fold(0u64, |key, (at, _)| key | 1 << at);
        let fresh = u8::try_from(group_of.len()).map_err(|_| "too many groups of characters")?;
        let group = *group_of.entry(key).or_insert(fresh);
        if group == fresh {
            for (at, member) in members.iter_mut().enumerate() {
                if key >> at & 1 == 1 {
                    member.push(group);
                }
            }
        }
        classes[from as usize..to as usize].fill(group);
    }
    Ok((classes, members))
}

fn order(range: &ClassUnicodeRange, char: char) -> std::cmp::Ordering {
    if range.end() < char {
        std::cmp::Ordering::Less
    } else if range.start() > char {
        std::cmp::Ordering::Greater
    } else {
        std::cmp::Ordering::Equal
    }
}

mod program;
mod run;

use program::Program;
use run::Run;

#[cfg(test)]
mod tests;
