//! Characters that are not seen, and the scripts that need them.

/// The invisible characters of a text that nothing in it calls for.
pub(in super::super) fn strays(text: &str) -> impl Iterator<Item = (usize, char)> {
    // What scripts the text has is asked seldom, and once.
    let (mut rtl, mut joined, mut unspaced) = (None, None, None);
    let any = move |which: &mut Option<bool>, of: fn(char) -> bool| *which.get_or_insert_with(|| text.chars().any(of));
    let mut from = 0;
    std::iter::from_fn(move || {
        loop {
            // The leading bytes of the blocks that have any.
            let lead = |byte: &u8| matches!(byte, 0xC2 | 0xCD | 0xE1 | 0xE2 | 0xEE | 0xEF | 0xF3);
            let at = from + text.as_bytes()[from..].iter().position(lead)?;
            let c = text[at..].chars().next()?;
            from = at + c.len_utf8();
            let stray = match c {
                '\u{AD}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}' => true,
                '\u{FFFC}' | '\u{FFFE}' | '\u{FFFF}' | '\u{2028}' | '\u{2029}' | '\u{E000}'..='\u{F8FF}' => true,
                '\u{34F}' | '\u{FFA0}' => true,
                // Fillers stand beside the letters of old Korean, and a separator among Mongolian ones.
                '\u{115F}' | '\u{1160}' => !beside(text, at, from, |c| matches!(c, '\u{1100}'..='\u{11FF}')),
                '\u{180E}' => !text.contains(|c: char| matches!(c, '\u{1820}'..='\u{18AA}')),
                // They choose among forms of an ideograph, and of nothing else.
                '\u{E0100}'..='\u{E01EF}' => !text[..at].ends_with(is_ideograph),
                '\u{200B}' => !any(&mut unspaced, is_unspaced) && !beside(text, at, from, is_cjk),
                '\u{200C}' => !any(&mut joined, is_joined),
                '\u{200D}' => !any(&mut joined, is_joined) && !beside(text, at, from, is_pictograph),
                '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => !any(&mut rtl, is_rtl),
                // Tags spell the flags of regions after a black flag, and nothing else.
                _ => is_tag(c) && !text[..at].trim_end_matches(is_tag).ends_with('\u{1F3F4}'),
            };
            if stray {
                return Some((at, c));
            }
        }
    })
}

/// What Unicode calls it.
pub(in super::super) fn name(c: char) -> &'static str {
    match c {
        '\u{AD}' => "soft hyphen",
        '\u{34F}' => "grapheme joiner",
        '\u{115F}' | '\u{1160}' | '\u{FFA0}' => "Hangul filler",
        '\u{180E}' => "Mongolian vowel separator",
        '\u{200B}' => "zero-width space",
        '\u{200C}' => "zero-width non-joiner",
        '\u{200D}' => "zero-width joiner",
        '\u{2060}' => "word joiner",
        '\u{FEFF}' => "byte order mark",
        '\u{2061}'..='\u{2064}' => "invisible operator",
        '\u{206A}'..='\u{206F}' => "deprecated format character",
        '\u{2028}' => "line separator",
        '\u{2029}' => "paragraph separator",
        '\u{E000}'..='\u{F8FF}' => "private-use character",
        '\u{E0100}'..='\u{E01EF}' => "variation selector",
        '\u{FFFC}' => "object replacement character",
        '\u{FFFE}' | '\u{FFFF}' => "noncharacter",
        '\u{E0001}'..='\u{E007F}' => "tag",
        _ => "direction mark",
    }
}

/// Whether a character beside this one is of a kind, other invisible ones passed over.
fn beside(text: &str, at: usize, after: usize, kind: fn(char) -> bool) -> bool {
    let seen = |c: &char| !matches!(c, '\u{200B}'..='\u{200F}' | '\u{FE0F}');
    let before = text[..at].chars().rev().find(seen);
    let after = text[after..].chars().find(seen);
    before.into_iter().chain(after).any(kind)
}

fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0001}'..='\u{E007F}')
}

/// Scripts whose letters join or form conjuncts: Arabic, Syriac, Indic, Mongolian and their like.
fn is_joined(c: char) -> bool {
    matches!(c,
        '\u{0600}'..='\u{0DFF}' | '\u{0F00}'..='\u{109F}' | '\u{1700}'..='\u{18AF}' | '\u{1A00}'..='\u{1CFF}'
        | '\u{A800}'..='\u{ABFF}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10A00}'..='\u{11FFF}'
        | '\u{1E900}'..='\u{1EEFF}')
}

/// Scripts written without spaces, in which a zero-width space ends a word: Thai, Lao, Tibetan,
/// Burmese, Khmer, Javanese and their like.
fn is_unspaced(c: char) -> bool {
    matches!(c,
        '\u{0E00}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' | '\u{1950}'..='\u{1AAF}' | '\u{1B00}'..='\u{1BFF}'
        | '\u{A980}'..='\u{A9DF}' | '\u{AA60}'..='\u{AA7F}')
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// Chinese and Japanese, where it allows a line to break.
fn is_cjk(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{FF00}'..='\u{FFEF}')
}

fn is_rtl(c: char) -> bool {
    matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}' | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

/// Emoji and what they are made of.
fn is_pictograph(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2190}'..='\u{2BFF}' | '\u{3030}' | '\u{303D}' | '\u{3297}' | '\u{3299}')
}
