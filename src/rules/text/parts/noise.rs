//! Texts that are no language: base64, text as addresses have it, keys hit at random, and fillers of pages.

/// How fillers and what stands for removed texts begin.
const FILLERS: [&str; 7] = [
    "lorem ipsum dolor sit amet",
    "this post has been removed",
    "this comment has been removed",
    "this content has been removed",
    "this content is no longer available",
    "this message was deleted",
    "same as the previous answer",
];
/// Bytes of the shortest base64 that is told from a name.
const LEAST: usize = 40;
/// Letters of the shortest text that is told from an abbreviation, and how many of them may follow each other without a
/// vowel.
const LETTERS: usize = 16;
const CONSONANTS: usize = 5;

/// Whether a whole answer is one of those.
pub(in super::super) fn is_noise(said: &str) -> bool {
    is_base64(said) || is_percent_encoded(said) || is_mashed(said) || is_filler(said)
}

/// Whether a prompt in lower case asks for such.
pub(in super::super) fn is_asked_for(prompts: &str) -> bool {
    const WORDS: &str = "base64|encod|decod|hash|cipher|crypt|key|token|password|url|random|string|acronym|hex|sequence|\
        lorem|placeholder|dummy|filler|latin|letters|anagram|scramble|gibberish|protein|编码|解码|密|键盘";
    WORDS.split('|').any(|word| prompts.contains(word))
}

fn is_filler(said: &str) -> bool {
    let begins = |filler: &&str| {
        said.get(..filler.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(filler))
    };
    FILLERS.iter().any(begins)
}

/// Whole groups of four, with digits and letters that change their case as no name's do.
fn is_base64(said: &str) -> bool {
    let body = said.trim_end_matches('=');
    let padding = said.len() - body.len();
    let alphabet = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let lengths = said.len() >= LEAST && said.len().is_multiple_of(4) && padding <= 2;
    let turns = || {
        body.as_bytes()
            .windows(2)
            .filter(|pair| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase())
    };
    let digits = || body.bytes().filter(u8::is_ascii_digit).count();
    lengths && body.bytes().all(alphabet) && digits() * 24 >= body.len() && turns().count() * 10 >= body.len()
}

/// Sentences as addresses have them.
fn is_percent_encoded(said: &str) -> bool {
    !said.contains([' ', '/', '<']) && said.matches("%20").count() >= 3
}

/// Most words have no vowels where words have some, or are keys that lie side by side.
fn is_mashed(said: &str) -> bool {
    const ROWS: [&str; 9] = ["asdf", "sdfg", "dfgh", "fghj", "ghjk", "hjkl", "qwer", "wert", "zxcv"];
    let plain = |byte: u8| byte.is_ascii_lowercase() || matches!(byte, b' ' | b';' | b',' | b'.');
    let letters = said.bytes().filter(u8::is_ascii_lowercase).count();
    let of_rows = |word: &str| ROWS.iter().chain(&["jkl"]).any(|row| word.contains(row));
    // A few letters are told by the keys alone.
    let keys = || letters * 2 >= LETTERS && said.contains(' ') && said.split(' ').all(of_rows);
    if !said.bytes().all(plain) || letters < LETTERS && !keys() {
        return false;
    }
    let vowel = |c: char| "aeiouy".contains(c);
    let mashed = |word: &&str| {
        let runs = word.split(|c: char| vowel(c) || !c.is_ascii_lowercase());
        runs.map(str::len).max().is_some_and(|run| run > CONSONANTS) || of_rows(word)
    };
    let bytes: usize = said.split(' ').filter(mashed).map(str::len).sum();
    bytes * 3 >= said.len() * 2
}

#[cfg(test)]
mod tests {
    use super::is_noise;

    #[test]
    fn noise_is_told_from_words() {
        for said in [
            "U3VubGlnaHQgaXMgc2NhdHRlcmVkIGJ5IHRoZSBtb2xlY3VsZXMgb2YgdGhlIGFpci4=",
            "Sunlight%20is%20scattered%20by%20the%20air%2C%20and%20blue%20more.",
            "sdkfjhskdjfh skjdfh ksjdhf kjsdhf ksjdhfkjsdhf",
            "asdfghjkl qwerty asdf",
            "asdfasdf jkl;",
            "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
            "This post has been removed by the moderators.",
        ] {
            assert!(is_noise(said), "{said}");
        }
        for said in [
            "strengths lengths",
            "src/main/java/org/example/service/UserServiceImpl",
            "https://example.org/a%20b%20c%20d",
            "ThisIsALongCamelCaseNameOfAClassThatDoesNothing2",
            "the rhythms of twelfths",
            "a5f3c2e19b8d4f6071e2d3c4b5a69788",
            "zwölf Angstschweiß",
        ] {
            assert!(!is_noise(said), "{said}");
        }
    }
}
