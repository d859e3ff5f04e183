//! How many files may be open at a time: `filter` has one for each that it writes.

/// Raises what is usual to what is allowed. Where that fails, opening one too many says so.
pub(super) fn as_many_as_allowed() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};

        let mut files = getrlimit(Resource::Nofile);
        files.current = files.maximum;
        let _ = setrlimit(Resource::Nofile, files);
    }
}
