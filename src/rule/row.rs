//! What a rule is shown: a row and all it became before something went wrong, if anything did.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::holdout::Hits;
use crate::model::dumped::DumpedRow;
use crate::model::encoded::{EncodeError, Encoded};
use crate::model::example::{Example, Misfit, Role};
use crate::model::record::{Record, Unreadable};
use crate::model::setup::Setup;
use crate::place::Place;
use crate::text::{Forms, Words};

/// A row at every depth it reached.
#[derive(Clone, Copy, Debug)]
pub struct Row<'r> {
    pub place: Place,
    pub setup: &'r Setup,
    /// What of it is about the data, for rules that say they look at nothing else.
    pub setup_of_data: &'r Setup,
    /// The row as read, or why it could not be.
    pub read: Result<&'r Record<'r>, &'r Unreadable>,
    /// What it means; `None` where it could not be read or does not fit its file's shape.
    pub example: Option<&'r Example<'r>>,
    /// Why it does not fit its file's shape.
    pub misfit: Option<&'r Misfit>,
    /// What the trainer is fed; empty where the row never got there.
    pub encoded: &'r [Encoded],
    /// Why it could not be encoded.
    pub encode_error: Option<&'r EncodeError>,
    /// Which kinds of character stand anywhere in its turns.
    pub chars: Chars,
    /// The hash of its system prompt, or of its task, the same on every machine; `None` where it has neither.
    pub system: Option<u64>,
    /// The words of its turns; none unless a rule has asked for them.
    pub words: &'r Words,
    /// The normal forms of its turns; none unless a rule has asked for them.
    pub forms: &'r Forms,
    /// What of the held-out rows it gives away; `None` where there are none, and for held-out rows.
    pub hits: Option<&'r Hits>,
    /// The row of a batch, where it is batches that are looked at; then nothing else of it is known.
    pub dumped: Option<&'r DumpedRow>,
}

impl<'r> Row<'r> {
    pub fn record(&self) -> Option<&'r Record<'r>> {
        self.read.ok()
    }

    /// The row without what the trainer is fed, and who it is.
    #[must_use]
    pub fn of_data(&self) -> Self {
        Self {
            setup: self.setup_of_data,
            encoded: &[],
            encode_error: None,
            ..*self
        }
    }
}

/// The hash of what the system turns of a row say, or of its task where it has none.
pub fn system_hash(example: &Example<'_>) -> Option<u64> {
    let systems = example.turns.iter().filter(|turn| turn.role == Role::System);
    let mut said = systems.map(|turn| turn.text.as_bytes());
    let Some(first) = said.next() else {
        return task(example).map(|task| xxh3_64(task.as_bytes()));
    };
    Some(said.fold(xxh3_64(first), |hash, text| xxh3_64_with_seed(text, hash)))
}

/// The first line of what a row without a system prompt asks, if more lines follow: Alpaca's instruction above its input.
pub fn task<'t>(example: &'t Example<'_>) -> Option<&'t str> {
    let first = example.turns.first().filter(|turn| turn.role == Role::User)?;
    let (line, _) = first.text.split_once('\n')?;
    Some(line)
}

/// Kinds of bytes in a row's turns, gathered once so that a rule about rare characters costs
/// nothing on rows that have none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chars(u8);

impl Chars {
    /// A C0 control other than tab, line feed and carriage return, or DEL.
    const CONTROL: u8 = 1;
    const CARRIAGE_RETURN: u8 = 2;
    /// `{`
    const BRACE: u8 = 4;
    /// `<`
    const ANGLE: u8 = 8;
    /// `[`
    const BRACKET: u8 = 16;
    /// Any byte of a character beyond ASCII.
    const BEYOND_ASCII: u8 = 32;
    /// The lead byte of À to ÿ, the letters that UTF-8 read as Latin-1 turns into.
    const LATIN_1: u8 = 64;
    /// Lead bytes of the blocks with invisible characters, C1 controls and U+FFFD: C2, CD, E1, E2, EE, EF, F3.
    const UNSEEN: u8 = 128;

    /// The kinds in a text.
    pub fn of(text: &str) -> Self {
        // Comparisons without branches, so that sixteen bytes are looked at in one step.
        let kinds = |byte: u8| {
            let of = |found: bool, kind: u8| u8::from(found) * kind;
            let control = (byte < 32) && (byte != b'\t') && (byte != b'\n') && (byte != b'\r');
            of(control || (byte == 127), Self::CONTROL)
                | of(byte == b'\r', Self::CARRIAGE_RETURN)
                | of(byte == b'{', Self::BRACE)
                | of(byte == b'<', Self::ANGLE)
                | of(byte == b'[', Self::BRACKET)
                | of(byte >= 128, Self::BEYOND_ASCII)
                | of(byte == 0xC3, Self::LATIN_1)
                | of(
                    (byte == 0xC2)
                        || (byte == 0xCD)
                        || (byte == 0xE1)
                        || (byte == 0xE2)
                        || (byte == 0xEE)
                        || (byte == 0xEF)
                        || (byte == 0xF3),
                    Self::UNSEEN,
                )
        };
        Self(text.bytes().fold(0, |found, byte| found | kinds(byte)))
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    pub fn carriage_return(self) -> bool {
        self.0 & Self::CARRIAGE_RETURN != 0
    }

    pub fn brace(self) -> bool {
        self.0 & Self::BRACE != 0
    }

    pub fn angle(self) -> bool {
        self.0 & Self::ANGLE != 0
    }

    pub fn bracket(self) -> bool {
        self.0 & Self::BRACKET != 0
    }

    pub fn beyond_ascii(self) -> bool {
        self.0 & Self::BEYOND_ASCII != 0
    }

    pub fn latin_1(self) -> bool {
        self.0 & Self::LATIN_1 != 0
    }

    /// Whether an invisible character may be there: a character of a block that has some is.
    pub fn unseen(self) -> bool {
        self.0 & Self::UNSEEN != 0
    }
}
