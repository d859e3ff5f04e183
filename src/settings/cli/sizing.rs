//! `gonogo fit` and `gonogo cache`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Color, DataArgs, FileArgs, ModelArgs, ShowFormat, TrainArgs};

#[derive(Debug, Args)]
pub struct FitArgs {
    #[command(flatten)]
    pub data: DataArgs,
    #[command(flatten)]
    pub model: ModelArgs,
    #[command(flatten)]
    pub train: TrainArgs,
    /// Share of the rows the run is to see: `99%`
    #[arg(long, value_name = "SHARE", value_parser = share, help_heading = "Goal")]
    pub coverage: Option<f64>,
    /// Hours the run may take, at the throughput given
    #[arg(long, value_name = "HOURS", value_parser = above_zero, help_heading = "Goal")]
    pub hours: Option<f64>,
    /// Tokens a second, padding counted, on all devices together
    #[arg(long, value_name = "N", value_parser = above_zero, help_heading = "Goal")]
    pub tokens_per_sec: Option<f64>,
    /// Seconds of a step of the run as set up
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = above_zero,
        conflicts_with = "tokens_per_sec",
        help_heading = "Goal"
    )]
    pub step_time: Option<f64>,
    /// Print the recommended sizes as a diff of the config, for `patch -p0`
    #[arg(long, help_heading = "Output")]
    pub print_patch: bool,
    /// How to print
    #[arg(short, long, value_enum, default_value_t = ShowFormat::Auto, help_heading = "Output")]
    pub format: ShowFormat,
    /// When to colour
    #[arg(long, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
    pub color: Color,
    /// Say nothing but the result
    #[arg(short, long, help_heading = "Output")]
    pub quiet: bool,
    #[command(flatten)]
    pub cache: CacheArgs,
    #[command(flatten)]
    pub files: FileArgs,
}

/// What is kept between runs.
#[derive(Debug, Default, Args)]
pub struct CacheArgs {
    /// Neither use nor keep what was worked out before
    #[arg(long, help_heading = "Run")]
    pub no_cache: bool,
    /// Folder it is kept in (default: $GONOGO_CACHE_DIR, else `gonogo` in the user's cache folder)
    #[arg(long, value_name = "DIR", help_heading = "Run")]
    pub cache_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum CacheCommand {
    /// Print the folder
    Dir {
        /// Another folder
        #[arg(long, value_name = "DIR")]
        cache_dir: Option<PathBuf>,
    },
    /// Remove all that is kept
    Clean {
        /// Another folder
        #[arg(long, value_name = "DIR")]
        cache_dir: Option<PathBuf>,
    },
    /// Print how much is kept
    Stats {
        /// Another folder
        #[arg(long, value_name = "DIR")]
        cache_dir: Option<PathBuf>,
    },
}

fn above_zero(text: &str) -> Result<f64, String> {
    let number = text.trim().parse::<f64>().ok();
    let number = number.filter(|number| number.is_finite() && *number > 0.0);
    number.ok_or_else(|| "expected a number above 0".to_owned())
}

/// `99%` or `0.99`
fn share(text: &str) -> Result<f64, String> {
    let number = |text: &str| {
        text.trim()
            .parse::<f64>()
            .map_err(|_| "expected a share: `99%`".to_owned())
    };
    let share = match text.strip_suffix('%') {
        Some(percent) => number(percent)? / 100.0,
        None => number(text)?,
    };
    if (0.0..=1.0).contains(&share) {
        Ok(share)
    } else {
        Err("a share is between 0 and 100 %".to_owned())
    }
}
