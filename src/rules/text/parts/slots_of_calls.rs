//! Slots in the place of what a tool is called with: `{"to": "<USER_EMAIL>"}`.

use crate::model::value::Value;
use crate::rules::parts::tools;

/// The first argument that is nothing but a slot.
pub(in super::super) fn find<'v>(arguments: &'v Value<'_>) -> Option<&'v str> {
    if let Value::Str(json) = arguments {
        let opening = memchr::memmem::find_iter(json.as_bytes(), "\"<");
        return { opening }.find_map(|at| {
            let value = &json[at + 1..];
            Some(&value[..value.find('"')?]).filter(|value| is_slot(value))
        });
    }
    let mut found = None;
    tools::texts(arguments, &mut |text| {
        if found.is_none() && is_slot(text) {
            found = Some(text);
        }
    });
    found
}

/// `<USER_EMAIL>`, `<song_name>`: two words or more, all in capitals or all small.
fn is_slot(text: &str) -> bool {
    let name = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    name.is_some_and(|name| {
        let all = |is: fn(&u8) -> bool| {
            name.split('_')
                .all(|word| word.len() >= 2 && word.bytes().all(|byte| is(&byte)))
        };
        name.len() <= 40 && name.contains('_') && (all(u8::is_ascii_uppercase) || all(u8::is_ascii_lowercase))
    })
}
