//! Parses, runs, and exits: the only place that does.

use std::io::Write;
use std::process::ExitCode;

use gonogo::command;
use gonogo::guard::is_guarded;
use gonogo::settings::{cli, environment};

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
    let run = || {
        let environment = environment::read(std::env::vars_os())?;
        for unknown in environment::unknown(&environment) {
            let _ = writeln!(anstream::stderr(), "note: {unknown}");
        }
        command::run(&cli, &environment)
    };
    match run() {
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
