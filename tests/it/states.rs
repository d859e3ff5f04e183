//! What a machine leaves lying about: links that lead nowhere, names in other encodings, pipes among files, halves of
//! downloads, damaged parts. Said by name, never passed over.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime};

use crate::run::{MODEL, command, folder, gonogo, said};

const ROW: &str = "{\"messages\": [{\"role\": \"user\", \"content\": \"How far is the moon?\"}, {\"role\": \"assistant\", \
                   \"content\": \"About 384,400 km away from us.\"}]}\n";

#[track_caller]
fn refuses(folder: &Path, words: &[&str], why: &str) {
    let (code, said) = said(&gonogo(folder, words));
    assert_eq!(code, Some(2), "{words:?}: {said}");
    assert!(said.contains(why), "{words:?}: {said}");
}

#[cfg(unix)]
mod of_files {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_pattern_passes_over_no_link_that_leads_nowhere() {
        let folder = folder(&[("a/x.jsonl", ROW), ("b/y.jsonl", ROW)]);
        let at = folder.path();
        symlink("gone.jsonl", at.join("a/z.jsonl")).expect("a link");
        let why = "a/z.jsonl: a link to gone.jsonl, which is not there";
        refuses(at, &["check", "a/*.jsonl", "--no-cache"], why);
        refuses(at, &["check", "**/*.jsonl", "--no-cache"], why);
        let config = "base_model: m\ndatasets:\n  - path: a/*.jsonl\n    type: chat_template\n";
        fs::write(at.join("run.yaml"), config).expect("written");
        refuses(at, &["check", "run.yaml", "--no-cache"], "a/z.jsonl");
        // What no match can come of does not matter; what one might have come of is named.
        symlink("gone", at.join("c")).expect("a link");
        let (code, all) = said(&gonogo(at, &["check", "b/*.jsonl", "--no-cache"]));
        assert!(code == Some(0) && !all.contains("left out"), "{all}");
        fs::remove_file(at.join("a/z.jsonl")).expect("removed");
        let (_, said) = said(&gonogo(at, &["check", "*/*.jsonl", "--no-cache", "-f", "json"]));
        assert!(said.contains("left out c: a link to nothing"), "{said}");
        refuses(at, &["check", "c/*.jsonl", "--no-cache"], "c: a link to gone");
        refuses(at, &["check", "d/*.jsonl", "--no-cache"], "no file matches");
    }

    /// A folder deeper than a path may be long, which even root cannot read by its name.
    fn too_deep(at: &Path) {
        let name = "d".repeat(200);
        let deeper = format!("mkdir -p x && cd -P x && for i in $(seq 30); do mkdir {name} && cd -P {name}; done");
        let made = Command::new("sh").arg("-c").arg(deeper).current_dir(at).output();
        assert!(made.is_ok_and(|made| made.status.success()));
    }

    #[test]
    fn what_cannot_be_visited_is_no_folder_without_data() {
        let folder = folder(&[("x/a.jsonl", ROW)]);
        let at = folder.path();
        too_deep(at);
        refuses(at, &["check", "x", "--no-cache"], "cannot be read: File name too long");
        refuses(
            at,
            &["check", "x/**/*.jsonl", "--no-cache"],
            "cannot be read: File name too long",
        );
        let removed = Command::new("rm").arg("-r").arg(at.join("x")).status();
        assert!(removed.is_ok_and(|removed| removed.success()));
    }

    #[test]
    fn a_name_that_is_not_utf8_is_read_by_its_ending() {
        let folder = folder(&[("m/a.jsonl", ROW)]);
        let name = OsStr::from_bytes(b"donn\xe9es.jsonl");
        // Some file systems take UTF-8 only.
        if fs::write(folder.path().join("m").join(name), "{broken\n").is_err() {
            return;
        }
        for data in ["m", "m/*.jsonl"] {
            let (code, said) = said(&gonogo(folder.path(), &["check", data, "--no-cache", "-f", "concise"]));
            assert!(code == Some(1) && said.contains("es.jsonl:1"), "{said}");
        }
    }

    #[test]
    fn threads_that_cannot_be_started_are_no_panic() {
        let folder = folder(&[("rows.jsonl", ROW)]);
        // Their stacks are what there is no room for: a limit on their number does not hold for root. They are large,
        // and threads have no heaps of their own, so that room enough is left for the threads that did start.
        let limited = "ulimit -v 1500000 && exec \"$0\" check rows.jsonl --no-cache";
        let mut run = Command::new("sh");
        run.current_dir(folder.path())
            .env_clear()
            .env("RAYON_NUM_THREADS", "3000")
            .env("RUST_MIN_STACK", "67108864")
            .env("MALLOC_ARENA_MAX", "1");
        run.args(["-c", limited, env!("CARGO_BIN_EXE_gonogo")]);
        let (code, all) = said(&run.output().expect("run"));
        assert!(
            code == Some(2) && all.contains("the system starts no more threads"),
            "{code:?}: {all}"
        );
    }

