//! JSON in answers: whether a text is JSON, of which keys, and how it fails to be.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use xxhash_rust::xxh3::xxh3_64;

use crate::rule::clip;
use crate::rules::parts::tools;

/// Keys of an object that are looked for again.
const KEYS: usize = 32;

/// What a text is that is JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Json {
    /// An object: the same number for the same keys, in whatever order they stand, and whether one stands twice.
    Object {
        keys: u64,
        repeats: bool,
    },
    List,
}

/// The object or list that a text is, without building it.
pub(in super::super) fn read(text: &str) -> serde_json::Result<Json> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Looked.deserialize(&mut reader)?;
    reader.end().map(|()| read)
}

/// Whether JSON begins here that does not end, as where an answer was cut.
pub(in super::super) fn is_open(text: &str) -> bool {
    let begins = text.starts_with(['{', '[']) && text[1..].trim_start().starts_with(['"', '{']);
    begins && serde_json::from_str::<IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

/// What stands in a block of code that is all there is.
pub(in super::super) fn in_fence(text: &str) -> Option<&str> {
    let inner = text.strip_prefix("```")?.strip_suffix("```")?.trim();
    let inner = inner.strip_prefix("json").or_else(|| inner.strip_prefix("JSON"));
    let inner = inner.map_or_else(|| text[3..text.len() - 3].trim(), str::trim_start);
    inner.starts_with(['{', '[']).then_some(inner)
}

/// In which way a text is meant to be JSON and is none; `None` where it is something else.
pub(in super::super) fn broken(text: &str) -> Option<String> {
    if text.starts_with(['{', '[']) {
        let error = read(text).err()?;
        let quoted = text[1..].trim_start().starts_with('\'');
        return Some(if quoted {
            "an object as Python prints it, with single quotes".to_owned()
        } else {
            format!("not JSON: {}", tools::plain(&error))
        });
    }
    let begins = |text: &str| text.trim_start().starts_with(['{', '[']);
    if text.starts_with('"') && serde_json::from_str::<String>(text).is_ok_and(|inner| begins(&inner)) {
        return Some("a string with the JSON in it".to_owned());
    }
    let at = memchr::memchr(b'{', text.as_bytes())?;
    let first = serde_json::Deserializer::from_str(&text[at..])
        .into_iter::<Keyed>()
        .next();
    first?.ok()?;
    Some(format!("JSON with text around it, `{}`", clip(text)))
}

/// An object with a key; `{}` stands in code.
struct Keyed;

impl<'de> serde::Deserialize<'de> for Keyed {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        match Looked.deserialize(reader)? {
            Json::Object { keys, .. } if keys != 0 => Ok(Self),
            _ => Err(serde::de::Error::custom("no object with a key")),
        }
    }
}

struct Looked;

impl<'de> DeserializeSeed<'de> for Looked {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Json, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Looked {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let (mut seen, mut keys, mut repeats) = (Vec::new(), 0u64, false);
        while let Some(key) = map.next_key_seed(Hashed)? {
            // Of many keys the first tell it as well.
            repeats |= seen.contains(&key);
            if seen.len() < KEYS {
                seen.push(key);
            }
            keys = keys.wrapping_add(key);
            map.next_value::<IgnoredAny>()?;
        }
        Ok(Json::Object { keys, repeats })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Json::List)
    }
}

/// A key as a number.
struct Hashed;

impl<'de> DeserializeSeed<'de> for Hashed {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<u64, D::Error> {
        reader.deserialize_str(self)
    }
}

impl Visitor<'_> for Hashed {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<u64, E> {
        Ok(xxh3_64(key.as_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_known_by_their_keys() {
        let keys = |text| read(text).ok();
        assert_eq!(
            keys("{\"a\": 1, \"b\": [{}]}"),
            keys(" {\"b\": null, \"a\": {\"c\": 1}}\n")
        );
        assert_ne!(keys("{\"a\": 1}"), keys("{\"b\": 1}"));
        assert_eq!(keys("[1, {\"a\": 2}]"), Some(Json::List));
        for none in [
            "4",
            "\"a\"",
            "{\"a\": 1} ",
            "{\"a\": 1}, {}",
            "{\"a\": 1,}",
            "{'a': 1}",
            "{\"a\": NaN}",
        ] {
            assert_eq!(keys(none).is_some(), none == "{\"a\": 1} ", "{none}");
        }
        assert_eq!(in_fence("```json\n{\"a\": 1}\n```"), Some("{\"a\": 1}"));
        assert_eq!(in_fence("```\n[1]\n```"), Some("[1]"));
        assert_eq!(in_fence("```python\nprint({})\n```"), None);
        assert_eq!((in_fence("```"), in_fence("``````")), (None, None));
    }

    #[test]
    fn what_is_meant_to_be_json_is_told_from_prose() {
        for (text, how) in [
            ("{\"a\": 1,}", "not JSON: trailing comma"),
            ("{\"a\": 1} {\"a\": 2}", "not JSON: trailing characters"),
            ("{'a': None}", "an object as Python prints it, with single quotes"),
            ("\"{\\\"a\\\": 1}\"", "a string with the JSON in it"),
            (
                "Here it is:\n{\"a\": 1}",
                "JSON with text around it, `Here it is: {\"a\": 1}`",
            ),
        ] {
            assert_eq!(broken(text).as_deref(), Some(how), "{text}");
        }
        for text in [
            "{\"a\": 1}",
            "A bar chart.",
            "\"No\", he said.",
            "f() { return {}; }",
            "use {} here",
        ] {
            assert_eq!(broken(text), None, "{text}");
        }
    }
}
