//! The recommended sizes as a unified diff of the user's own config, comments and all.

use std::fmt::Write as _;

/// A key and the value it is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The trainer's own key.
    pub key: String,
    /// The key that stands there now, where it is to be another.
    pub instead_of: Option<String>,
    pub value: String,
    /// The line, from 1, the key stands on; `None` where it is not there yet.
    pub line: Option<usize>,
}

/// How the file assigns values to keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Yaml,
    Toml,
}

/// Lines of context around a change, as `diff -u` has them.
const CONTEXT: usize = 3;

/// The diff, for `patch -p0`; empty where nothing changes.
///
/// A value is replaced where it stands, and what follows it on the line, a comment, stays. Keys not there yet are
/// added in front of the first table of a TOML file (in that of this program in a `pyproject.toml`), else after the
/// last line.
///
/// # Errors
///
/// If a key stands on its line in a way that is not changed here.
pub fn unified(path: &str, text: &str, changes: &[Change], format: Format) -> Result<String, String> {
    let assign = match format {
        Format::Yaml => ": ",
        Format::Toml => " = ",
    };
    let old: Vec<&str> = text.split_inclusive('\n').collect();
    let mut new: Vec<Option<String>> = vec![None; old.len()];
    let mut added = Vec::new();
    for change in changes {
        let named = change.line.and_then(|line| line.checked_sub(1));
        let own = change.instead_of.as_ref().unwrap_or(&change.key);
        let at = named.filter(|at| *at < old.len()).or_else(|| find(&old, own, format));
        let Some(at) = at else {
            added.push(format!("{}{assign}{}", change.key, change.value));
            continue;
        };
        let Some(line) = changed(old[at], change, assign) else {
            return Err(format!(
                "{path}:{}: {own} is to be {}{assign}{}: change it by hand",
                at + 1,
                change.key,
                change.value
            ));
        };
        if line != old[at] {
            new[at] = Some(line);
        }
    }
    let ending = if old.first().is_some_and(|line| line.ends_with("\r\n")) {
        "\r\n"
    } else {
        "\n"
    };
    let mut lines: Vec<Line<'_>> = Vec::new();
    let last = place(&old, format);
    let append = |lines: &mut Vec<Line<'_>>| {
        for line in &added {
            lines.push(Line::Added(format!("{line}{ending}")));
        }
    };
    for (at, (line, change)) in old.iter().zip(new).enumerate() {
        if at == last {
            append(&mut lines);
        }
        // A line is added after one without an end only by giving it one.
        let ends = if !added.is_empty() && at + 1 == last && !line.ends_with('\n') {
            ending
        } else {
            ""
        };
        match change {
            Some(changed) => {
                lines.push(Line::Removed(line));
                lines.push(Line::Added(format!("{changed}{ends}")));
            }
            None if !ends.is_empty() => {
                lines.push(Line::Removed(line));
                lines.push(Line::Added(format!("{line}{ends}")));
            }
            None => lines.push(Line::Kept(line)),
        }
    }
    if last >= old.len() {
        append(&mut lines);
    }
    Ok(hunks(path, &lines))
}

/// The line, from 0, that a key of the top level (of this program's table in a `pyproject.toml`) stands on; the last
/// where there are several, for that one counts.
fn find(lines: &[&str], key: &str, format: Format) -> Option<usize> {
    let (from, to, mark) = match format {
        Format::Yaml => (0, lines.len(), ':'),
        Format::Toml => {
            let is_table = |at: &usize| lines[*at].trim_start().starts_with('[');
            let own = lines.iter().position(|line| line.trim() == "[tool.gonogo]");
            let from = own.map_or(0, |at| at + 1);
            (from, (from..lines.len()).find(is_table).unwrap_or(lines.len()), '=')
        }
    };
    (from..to).rev().find(|at| {
        let rest = lines[*at].strip_prefix(['"', '\'']).unwrap_or(lines[*at]);
        let rest = rest.strip_prefix(key).map(|rest| rest.trim_start_matches(['"', '\'']));
        rest.is_some_and(|rest| rest.trim_start().starts_with(mark))
    })
}

/// In front of which line keys are added.
fn place(lines: &[&str], format: Format) -> usize {
    let position = |wanted: &dyn Fn(&str) -> bool| lines.iter().position(|line| wanted(line.trim()));
    let found = match format {
        // An end mark of the document stays last.
        Format::Yaml => position(&|line| line == "..."),
        Format::Toml => position(&|line| line == "[tool.gonogo]")
            .map(|at| at + 1)
            .or_else(|| position(&|line| line.starts_with('['))),
    };
    found.unwrap_or(lines.len())
}

