//! The language a text is written in, as far as its letters and its commonest words tell.
//!
//! Languages of the Latin script are told by function words, as in Grefenstette 1995 ("Comparing two language
//! identification schemes"); others by their script. It is meant for comparing sets of texts, where a few that are
//! taken for another language make no difference.

use std::sync::LazyLock;

use super::scripts::script;
use super::words::{Word, hashes_of};

/// Bytes of a text whose letters are looked at, and words.
const BYTES: usize = 512;
const WORDS: usize = 64;
/// Function words of a language that a text of it has at least.
const LEAST: u8 = 2;

/// What is told apart. The first are languages of the Latin script, in the order of `FUNCTION_WORDS`.
pub const LANGUAGES: [&str; 30] = [
    "English",
    "German",
    "French",
    "Spanish",
    "Portuguese",
    "Italian",
    "Dutch",
    "Polish",
    "Turkish",
    "Indonesian",
    "Vietnamese",
    "Swedish",
    "Danish or Norwegian",
    "Finnish",
    "Romanian",
    "Hungarian",
    "another in Latin script, or none",
    "in Cyrillic script",
    "Greek",
    "Chinese",
    "Japanese",
    "Korean",
    "in Arabic script",
    "Hebrew",
    "in Devanagari",
    "Bengali",
    "Thai",
    "in another Indic script",
    "in another script",
    "no letters",
];

/// Common words that a language has and the others here do not, accents left out as in [`Word`].
const FUNCTION_WORDS: [&[&str]; LATIN] = [
    &[
        "the", "and", "of", "to", "is", "that", "for", "with", "was", "are", "this", "you", "from", "what", "it", "be",
    ],
    &[
        "der", "das", "und", "nicht", "ist", "ein", "eine", "mit", "auf", "auch", "werden", "sich", "wie", "oder",
        "zu", "ich",
    ],
    &[
        "les", "des", "est", "une", "dans", "pour", "pas", "avec", "cette", "aux", "sont", "ou", "vous", "nous", "et",
        "du",
    ],
    &[
        "el", "los", "las", "y", "del", "pero", "muy", "por", "como", "cual", "es", "esta", "son", "lo", "mas", "puede",
    ],
    &[
        "os", "um", "uma", "nao", "com", "em", "mais", "sao", "voce", "ao", "dos", "das", "pelo", "pela", "ou", "seu",
    ],
    &[
        "il", "che", "gli", "della", "sono", "nel", "questo", "anche", "piu", "alla", "di", "e", "delle", "perche",
        "come", "dei",
    ],
    &[
        "het", "een", "van", "niet", "voor", "zijn", "ook", "maar", "naar", "dat", "wordt", "worden", "bij", "aan",
        "deze", "en",
    ],
    &[
        "nie", "sie", "jest", "przez", "oraz", "dla", "jako", "czy", "ktory", "ktore", "jak", "sa", "moze", "tym",
        "ze", "od",
    ],
    &[
        "ve", "bir", "bu", "icin", "ile", "olarak", "daha", "gibi", "cok", "degil", "olan", "olduğu", "nasil", "ne",
        "kadar", "veya",
    ],
    &[
        "yang", "dan", "untuk", "dengan", "dari", "ini", "adalah", "pada", "tidak", "dalam", "itu", "atau", "juga",
        "akan", "oleh", "dapat",
    ],
    &[
        "cua", "khong", "nhung", "duoc", "cac", "mot", "nguoi", "voi", "va", "nhu", "nay", "la", "trong", "toi", "ban",
        "co",
    ],
    &[
        "och", "att", "som", "inte", "av", "ar", "ett", "jag", "fran", "kan", "eller", "hur", "pa", "den", "med",
        "till",
    ],
    &[
        "og", "ikke", "er", "af", "jeg", "til", "det", "som", "hvordan", "eller", "kan", "fra", "pa", "av", "med",
        "den",
    ],
    &[
        "ja", "ei", "kuin", "mutta", "ovat", "han", "ole", "etta", "se", "tai", "myos", "voi", "joka", "mita", "on",
        "oli",
    ],
    &[
        "este", "pentru", "nu", "din", "care", "sunt", "prin", "si", "sau", "cum", "mai", "fost", "cele", "intr",
        "unei", "cu",
    ],
    &[
        "az", "egy", "hogy", "nem", "meg", "csak", "volt", "vagy", "mint", "ez", "es", "kell", "lehet", "mi", "van",
        "hogyan",
    ],
];
/// Languages of the Latin script.
const LATIN: usize = 16;
const OTHER_LATIN: u8 = 16;
const NO_LETTERS: u8 = 29;
/// The entry of [`LANGUAGES`] for each of the scripts after Latin; Han and Kana are told apart by Kana.
const BY_SCRIPT: [u8; 12] = [17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28];
const HAN: usize = 3;
const KANA: usize = 4;

