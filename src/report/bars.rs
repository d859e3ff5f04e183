//! How many rows there are of each length, as a line of bars.

use crate::measure::Bin;

/// A bar for each bin, and `│` where the limit stands between two.
pub(super) fn of(histogram: &[Bin], limit: Option<u64>) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = histogram.iter().map(|bin| bin.rows).max().unwrap_or(0).max(1);
    let mut bars = String::new();
    for bin in histogram {
        if limit.is_some_and(|limit| limit < bin.from && !bars.contains('│') && !bars.is_empty()) {
            bars.push('│');
        }
        // Any row at all shows; the height is that of the count.
        let height = usize::try_from((bin.rows * 8).div_ceil(most)).unwrap_or(8);
        bars.push(if height == 0 { ' ' } else { BARS[height - 1] });
    }
    bars
}