    #[test]
    fn what_is_no_file_is_not_waited_for() {
        let folder = folder(&[("d/x.jsonl", ROW)]);
        let at = folder.path();
        let _socket = UnixListener::bind(at.join("d/s.jsonl")).expect("a socket");
        let pipe = Command::new("mkfifo").arg(at.join("d/y.jsonl")).status();
        assert!(pipe.is_ok_and(|pipe| pipe.success()));
        for data in ["d", "d/*.jsonl"] {
            let (code, said) = said(&gonogo(at, &["check", data, "--no-cache"]));
            assert_eq!(code, Some(0), "{said}");
            assert!(
                said.contains("left out d/y.jsonl: a pipe, a socket or a device"),
                "{said}"
            );
            assert!(said.contains("left out d/s.jsonl"), "{said}");
        }
        refuses(at, &["check", "d/y*", "--no-cache"], "no file matches");
        // Named itself it is read.
        let writer = Command::new("sh")
            .arg("-c")
            .arg("cat d/x.jsonl > d/y.jsonl")
            .current_dir(at)
            .spawn();
        assert_eq!(said(&gonogo(at, &["check", "d/y.jsonl", "--no-cache"])).0, Some(0));
        writer.expect("a writer").wait().expect("written");
    }
}

/// Three parts of a file of rows, and the file.
fn parts() -> tempfile::TempDir {
    let rows: String = (0..60).map(|row| ROW.replace("moon", &format!("moon {row}"))).collect();
    let folder = folder(&[("rows.jsonl", &rows)]);
    for part in ["1", "2", "3"] {
        shard(folder.path(), part);
    }
    folder
}

fn shard(at: &Path, part: &str) {
    let words = [
        "check",
        "rows.jsonl",
        "-q",
        "--shard",
        &format!("{part}/3"),
        "--partial",
        part,
    ];
    assert_eq!(said(&gonogo(at, &words)).0, Some(0));
}

#[test]
fn a_part_with_a_bit_flipped_is_refused_by_its_name() {
    let folder = parts();
    let at = folder.path();
    assert_ne!(said(&gonogo(at, &["merge", "1", "2", "3", "-q"])).0, Some(2));
    let sound = fs::read(at.join("2")).expect("a part");
    for bit in (0..sound.len() * 8).step_by(sound.len() / 3) {
        let mut damaged = sound.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        fs::write(at.join("2"), &damaged).expect("written");
        refuses(at, &["merge", "1", "2", "3"], "error: 2 ");
    }
    fs::write(at.join("2"), &sound[..sound.len() - 1]).expect("written");
    refuses(at, &["merge", "1", "2", "3"], "2 is damaged");
}

#[test]
fn parts_of_other_data_of_the_same_size_are_not_merged() {
    let folder = parts();
    let rows = folder.path().join("rows.jsonl");
    let other = fs::read_to_string(&rows).expect("rows").replace("384", "483");
    fs::write(&rows, other).expect("written");
    shard(folder.path(), "3");
    refuses(
        folder.path(),
        &["merge", "1", "2", "3"],
        "rows.jsonl is not the same in both",
    );
}

#[test]
fn settings_count_however_they_are_written() {
    let folder = folder(&[("rows.jsonl", ROW)]);
    let at = folder.path();
    for project in [
        "[tool]\ngonogo = { fail-on = \"warnin\" }\n",
        "[tool.\"gonogo\"]\nfail-on = \"warnin\"\n",
        "[ tool . gonogo ]\nfail-on = \"warnin\"\n",
    ] {
        fs::write(at.join("pyproject.toml"), project).expect("written");
        refuses(at, &["check", "rows.jsonl"], "warnin");
    }
    fs::create_dir(at.join("gonogo.toml")).expect("made");
    refuses(at, &["check", "rows.jsonl"], "gonogo.toml is no file");
    fs::remove_dir(at.join("gonogo.toml")).expect("removed");
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("gone", at.join("gonogo.toml")).expect("a link");
        refuses(
            at,
            &["check", "rows.jsonl"],
            "gonogo.toml is no file, or a link to none",
        );
    }
    let never = ["check", "rows.jsonl", "--isolated", "--error-if", "dup/exact=>NaN%"];
    refuses(at, &never, "`>NaN%` is no threshold");
}

#[test]
fn a_variable_that_does_not_count_is_named() {
    let folder = folder(&[("rows.jsonl", ROW)]);
    let mut run = command(folder.path(), &["check", "rows.jsonl", "--no-cache"]);
    run.env("GONOGO_MAX_LENGHT", "5").env("GONOGO_STRICT", "1");
    let (code, all) = said(&run.output().expect("run"));
    assert_eq!(code, Some(0), "{all}");
    assert!(all.contains("$GONOGO_MAX_LENGHT is not read"), "{all}");
    assert!(all.contains("did you mean $GONOGO_MAX_LENGTH?"), "{all}");
    assert!(all.contains("$GONOGO_STRICT is not read"), "{all}");
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        let mut run = command(folder.path(), &["check", "rows.jsonl", "--no-cache"]);
        run.env("GONOGO_TRAINER", std::ffi::OsStr::from_bytes(b"tr\xe9"));
        let (code, all) = said(&run.output().expect("run"));
        assert!(code == Some(2) && all.contains("$GONOGO_TRAINER is"), "{all}");
    }
}

