use super::{Kind, lex};

fn data(source: &str) -> String {
    let tokens = lex(source).expect("lexes");
    tokens
        .into_iter()
        .map(|token| match token.kind {
            Kind::Data(text) => text,
            Kind::VariableBegin => "<".into(),
            Kind::VariableEnd => ">".into(),
            Kind::BlockBegin => "[".into(),
            Kind::BlockEnd => "]".into(),
            Kind::End => String::new(),
            other => other.describe(),
        })
        .collect()
}

#[test]
fn tags_eat_the_white_space_jinja_lets_them_eat() {
    assert_eq!(data("a\n  {% x %}\n  b"), "a\n[x]  b");
    assert_eq!(data("a  {% x %}\nb"), "a  [x]b");
    assert_eq!(data("a\n  {{ x }}\nb\n"), "a\n  <x>\nb");
    assert_eq!(data("a \n {%- x -%} \n b"), "a[x]b");
    assert_eq!(data("  {%+ x +%}\nb"), "  [x]\nb");
    assert_eq!(data("a\r\n  {# c #}\r\nb"), "a\nb");
    assert_eq!(data("a {#- c -#} b"), "ab");
    assert_eq!(data("{% x %}\n  {% y %}\nb"), "[x][y]b");
}

#[test]
fn raw_blocks_are_data() {
    assert_eq!(data("{% raw %}{{ x }}{% endraw %}"), "{{ x }}");
    assert_eq!(data("a {%- raw -%} {% x %} {%- endraw -%} b"), "a{% x %}b");
}

#[test]
fn numbers_are_cut_as_python_cuts_them() {
    assert_eq!(
        data("{{ 1_000 0x_ff 1.5e3 a.0.1 }}"),
        "<1000255".to_owned() + "1500a.0.1>"
    );
}

#[test]
fn braces_inside_a_tag_do_not_end_it() {
    assert_eq!(data("{{ {'a': {'b': 1}} }}x"), "<{a:{b:1}}>x");
}

#[test]
fn lines_are_counted_through_eaten_white_space() {
    let tokens = lex("a\n\n{%- x\n%}\n\n{{ y }}").expect("lexes");
    let line = |name: &str| {
        tokens
            .iter()
            .find(|token| token.kind.is_name(name))
            .map(|token| token.line)
    };
    assert_eq!((line("x"), line("y")), (Some(3), Some(6)));
}

#[test]
fn what_cannot_be_cut_is_a_syntax_error() {
    for source in ["{{ 'a }}", "{# x", "{% raw %}", "{{ a) }}", "{{ (a] }}", "{{ a ? b }}"] {
        assert!(lex(source).is_err(), "{source}");
    }
}
