//! The last line of an answer: whether it is a sentence, and ends with a word after which one goes on, in a
//! bracket, or with the mark of a cut.

/// Words in lower case after which a sentence goes on, in English, German, French and Spanish.
const OPEN: &str = "the|and|or|because|whose|their|its|my|your|our|whereas|than|although|is a|are a|as a|with a|of a|\
    und|oder|weil|dass|sowie|eine|einen|parce|porque|mediante";
/// The same in Chinese.
const IN_CHINESE: &str = "因为|由于|但是|而且|并且|以及|如果|虽然|或者|通过|对于|关于|例如|比如";
/// Those that are negated with an apostrophe and a letter after it, which alone is missing in `don'`.
const NEGATED: &str = "don|doesn|didn|isn|aren|wasn|weren|couldn|wouldn|shouldn|haven|hasn|hadn";
/// Words of the last line below which an open end may be meant: a greeting, a title, a verse.
const WORDS: usize = 7;

/// Whether a line ends with a word that has another after it, or the rest of itself.
/// Whether a text ends inside a formula: behind the last of an odd number of dollar signs, with a brace that is not closed.
pub(in super::super) fn is_in_formula(text: &str) -> bool {
    let line = &text[text.rfind('\n').map_or(0, |at| at + 1)..];
    let signs = memchr::memchr_iter(b'$', line.as_bytes()).filter(|at| !line[..*at].ends_with('\\'));
    let (mut count, mut last) = (0, 0);
    for at in signs {
        (count, last) = (count + 1, at);
    }
    let formula = &line[last..];
    count % 2 == 1 && formula.contains('\\') && formula.matches('{').count() > formula.matches('}').count()
}

pub(in super::super) fn is_open(line: &str) -> bool {
    let mut words = line.rsplit(' ');
    let (last, before) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if let Some(verb) = last.strip_suffix(['\'', '’']) {
        return NEGATED.split('|').any(|negated| negated == verb);
    }
    OPEN.split('|')
        .any(|open| open == last || open.split_once(' ') == Some((before, last)))
        || IN_CHINESE.split('|').any(|open| line.ends_with(open))
}

/// Whether a line is long enough to be a sentence, and no code.
pub(in super::super) fn is_prose(line: &str) -> bool {
    let code = |c: char| matches!(c, '=' | '{' | '}' | ';' | '<' | '>' | '|' | '`' | '$' | '\\' | '_');
    // Scripts without blanks are counted in letters.
    let unspaced = || line.chars().filter(|c| *c > '\u{2E7F}').count() >= 2 * WORDS;
    let long = line.split(' ').filter(|word| !word.is_empty()).count() >= WORDS || unspaced();
    // A slot to be filled in is no code.
    let is_code = |line: &str| line.contains(code) || line.contains("()");
    let filled = || line.contains("{{") && !is_code(&line.replace("{{", "").replace("}}", ""));
    long && (!is_code(line) || filled())
}

/// Whether a bracket or quotation is open at the end of a line of Chinese or Japanese; `（笑` needs no end.
pub(in super::super) fn is_in_bracket(line: &str) -> bool {
    const PAIRS: [(char, char); 4] = [('（', '）'), ('「', '」'), ('『', '』'), ('《', '》')];
    let open = |(open, close): &(char, char)| line.rfind(*open).filter(|at| !line[*at..].contains(*close));
    PAIRS
        .iter()
        .find_map(open)
        .is_some_and(|at| line[at..].chars().count() > 3)
}

/// Whether what stands in brackets says that something was cut: `output truncated, 2048 tokens`.
pub(in super::super) fn says_cut(inner: &str) -> bool {
    let inner = inner.trim_start_matches(['.', '…', ' ']);
    let what = ["output ", "response ", "text ", "content ", "message ", "answer "];
    let inner = what
        .into_iter()
        .find_map(|what| inner.strip_prefix(what))
        .unwrap_or(inner);
    inner
        .strip_prefix("truncated")
        .is_some_and(|rest| rest.len() == 1 || rest.starts_with([',', ';', ':', ' ']))
}

#[cfg(test)]
mod tests {
    use super::is_in_bracket;

    #[test]
    fn an_open_bracket_is_told_from_a_laugh() {
        assert!(is_in_bracket("次の三つの点が決まりました（一つ目は予算のこと"));
        assert!(is_in_bracket("他说：「我们明天再"));
        assert!(!is_in_bracket("次の三つ（予算、人、時間）が決まりました"));
        assert!(!is_in_bracket("また聞かせてくださいよ（笑"));
    }
}
