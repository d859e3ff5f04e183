//! Writing systems, told by their letters.

/// Scripts told apart.
pub const SCRIPTS: [&str; 13] = [
    "Latin",
    "Cyrillic",
    "Greek",
    "Han",
    "Kana",
    "Hangul",
    "Arabic",
    "Hebrew",
    "Devanagari",
    "Bengali",
    "Thai",
    "other Indic",
    "other",
];

/// The script of a letter, as an index into [`SCRIPTS`]. By block, which is enough to say what a set is written in.
pub fn script(letter: char) -> usize {
    match letter {
        'A'..='Z'
        | 'a'..='z'
        | '\u{00AA}'..='\u{02B8}'
        | '\u{1E00}'..='\u{1EFF}'
        | '\u{2C60}'..='\u{2C7F}'
        | '\u{A720}'..='\u{A7FF}'
        | '\u{FF21}'..='\u{FF5A}' => 0,
        '\u{0400}'..='\u{052F}' | '\u{1C80}'..='\u{1C8F}' | '\u{2DE0}'..='\u{2DFF}' => 1,
        '\u{0370}'..='\u{03FF}' | '\u{1F00}'..='\u{1FFF}' => 2,
        '\u{2E80}'..='\u{2FDF}'
        | '\u{3005}'..='\u{3007}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}' => 3,
        '\u{3041}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' | '\u{FF66}'..='\u{FF9F}' => 4,
        '\u{1100}'..='\u{11FF}' | '\u{3130}'..='\u{318F}' | '\u{AC00}'..='\u{D7FF}' => 5,
        '\u{0600}'..='\u{06FF}'
        | '\u{0750}'..='\u{077F}'
        | '\u{0870}'..='\u{08FF}'
        | '\u{FB50}'..='\u{FDFF}'
        | '\u{FE70}'..='\u{FEFF}' => 6,
        '\u{0590}'..='\u{05FF}' | '\u{FB1D}'..='\u{FB4F}' => 7,
        '\u{0900}'..='\u{097F}' => 8,
        '\u{0980}'..='\u{09FF}' => 9,
        '\u{0E00}'..='\u{0E7F}' => 10,
        '\u{0A00}'..='\u{0DFF}' => 11,
        _ => 12,
    }
}
