//! The template as it is written for the engine, line by line.

use super::literal;

/// Collects text and tags. Text is kept back until the next tag, so that pieces beside each other
/// are one, and cannot make a tag by accident.
pub(super) struct Writer {
    source: String,
    text: String,
    lines: Vec<u32>,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            source: String::new(),
            text: String::new(),
            lines: vec![1],
        }
    }

    /// Text to be passed on as it stands.
    pub(super) fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// A statement; `line` is where it stands in the template.
    pub(super) fn block(&mut self, line: u32, code: &str) {
        self.flush();
        self.source.push_str("{%");
        self.reach(line);
        self.source.push_str(code);
        self.source.push_str(" %}");
    }

    /// An expression whose value is put out.
    pub(super) fn output(&mut self, line: u32, code: &str) {
        self.flush();
        self.write_output(line, code);
    }

    fn write_output(&mut self, line: u32, code: &str) {
        self.source.push_str("{{");
        self.reach(line);
        self.source.push_str(code);
        self.source.push_str(" }}");
    }

    /// Inside a tag, white space is free: a line is begun where the template's line is another.
    fn reach(&mut self, line: u32) {
        if self.lines.last() == Some(&line) {
            self.source.push(' ');
        } else {
            self.source.push('\n');
            self.lines.push(line);
        }
    }

    fn flush(&mut self) {
        let text = std::mem::take(&mut self.text);
        let opens = ["{{", "{%", "{#"].iter().any(|open| text.contains(open));
        if opens || text.ends_with('{') {
            self.write_output(self.lines.last().copied().unwrap_or(1), &literal::encode(&text));
            return;
        }
        let line = self.lines.last().copied().unwrap_or(1);
        self.lines.extend(text.matches('\n').map(|_| line));
        self.source.push_str(&text);
    }

    /// The whole, and the template's line for each of its lines.
    pub(super) fn finish(&mut self) -> (String, Vec<u32>) {
        self.flush();
        (std::mem::take(&mut self.source), std::mem::take(&mut self.lines))
    }
}
