//! A look over a whole object that may be a wrapper: what its keys hold, and whether it stands alone.

use super::resume::take_list;
use crate::model::value::Value;
use crate::source::json;
use crate::source::limits::Limits;
use crate::source::stream::{Stream, Trouble};
use crate::source::window::{Taken, Window};

/// What stands in a file that starts with an object.
#[derive(Debug, Default)]
pub(in crate::source) struct Survey {
    /// The first entries, as many as are worth naming.
    pub entries: Vec<Entry>,
    /// How many entries there are.
    pub count: u64,
    /// How many of their values are objects.
    pub objects: u64,
    /// Whether the first objects have the same keys.
    pub alike: bool,
    /// Whether the object takes more than one line.
    pub spread: bool,
    /// Whether its brackets fit, and nothing follows it.
    pub alone: bool,
    /// Whether it is cut off or broken beyond telling inside a list of objects, the last entry.
    pub ends_in_list: bool,
}

#[derive(Debug)]
pub(in crate::source) struct Entry {
    pub key: String,
    /// How many objects its list holds, if it is a list that starts with one.
    pub rows: Option<u64>,
}

/// Entries kept by name.
const NAMED: usize = 64;
/// Objects whose keys are compared.
const COMPARED: u64 = 4;
/// Bytes of an object or key that is looked into.
const LOOKED_INTO: u64 = 64 << 10;
/// Bytes of a list in which its first item starts.
const LOOKED_AT: usize = 4 << 10;

/// Reads the first object of a file to its end.
pub(in crate::source) fn survey(stream: Stream, limits: &Limits) -> Result<Survey, Trouble> {
    let mut window = Window::new(stream, limits);
    let mut survey = Survey {
        alike: true,
        ..Survey::default()
    };
    window.peek_solid()?;
    let first_line = window.line;
    let whole = walk(&mut window, &mut survey, limits)?;
    survey.spread = window.line > first_line;
    survey.alone = whole && window.peek_solid()?.is_none();
    Ok(survey)
}

/// Walks over the object; false where it is broken or cut off.
fn walk(window: &mut Window, survey: &mut Survey, limits: &Limits) -> Result<bool, Trouble> {
    let mut keys: Option<Vec<String>> = None;
    if !window.take(b'{')? {
        return Ok(false);
    }
    if window.peek_solid()? == Some(b'}') {
        return window.take(b'}');
    }
    loop {
        let mut key = Vec::new();
        if window.peek_solid()? != Some(b'"') || window.value(&mut key, LOOKED_INTO)?.0 != Taken::Whole {
            return Ok(false);
        }
        window.peek_solid()?;
        if !window.take(b':')? {
            return Ok(false);
        }
        let mut rows = None;
        match window.peek_solid()? {
            Some(b'[') => {
                let objects = window.ahead(LOOKED_AT)?[1..].trim_ascii_start().first() == Some(&b'{');
                let line = window.line;
                let (count, whole) = take_list(window, line, limits.max_row_bytes)?;
                rows = objects.then_some(count);
                survey.ends_in_list = objects && !whole;
                if !whole && !objects {
                    return Ok(false);
                }
            }
            Some(b'{') => {
                survey.objects += 1;
                let mut value = Vec::new();
                let room = if survey.objects <= COMPARED { LOOKED_INTO } else { 0 };
                if window.value(&mut value, room)?.0 != Taken::Whole {
                    return Ok(false);
                }
                if let Some(found) = keys_of(&value) {
                    survey.alike &= keys.as_ref().is_none_or(|keys| *keys == found);
                    keys = Some(found);
                }
            }
            Some(_) if window.value(&mut Vec::new(), 0)?.0 == Taken::Whole => {}
            _ => return Ok(false),
        }
        survey.count += 1;
        if survey.entries.len() < NAMED
            && let Some(key) = name(&key)
        {
            survey.entries.push(Entry { key, rows });
        }
        if survey.ends_in_list {
            return Ok(false);
        }
        window.peek_solid()?;
        if window.take(b'}')? {
            return Ok(true);
        }
        if !window.take(b',')? {
            return Ok(false);
        }
    }
}

fn name(quoted: &[u8]) -> Option<String> {
    match json::parse(std::str::from_utf8(quoted).ok()?, 1) {
        Ok((Value::Str(name), _)) => Some(name.into_owned()),
        _ => None,
    }
}

/// The keys of an object, sorted; `None` where it was not kept whole.
fn keys_of(object: &[u8]) -> Option<Vec<String>> {
    let (value, _) = json::parse(std::str::from_utf8(object).ok()?, 64).ok()?;
    let mut keys: Vec<String> = value.as_object()?.keys().map(str::to_owned).collect();
    keys.sort();
    Some(keys)
}
