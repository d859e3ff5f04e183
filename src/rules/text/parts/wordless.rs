//! Answers without a word of a sentence: a picture, a number, a name of programs, a single letter.

use crate::rules::parts::spoken::Spoken;

/// What a text is, and the words of rows that ask for such a one.
pub(in super::super) fn is_nothing_but(said: &str) -> Option<(&'static str, &'static Spoken)> {
    static PICTURE: Spoken = Spoken::of("image|picture|photo|draw|markdown|link|url|logo|icon|meme|gif|图|链接");
    static FORMULA: Spoken = Spoken::of("excel|spreadsheet|sheet|formula|公式|表格|fórmula|formule");
    static NUMBER: Spoken = Spoken::of(
        "how many|how much|number|count|calculat|comput|comput|evaluate|solve|round|sum|average|mean|median|percent|rate|\
        value|year|when|old|age|price|cost|score|answer with|多少|几|計算|计算|数|cuánt|combien|wie viel|quant|сколько|kaç|bao nhiêu",
    );
    static NAME: Spoken = Spoken::of(
        "code|function|variable|keyword|command|method|class|sql|column|label|categor|intent|identif|field|name|snake|api|\
        tag|parameter|类|标签|变量|函数",
    );
    static LETTER: Spoken = Spoken::of(
        "letter|option|choice|choose|select|multiple|character|symbol|grade|vitamin|initial|answer|a)|a.|(a|字|选|选项|element|\
        unit|language|variable|note|word",
    );
    static EMOJI: Spoken = Spoken::of("emoji|emoticon|smil|symbol|icon|react|表情|符号|sign");
    let short = said.len() <= 240 && !said.contains('\n');
    let letters = said.chars().take(3).count();
    if short && is_picture(said) {
        Some(("a picture or a link", &PICTURE))
    } else if short && is_formula(said) {
        Some(("a formula of a spreadsheet", &FORMULA))
    } else if said.len() > 64 || said.contains(' ') {
        None
    } else if letters == 1 && said.chars().all(char::is_alphabetic) && said.is_ascii() {
        Some(("one letter", &LETTER))
    } else if is_number(said) {
        Some(("a number", &NUMBER))
    } else if is_name(said) {
        Some(("a name as programs have it", &NAME))
    } else if is_emoji(said) {
        Some(("an emoji", &EMOJI))
    } else {
        None
    }
}

/// `![](…)`, `[here](…)`.
fn is_picture(said: &str) -> bool {
    let said = said.strip_prefix('!').unwrap_or(said);
    let inner = said.strip_prefix('[').and_then(|said| said.strip_suffix(')'));
    inner.is_some_and(|inner| {
        inner
            .split_once("](")
            .is_some_and(|(name, link)| !name.contains('[') && !link.contains([' ', '(']))
    })
}

/// `=VLOOKUP(A2,Sheet2!A:C,3,FALSE)`.
fn is_formula(said: &str) -> bool {
    let name = said
        .strip_prefix('=')
        .and_then(|said| said.strip_suffix(')'))
        .and_then(|said| said.split_once('('));
    name.is_some_and(|(name, _)| name.len() >= 2 && name.bytes().all(|byte| byte.is_ascii_uppercase()))
}

/// `0.8731`, `17`, `-3,5`.
fn is_number(said: &str) -> bool {
    let digits = said.strip_prefix('-').unwrap_or(said);
    digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
        && digits.ends_with(|c: char| c.is_ascii_digit())
}

/// `transfer_fee`.
fn is_name(said: &str) -> bool {
    let parts = || said.split('_');
    let plain = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    parts().count() >= 2 && parts().all(plain) && said.starts_with(|c: char| c.is_ascii_lowercase())
}

fn is_emoji(said: &str) -> bool {
    !said.is_empty()
        && said
            .chars()
            .all(|c| matches!(c, '\u{2600}'..='\u{27BF}' | '\u{1F000}'..='\u{1FAFF}' | '\u{FE0F}' | '\u{200D}'))
}

#[cfg(test)]
mod tests {
    use super::is_nothing_but;

    #[test]
    fn what_has_no_word_is_told_from_short_answers() {
        for (said, what) in [
            ("![](https://i.imgur.com/x9.png)", Some("a picture or a link")),
            ("=VLOOKUP(A2,Sheet2!A:C,3,FALSE)", Some("a formula of a spreadsheet")),
            ("L", Some("one letter")),
            ("0.8731", Some("a number")),
            ("transfer_fee", Some("a name as programs have it")),
            ("👍", Some("an emoji")),
            ("Yes", None),
            ("Maybe", None),
            ("42 km", None),
            ("是的", None),
            ("[1] and (2)", None),
            ("= 3 (x)", None),
        ] {
            assert_eq!(is_nothing_but(said).map(|(what, _)| what), what, "{said}");
        }
    }
}
