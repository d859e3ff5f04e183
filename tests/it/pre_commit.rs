//! The hook of `.pre-commit-hooks.yaml`, run by the real pre-commit on a throw-away repository.
//!
//! Runs where `pre-commit` and `git` are on PATH, and says so where they are not.

#![expect(clippy::print_stderr, reason = "a test that is skipped must say so")]

use std::path::Path;
use std::process::{Command, Output};

fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

fn run(folder: &Path, program: &str, args: &[&str]) -> Output {
    let binary = Path::new(env!("CARGO_BIN_EXE_gonogo"));
    let own = binary.parent().expect("the binary stands in a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    Command::new(program)
        .args(args)
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", own.display()))
        .env("PRE_COMMIT_HOME", folder.join(".cache"))
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "a")
        .env("GIT_AUTHOR_EMAIL", "a@example.com")
        .env("GIT_COMMITTER_NAME", "a")
        .env("GIT_COMMITTER_EMAIL", "a@example.com")
        .output()
        .unwrap_or_else(|error| panic!("{program} could not be run: {error}"))
}

fn git(folder: &Path, args: &[&str]) {
    let output = run(folder, "git", args);
    assert!(
        output.status.success(),
        "git {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_hook_checks_staged_data_in_one_process() {
    if !has("pre-commit") || !has("git") {
        eprintln!("skipped: pre-commit is not on PATH");
        return;
    }
    // The hook's definition, as users would name it by the repository's address.
    let hooks = tempfile::tempdir().expect("a temporary folder");
    std::fs::copy(".pre-commit-hooks.yaml", hooks.path().join(".pre-commit-hooks.yaml")).expect("copied");
    git(hooks.path(), &["init", "--quiet"]);
    git(hooks.path(), &["add", "."]);
    git(hooks.path(), &["commit", "--quiet", "-m", "hooks"]);
    let revision = run(hooks.path(), "git", &["rev-parse", "HEAD"]);
    let revision = String::from_utf8_lossy(&revision.stdout).trim().to_owned();

    let data = tempfile::tempdir().expect("a temporary folder");
    let config = format!(
        "repos:\n- repo: {}\n  rev: {revision}\n  hooks: [{{id: gonogo}}]\n",
        hooks.path().display()
    );
    std::fs::write(data.path().join(".pre-commit-config.yaml"), config).expect("written");
    git(data.path(), &["init", "--quiet"]);
    let good = "{\"prompt\": \"What is the capital of Peru?\", \"completion\": \"The capital of Peru is Lima.\"}\n";
    std::fs::write(data.path().join("good.jsonl"), good).expect("written");
    std::fs::write(data.path().join("notes.txt"), "not data\n").expect("written");
    git(data.path(), &["add", "."]);
    let passed = run(data.path(), "pre-commit", &["run"]);
    let said = String::from_utf8_lossy(&passed.stdout).into_owned();
    assert!(passed.status.success(), "{said}");

    std::fs::write(data.path().join("bad.jsonl"), "{\"prompt\": \"cut o\n").expect("written");
    // The same row in two files: only one process that sees both can tell.
    std::fs::write(data.path().join("twin.jsonl"), good).expect("written");
    git(data.path(), &["add", "."]);
    let failed = run(data.path(), "pre-commit", &["run"]);
    let said = String::from_utf8_lossy(&failed.stdout).into_owned();
    assert!(!failed.status.success(), "{said}");
    assert!(
        said.contains("bad.jsonl:1:") && said.contains("schema/bad-json"),
        "{said}"
    );
    assert!(said.contains("twin.jsonl:1: dup/exact"), "{said}");
}
