//! The form in which texts that differ only in dress are the same.

use unicode_normalization_alignments::UnicodeNormalization;

use super::ideograph::ideographs;
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

/// Characters that join nothing before them and are their own compatibility form, or full-width forms of ASCII: ASCII,
/// and what texts in other scripts are mostly made of.
fn is_plain(c: char) -> bool {
    matches!(c,
        '\0'..='\x7F'
        | 'À'..='ÿ'
        | '\u{400}'..='\u{45F}'
        | '‐' | '–' | '—' | '‘' | '’' | '“' | '”'
        | '、'..='】'
        | 'ぁ'..='ゖ' | 'ァ'..='ー'
        | '\u{4E00}'..='\u{9FFF}'
        | '가'..='힣'
        | '！'..='～')
}

/// Bytes of plain characters at the start of a text.
fn plain_run(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += ascii_run(&bytes[at..]);
        at += ideographs(&bytes[at..]);
        match text[at..].chars().next() {
            Some(c) if is_plain(c) => at += c.len_utf8(),
            _ => return at,
        }
    }
}

/// Bytes of ASCII at the start of a text.
pub fn ascii_run(bytes: &[u8]) -> usize {
    const STEP: usize = 64;
    let whole = bytes.chunks_exact(STEP).take_while(|step| step.is_ascii()).count() * STEP;
    whole + bytes[whole..].iter().take_while(|byte| byte.is_ascii()).count()
}

/// Kinds of ASCII, as bits: what is kept, white space, marks that end clauses, letters and digits; all but the blank
/// that is not kept.
const KEPT: u8 = 1;
const BLANK: u8 = 2;
const MARK: u8 = 4;
const ALPHANUMERIC: u8 = 8;
const OTHER: u8 = 16;