/// A file of one batch, as the script that dumps them writes it.
fn batch(number: u64) -> Vec<u8> {
    let ids: Vec<u8> = [5, 6, 7 + number, 2].iter().flat_map(|id| id.to_le_bytes()).collect();
    let tensor = |range: &str| format!("{{\"dtype\":\"I64\",\"shape\":[1,4],\"data_offsets\":{range}}}");
    let header = format!(
        "{{\"__metadata__\":{{\"batch\":\"{number}\",\"epoch_batches\":\"3\"}},\"input_ids\":{},\"labels\":{}}}",
        tensor("[0,32]"),
        tensor("[32,64]")
    );
    let length = (header.len() as u64).to_le_bytes();
    [&length[..], header.as_bytes(), &ids, &ids].concat()
}

#[test]
fn a_dump_named_twice_is_read_once_and_a_batch_that_is_lost_is_found() {
    let folder = folder(&[]);
    let at = folder.path();
    fs::create_dir(at.join("dump")).expect("made");
    for number in [0, 1, 2] {
        fs::write(at.join(format!("dump/batch-{number}.safetensors")), batch(number)).expect("written");
    }
    let (code, all) = said(&gonogo(at, &["batches", "dump", "./dump", "dump/batch-1.safetensors"]));
    assert!(code == Some(0) && !all.contains("batch/rows-repeated"), "{all}");
    assert!(!all.contains("batch/incomplete"), "{all}");
    fs::remove_file(at.join("dump/batch-1.safetensors")).expect("removed");
    let (_, all) = said(&gonogo(at, &["batches", "dump"]));
    assert!(
        all.contains("1 batch before this one, by the numbers of the files"),
        "{all}"
    );
}

/// Runs with a reader of standard output that goes away at once.
fn unread(at: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut run = command(at, words);
    run.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut run = run.spawn().expect("run");
    drop(run.stdout.take());
    said(&run.wait_with_output().expect("ended"))
}

#[test]
fn a_reader_that_has_had_enough_takes_nothing_from_others() {
    let rows: String = (0..9000)
        .map(|row| ROW.replace("moon", &format!("moon {row} ")))
        .collect();
    let folder = folder(&[("rows.jsonl", &rows.replace('\n', "\r\n"))]);
    let at = folder.path();
    assert_eq!(
        unread(at, &["fix", "rows.jsonl", "--diff", "-o", "out.jsonl"]).0,
        Some(0)
    );
    assert_eq!(fs::read_to_string(at.join("out.jsonl")).expect("written"), rows);
    let (code, all) = unread(at, &["encode", "out.jsonl", "-m", MODEL, "-o", "-", "--isolated"]);
    assert_eq!(code, Some(0), "{all}");
}

#[test]
fn a_config_with_a_blank_in_its_name_is_patched() {
    let rows: String = (0..40)
        .map(|row| ROW.replace("moon", &format!("moon {row} ")))
        .collect();
    let config = format!(
        "base_model: {MODEL}\ndatasets:\n  - path: rows.jsonl\n    type: chat_template\nsequence_len: 4096\n\
         micro_batch_size: 2\nnum_epochs: 1\nval_set_size: 0\n"
    );
    let folder = folder(&[("rows.jsonl", &rows), ("my run.yaml", &config)]);
    let (code, all) = said(&gonogo(
        folder.path(),
        &["fit", "my run.yaml", "--print-patch", "--isolated"],
    ));
    assert!(
        all.contains("--- my run.yaml\t\n+++ my run.yaml\t\n"),
        "{code:?}: {all}"
    );
}

#[test]
fn drafts_that_a_killed_run_left_in_the_cache_are_counted_and_removed() {
    let version = concat!("cache/", env!("CARGO_PKG_VERSION"));
    let names = ["old", "new"].map(|name| format!("{version}/.gonogo-{name}"));
    let folder = folder(&[(&names[0], ROW), (&names[1], ROW), ("cache/2024-mine/.tmpold", ROW)]);
    let at = folder.path();
    for name in [&names[0], "cache/2024-mine/.tmpold"] {
        let file = fs::File::options().append(true).open(at.join(name)).expect("there");
        let dated = file.set_modified(SystemTime::now() - Duration::from_hours(2));
        dated.expect("dated");
    }
    for command in ["stats", "clean"] {
        let (_, all) = said(&gonogo(at, &["cache", command, "--cache-dir", "cache"]));
        assert!(all.contains("1 entry"), "{all}");
    }
    let there = |name: &str| at.join(name).exists();
    assert!(!there(&names[0]) && there(&names[1]) && there("cache/2024-mine/.tmpold"));
}
