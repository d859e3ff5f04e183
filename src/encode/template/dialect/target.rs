//! What `set` and `for` assign to.

/// What a value is assigned to.
pub(super) struct Target {
    pub(super) code: String,
    /// An attribute of a namespace.
    pub(super) attribute: bool,
    /// An attribute transformers refuses, because its name begins with an underscore.
    pub(super) private: bool,
}

impl Target {
    /// The filter that minds what is stored.
    pub(super) fn guard(&self) -> &'static str {
        match (self.private, self.attribute) {
            (true, _) => "|_private",
            (false, true) => "|_store",
            (false, false) => "",
        }
    }
}
