//! What a run is to reach.

/// What the run is to reach, as far as it was said.
#[derive(Clone, Debug, Default)]
pub struct Goal {
    pub epochs: Option<f64>,
    /// Share of the rows to be seen, 0 to 1.
    pub coverage: Option<f64>,
    pub hours: Option<f64>,
    /// Tokens, padding counted, that all devices get through in a second.
    pub tokens_per_second: Option<f64>,
    /// Seconds of a step of the run as set up, and the tokens such a step has.
    pub step_time: Option<(f64, f64)>,
}

impl Goal {
    /// Hours of so many steps of so many tokens each.
    pub fn hours_of(&self, steps: f64, tokens: f64) -> Option<f64> {
        let seconds = match (self.tokens_per_second, self.step_time) {
            (Some(rate), _) if rate > 0.0 => tokens / rate,
            (_, Some((seconds, of))) if of > 0.0 => seconds * tokens / of,
            _ => return None,
        };
        Some(steps * seconds / 3600.0)
    }
}
