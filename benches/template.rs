//! Renders per second of a short chat.

use divan::{Bencher, black_box};
use gonogo::encode::template::{Message, Rendered, Setup, Template, Vars};

/// The way of Qwen2.5's template: a default system prompt, tool calls, tool answers.
const TEMPLATE: &str = r#"{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- for tool in tools %}
        {{- "\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- '<|im_end|>\n' }}
{%- elif messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
{%- else %}
    {{- '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- for tool_call in message.tool_calls %}
            {{- '\n<tool_call>\n{"name": "' + tool_call.function.name + '", "arguments": ' }}
            {{- tool_call.function.arguments | tojson }}
            {{- '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {{- '<|im_start|>user\n<tool_response>\n' + message.content + '\n</tool_response><|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}"#;

const CHAT: [(&str, &str); 4] = [
    ("system", "You are a terse assistant that answers questions."),
    (
        "user",
        "What is the capital of France, and why is it not Lyon? Please be brief.",
    ),
    (
        "assistant",
        "Paris has been the seat of the crown since the tenth century.",
    ),
    ("user", "Thanks a lot, that is all I wanted to know."),
];

fn main() {
    divan::main();
}

#[divan::bench]
fn four_messages(bencher: Bencher<'_, '_>) {
    let template = Template::compile(TEMPLATE, &Setup::default()).expect("the template compiles");
    let messages = CHAT.map(|(role, content)| Message::Said { role, content });
    let mut rendered = Rendered::default();
    bencher
        .counter(divan::counter::ItemsCount::new(1_usize))
        .bench_local(|| {
            template
                .render(black_box(&Vars::new(&messages)), &mut rendered)
                .expect("the template renders");
            rendered.text.len()
        });
}

#[divan::bench]
fn compile(bencher: Bencher<'_, '_>) {
    bencher.bench(|| Template::compile(black_box(TEMPLATE), &Setup::default()));
}
