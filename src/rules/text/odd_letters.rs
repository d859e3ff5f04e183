use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::Deserialize;

use crate::finding::Findings;
use crate::model::example::Example;
use crate::rule::row::Chars;
use crate::rule::{Row, Rule, RuleMeta, clip, rule_meta};
use crate::rules::parts::spoken::Spoken;
use crate::rules::parts::turns;

use super::parts::odd_words::{joined, mixed, spaced, stacked, trailing};

rule_meta! {
    /// ## What it finds
    /// Letters that are not what they look like, or were never decoded: Cyrillic letters in Latin words (`Wаter`),
    /// stacks of combining marks, glyph numbers of a PDF (`(cid:72)`), pieces of a tokenizer (`Ġthe`, `▁the`, `##ing`,
    /// `<0xF0>`), words with a blank after each letter, sentences with none between words, and hundreds of blanks behind
    /// a text.
    ///
    /// ## Why it matters
    /// To the tokenizer they are rare bytes instead of words. The model learns to write them, or learns nothing from
    /// the text.
    ///
    /// ## Example
    /// ```jsonl
    /// {"prompt": "When does water boil?", "completion": "ItĠboilsĠatĠaĠhundredĠdegrees."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl
    /// {"prompt": "When does water boil?", "completion": "It boils at a hundred degrees."}
    /// ```
    ///
    /// ## Fix
    /// Decode the text again from where it came from, or strip the blanks at its end. Rows that speak of tokens or glyphs
    /// are left alone.
    "text/odd-letters", Warning
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OddLetters {}

/// Pieces of tokens and numbers of glyphs begin so; the first ones are of ASCII.
static PIECES: LazyLock<[Finder<'static>; 5]> = LazyLock::new(|| ["(cid:", "<0x", " ##", "Ġ", "▁"].map(Finder::new));

impl Rule for OddLetters {
    const META: RuleMeta = META;
    type State = ();
    const DATA_ONLY: bool = true;

    fn check(&self, row: &Row<'_>, (): &mut (), out: &mut Findings) {
        let Some(example) = row.example else { return };
        let mut spoken_of = None;
        for turn in turns::written(example) {
            let found = find(&turn.text, row.chars);
            if let Some((what, shown)) = found.filter(|_| !*spoken_of.get_or_insert_with(|| is_spoken_of(example))) {
                out.field(&row.place, || turn.pointer(), || format!("{what} `{}`", clip(shown)));
            }
        }
    }
}

/// What is odd in a text, and where.
fn find(text: &str, chars: Chars) -> Option<(&'static str, &str)> {
    let bytes = text.as_bytes();
    let may = [true, chars.angle(), true, chars.beyond_ascii(), chars.beyond_ascii()];
    let pieces = PIECES.iter().zip(may).filter_map(|(piece, may)| may.then_some(piece));
    for piece in pieces {
        let needle = piece.needle();
        let is_one = |at: &usize| {
            let next = bytes.get(at + needle.len()).copied().unwrap_or_default();
            let before = at.checked_sub(1).map_or(b' ', |at| bytes[at]);
            match needle {
                b"(cid:" => next.is_ascii_digit(),
                // `##begin_quote##` is a mark of its set.
                b" ##" => {
                    let rest = &text[at + needle.len()..];
                    let part = rest.trim_start_matches(|c: char| c.is_ascii_lowercase() || c == '_');
                    part.len() < rest.len() && before.is_ascii_lowercase() && !part.starts_with('#')
                }
                b"<0x" => next.is_ascii_hexdigit() && bytes.get(at + 5) == Some(&b'>'),
                _ => next.is_ascii_alphanumeric() && before.is_ascii_alphanumeric(),
            }
        };
        let mut found = piece.find_iter(bytes).filter(is_one);
        if let (Some(first), Some(_)) = (found.next(), found.next()) {
            let what = match needle {
                b"(cid:" => "numbers of glyphs, in",
                _ => "pieces of tokens, in",
            };
            return Some((what, &text[text.floor_char_boundary(first.saturating_sub(12))..]));
        }
    }
    let words = [spaced, joined, trailing].into_iter().find_map(|odd| odd(text));
    words.or_else(|| {
        chars
            .beyond_ascii()
            .then(|| stacked(text).or_else(|| mixed(text)))
            .flatten()
    })
}

/// Whether the row speaks of tokens, glyphs or letters.
fn is_spoken_of(example: &Example<'_>) -> bool {
    static WORDS: Spoken = Spoken::of("token|bpe|wordpiece|glyph|unicode|homoglyph|spell|letter|byte|hex");
    WORDS.among(example.turns.iter())
}

#[cfg(test)]
mod tests {
    use super::{Chars, find};

    #[test]
    fn odd_letters_are_told_from_others() {
        for text in [
            "ĠBreadĠrisesĠasĠyeast",
            "▁Bread▁rises▁as",
            "bread rise ##s as ye ##ast",
            "(cid:58)(cid:68) boils",
            "Bread <0xF0><0x9F> rises",
            "B r e a d r i s e s",
            "B r e a d   r i s e s",
            "2 , 4 0 1   f a l l s   i n   t h e   5 0 0   t i e r   a n d   e a r n s   o n c e",
            "1,846,162 RWFfallsinthe500,000RWF–4,999,999RWFtierandearns11%perannum(compounded monthly).",
            "El módulocreativoagritechdeSeedyescapazdegenerarunavariedaddeideas,quepuedenmejorar.Lagestióndelasgranjas",
            "Breadrisesasyeastworks.Thebakerfoldsthedough,waitsforanhour,andshapesit.Thenitbakes.",
            &("Bread rises.".to_owned() + &" ".repeat(300)),
            "W̸̧͎̌̾ȧ̷̢̛t̴̪͗ĕ̵͙r̷̨",
            "Wаter bоils аt оne hundrеd",
        ] {
            assert!(find(text, Chars::of(text)).is_some(), "{text}");
        }
        for text in [
            "Ġunju u Ġużeppi",
            "## Heading\ntext ## not one, a ##b",
            "I a m",
            "C D D D D E E C C",
            "x y x y x y x y x y",
            "a b c d e f g h i j k",
            "Việt Nam, tiếng Việt",
            "Температура 25 °C, CO2, IP-адрес, SMS",
            "x <0x10 and y <0x20",
            "https://example.org/a.path/that.is.long/and,has/many/parts/of/it.all/written/together.html",
            "It is called Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch, as far as I can tell you today.",
            "X . O . . X\n. . O . X .\nO . X . . O\n. X . O . .\nX . O . . X\n. . O",
            "states ##begin_quote## it is ##end_quote## so",
        ] {
            assert_eq!(find(text, Chars::of(text)), None, "{text}");
        }
    }
}
