//! The form in which texts that differ only in dress are the same.

use unicode_normalization_alignments::UnicodeNormalization;

/// Appends the normal form of a text: compatibility forms composed (NFKC), lower case, white space one
/// blank, quotation marks and invisible characters left out, dashes one dash, and the marks that end
/// clauses left out where no letter or digit follows them (`3.5` and `a.b` stay what they are).
///
/// Signs that carry meaning in code and mathematics (`+`, `-`, `(`, `=`, …) are kept.
pub fn normalise(text: &str, out: &mut String) {
    let mut form = Form {
        start: out.len(),
        out,
        blank: false,
        mark: None,
    };
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let plain = rest.len() - rest.trim_start_matches(is_plain).len();
        if plain == rest.len() {
            form.plain(rest);
            return;
        }
        // What follows may join the last of them, an accent its letter.
        let last = rest[..plain].char_indices().next_back().map_or(0, |(at, _)| at);
        form.plain(&rest[..last]);
        let other = rest[plain..].find(is_plain).map_or(rest.len(), |length| plain + length);
        rest[last..other].chars().nfkc().for_each(|(c, _)| form.push(c));
        at += other;
    }
}

/// Characters that are their own compatibility form and join nothing before them: ASCII and the common
/// ideographs.
fn is_plain(c: char) -> bool {
    c.is_ascii() || ('\u{4E00}'..='\u{9FFF}').contains(&c)
}

struct Form<'o> {
    out: &'o mut String,
    start: usize,
    /// White space was seen since the last character kept.
    blank: bool,
    /// A mark that stays only if a letter or digit follows.
    mark: Option<char>,
}

impl Form<'_> {
    fn push(&mut self, c: char) {
        if let Some(mark) = self.mark.take()
            && c.is_ascii_alphanumeric()
        {
            self.keep(mark);
        }
        match c {
            '.' | ',' | '!' | '?' | ';' | ':' | '。' | '、' | '।' => self.mark = Some(c),
            '"' | '\'' | '`' | '«' | '»' | '„' | '“' | '”' | '‘' | '’' | '‚' | '「' | '」' => {}
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => {}
            '‐'..='―' | '−' => self.keep('-'),
            c if c.is_ascii() => {
                if c.is_ascii_whitespace() || c == '\u{b}' {
                    self.blank = true;
                } else {
                    self.keep(c.to_ascii_lowercase());
                }
            }
            c if c.is_whitespace() => self.blank = true,
            c => c.to_lowercase().for_each(|c| self.keep(c)),
        }
    }

    /// Plain characters, words at a time.
    fn plain(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let word = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            if word == 0 {
                self.push(first);
                rest = &rest[first.len_utf8()..];
                continue;
            }
            if let Some(mark) = self.mark.take() {
                self.keep(mark);
            }
            if std::mem::take(&mut self.blank) && self.out.len() > self.start {
                self.out.push(' ');
            }
            let from = self.out.len();
            self.out.push_str(&rest[..word]);
            self.out[from..].make_ascii_lowercase();
            rest = &rest[word..];
        }
    }

    fn keep(&mut self, c: char) {
        if std::mem::take(&mut self.blank) && self.out.len() > self.start {
            self.out.push(' ');
        }
        self.out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let mut out = String::new();
        normalise(text, &mut out);
        out
    }

    /// Character by character, as the form is defined.
    fn slowly(text: &str) -> String {
        let mut out = String::new();
        let mut form = Form {
            out: &mut out,
            start: 0,
            blank: false,
            mark: None,
        };
        text.chars().nfkc().for_each(|(c, _)| form.push(c));
        out
    }

    #[test]
    fn words_at_a_time_give_the_same_form() {
        const PIECES: &[&str] = &[
            "Word",
            "a",
            "1",
            " ",
            "\n",
            ".",
            ",",
            "?",
            "-",
            "(",
            "\u{301}",
            "é",
            "e\u{301}",
            "你",
            "好",
            "。",
            "か",
            "\u{3099}",
            "ｶ",
            "ﾞ",
            "Ａ",
            "ﬁ",
            "…",
            "“",
            "’",
            "—",
            "\u{200b}",
            "\u{ad}",
            "ß",
            "İ",
            "가",
            "\u{1100}\u{1161}\u{11a8}",
            "½",
            "²",
            "\u{a0}",
            "\u{93f}",
            "क",
            "😀",
            "。",
            "X.Y",
            "3.5",
        ];
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).expect("small") % PIECES.len()
        };
        for _ in 0..20_000 {
            let text: String = (0..8).map(|_| PIECES[next()]).collect();
            assert_eq!(of(&text), slowly(&text), "{text:?}");
        }
    }

    #[test]
    fn dress_is_left_out_and_meaning_stays() {
        assert_eq!(of("  “Hello”,\tWORLD!\n"), "hello world");
        assert_eq!(of("Ｆｕｌｌ width\u{200b}, cafe\u{301}…"), "full width café");
        assert_eq!(of("你好，世界。"), of("你好， 世界").replace(' ', ""));
        assert_eq!(of("it costs 3.50, not 35.0."), "it costs 3.50 not 35.0");
        assert_ne!(of("what is 3+4?"), of("what is 3-4?"));
        assert_ne!(of("f(x)"), of("f x"));
        assert_ne!(of(".5"), of("5"));
        assert_eq!(of("a — b"), of("a - b"));
        assert_eq!(of("?!."), "");
    }
}
