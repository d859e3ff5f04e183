//! What a trainer is told by the rows themselves, where neither a config nor an option says it.

use crate::command::data::Data;
use crate::settings::Settings;

use super::Asked;

impl Asked {
    /// Sets the option that names the kind of training the rows are for, and says so; `None` where that is given or
    /// follows from what is, and where the rows are of the trainer's usual kind.
    pub fn follow_rows(&self, settings: &mut Settings, data: &Data) -> Option<String> {
        let layout = data.trained()?;
        let (option, value) = (self.family.of_rows)(layout.shape)?;
        let is_told = |(name, _): &(String, String)| {
            let key = name.split('.').next().unwrap_or_default();
            key == option || self.family.describes_rows.contains(&key)
        };
        if settings.set.iter().any(is_told) {
            return None;
        }
        settings.set.push((option.to_owned(), value.to_owned()));
        Some(format!(
            "the rows are of the shape {}: checked with --set {option}={value}; another is named the same way",
            layout.shape.name()
        ))
    }
}
