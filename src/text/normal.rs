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
    if text.is_ascii() {
        text.chars().for_each(|c| form.push(c));
    } else {
        text.chars().nfkc().for_each(|(c, _)| form.push(c));
    }
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

    fn keep(&mut self, c: char) {
        if std::mem::take(&mut self.blank) && self.out.len() > self.start {
            self.out.push(' ');
        }
        self.out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::normalise;

    fn of(text: &str) -> String {
        let mut out = String::new();
        normalise(text, &mut out);
        out
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
