//! Chat templates against what Jinja2, as transformers sets it up, made of them.
//!
//! `fixtures/templates/*.json` are snippets of ours; `GONOGO_REAL` names a folder whose
//! `chat_templates/_goldens.json` records real templates.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use gonogo::encode::template::{
    Clock, ErrorKind, Message, Preparation, Rendered, Setup, Template, TemplateError, Vars,
};
use gonogo::model::value::{Object, Value};
use serde_json::Value as Json;

/// What a case gave: the text and the marked spans in letters, or the class that was raised.
#[derive(Debug, PartialEq)]
enum Outcome {
    Text {
        text: String,
        spans: Vec<(usize, usize)>,
    },
    Raised(String),
    /// Refused by name.
    Unsupported(String),
}

fn value(json: &Json) -> Value<'static> {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Value::Int(number),
            (_, Some(number), _) => Value::UInt(number),
            (_, _, Some(number)) => Value::Float(number),
            _ => panic!("no number: {number}"),
        },
        Json::String(text) => Value::Str(Cow::Owned(text.clone())),
        Json::Array(items) => Value::Array(items.iter().map(value).collect()),
        Json::Object(map) => Value::Object(object(map)),
    }
}

fn object(map: &serde_json::Map<String, Json>) -> Object<'static> {
    let mut object = Object::with_capacity(map.len());
    for (key, json) in map {
        object.push(Cow::Owned(key.clone()), value(json));
    }
    object
}

/// Renders a template with just the variables given.
fn render(template: &Template, variables: &Object<'_>) -> Outcome {
    let mut kwargs = Object::new();
    for (name, value) in variables
        .iter()
        .filter(|(name, _)| !matches!(*name, "messages" | "add_generation_prompt"))
    {
        kwargs.push(Cow::Borrowed(name), value.clone());
    }
    let messages = variables.get("messages").and_then(Value::as_array).unwrap_or_default();
    let messages: Vec<Message<'_>> = messages.iter().map(Message::Raw).collect();
    let vars = Vars {
        add_generation_prompt: variables
            .get("add_generation_prompt")
            .and_then(Value::as_bool)
            .unwrap_or(false),
        kwargs: Some(&kwargs),
        preparation: Preparation::Bare,
        ..Vars::new(&messages)
    };
    let mut rendered = Rendered::default();
    match template.render(&vars, &mut rendered) {
        Ok(()) => {
            let text = rendered.text;
            let letters = |byte: u32| {
                let byte = byte as usize;
                let past = byte.saturating_sub(text.len());
                text[..byte.min(text.len())].chars().count() + past
            };
            let spans = rendered
                .generation
                .iter()
                .map(|span| (letters(span.start), letters(span.end)))
                .collect();
            Outcome::Text { text, spans }
        }
        Err(error) => failure(&error),
    }
}

fn failure(error: &TemplateError) -> Outcome {
    match error.python_class() {
        Some(class) => Outcome::Raised(class.to_owned()),
        None => Outcome::Unsupported(error.to_string()),
    }
}

/// The time the recordings were made at.
fn setup(special_tokens: Vec<(String, String)>) -> Setup {
    let clock = Clock::Fixed(jiff::civil::date(2024, 7, 26).at(12, 0, 0, 0));
    Setup {
        special_tokens,
        clock,
        ..Setup::default()
    }
}

fn run(source: &str, variables: &Object<'_>) -> Outcome {
    match Template::compile(source, &setup(Vec::new())) {
        Ok(template) => render(&template, variables),
        Err(error) => failure(&error),
    }
}

/// What a recording says. `error` may go on after the class.
fn recorded(case: &Json) -> Outcome {
    if let Some(error) = case["error"].as_str() {
        return Outcome::Raised(error.split(':').next().unwrap_or_default().to_owned());
    }
    let number = |json: &Json| usize::try_from(json.as_u64().expect("a position")).expect("a position");
    let spans = case["spans"].as_array().map(Vec::as_slice).unwrap_or_default();
    Outcome::Text {
        text: case["ok"].as_str().expect("a text").to_owned(),
        spans: spans.iter().map(|span| (number(&span[0]), number(&span[1]))).collect(),
    }
}