/// Function words by the high bits of their hashes: the hash, and a bit for each language. Open addressing.
static TABLE: LazyLock<Vec<(u64, u16)>> = LazyLock::new(|| {
    let mut table = vec![(0, 0); SLOTS];
    for (language, words) in FUNCTION_WORDS.iter().enumerate() {
        for hash in hashes_of(words) {
            let mut slot = slot(hash);
            while table[slot].1 != 0 && table[slot].0 != hash {
                slot = (slot + 1) % SLOTS;
            }
            table[slot].0 = hash;
            table[slot].1 |= 1 << language;
        }
    }
    table
});
const SLOTS: usize = 1024;

fn slot(hash: u64) -> usize {
    usize::try_from(hash >> 54).expect("ten bits")
}

/// The language of a text with these words, as an index into [`LANGUAGES`]. Its start tells.
pub fn language(text: &str, words: &[Word]) -> u8 {
    of(&letters(text, BYTES), &words[..words.len().min(WORDS)])
}

/// The language of a text as its first few words tell, which costs little; `None` where they do not.
pub fn glance(text: &str, words: &[Word]) -> Option<u8> {
    let told = of(&letters(text, BYTES / 4), &words[..words.len().min(WORDS / 2)]);
    (!matches!(told, OTHER_LATIN | NO_LETTERS)).then_some(told)
}

/// The language of a text in prose that nobody takes for another: nearly all letters are of its script, and of
/// languages in Latin letters one has thrice as many words as any other.
pub fn surely(text: &str, words: &[Word]) -> Option<u8> {
    /// Different function words it has at least.
    const LEAST: u8 = 4;
    let start = &text[..text.floor_char_boundary(BYTES)];
    let code = start.chars().filter(|c| "=()[]{};<>|`$\\_@".contains(*c)).count();
    let letters = letters(text, BYTES);
    let all: u32 = letters.iter().sum();
    let words = &words[..words.len().min(WORDS)];
    let told = of(&letters, words);
    if code * 50 > start.len() || matches!(told, OTHER_LATIN | NO_LETTERS) {
        return None;
    }
    let sure = if usize::from(told) < LATIN {
        // One word over and over, as the `com` of addresses, tells nothing.
        let mut different = words.to_vec();
        different.sort_unstable_by_key(|word| word.hash);
        different.dedup_by_key(|word| word.hash);
        let hits = hits(&different);
        let best = hits[usize::from(told)];
        let others = hits.iter().filter(|hits| **hits * 3 > best).count() - 1;
        letters[0] * 20 >= all * 19 && best >= LEAST && others == 0
    } else {
        letters[0] * 4 <= all && all >= 20
    };
    sure.then_some(told)
}

/// Whether a text that is too short to tell its language by has common words of others and none of this one. Languages
/// of other scripts than the Latin are told by [`has_words_of`].
pub fn leans_elsewhere(words: &[Word], language: u8) -> bool {
    let hits = hits(&words[..words.len().min(WORDS)]);
    let own = hits.get(usize::from(language));
    own.is_none_or(|own| *own == 0 && hits.iter().any(|hits| *hits > 0))
}

/// Whether a text has words in the script of a language, if only among those of another script; of a language in Latin
/// letters one of its common words besides, which names and terms are not.
pub fn has_words_of(text: &str, words: &[Word], language: u8) -> bool {
    /// Letters of a few words, and of one in scripts where a letter is a word.
    const WORDS: u32 = 8;
    const LETTERS: u32 = 2;
    let letters = letters(text, text.len());
    match BY_SCRIPT.iter().position(|of| *of == language) {
        None => {
            let of_language = |words: &[Word]| hits(words).get(usize::from(language)).is_some_and(|hits| *hits > 0);
            letters[0] >= WORDS
                && letters[1..].iter().sum::<u32>() >= LETTERS
                && words.chunks(self::WORDS).any(of_language)
        }
        Some(at) => letters[at + 1] >= LETTERS,
    }
}

