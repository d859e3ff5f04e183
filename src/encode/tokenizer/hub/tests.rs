use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What a server answers to a path: status, headers, body.
type Answers = HashMap<String, (u16, Vec<(String, String)>, Vec<u8>)>;

/// A server on this machine, and every request it saw.
struct Server {
    address: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

#[derive(Clone, Debug)]
struct Request {
    token: Option<String>,
}

impl Server {
    /// Serves until the test ends. A path without an answer gets `fallback`.
    fn start(answers: Answers, fallback: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let _gone = serve(stream, &answers, fallback, &log);
            }
        });
        Self { address, seen }
    }

    fn requests(&self) -> Vec<Request> {
        self.seen.lock().expect("a log").clone()
    }
}

fn serve(mut stream: TcpStream, answers: &Answers, fallback: u16, log: &Mutex<Vec<Request>>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut token = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("authorization")
        {
            token = Some(value.to_owned());
        }
    }
    log.lock().expect("a log").push(Request { token });
    let missing = (
        fallback,
        vec![("x-error-code".to_owned(), "EntryNotFound".to_owned())],
        Vec::new(),
    );
    let (status, headers, body) = answers.get(&path).unwrap_or(&missing);
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-length: {}\r\nconnection: close\r\n",
        body.len()
    )?;
    for (name, value) in headers {
        write!(stream, "{name}: {value}\r\n")?;
    }
    write!(stream, "\r\n")?;
    stream.write_all(body)
}

fn headers(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn env(cache: &Path, endpoint: &str) -> HubEnv {
    HubEnv {
        cache: cache.to_owned(),
        endpoint: endpoint.to_owned(),
        token: Some("hf_secret".to_owned()),
        odd_token: None,
        offline: None,
    }
}

/// The path of a file of `org/m` at a revision.
fn path(revision: &str, file: &str) -> String {
    format!("/org/m/resolve/{revision}/{file}")
}

fn json_file(tag: &str) -> Vec<(String, String)> {
    headers(&[("x-repo-commit", COMMIT), ("etag", tag)])
}

#[test]
fn downloads_once_in_the_layout_others_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = Server::start(
        HashMap::from([(
            "/blob?sig=1".to_owned(),
            (200, headers(&[("etag", "\"cdn\"")]), b"{\"large\":1}".to_vec()),
        )]),
        404,
    );
    let linked = [
        ("location", format!("{}/blob?sig=1", other.address)),
        ("x-linked-etag", "\"abc123\"".into()),
    ];
    let mut redirect: Vec<(String, String)> = linked
        .iter()
        .map(|(name, value)| ((*name).into(), value.clone()))
        .collect();
    redirect.extend(headers(&[("x-repo-commit", COMMIT)]));
    let server = Server::start(
        HashMap::from([
            (path("main", "tokenizer.json"), (302, redirect, Vec::new())),
            (
                path(COMMIT, "config.json"),
                (200, json_file("W/\"c0ffee\""), b"{}".to_vec()),
            ),
            // A relative redirect stays on the host.
            (
                path(COMMIT, "tokenizer_config.json"),
                (307, headers(&[("location", "/cache/tc")]), Vec::new()),
            ),
            (
                "/cache/tc".to_owned(),
                (200, json_file("../../evil"), b"{\"a\":1}".to_vec()),
            ),
        ]),
        404,
    );
    let env = env(folder.path(), &server.address);
    let found = locate("org/m", &env).expect("a model");

    let root = folder.path().join("models--org--m");
    assert_eq!(found, root.join("snapshots").join(COMMIT));
    assert_eq!(fs::read_to_string(root.join("refs/main")).expect("a ref"), COMMIT);
    assert_eq!(
        fs::read(found.join("tokenizer.json")).expect("a file"),
        b"{\"large\":1}"
    );
    assert_eq!(fs::read(root.join("blobs/abc123")).expect("a blob"), b"{\"large\":1}");
    assert_eq!(fs::read(root.join("blobs/c0ffee")).expect("a blob"), b"{}");
    #[cfg(unix)]
    assert_eq!(
        fs::read_link(found.join("config.json")).expect("a link"),
        Path::new("../../blobs/c0ffee")
    );
    // A tag that is a path names no file.
    assert_eq!(
        fs::read(found.join("tokenizer_config.json")).expect("a file"),
        b"{\"a\":1}"
    );
    assert!(!folder.path().join("evil").exists());
    assert!(root.join(".no_exist").join(COMMIT).join("added_tokens.json").exists());
    let left: Vec<_> = fs::read_dir(root.join("blobs")).expect("blobs").flatten().collect();
    assert_eq!(left.len(), 2, "no temporary files are left: {left:?}");

    // The token goes to the endpoint and not to whoever it redirects to.
    assert!(
        server
            .requests()
            .iter()
            .all(|request| request.token.as_deref() == Some("Bearer hf_secret"))
    );
    assert_eq!(other.requests().len(), 1);
    assert!(other.requests().iter().all(|request| request.token.is_none()));

    // Everything is known now: nothing is asked again, nor is a network needed.
    let asked = server.requests().len();
    assert_eq!(locate("org/m", &env).expect("a model"), found);
    assert_eq!(locate(&format!("org/m@{COMMIT}"), &env).expect("a model"), found);
    assert_eq!(server.requests().len(), asked);
    let offline = HubEnv {
        offline: Some("HF_HUB_OFFLINE"),
        ..env
    };
    assert_eq!(locate("org/m", &offline).expect("a model"), found);
}

