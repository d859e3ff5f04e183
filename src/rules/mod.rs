pub static RULES: &[crate::rule::lane::RuleEntry] = &[];
