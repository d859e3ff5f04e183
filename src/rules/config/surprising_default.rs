use serde::{Deserialize, Serialize};

use crate::finding::Findings;
use crate::model::setup::{Origin, Setup};
use crate::rule::{Row, Rule, RuleMeta, rule_meta};
use crate::sketch::Merge;

rule_meta! {
    /// ## What it finds
    /// A length that the config leaves to the program's default, which cuts or drops rows.
    ///
    /// ## Why it matters
    /// Axolotl's `sequence_len` is 512, TRL's `max_length` 1024 and LLaMA-Factory's `cutoff_len` 2048 where nothing is said:
    /// answers lose their ends, and with them the EOS, without a word in the log.
    ///
    /// ## Example
    /// ```file axolotl.yaml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "Count."}, {"role": "assistant", "content": "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72 73 74 75 76 77 78 79 80 81 82 83 84 85 86 87 88 89 90 91 92 93 94 95 96 97 98 99 100 101 102 103 104 105 106 107 108 109 110 111 112 113 114 115 116 117 118 119 120 121 122 123 124 125 126 127 128 129 130 131 132 133 134 135 136 137 138 139 140 141 142 143 144 145 146 147 148 149 150 151 152 153 154 155 156 157 158 159 160 161 162 163 164 165 166 167 168 169 170 171 172 173 174 175 176 177 178 179 180 181 182 183 184 185 186 187 188 189"}]}
    /// ```
    ///
    /// Instead:
    /// ```file axolotl.yaml
    /// base_model: model
    /// datasets:
    ///   - path: train.jsonl
    ///     type: chat_template
    /// micro_batch_size: 1
    /// learning_rate: 2.0e-5
    /// sequence_len: 4096
    /// ```
    /// ```jsonl
    /// {"messages": [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}]}
    /// ```
    ///
    /// ## Fix
    /// Write the length the run is meant to have.
    "config/surprising-default", Warning, needs [Config, Tokenizer]
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SurprisingDefault {}

/// Rows encoded, and those of them longer than the limit.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    rows: u64,
    longer: u64,
}

impl Merge for Seen {
    fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.longer += other.longer;
    }
}

/// What programs call the length.
const KEYS: &[&str] = &["sequence_len", "max_length", "cutoff_len"];

impl Rule for SurprisingDefault {
    const META: RuleMeta = META;
    type State = Seen;

    fn check(&self, row: &Row<'_>, seen: &mut Seen, _: &mut Findings) {
        let Some(most) = row.setup.max_length.as_ref().filter(|_| row.setup.config.is_some()) else {
            return;
        };
        seen.rows += u64::from(!row.encoded.is_empty());
        let longer = |length: usize| length > most.value;
        seen.longer += u64::from(
            row.encoded
                .iter()
                .any(|encoded| longer(encoded.full_len.max(encoded.len()))),
        );
    }

    fn finish(&self, seen: Seen, setup: &Setup, out: &mut Findings) {
        let (Some(config), Some(length)) = (&setup.config, &setup.max_length) else {
            return;
        };
        let Origin::TrainerDefault(program) = &length.origin else {
            return;
        };
        // Where rows were counted, a limit that none reaches surprises nobody.
        if seen.rows > 0 && seen.longer == 0 {
            return;
        }
        let key = KEYS
            .iter()
            .find(|key| config.get(key).is_some())
            .unwrap_or(&"max_length");
        let rows = match seen.rows {
            0 => "no row was counted".to_owned(),
            all => format!("{} of {all} rows are longer", seen.longer),
        };
        let message = format!("{key} is not set, and {program} takes {}: {rows}", length.value);
        out.blame(&Origin::File(config.path.clone()), message);
    }
}