#[test]
fn what_another_library_cached_is_enough() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = folder.path().join("models--org--m");
    let snapshot = root.join("snapshots").join(COMMIT);
    fs::create_dir_all(&snapshot).expect("a folder");
    fs::create_dir_all(root.join("refs")).expect("a folder");
    fs::write(root.join("refs/main"), COMMIT).expect("written");
    fs::write(snapshot.join("tokenizer.json"), "{}").expect("written");
    // Nobody answers: what is there is used.
    let env = env(folder.path(), "http://127.0.0.1:1");
    assert_eq!(locate("org/m", &env).expect("a model"), snapshot);
    let offline = HubEnv {
        offline: Some("TRANSFORMERS_OFFLINE"),
        ..env
    };
    assert_eq!(locate("org/m", &offline).expect("a model"), snapshot);
}

#[test]
fn every_failure_says_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let message = |status: u16, token: bool| {
        let code = if status == 404 { "RepoNotFound" } else { "GatedRepo" };
        let answer = (status, headers(&[("x-error-code", code)]), Vec::new());
        let server = Server::start(HashMap::from([(path("main", "tokenizer.json"), answer)]), 404);
        let mut env = env(folder.path(), &server.address);
        if !token {
            env.token = None;
        }
        locate("org/m", &env).expect_err("a failure").to_string()
    };
    assert!(message(401, false).contains("private or gated, or does not exist (HTTP 401); set HF_TOKEN"));
    assert!(message(403, true).contains("the token has no access to it (HTTP 403)"));
    assert!(message(404, true).contains("no such model or revision"));
    assert!(message(500, true).contains("answered HTTP 500"));
    assert!(
        locate("a b", &env(folder.path(), "http://x"))
            .expect_err("no id")
            .to_string()
            .contains("neither a folder")
    );

    let offline = HubEnv {
        offline: Some("HF_HUB_OFFLINE"),
        ..env(folder.path(), "http://x")
    };
    let said = locate("org/m", &offline).expect_err("not cached").to_string();
    assert!(
        said.contains("not in the cache") && said.contains("HF_HUB_OFFLINE"),
        "{said}"
    );
    let loop_ = (
        302,
        headers(&[("location", &path("main", "tokenizer.json"))]),
        Vec::new(),
    );
    let server = Server::start(HashMap::from([(path("main", "tokenizer.json"), loop_)]), 404);
    let said = locate("org/m", &env(folder.path(), &server.address))
        .expect_err("a loop")
        .to_string();
    assert!(said.contains("too many redirects"), "{said}");
}

#[test]
fn a_model_without_the_file_is_remembered_as_such() {
    let folder = tempfile::tempdir().expect("a folder");
    let missing = (
        404,
        headers(&[("x-error-code", "EntryNotFound"), ("x-repo-commit", COMMIT)]),
        Vec::new(),
    );
    let server = Server::start(HashMap::from([(path("main", "tokenizer.json"), missing)]), 404);
    let env = env(folder.path(), &server.address);
    assert!(matches!(locate("org/m", &env), Err(HubError::NoTokenizer { .. })));
    let offline = HubEnv {
        offline: Some("HF_HUB_OFFLINE"),
        ..env
    };
    assert!(matches!(locate("org/m", &offline), Err(HubError::NoTokenizer { .. })));
}

