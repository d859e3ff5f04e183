//! Parses, runs, and exits: the only place that does.

use std::io::Write;
use std::process::ExitCode;

use gonogo::command;
use gonogo::guard::is_guarded;
use gonogo::settings::cli;

fn main() -> ExitCode {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        // A library that trips over a damaged file is told of as a finding or an error, and not here as well.
        if !is_guarded() {
            print(panic);
        }
    }));
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        // Help and version are answers, not mistakes.
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() {
                ExitCode::from(2)
            } else {
                ExitCode::SUCCESS
            };
        }
    };
    let environment = std::env::vars_os()
        .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    match command::run(&cli, &environment) {
        Ok(outcome) => outcome.into(),
        // A reader that went away (`gonogo … | head`) is not a failure of ours.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(anstream::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let pipe = |error: &std::io::Error| error.kind() == std::io::ErrorKind::BrokenPipe;
    error.chain().any(|cause| cause.downcast_ref().is_some_and(pipe))
}
