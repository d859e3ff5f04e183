//! Text read in a code page that is not its own: UTF-8 as that of a Mac, of DOS or of Central Europe, others as Latin-1, and what GBK
//! makes of characters that were lost before.

use std::sync::LazyLock;

use memchr::memmem::Finder;

/// By code page: what it reads the byte C3 as, which leads the letters of Latin languages, and the bytes 80 to BF.
const PAGES: [(&str, &str); 3] = [
    ("√", "ÄÅÇÉÑÖÜáàâäãåçéèêëíìîïñóòôöõúùûü†°¢£§•¶ß®©™´¨≠ÆØ∞±≤≥¥µ∂∑∏π∫ªºΩæø"),
    ("├", "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"),
    (
        "Ă",
        "€\u{81}‚\u{83}„…†‡\u{88}‰Š‹ŚŤŽŹ\u{90}‘’“”•–—\u{98}™š›śťžź\u{a0}ˇ˘Ł¤Ą¦§¨©Ş«¬\u{ad}®Ż°±˛ł´µ¶·¸ąş»Ľ˝ľż",
    ),
];

/// What GBK makes of U+FFFD in UTF-8, and of memory that nothing was written to.
static LOST: LazyLock<[(&str, Finder<'static>); 3]> =
    LazyLock::new(|| ["锟斤拷", "烫烫烫", "屯屯屯"].map(|lost| (lost, Finder::new(lost))));

/// What leads letters in those pages, and how Latin-1 reads the apostrophe of the Mac.
static LEADS: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| PAGES.map(|(lead, _)| Finder::new(lead)));
static APOSTROPHE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("Õ"));
static BLANK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("Â "));

/// How code pages of Cyrillic, of the Mac and of Chinese read what quotation marks and dashes begin with in UTF-8.
static MARKS: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| ["вЂ", "‚Ä", "鈥"].map(Finder::new));

/// The characters that follow there, in three columns, and what they were.
const MEANT: [(&str, &str); 6] = [
    ("™ô檚", "’"),
    ("њú渨", "“"),
    ("ќù濃", "”"),
    ("“ì揳", "–"),
    ("”î攁", "—"),
    ("¦¶\u{fffd}", "…"),
];

/// Letters in a row that no language writes without one of ASCII between them.
const CERTAIN: usize = 5;

/// The first piece of garbage, and what it was.
pub(in super::super::super) fn find(text: &str) -> Option<(&str, String)> {
    mark(text).or_else(|| letter(text))
}

/// A mark of punctuation. In German `‚Ä` is sound.
fn mark(text: &str) -> Option<(&str, String)> {
    MARKS.iter().find_map(|start| {
        let at = start.find(text.as_bytes())?;
        let length = start.needle().len();
        let next = text[at + length..].chars().next()?;
        let known = MEANT.iter().find(|(columns, _)| columns.contains(next));
        let chinese = start.needle() == "鈥".as_bytes();
        let meant = known.map(|(_, meant)| *meant).or(chinese.then_some("’"))?;
        Some((&text[at..at + length + next.len_utf8()], meant.to_owned()))
    })
}

/// A letter, of UTF-8 read as a page of the Mac or of DOS, or of the Mac's read as Latin-1.
fn letter(text: &str) -> Option<(&str, String)> {
    let is_small = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
    let apostrophe = APOSTROPHE.find_iter(text.as_bytes()).find(|at| {
        let end = at + APOSTROPHE.needle().len();
        is_small(text[..*at].chars().next_back()) && is_small(text[end..].chars().next())
    });
    if let Some(at) = apostrophe {
        return Some((&text[at..at + APOSTROPHE.needle().len()], "’".to_owned()));
    }
    PAGES.iter().zip(&*LEADS).find_map(|((_, page), lead)| {
        lead.find_iter(text.as_bytes()).find_map(|at| {
            let length = lead.needle().len();
            let second = text[at + length..].chars().next()?;
            let byte = page.chars().position(|c| c == second)?;
            let meant = char::from(u8::try_from(0xC0 + byte).ok()?);
            // A letter of a word, and no sign of mathematics or of a table.
            let word = text[..at].ends_with(|c: char| c.is_ascii_lowercase()) && meant.is_lowercase();
            word.then(|| (&text[at..at + length + second.len_utf8()], meant.to_string()))
        })
    })
}

/// `Â` before a blank after a small letter or a digit, as a no-break space looks that was read as Latin-1 and then
/// made a plain one.
pub(in super::super::super) fn blank(text: &str) -> Option<&str> {
    BLANK.find_iter(text.as_bytes()).find_map(|at| {
        let word = text[..at].ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == ',');
        word.then(|| &text[text.floor_char_boundary(at.saturating_sub(8))..at + BLANK.needle().len()])
    })
}