enum Line<'l> {
    Kept(&'l str),
    Removed(&'l str),
    Added(String),
}

/// The line with another value, and another key if it is to have one.
fn changed(line: &str, change: &Change, assign: &str) -> Option<String> {
    match &change.instead_of {
        Some(old) => Some(replaced(line, old, &change.value, assign)?.replacen(old, &change.key, 1)),
        None => replaced(line, &change.key, &change.value, assign),
    }
}

/// The line with another value; `None` where it does not hold the key.
fn replaced(line: &str, key: &str, value: &str, assign: &str) -> Option<String> {
    let name = key.rsplit('.').next().unwrap_or(key);
    let mark = assign.trim();
    let body = line.trim_end_matches(['\n', '\r']);
    let start = body.find(name)?;
    let before = body[..start].trim_start_matches([' ', '-', '"', '\'', '{', ',']);
    let after = body[start + name.len()..].trim_start_matches(['"', '\'']);
    if !before.is_empty() || !after.trim_start().starts_with(mark) {
        return None;
    }
    let colon = start + body[start..].find(mark)? + mark.len();
    let value_at = colon + (body[colon..].len() - body[colon..].trim_start().len());
    let rest = &body[value_at..];
    // What else has the anchor would change with it, and a tag says what the value is.
    if rest.starts_with(['&', '!']) {
        return None;
    }
    let end = value_at + scalar(rest);
    let gap = if value_at == colon { " " } else { "" };
    Some(format!(
        "{}{gap}{value}{}{}",
        &body[..value_at],
        &body[end..],
        &line[body.len()..]
    ))
}

/// Bytes of the scalar a line's rest begins with; blanks and a comment after it are not counted.
fn scalar(rest: &str) -> usize {
    match rest.chars().next() {
        Some(quote @ ('"' | '\'')) => rest[1..].find(quote).map_or(rest.len(), |at| at + 2),
        Some('#') | None => 0,
        Some(_) => {
            let comment = rest.find(" #").or_else(|| rest.find("\t#")).unwrap_or(rest.len());
            rest[..comment].trim_end().len()
        }
    }
}

fn hunks(path: &str, lines: &[Line<'_>]) -> String {
    let changed = |line: &Line<'_>| !matches!(line, Line::Kept(_));
    let mut diff = String::new();
    let mut at = 0;
    let (mut old_line, mut new_line) = (1, 1);
    while let Some(first) = (at..lines.len()).find(|at| changed(&lines[*at])) {
        let start = first.saturating_sub(CONTEXT).max(at);
        // Changes with no more than twice the context between them share a hunk.
        let mut last = first;
        while let Some(next) = (last + 1..lines.len().min(last + 2 * CONTEXT + 2)).find(|at| changed(&lines[*at])) {
            last = next;
        }
        let end = (last + CONTEXT + 1).min(lines.len());
        // Between hunks there are kept lines only.
        old_line += start - at;
        new_line += start - at;
        let part = &lines[start..end];
        let olds = part.iter().filter(|line| !matches!(line, Line::Added(_))).count();
        let news = part.iter().filter(|line| !matches!(line, Line::Removed(_))).count();
        if diff.is_empty() {
            // A name with a blank ends where a tab does, as `diff -u` has it.
            let end = if path.contains(' ') { "\t" } else { "" };
            let _ = write!(diff, "--- {path}{end}\n+++ {path}{end}\n");
        }
        let from = |line: usize, count: usize| if count == 0 { line - 1 } else { line };
        let (from_old, from_new) = (from(old_line, olds), from(new_line, news));
        let _ = writeln!(diff, "@@ -{from_old},{olds} +{from_new},{news} @@");
        for line in part {
            let (sign, text) = match line {
                Line::Kept(text) => (' ', *text),
                Line::Removed(text) => ('-', *text),
                Line::Added(text) => ('+', text.as_str()),
            };
            diff.push(sign);
            diff.push_str(text);
            if !text.ends_with('\n') {
                diff.push_str("\n\\ No newline at end of file\n");
            }
        }
        old_line += olds;
        new_line += news;
        at = end;
    }
    diff
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(key: &str, value: &str, line: Option<usize>) -> Change {
        Change {
            key: key.to_owned(),
            instead_of: None,
            value: value.to_owned(),
            line,
        }
    }

    #[test]
    fn a_value_changes_and_its_comment_stays() {
        let line = |line, key, value| replaced(line, key, value, ": ");
        assert_eq!(
            line("sequence_len: 2048   # tokens\n", "sequence_len", "4096").as_deref(),
            Some("sequence_len: 4096   # tokens\n")
        );
        assert_eq!(
            line("  max_steps: 'a # b' # c\r\n", "max_steps", "7").as_deref(),
            Some("  max_steps: 7 # c\r\n")
        );
        assert_eq!(
            line("packing:\n", "packing", "true").as_deref(),
            Some("packing: true\n")
        );
        assert_eq!(line("eval_max_steps: 5\n", "max_steps", "7"), None);
        // Another key may have the same value by this name.
        assert_eq!(line("sequence_len: &len 2048\n", "sequence_len", "16"), None);
        assert_eq!(
            replaced("max-steps = 5 # c", "max-steps", "7", " = ").as_deref(),
            Some("max-steps = 7 # c")
        );
    }

    #[test]
    fn keys_of_toml_are_added_before_the_tables() {
        let added = |text| unified("f", text, &[change("a", "1", None)], Format::Toml).expect("added");
        assert_eq!(
            added("b = 2\n\n[rules]\nc = 3\n"),
            "--- f\n+++ f\n@@ -1,4 +1,5 @@\n b = 2\n \n+a = 1\n [rules]\n c = 3\n"
        );
        assert_eq!(
            added("[x]\n[tool.gonogo]\nb = 2\n"),
            "--- f\n+++ f\n@@ -1,3 +1,4 @@\n [x]\n [tool.gonogo]\n+a = 1\n b = 2\n"
        );
    }

    #[test]
    fn hunks_count_their_lines() {
        let text = "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\ng: 7\nh: 8\ni: 9\nj: 10\nk: 11";
        let changes = [
            change("b", "20", Some(2)),
            change("new", "1", None),
            change("d", "4", Some(4)),
        ];
        assert_eq!(
            unified("run.yaml", text, &changes, Format::Yaml).expect("changed"),
            "--- run.yaml\n+++ run.yaml\n@@ -1,5 +1,5 @@\n a: 1\n-b: 2\n+b: 20\n c: 3\n d: 4\n e: 5\n\
             @@ -8,4 +8,5 @@\n h: 8\n i: 9\n j: 10\n-k: 11\n\\ No newline at end of file\n+k: 11\n+new: 1\n"
        );
        assert_eq!(
            unified("run.yaml", text, &[change("a", "1", Some(1))], Format::Yaml),
            Ok(String::new())
        );
    }
    #[test]
    fn a_last_line_without_an_end_gets_one_before_others_follow() {
        let changes = [change("b", "3", Some(2)), change("c", "4", None)];
        assert_eq!(
            unified("f", "a: 1\nb: 2", &changes, Format::Yaml).expect("changed"),
            "--- f\n+++ f\n@@ -1,2 +1,3 @@\n a: 1\n-b: 2\n\\ No newline at end of file\n+b: 3\n+c: 4\n"
        );
        let changed = unified("f", "a: 1\nb: 2", &changes[..1], Format::Yaml).expect("changed");
        assert!(changed.ends_with("+b: 3\n\\ No newline at end of file\n"), "{changed}");
    }

    #[test]
    fn a_key_that_stands_there_is_not_added_again() {
        let text = "max_steps: -1\nlora:\n  max_steps: 3\n";
        let changed = unified("f", text, &[change("max_steps", "9", None)], Format::Yaml).expect("changed");
        assert!(changed.contains("-max_steps: -1\n+max_steps: 9\n"), "{changed}");
        let text =
            "[tool.other]\npacking = 1\n[tool.gonogo]\npacking = \"none\" # off\n[tool.gonogo.rules]\npacking = 2\n";
        let changed = unified("f", text, &[change("packing", "\"bfd\"", None)], Format::Toml).expect("changed");
        assert!(
            changed.contains("-packing = \"none\" # off\n+packing = \"bfd\" # off\n"),
            "{changed}"
        );
        let flow = unified("f", "{a: 1, b: 2}\n", &[change("b", "3", Some(1))], Format::Yaml);
        assert_eq!(flow.expect_err("flow"), "f:1: b is to be b: 3: change it by hand");
    }
}