fn read(path: &Path) -> Json {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/templates");
    let files = fs::read_dir(folder)
        .expect("the fixtures")
        .map(|entry| entry.expect("an entry").path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    files.sort();
    files
}

#[test]
fn snippets_render_as_jinja_renders_them() {
    let (mut same, mut different) = (0, Vec::new());
    for path in fixtures() {
        // What is refused by name stands in a file of its own.
        let refused = path.file_stem().is_some_and(|name| name == "unsupported");
        let fixture = read(&path);
        for case in fixture["cases"].as_array().expect("cases") {
            let mut variables = fixture["vars"].as_object().expect("variables").clone();
            variables.extend(case["vars"].as_object().cloned().unwrap_or_default());
            let source = case["template"].as_str().expect("a template");
            let got = run(source, &object(&variables));
            let wanted = (!refused).then(|| recorded(case));
            let agree = match &wanted {
                Some(wanted) => got == *wanted,
                None => matches!(got, Outcome::Unsupported(_)),
            };
            if agree {
                same += 1;
            } else {
                different.push(format!("{source}\n    jinja {wanted:?}\n    here  {got:?}"));
            }
        }
    }
    assert!(
        different.is_empty(),
        "{} of {} differ:\n{}",
        different.len(),
        same + different.len(),
        different.join("\n")
    );
    assert!(same > 2_000, "only {same} snippets were found");
}

/// Real templates that do not render as recorded, with the reason why.
const EXCEPTIONS: &[(&str, &str)] = &[];

#[test]
#[expect(
    clippy::print_stdout,
    reason = "whoever runs it asks how many agree, or why it was skipped"
)]
fn real_templates_render_as_recorded() {
    let Some(folder) = std::env::var_os("GONOGO_REAL") else {
        println!("skipped: GONOGO_REAL names no folder of real templates");
        return;
    };
    let folder = Path::new(&folder).join("chat_templates");
    let goldens = read(&folder.join("_goldens.json"));
    let special = goldens["base"].as_object().expect("special tokens");
    let special: Vec<(String, String)> = special
        .iter()
        .map(|(name, token)| (name.clone(), token.as_str().expect("a token").to_owned()))
        .collect();
    let contexts: BTreeMap<&str, Object<'_>> = goldens["contexts"]
        .as_object()
        .expect("contexts")
        .iter()
        .map(|(name, context)| (name.as_str(), object(context.as_object().expect("a context"))))
        .collect();
    let (mut same, mut different) = (0, Vec::new());
    for (path, outputs) in goldens["outputs"].as_object().expect("outputs") {
        if EXCEPTIONS.iter().any(|(exception, _)| path == exception) {
            continue;
        }
        let source = fs::read_to_string(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        let template = Template::compile(&source, &setup(special.clone()));
        for (name, wanted) in outputs.as_object().expect("contexts") {
            let wanted = match recorded(wanted) {
                Outcome::Text { text, .. } => Ok(text),
                raised => Err(raised),
            };
            let got = match &template {
                Ok(template) => render(template, &contexts[name.as_str()]),
                Err(error) => failure(error),
            };
            let got = match got {
                Outcome::Text { text, .. } => Ok(text),
                raised => Err(raised),
            };
            if got == wanted {
                same += 1;
            } else {
                different.push(format!("{path} {name}\n    recorded {wanted:?}\n    here     {got:?}"));
            }
        }
    }
    println!("{same} of {} recorded renderings agree", same + different.len());
    assert!(
        different.is_empty(),
        "{} differ:\n{}",
        different.len(),
        different.join("\n")
    );
}

#[test]
fn a_template_is_shared_by_threads() {
    let source = "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}|{% endfor %}";
    let template = Template::compile(source, &Setup::default()).expect("compiles");
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let template = &template;
            scope.spawn(move || {
                let mut rendered = Rendered::default();
                for round in 0..200 {
                    let content = format!("é{thread}/{round}");
                    let messages = [Message::Said {
                        role: "user",
                        content: &content,
                    }];
                    template.render(&Vars::new(&messages), &mut rendered).expect("renders");
                    assert_eq!(rendered.text, format!("{content}|"));
                    let end = u32::try_from(content.len()).expect("short");
                    assert_eq!(rendered.generation, std::iter::once(0..end).collect::<Vec<_>>());
                }
            });
        }
    });
}

#[test]
fn a_template_that_would_not_end_is_stopped() {
    let sources = [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% set ns = namespace(x='abcdefgh') %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set ns = namespace(x=[1]) %}{% for a in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% for a in range(99999) %}{{ 'x' * 99999 }}{% endfor %}",
        "{{ 'x' * 99999999999 }}",
        "{{ 'x'.center(99999999999) }}",
        "{{ '%99999999999d' % 1 }}",
        "{{ '{:>99999999999}'.format(1) }}",
        "{{ [1]|tojson(indent=99999999999) }}",
        "{{ 'a\nb'|indent(99999999999) }}",
    ];
    for source in sources {
        let template = Template::compile(source, &Setup::default()).expect(source);
        let messages = [Message::Said {
            role: "user",
            content: "",
        }];
        let error = template
            .render(&Vars::new(&messages), &mut Rendered::default())
            .expect_err(source);
        assert_eq!(error.kind, ErrorKind::OutOfFuel, "{source}: {error}");
    }
}

#[test]
fn a_template_that_nests_without_end_is_stopped() {
    let sources = [
        "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}".to_owned(),
        "{% set ns = namespace(x=[]) %}{% for a in range(99999) %}{% set ns.x = [ns.x] %}{% endfor %}".to_owned(),
        "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns == ns }}".to_owned(),
        format!("{{{{ {}1{} }}}}", "(".repeat(9_999), ")".repeat(9_999)),
        format!("{{{{ {}1 }}}}", "not ".repeat(9_999)),
        format!("{{{{ {}1 }}}}", "-".repeat(9_999)),
        format!("{{{{ 1{} }}}}", " if 1 else 1".repeat(9_999)),
        format!("{{{{ 1{} }}}}", " ** 1".repeat(9_999)),
        format!("{{{{ 1{} }}}}", " and 1".repeat(9_999)),
        format!("{{{{ x{} }}}}", ".x".repeat(9_999)),
        format!("{{{{ x{} }}}}", "|d".repeat(9_999)),
        format!("{}{}", "{% if 1 %}".repeat(9_999), "{% endif %}".repeat(9_999)),
        format!("{{% if 0 %}}{}{{% endif %}}", "{% elif 0 %}".repeat(9_999)),
    ];
    for source in sources {
        let shown = &source[..source.len().min(60)];
        let messages = [Message::Said {
            role: "user",
            content: "",
        }];
        let outcome = Template::compile(&source, &Setup::default())
            .and_then(|template| template.render(&Vars::new(&messages), &mut Rendered::default()));
        assert!(outcome.is_err(), "{shown}");
    }
}
