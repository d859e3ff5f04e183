//! The form in which texts that differ only in dress are the same.

use unicode_normalization_alignments::UnicodeNormalization;

use super::turns::Turns;

/// Normal forms of a row's turns, one turn after the other, in UTF-8.
#[derive(Debug, Default)]
pub struct Forms(Turns<u8>);

impl Forms {
    /// Empties it and keeps the buffers.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds the next turn.
    pub fn push(&mut self, text: &str) {
        self.0.push(|form| normalise(text, form));
    }

    /// The form of a turn; empty for a turn that was not added.
    pub fn turn(&self, at: usize) -> &[u8] {
        self.0.turn(at)
    }

    /// The forms of all turns.
    pub fn all(&self) -> &[u8] {
        self.0.all()
    }
}

/// Appends the normal form of a text, in UTF-8: compatibility forms composed (NFKC), lower case, white space
/// one blank, quotation marks and invisible characters left out, dashes one dash, and the marks that end
/// clauses left out where no letter or digit follows them (`3.5` and `a.b` stay what they are).
///
/// Signs that carry meaning in code and mathematics (`+`, `-`, `(`, `=`, …) are kept.
fn normalise(text: &str, out: &mut Vec<u8>) {
    let mut form = Form {
        start: out.len(),
        out,
        blank: false,
        mark: None,
    };
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let plain = plain_run(rest);
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

/// Bytes of plain characters at the start of a text.
fn plain_run(text: &str) -> usize {
    let mut at = ascii_run(text.as_bytes());
    while let Some(c) = text[at..].chars().next() {
        if !is_plain(c) {
            break;
        }
        at += c.len_utf8();
        at += ascii_run(&text.as_bytes()[at..]);
    }
    at
}

/// ASCII at the start of a text.
fn ascii_run(bytes: &[u8]) -> usize {
    const STEP: usize = 64;
    let whole = bytes.chunks_exact(STEP).take_while(|step| step.is_ascii()).count() * STEP;
    whole + bytes[whole..].iter().take_while(|byte| byte.is_ascii()).count()
}

/// Kinds of ASCII, as bits: what is kept, white space, marks that end clauses, letters and digits. Quotation
/// marks are of none.
const KEPT: u8 = 1;
const BLANK: u8 = 2;
const MARK: u8 = 4;
const ALPHANUMERIC: u8 = 8;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut at = 0u8;
    while at < 128 {
        kinds[at as usize] = match at {
            b'"' | b'\'' | b'`' => 0,
            b'.' | b',' | b'!' | b'?' | b';' | b':' => MARK,
            b' ' | b'\t'..=b'\r' => BLANK,
            _ if at.is_ascii_alphanumeric() => KEPT | ALPHANUMERIC,
            _ => KEPT,
        };
        at += 1;
    }
    kinds
};

struct Form<'o> {
    out: &'o mut Vec<u8>,
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

    /// Plain characters, stretches of ASCII at a time.
    fn plain(&mut self, text: &str) {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = ascii_run(rest.as_bytes());
            if length == 0 {
                self.push(first);
                rest = &rest[first.len_utf8()..];
            } else {
                self.ascii(&rest.as_bytes()[..length]);
                rest = &rest[length..];
            }
        }
    }

    /// ASCII, without a branch for any byte: each is written where the form ends, which moves on only over
    /// those that are kept.
    fn ascii(&mut self, bytes: &[u8]) {
        const STEP: usize = 32;
        if let Some(mark) = self.mark.take()
            && bytes[0].is_ascii_alphanumeric()
        {
            self.keep(mark);
        }
        let mut any = u8::from(self.out.len() > self.start);
        let mut blank = u8::from(self.blank) & any;
        // The step and the byte after it; a blank may go before each byte.
        let (mut said, mut form) = ([0; STEP + 1], [0; 2 * STEP]);
        for (at, step) in (0..).step_by(STEP).zip(bytes.chunks(STEP)) {
            let end = bytes.len().min(at + STEP + 1);
            said[..end - at].copy_from_slice(&bytes[at..end]);
            said[end - at..].fill(0);
            let mut length = 0;
            for (byte, next) in said.iter().zip(&said[1..]).take(step.len()) {
                let (kind, next) = (KINDS[usize::from(*byte)], KINDS[usize::from(*next)]);
                // A mark stays before a letter or digit.
                let keep = (kind | ((kind / MARK) & (next / ALPHANUMERIC))) & KEPT;
                form[length % (2 * STEP)] = b' ';
                length += usize::from(blank & keep);
                form[length % (2 * STEP)] = byte.to_ascii_lowercase();
                length += usize::from(keep);
                any |= keep;
                blank = (blank & !keep) | ((kind / BLANK) & any & 1);
            }
            self.out.extend_from_slice(&form[..length]);
        }
        self.blank = blank == 1;
        self.mark = bytes
            .last()
            .filter(|last| KINDS[usize::from(**last)] == MARK)
            .map(|last| char::from(*last));
    }

    fn keep(&mut self, c: char) {
        if std::mem::take(&mut self.blank) && self.out.len() > self.start {
            self.out.push(b' ');
        }
        self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let mut forms = Forms::default();
        forms.push("before.");
        forms.push(text);
        String::from_utf8(forms.turn(1).to_vec()).expect("UTF-8")
    }

    /// Character by character, as the form is defined.
    fn slowly(text: &str) -> String {
        let mut out = Vec::new();
        let mut form = Form {
            out: &mut out,
            start: 0,
            blank: false,
            mark: None,
        };
        text.chars().nfkc().for_each(|(c, _)| form.push(c));
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn stretches_at_a_time_give_the_same_form() {
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
            "`",
            "\t",
            "\u{b}",
            "\u{7f}",
            "@",
            "[",
            "a sentence, of more than thirty-two bytes: as most of them are. \"Yes\"",
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