/// Letters of each script among the first bytes of a text.
fn letters(text: &str, bytes: usize) -> [u32; 13] {
    let start = &text[..text.floor_char_boundary(bytes)];
    let mut letters = [0u32; 13];
    if start.is_ascii() {
        // Without a branch for any of them.
        letters[0] = start.bytes().map(|byte| u32::from(byte.is_ascii_alphabetic())).sum();
        return letters;
    }
    for letter in start.chars().filter(|c| c.is_alphabetic()) {
        letters[script(letter)] += 1;
    }
    letters
}

/// The language of a text with so many letters of each script, and these words.
fn of(letters: &[u32; 13], words: &[Word]) -> u8 {
    if letters.iter().all(|count| *count == 0) {
        return NO_LETTERS;
    }
    // A text in another script often has Latin names in it, and three letters of those are worth one of Han.
    let most = (1..letters.len()).max_by_key(|script| (letters[*script], std::cmp::Reverse(*script)));
    let other = most.filter(|script| letters[*script] * 3 >= letters[0]);
    match other {
        // A Japanese text is a third Kana at least; a Chinese one has none.
        Some(HAN | KANA) if letters[KANA] * 10 >= letters[HAN] => BY_SCRIPT[KANA - 1],
        Some(script) => BY_SCRIPT[script - 1],
        None => of_latin(words),
    }
}

fn of_latin(words: &[Word]) -> u8 {
    let best = (0u8..)
        .zip(hits(words))
        .max_by_key(|(language, hits)| (*hits, std::cmp::Reverse(*language)));
    best.filter(|(_, hits)| *hits >= LEAST)
        .map_or(OTHER_LATIN, |(language, _)| language)
}

/// How many of the words, [`WORDS`] at most, are function words of each language.
fn hits(words: &[Word]) -> [u8; LATIN] {
    let table = &*TABLE;
    let mut hits = [0u8; LATIN];
    for word in words {
        let mut at = slot(word.hash);
        while table[at].1 != 0 {
            if table[at].0 == word.hash {
                for (language, hits) in hits.iter_mut().enumerate() {
                    *hits += u8::from(table[at].1 & (1 << language) != 0);
                }
                break;
            }
            at = (at + 1) % SLOTS;
        }
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::words_of;

    #[test]
    fn short_questions_lean_to_the_language_of_their_words() {
        let leans = |text: &str, language: &str| {
            let mut words = Vec::new();
            words_of(text, &mut words);
            let at = LANGUAGES.iter().position(|name| *name == language).expect("a language");
            leans_elsewhere(&words, u8::try_from(at).expect("few"))
        };
        assert!(!leans("Was besagt das Klimaschutzabkommen von Paris?", "German"));
        assert!(!leans("kaaris ou booba ?", "French"));
        assert!(!leans("Name three colours.", "German"));
        assert!(leans("What colour has grass?", "German") && leans("What colour has grass?", "Chinese"));
    }

    #[test]
    fn languages_are_told_by_their_letters_and_words() {
        for (text, wanted) in [
            (
                "What is the capital of Peru, and how far is it from the sea?",
                "English",
            ),
            (
                "Wie heißt die Hauptstadt von Peru und wie weit ist sie vom Meer entfernt?",
                "German",
            ),
            (
                "Quelle est la capitale du Pérou, et quelle est la distance jusqu'à la mer ?",
                "French",
            ),
            ("¿Cuál es la capital de Perú y a qué distancia está del mar?", "Spanish"),
            (
                "Qual é a capital do Peru e a que distância fica do mar? Não sei, mas você sabe.",
                "Portuguese",
            ),
            (
                "Qual è la capitale del Perù e quanto dista dal mare? Non so che cosa dire di questo.",
                "Italian",
            ),
            ("Hoe heet de hoofdstad van Peru en hoe ver is het van de zee?", "Dutch"),
            (
                "Apa ibu kota Peru dan berapa jauhnya dari laut yang terdekat?",
                "Indonesian",
            ),
            (
                "Thủ đô của Peru là gì và cách biển bao xa? Tôi không biết.",
                "Vietnamese",
            ),
            ("秘鲁的首都是哪里，离海有多远？ (Lima)", "Chinese"),
            ("ペルーの首都はどこですか。海からどのくらい離れていますか。", "Japanese"),
            ("페루의 수도는 어디입니까?", "Korean"),
            ("Какая столица Перу?", "in Cyrillic script"),
            ("for i in range(10): print(i)", "another in Latin script, or none"),
            ("12 + 30 = 42", "no letters"),
        ] {
            let mut words = Vec::new();
            words_of(text, &mut words);
            assert_eq!(LANGUAGES[usize::from(language(text, &words))], wanted, "{text}");
        }
    }
}
