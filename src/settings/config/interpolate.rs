//! OmegaConf's interpolations: `${output_dir}/logs`, `${oc.env:HOME}`.

use super::tree::{DEEPEST, Entry, Node, Value};

/// Puts values in the place of what refers to them. What refers to nothing stays as it is.
pub(super) fn interpolate(root: &mut Node, environment: &dyn Fn(&str) -> Option<String>) {
    let before = root.clone();
    walk(root, &before, environment, 0);
}

fn walk(node: &mut Node, root: &Node, environment: &dyn Fn(&str) -> Option<String>, depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match &mut node.value {
        Value::List(items) => {
            for item in items {
                walk(item, root, environment, depth + 1);
            }
        }
        Value::Map(entries) => {
            for Entry { value, .. } in entries {
                walk(value, root, environment, depth + 1);
            }
        }
        Value::Text(text) if text.contains("${") => {
            if let Some(value) = resolved(text, root, environment, depth) {
                node.value = value;
            }
        }
        _ => {}
    }
}

fn resolved(text: &str, root: &Node, environment: &dyn Fn(&str) -> Option<String>, depth: usize) -> Option<Value> {
    let (start, end) = innermost(text)?;
    let found = named(&text[start + 2..end], root, environment, depth)?;
    if start == 0 && end + 1 == text.len() {
        return Some(found);
    }
    let printed = match found {
        Value::Text(text) | Value::Date(text) => text,
        Value::Null => "None".to_owned(),
        Value::Bool(flag) => if flag { "True" } else { "False" }.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => format!("{number:?}"),
        Value::List(_) | Value::Map(_) => return None,
    };
    let whole = format!("{}{printed}{}", &text[..start], &text[end + 1..]);
    if whole.contains("${") && depth < DEEPEST && whole.len() < 10_000 {
        return resolved(&whole, root, environment, depth + 1).or(Some(Value::Text(whole)));
    }
    Some(Value::Text(whole))
}

/// The first interpolation that has none inside.
fn innermost(text: &str) -> Option<(usize, usize)> {
    let end = text.find('}')?;
    let start = text[..end].rfind("${")?;
    Some((start, end))
}

fn named(name: &str, root: &Node, environment: &dyn Fn(&str) -> Option<String>, depth: usize) -> Option<Value> {
    if let Some(variable) = name.strip_prefix("oc.env:") {
        let (variable, default) = match variable.split_once(',') {
            Some((variable, default)) => (variable, Some(default.trim())),
            None => (variable, None),
        };
        return environment(variable.trim())
            .or(default.map(str::to_owned))
            .map(Value::Text);
    }
    let mut node = root.get(name.trim())?.clone();
    if depth < DEEPEST {
        walk(&mut node, root, environment, depth + 1);
    }
    Some(node.value)
}

#[cfg(test)]
mod tests {
    use super::super::{scalar::Dialect, yaml};
    use super::*;
    use serde_json::json;

    #[test]
    fn values_stand_in_for_what_refers_to_them() {
        let text = "out: /tmp/${name}\nname: run\nlogs: ${out}/logs\nn: ${deep.n}\ndeep: {n: 3}\ngone: ${no}\nhome: ${oc.env:HOME}/x\nd: ${oc.env:NO,here}\nloop: ${loop}\n";
        let mut root = yaml::read(text, Dialect::OmegaConf).expect("YAML").root;
        interpolate(&mut root, &|name| (name == "HOME").then(|| "/home/me".to_owned()));
        let mut found = root.json();
        let map = found.as_object_mut().expect("a map");
        map.remove("loop");
        assert_eq!(
            found,
            json!({"out": "/tmp/run", "name": "run", "logs": "/tmp/run/logs", "n": 3, "deep": {"n": 3},
                "gone": "${no}", "home": "/home/me/x", "d": "here"})
        );
    }
}
