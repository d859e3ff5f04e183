//! One sequence a line.

use std::io::{self, Write};

use serde::Serialize;

use crate::model::batch::Sequence;

use super::Sink;

#[derive(Serialize)]
struct Line<'s> {
    #[serde(skip_serializing_if = "str::is_empty")]
    side: &'s str,
    input_ids: &'s [u32],
    labels: &'s [i32],
    attention_mask: Vec<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    position_ids: Option<&'s [u32]>,
    #[serde(skip_serializing_if = "<[u32]>::is_empty")]
    seq_lengths: &'s [u32],
}

pub(super) struct Jsonl<W: Write>(pub(super) W);

impl<W: Write> Sink for Jsonl<W> {
    fn write(&mut self, sequences: &[Sequence]) -> anyhow::Result<()> {
        for sequence in sequences {
            let line = Line {
                side: sequence.side,
                input_ids: &sequence.input_ids,
                labels: &sequence.labels,
                attention_mask: vec![1; sequence.input_ids.len()],
                position_ids: sequence.position_ids.as_deref(),
                seq_lengths: &sequence.seq_lengths,
            };
            // As an error of the file, so that a reader that went away is known as one.
            serde_json::to_writer(&mut self.0, &line).map_err(io::Error::from)?;
            self.0.write_all(b"\n")?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> anyhow::Result<()> {
        Ok(self.0.flush()?)
    }
}
