//! What `{% generation %}` marks, placed where transformers places it.
//!
//! transformers notes, when a marked stretch has been rendered, how much text has been put out so far
//! and takes the stretch to begin there (`_render_with_assistant_indices`). Inside a macro or a set
//! block that is wrong, because the text is put out later, somewhere else or not at all; and it is
//! what the mask is made of. So the place is noted in the same way here, by counting what is put out,
//! and nothing has to be marked in the text itself.

use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use minijinja::value::{Object, ObjectRepr};
use minijinja::{Error, State, Value};

use super::python::limits;

/// One marked stretch: where transformers takes it to begin, and its text.
#[derive(Debug)]
struct Stretch {
    start: usize,
    text: Value,
}

/// How much has been put out, and what was marked.
#[derive(Debug, Default)]
pub(super) struct Progress {
    written: AtomicUsize,
    stretches: Mutex<Vec<Stretch>>,
}

impl Progress {
    /// The variable a render finds this under; no template can spell it.
    pub(super) const NAME: &'static str = "generation progress";

    /// The spans of the finished `text`, as bytes, and whether all hold what was marked.
    pub(super) fn spans(&self, text: &str, spans: &mut Vec<Range<u32>>) -> bool {
        spans.clear();
        let mut sound = true;
        for stretch in self.stretches.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let marked = stretch.text.as_str().unwrap_or_default();
            let rest = text.get(stretch.start..).unwrap_or_default();
            let len = if rest.starts_with(marked) {
                marked.len()
            } else {
                sound = false;
                len_of_letters(rest, marked.chars().count())
            };
            spans.push(offset(stretch.start)..offset(stretch.start + len));
        }
        sound
    }
}

/// Bytes of the first `letters` of the text. Python's span may run past its end: one byte for each
/// letter that is missing.
fn len_of_letters(text: &str, letters: usize) -> usize {
    let mut missing = letters;
    for (at, _) in text.char_indices() {
        if missing == 0 {
            return at;
        }
        missing -= 1;
    }
    text.len() + missing
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("a render stops far below 4 GiB")
}

impl Object for Progress {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }
}

/// The filter a marked block is written as: passes its text on and notes it.
pub(super) fn mark(state: &mut State<'_, '_>, text: &Value) -> Result<Value, Error> {
    if let Some(progress) = state
        .lookup(Progress::NAME)
        .and_then(|found| found.downcast_object::<Progress>())
    {
        let start = progress.written.load(Ordering::Relaxed);
        let mut stretches = progress.stretches.lock().unwrap_or_else(PoisonError::into_inner);
        stretches.push(Stretch {
            start,
            text: text.clone(),
        });
    }
    Ok(text.clone())
}

/// Where a render puts its text.
pub(super) struct Sink<'b> {
    bytes: &'b mut Vec<u8>,
    progress: Option<&'b Progress>,
}

impl<'b> Sink<'b> {
    pub(super) fn new(bytes: &'b mut Vec<u8>, progress: Option<&'b Progress>) -> Self {
        Self { bytes, progress }
    }
}

impl io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > limits::BYTES {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        if let Some(progress) = self.progress {
            progress.written.store(self.bytes.len(), Ordering::Relaxed);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
