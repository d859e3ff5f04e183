//! The bar on the terminal while rows are read.

use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::scan::Progress;

/// A bar for less than this would only flicker.
const PATIENCE: Duration = Duration::from_millis(300);

/// Runs with a bar on the terminal that follows the bytes read.
pub(super) fn with_bar<T: Send>(progress: &Progress, size: u64, quiet: bool, run: impl FnOnce() -> T + Send) -> T {
    if quiet {
        return run();
    }
    let bar = ProgressBar::with_draw_target(Some(size), ProgressDrawTarget::stderr());
    let style = ProgressStyle::with_template(" {bar:30} {percent:>3}%  {bytes}/{total_bytes}  {bytes_per_sec}  {eta}");
    bar.set_style(style.expect("the template is sound"));
    std::thread::scope(|scope| {
        let (done, finished) = std::sync::mpsc::channel::<()>();
        let draw = || {
            let finished = finished;
            let mut wait = PATIENCE;
            while finished.recv_timeout(wait) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                bar.set_position(progress.bytes.load(Ordering::Relaxed));
                wait = Duration::from_millis(100);
            }
            bar.finish_and_clear();
        };
        // Where the system has no thread for it, there is no bar.
        let _ = std::thread::Builder::new().spawn_scoped(scope, draw);
        let result = run();
        drop(done);
        result
    })
}