/// Chinese in UTF-8 that was read as GBK: the piece that begins with the first of these characters, where there are several
/// kinds. Each begins what common ones become by the hundred, and stands in hardly a text of its own.
pub(in super::super::super) fn chinese(text: &str) -> Option<&str> {
    // The comma, the full stop, and words of every text.
    const BEGIN: [&[u8; 3]; 9] = [
        b"\xE9\x94\x9B", // 锛
        b"\xE9\x8A\x86", // 銆
        b"\xE9\x90\xA8", // 鐨
        b"\xE9\x8F\x84", // 鏄
        b"\xE9\x8D\xA6", // 鍦
        b"\xE9\x8D\x99", // 鍙
        b"\xE9\x8D\x94", // 鍔
        b"\xE9\x8D\x92", // 鍒
        b"\xE9\x8E\xB4", // 鎴
    ];
    let (mut seen, mut first) = ([false; BEGIN.len()], None);
    for at in memchr::memchr_iter(BEGIN[0][0], text.as_bytes()) {
        if let Some(which) = BEGIN.iter().position(|begin| text.as_bytes()[at..].starts_with(*begin)) {
            seen[which] = true;
            first.get_or_insert(at);
        }
    }
    let kinds = seen.iter().filter(|seen| **seen).count();
    first.filter(|_| kinds >= 2).map(|at| &text[at..])
}

/// What is left of characters that nothing can bring back.
pub(in super::super::super) fn lost(text: &str) -> Option<&'static str> {
    let found = LOST.iter().find(|(_, finder)| finder.find(text.as_bytes()).is_some());
    found.map(|(lost, _)| *lost)
}

/// A word of nothing but letters À to ÿ, as texts in Cyrillic, Greek or Hebrew code pages look that are read as Latin-1.
pub(in super::super::super) fn other_page(text: &str) -> Option<&str> {
    let letter = |c: char| matches!(c, '\u{C0}'..='\u{FF}') && !matches!(c, '×' | '÷');
    let bytes = text.as_bytes();
    let mut from = 0;
    // À to ÿ all begin with this byte.
    while let Some(found) = memchr::memchr(0xC3, &bytes[from..]) {
        let start = from + found;
        // Accents stand alone, as a rule.
        if bytes.get(start + 2) != Some(&0xC3) {
            from = start + 2;
            continue;
        }
        let rest = &text[start..];
        let word = &rest[..rest.find(|c: char| !letter(c)).unwrap_or(rest.len())];
        // Nothing, where × or ÷ stands here.
        from = start + word.len().max(2);
        // Each letter is two bytes.
        if word.len() >= 2 * CERTAIN {
            let mut letters: Vec<char> = word.chars().collect();
            letters.sort_unstable();
            letters.dedup();
            if letters.len() > CERTAIN / 2 {
                return Some(word);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_pages_are_told_from_signs_and_accents() {
        assert_eq!(find("un caf√© noir"), Some(("√©", "é".to_owned())));
        assert_eq!(find("un cafÃ© caf├⌐"), Some(("├⌐", "é".to_owned())));
        assert_eq!(find("za malĂ© penĂ\u{ad}ze"), Some(("Ă©", "é".to_owned())));
        for text in ["√2, 3√©, a√b", "├── src\n│   ├─ a", "2√π"] {
            assert_eq!(find(text), None, "{text}");
        }
        assert_eq!(other_page("Îòâåò: Ñïàñèáî, õîðîøî"), Some("Îòâåò"));
        assert_eq!(other_page("5 ×Îòâåò÷"), Some("Îòâåò"));
        for text in [
            "L’été à Nîmes, où éééééé",
            "naïveté, Žižek, señor, œuvre",
            "«Ééé»",
            "ÄÖÜ äöü",
        ] {
            assert_eq!(other_page(text), None, "{text}");
        }
        for (text, garbage) in [
            ("I donвЂ™t", "вЂ™"),
            ("I don鈥檛", "鈥檛"),
            ("I don‚Äôt", "‚Äô"),
            ("I donÕt", "Õ"),
        ] {
            assert_eq!(find(text), Some((garbage, "’".to_owned())), "{text}");
        }
        assert_eq!(find("Er sagte: „Sie rief ‚Äpfel!‘“, ÕIGE õige"), None);
        assert_eq!(lost("这是锟斤拷"), Some("锟斤拷"));
        assert_eq!(chinese("Ann: 浣犲ソ锛岃繖鏄竴涓棶棰"), Some("锛岃繖鏄竴涓棶棰"));
        for text in ["鍦 是", "涓涓细流，锛", "你好，这是一个问题。", "東京都の鍔"] {
            assert_eq!(chinese(text), None, "{text}");
        }
        assert_eq!(blank("costs 20Â euros"), Some("costs 20Â "));
        assert_eq!(blank("HÂ LÂ"), None);
    }
}
