//! What the steps carry, summed up.

use crate::model::budget::{Spread, StepLoad};
use crate::plan::load::{Columns, Load};
use crate::plan::sampler::Order;
use crate::plan::{Plan, float};

/// Rows looked at, at the most; a second's work.
const ROWS: u64 = 1 << 25;

/// The same of sets so large that their whole order, written down, would take more memory than their lengths.
const ROWS_OF_MANY: u64 = 1 << 21;

/// Over all steps, or over the first ones where there are too many. `None` where no row has a token.
pub(super) fn summary(plan: &Plan, order: Order<'_>, columns: Columns<'_>, exact: bool) -> Option<StepLoad> {
    let rows = if plan.feed.rows > super::MANY as u64 {
        ROWS_OF_MANY
    } else {
        ROWS
    };
    let steps = plan.steps.min((rows / plan.effective_batch).max(1));
    let (mut tokens, mut trained) = (Gathered::default(), Gathered::default());
    let (mut used, mut padded, mut pairs) = (0, 0, 0u128);
    for Load {
        tokens: fed,
        trained: carrying,
        padded: with_padding,
        pairs: looked_at,
        ..
    } in plan.loads(order, columns, steps)
    {
        tokens.add(fed);
        trained.add(carrying);
        used += fed;
        padded += with_padding;
        pairs += looked_at;
    }
    (padded > 0).then(|| StepLoad {
        steps,
        tokens: tokens.spread(),
        trained: trained.spread(),
        padding: 1.0 - float(used) / float(padded),
        positions: padded,
        pairs: float_of(pairs),
        exact,
    })
}

/// To the 15 digits a float has, which is more than anybody reads.
#[expect(clippy::cast_precision_loss, reason = "it is only compared with others of its kind")]
fn float_of(pairs: u128) -> f64 {
    pairs as f64
}

#[derive(Default)]
struct Gathered {
    count: u64,
    sum: u64,
    squares: f64,
    least: Option<u64>,
    most: u64,
}

impl Gathered {
    fn add(&mut self, value: u64) {
        self.count += 1;
        self.sum += value;
        self.squares += float(value) * float(value);
        self.least = Some(self.least.map_or(value, |least| least.min(value)));
        self.most = self.most.max(value);
    }

    fn spread(&self) -> Spread {
        let count = float(self.count.max(1));
        let mean = float(self.sum) / count;
        Spread {
            least: self.least.unwrap_or(0),
            mean,
            most: self.most,
            deviation: (self.squares / count - mean * mean).max(0.0).sqrt(),
        }
    }
}