#[test]
fn templates_by_name_come_with_the_models_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let listed = r#"[{"type": "directory", "path": "additional_chat_templates/old.jinja"},
        {"type": "file", "path": "additional_chat_templates/tool_use.jinja"},
        {"type": "file", "path": "additional_chat_templates/../evil.jinja"},
        {"type": "file", "path": "additional_chat_templates/notes.md"}]"#;
    let server = Server::start(
        HashMap::from([
            (
                path("main", "tokenizer.json"),
                (200, json_file("\"aa\""), b"{}".to_vec()),
            ),
            (
                path(COMMIT, "chat_template.jinja"),
                (200, json_file("\"bb\""), b"plain".to_vec()),
            ),
            (
                format!("/api/models/org/m/tree/{COMMIT}/additional_chat_templates"),
                (200, Vec::new(), listed.as_bytes().to_vec()),
            ),
            (
                path(COMMIT, "additional_chat_templates/tool_use.jinja"),
                (200, json_file("\"cc\""), b"tools".to_vec()),
            ),
        ]),
        404,
    );
    let env = env(folder.path(), &server.address);
    let found = locate("org/m", &env).expect("a model");
    let more = found.join("additional_chat_templates");
    assert_eq!(fs::read(more.join("tool_use.jinja")).expect("a file"), b"tools");
    assert_eq!(fs::read_dir(&more).expect("a folder").count(), 1);
    // All is known now.
    let asked = server.requests().len();
    locate("org/m", &env).expect("a model");
    assert_eq!(server.requests().len(), asked);
}

#[test]
fn a_download_that_broke_off_is_not_taken_for_all_there_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = (
        path("main", "tokenizer.json"),
        (200, json_file("\"aa\""), b"{}".to_vec()),
    );
    let template = path(COMMIT, "chat_template.jinja");
    for status in [429, 500, 401] {
        let answers = [file.clone(), (template.clone(), (status, Vec::new(), Vec::new()))];
        let server = Server::start(answers.into(), 404);
        // The second run knows no more than the first.
        for _ in 0..2 {
            let said = locate("org/m", &env(folder.path(), &server.address)).expect_err("a part");
            assert!(said.to_string().contains(&format!("HTTP {status}")), "{said}");
        }
    }
    let offline = HubEnv {
        offline: Some("HF_HUB_OFFLINE"),
        ..env(folder.path(), "http://127.0.0.1:1")
    };
    let said = locate("org/m", &offline).expect_err("a part").to_string();
    assert!(said.contains("only part of it is in the cache"), "{said}");
    // The rest comes as soon as it is to be had.
    let rest = (template, (200, json_file("\"bb\""), b"plain".to_vec()));
    let server = Server::start([rest].into(), 404);
    let found = locate("org/m", &env(folder.path(), &server.address)).expect("a model");
    assert_eq!(fs::read(found.join("chat_template.jinja")).expect("a file"), b"plain");
    assert_eq!(locate("org/m", &offline).expect("a model"), found);
}

#[test]
fn a_token_that_cannot_be_sent_and_a_host_that_is_not_there_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let env = env(folder.path(), "http://nowhere.invalid");
    let said = locate("org/m", &env).expect_err("no host").to_string();
    assert!(said.contains("cannot reach nowhere.invalid: "), "{said}");
    let odd = HubEnv {
        odd_token: Some("HF_TOKEN".to_owned()),
        ..env
    };
    let said = locate("org/m", &odd).expect_err("no token").to_string();
    assert!(said.starts_with("HF_TOKEN: no token"), "{said}");
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_by_the_minute() {
    let folder = tempfile::tempdir().expect("a folder");
    // Connections are taken by the system and answered by nobody.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    let (asked, answered) = std::sync::mpsc::channel();
    let env = env(folder.path(), &address);
    thread::spawn(move || asked.send(locate("org/m", &env).map_err(|error| error.to_string())));
    let said = answered.recv_timeout(std::time::Duration::from_mins(1));
    let said = said.expect("an end").expect_err("no model");
    assert!(said.contains("timeout"), "{said}");
}
