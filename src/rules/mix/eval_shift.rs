use serde::Deserialize;

use crate::finding::Findings;
use crate::model::setup::Setup;
use crate::rule::{Row, Rule, RuleMeta, rule_meta};

use super::parts::distance::{Distance, kolmogorov_smirnov, total_variation};
use super::parts::portrait::{Kinds, Portrait, Side};

rule_meta! {
    /// ## What it finds
    /// Evaluation data (`--eval`, or a split of that name) that is not like the training data: in the length of its
    /// rows (tokens, or characters without a tokenizer), of its answers, or in its number of turns; in its roles and
    /// lists of tools; in its system prompts; in the language of what is asked; in columns that name where rows are
    /// from (`source`, `dataset`, `domain`, `category`, `task`, …).
    ///
    /// Numbers are compared by the Kolmogorov–Smirnov distance, kinds by the total variation distance: the largest
    /// difference of shares, and the part of the rows that is of another kind (kinds below 1 % on both sides are one;
    /// with more than 1,024 kinds a feature says nothing). Reported is what is above 0.15 *and* above what a random
    /// split of these sizes exceeds once in a thousand times, all features together (bounds of Massart 1990 and
    /// Hoeffding 1963, Bonferroni's correction). That univariate tests with this correction find most shifts is shown
    /// by Rabanser, Günnemann and Lipton, "Failing Loudly", NeurIPS 2019.
    ///
    /// ## Why it matters
    /// The eval loss then says how well the model does on other data than it is trained on: it may rise while the
    /// model gets better, and choose the wrong checkpoint. Where that is the purpose, as with a test of another
    /// domain, it is none.
    ///
    /// ## Example
    /// ```text
    /// 100 rows like this, and 40 rows of evaluation data like the second:
    /// {"prompt": "What is the price of two eggs?", "completion": "It is forty cents."}
    /// {"prompt": "Was kosten zwei Eier, und wie lange sind sie frisch?", "completion": "Vierzig Cent."}
    /// ```
    ///
    /// Instead:
    /// ```jsonl train.jsonl --eval eval.jsonl
    /// {"prompt": "What is the price of two eggs?", "completion": "It is forty cents."}
    /// ```
    /// ```jsonl eval.jsonl
    /// {"prompt": "What is the price of two loaves?", "completion": "It is two francs."}
    /// ```
    ///
    /// ## Fix
    /// Draw the evaluation rows at random from the same set, by source where rows of one source are alike; or keep
    /// them and read the eval loss as that of another set. `distance`, `chance` and `columns` are options under
    /// `[rules."mix/eval-shift"]`.
    "mix/eval-shift", Warning
}

/// Options of the rule.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct EvalShift {
    /// Largest distance of training and evaluation rows in one feature, 0 to 1.
    distance: f64,
    /// With which chance a random split may be reported, all features together.
    chance: f64,
    /// Columns that name where a row is from.
    columns: Vec<String>,
}

impl Default for EvalShift {
    fn default() -> Self {
        let columns = [
            "source",
            "dataset",
            "dataset_name",
            "data_source",
            "origin",
            "domain",
            "category",
            "task",
            "task_name",
            "subset",
            "topic",
            "language",
            "lang",
        ];
        Self {
            distance: 0.15,
            chance: 0.001,
            columns: columns.map(str::to_owned).to_vec(),
        }
    }
}

/// Share of either side below which kinds are taken together.
const RARE: f64 = 0.01;

impl Rule for EvalShift {
    const META: RuleMeta = META;
    const WORDS: bool = true;
    type State = Portrait;

    fn check(&self, row: &Row<'_>, seen: &mut Portrait, _: &mut Findings) {
        // Without evaluation data there is nothing to compare with.
        if row.setup.eval.contains(&true) {
            seen.see(row, &self.columns);
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "a number of columns")]
    fn finish(&self, seen: Portrait, setup: &Setup, out: &mut Findings) {
        let [train, eval] = &seen.sides;
        if train.turns.count() == 0 || eval.turns.count() == 0 {
            return;
        }
        let chance = self.chance / (6.0 + seen.columns.len() as f64);
        let unit = if setup.tokenizer.is_some() {
            "tokens"
        } else {
            "characters"
        };
        let sizes: [(&str, &str, fn(&Side) -> &crate::sketch::histogram::Histogram); 3] = [
            ("length of rows", unit, |side| &side.rows),
            ("length of answers", "characters", |side| &side.answers),
            ("turns of a row", "turns", |side| &side.turns),
        ];
        for (name, unit, of) in sizes {
            let (train, eval) = (of(train), of(eval));
            if let Some(distance) = kolmogorov_smirnov(train, eval, chance).filter(|distance| self.told(*distance)) {
                let (usual, other) = (train.percentile(0.5), eval.percentile(0.5));
                let apart = self.apart("Kolmogorov–Smirnov", distance);
                out.set(format!(
                    "{name}: a median of {other} {unit} in evaluation rows, {usual} in training rows; {apart}"
                ));
            }
        }
        self.kinds("roles", &seen.roles, chance, out);
        self.kinds("system prompts", &seen.system, chance, out);
        self.kinds("language of the prompts", &seen.languages, chance, out);
        for (column, kinds) in &seen.columns {
            self.kinds(&format!("column `{column}`"), kinds, chance, out);
        }
    }
}

impl EvalShift {
    fn told(&self, distance: Distance) -> bool {
        distance.value > self.distance && distance.value > distance.by_chance
    }

    fn apart(&self, of: &str, distance: Distance) -> String {
        format!(
            "{of} distance {:.2}, more than {} (`distance`) and than the {:.2} of chance",
            distance.value, self.distance, distance.by_chance
        )
    }

    #[expect(clippy::cast_precision_loss, reason = "shares are floats")]
    fn kinds(&self, name: &str, kinds: &Kinds, chance: f64, out: &mut Findings) {
        let Some(counts) = kinds.counts() else { return };
        let distance = total_variation(counts.clone().map(|(train, eval, _)| (train, eval)), RARE, chance);
        let Some(distance) = distance.filter(|distance| self.told(*distance)) else {
            return;
        };
        let (all, of) = counts
            .clone()
            .fold((0, 0), |sums, kind| (sums.0 + kind.0, sums.1 + kind.1));
        let shares = counts.map(|(train, eval, name)| (eval as f64 / of as f64, train as f64 / all as f64, name));
        // The kind that differs most.
        let most = shares.max_by(|left, right| (left.0 - left.1).abs().total_cmp(&(right.0 - right.1).abs()));
        if let Some((eval, train, kind)) = most {
            let (eval, train, apart) = (eval * 100.0, train * 100.0, self.apart("total variation", distance));
            out.set(format!(
                "{name}: {kind} in {eval:.0} % of evaluation rows, {train:.0} % of training rows; {apart}"
            ));
        }
    }
}