const KINDS: [u8; 256] = {
    let mut kinds = [0; 256];
    let mut at = 0u8;
    while at < 128 {
        kinds[at as usize] = match at {
            b'"' | b'\'' | b'`' => OTHER,
            b'.' | b',' | b'!' | b'?' | b';' | b':' => MARK | OTHER,
            b' ' => BLANK,
            b'\t'..=b'\r' => BLANK | OTHER,
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

    /// Plain characters, stretches of a kind at a time.
    fn plain(&mut self, text: &str) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &bytes[at..];
            at += match c {
                '\0'..='\x7F' => {
                    let length = ascii_run(rest);
                    self.ascii(&rest[..length]);
                    length
                }
                '\u{4E00}'..='\u{9FFF}' => {
                    let length = ideographs(rest);
                    self.letters(&rest[..length]);
                    length
                }
                '！'..='～' => {
                    self.push(char::from_u32(c as u32 - ('！' as u32 - '!' as u32)).expect("a character of ASCII"));
                    c.len_utf8()
                }
                c => {
                    self.push(c);
                    c.len_utf8()
                }
            };
        }
    }

    /// Letters that have no case and are not of ASCII.
    fn letters(&mut self, letters: &[u8]) {
        self.mark = None;
        if std::mem::take(&mut self.blank) && self.out.len() > self.start {
            self.out.push(b' ');
        }
        self.out.extend_from_slice(letters);
    }

    /// ASCII, eight bytes at a time where they stay what they are but for case.
    fn ascii(&mut self, bytes: &[u8]) {
        if let Some(mark) = self.mark.take()
            && bytes[0].is_ascii_alphanumeric()
        {
            self.keep(mark);
        }
        let mut line = Line {
            any: self.out.len() > self.start,
            blank: self.blank && self.out.len() > self.start,
            length: self.out.len(),
        };
        // A blank may go before them, and eight bytes are written at once.
        self.out.resize(line.length + bytes.len() + 9, 0);
        let mut at = 0;
        while at < bytes.len() {
            let eight = bytes[at..].first_chunk::<8>();
            if eight.is_none_or(|eight| !line.whole(*eight, self.out)) {
                let end = bytes.len().min(at + 8);
                line.each(&bytes[at..end], bytes.get(end).copied(), self.out);
            }
            at += 8;
        }
        self.out.truncate(line.length);
        self.blank = line.blank;
        self.mark = bytes
            .last()
            .filter(|last| KINDS[usize::from(**last)] & MARK != 0)
            .map(|last| char::from(*last));
    }

    fn keep(&mut self, c: char) {
        if std::mem::take(&mut self.blank) && self.out.len() > self.start {
            self.out.push(b' ');
        }
        self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// ASCII being written where a form ends.
struct Line {
    /// Whether anything was kept before.
    any: bool,
    /// Whether a blank goes before what is kept next; not before the first.
    blank: bool,
    /// Where the form ends.
    length: usize,
}

impl Line {
    /// Writes eight bytes if all are kept, but for single blanks between them.
    #[inline]
    fn whole(&mut self, eight: [u8; 8], form: &mut [u8]) -> bool {
        /// The highest bit of each byte, which none of ASCII has.
        const HIGH: u64 = 0x8080_8080_8080_8080;
        const ONES: u64 = 0x0101_0101_0101_0101;
        let kinds = eight.iter().fold(0, |kinds, byte| kinds | KINDS[usize::from(*byte)]);
        let said = u64::from_le_bytes(eight);
        let blanks = (HIGH - (said ^ (u64::from(b' ') * ONES))) & HIGH;
        // A blank after a blank, or before anything, is left out.
        let after = blanks << 8 | u64::from(self.blank || !self.any) << 7;
        if kinds & OTHER != 0 || blanks & after != 0 {
            return false;
        }
        // Bytes at a time: adding 0x80 - x lifts those of x and above to the highest bit.
        let from = |least: u8| said + u64::from(0x80 - least) * ONES;
        let capitals = from(b'A') & !from(b'Z' + 1) & HIGH;
        form[self.length] = b' ';
        self.length += usize::from(self.blank);
        form[self.length..self.length + 8].copy_from_slice(&(said | capitals >> 2).to_le_bytes());
        self.any = true;
        self.blank = blanks >> 63 == 1;
        self.length += 8 - usize::from(self.blank);
        true
    }

    /// Writes bytes that some other, or nothing of ASCII, follows; without a branch for any: each is written where the
    /// form ends, which moves on only over those that are kept.
    fn each(&mut self, bytes: &[u8], following: Option<u8>, form: &mut [u8]) {
        let (mut any, mut blank) = (u8::from(self.any), u8::from(self.blank));
        let next = bytes[1..].iter().copied().chain([following.unwrap_or_default()]);
        for (byte, next) in bytes.iter().zip(next) {
            let (kind, next) = (KINDS[usize::from(*byte)], KINDS[usize::from(next)]);
            // A mark stays before a letter or digit.
            let keep = (kind | ((kind / MARK) & (next / ALPHANUMERIC))) & KEPT;
            form[self.length] = b' ';
            self.length += usize::from(blank & keep);
            form[self.length] = byte.to_ascii_lowercase();
            self.length += usize::from(keep);
            any |= keep;
            blank = (blank & !keep) | ((kind / BLANK) & any & 1);
        }
        (self.any, self.blank) = (any == 1, blank == 1);
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
    fn what_is_plain_is_its_own_form_and_joins_nothing() {
        let form = |text: &str| text.chars().nfkc().map(|(c, _)| c).collect::<String>();
        // One of each kind of what something could be joined to.
        let before = [
            "a",
            "か",
            "ｶ",
            "\u{1100}",
            "가",
            "각",
            "\u{AC00}\u{11A7}",
            "क",
            "\u{9C7}",
            "\u{1025}",
            "好",
        ];
        for c in ('\0'..=char::MAX).filter(|c| is_plain(*c)) {
            let own = form(&c.to_string());
            let plain = match c {
                '！'..='～' => char::from_u32(c as u32 - 0xFEE0).expect("ASCII"),
                c => c,
            };
            assert_eq!(own, plain.to_string(), "{c:?}");
            for before in before {
                assert_eq!(form(&format!("{before}{c}")), form(before) + &own, "{before:?} {c:?}");
            }
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
