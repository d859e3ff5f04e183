//! The columns of a batch to its rows: what is padding, where documents start, who sees whom.

use std::ops::Range;

use crate::model::dumped::{DumpedRow, MaskKind, Teller};
use crate::model::encoded::IGNORE;

use super::Known;
use super::matrix::{Matrix, Numbers};

/// The columns that are read, in the order they are shown.
pub(super) const COLUMNS: &[&str] = &[
    "input_ids",
    "labels",
    "attention_mask",
    "position_ids",
    "completion_mask",
    "cu_seq_lens_q",
    "cu_seqlens",
    "cu_seq_lens_k",
    "seq_idx",
    "seq_lengths",
];

/// A batch's columns by name.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) matrices: Vec<(String, Matrix)>,
    /// Every column there is, also those that are not read.
    pub(super) names: Vec<String>,
}

/// A batch's rows, and what of it was not looked at.
pub(super) struct Assembled {
    pub(super) rows: Vec<DumpedRow>,
    pub(super) passed_over: Vec<String>,
}

impl Columns {
    fn get(&self, name: &str) -> Option<&Matrix> {
        let found = self.matrices.iter().find(|(own, _)| own == name);
        found.map(|(_, matrix)| matrix)
    }

    /// The rows of the batch. Numbers that say which batch and rank it is are left at 0.
    ///
    /// # Errors
    ///
    /// If there is no batch in them.
    pub(super) fn rows(&self, known: Known) -> Result<Assembled, String> {
        let Some(ids) = self.get("input_ids") else {
            let names = self.names.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
            let pairs = self.names.iter().any(|name| name.ends_with("_input_ids"));
            let hint = if pairs {
                "; batches of pairs with columns of their own are not audited"
            } else {
                ""
            };
            return Err(format!("there is no input_ids among its columns: {names}{hint}"));
        };
        let Some((count, width)) = ids.sides() else {
            return Err(format!("input_ids has the shape {:?}, not [rows, tokens]", ids.shape));
        };
        if matches!(ids.numbers, Numbers::Real(_)) {
            return Err("input_ids holds numbers with a point, which no embedding takes".to_owned());
        }
        let mut passed_over = Vec::new();
        // A column beside the ids; what has another shape is passed over, and said to be.
        let mut beside = |name: &str| -> Result<Option<&Matrix>, String> {
            let Some(matrix) = self.get(name) else { return Ok(None) };
            match matrix.sides() {
                Some(sides) if sides == (count, width) => Ok(Some(matrix)),
                // One label a row, as classifiers have it.
                Some((1, rows)) if name == "labels" && matrix.shape.len() == 1 && rows == count => {
                    passed_over.push(format!("labels of the shape {:?}", matrix.shape));
                    Ok(None)
                }
                Some((_, other)) if name == "labels" => Err(format!(
                    "labels has the shape {:?} and input_ids {:?}: {other} labels for {width} tokens",
                    matrix.shape, ids.shape
                )),
                _ => {
                    passed_over.push(format!("{name} of the shape {:?}", matrix.shape));
                    Ok(None)
                }
            }
        };
        let labels = beside("labels")?;
        let completion = beside("completion_mask")?;
        let positions = beside("position_ids")?;
        let seq_idx = beside("seq_idx")?;
        let pairs = self.get("attention_mask").filter(|mask| mask.shape.len() > 2);
        let flags = if pairs.is_some() {
            None
        } else {
            beside("attention_mask")?
        };
        let pairs = match pairs {
            Some(mask) if pairs_shape(mask, count, width).is_none() => {
                passed_over.push(format!("attention_mask of the shape {:?}", mask.shape));
                None
            }
            pairs => pairs,
        };
        let numbered = flags.is_some_and(|flags| (0..count).any(|row| flags.row(row).iter().any(|flag| *flag > 1)));
        let is_added = pairs.is_some_and(Matrix::is_added);
        let mut rows = Vec::with_capacity(count);
        for at in 0..count {
            let mut row = DumpedRow {
                row: at as u64,
                rows: count as u64,
                ids: ids.row(at),
                positions: positions.map(|positions| positions.row(at)),
                attention: flags.map(|flags| flags.row(at)),
                ..DumpedRow::default()
            };
            row.labels = match (labels, completion) {
                (Some(labels), _) => Some(labels.row(at)),
                (None, Some(mask)) => Some(of_completion(&row.ids, &mask.row(at))),
                (None, None) => None,
            };
            row.mask = match (pairs, flags) {
                (Some(_), _) => MaskKind::Pairs,
                (None, Some(_)) if numbered => MaskKind::Numbers,
                (None, Some(_)) => MaskKind::Flags,
                (None, None) => MaskKind::None,
            };
            let seen = pairs.and_then(|mask| {
                let base = pairs_shape(mask, count, width)? * at;
                Some(Seen {
                    mask,
                    base,
                    width,
                    is_added,
                })
            });
            if let Some(seen) = &seen {
                row.attention = Some(seen.attention(&row.ids, known));
            }
            (row.text, row.hole) = text(&row, known);
            self.tell(&mut row, at, seq_idx, seen.as_ref());
            row.ahead = seen.and_then(|seen| seen.ahead(&row));
            rows.push(row);
        }
        Ok(Assembled { rows, passed_over })
    }

    /// Notes where documents start by each column that tells.
    fn tell(&self, row: &mut DumpedRow, at: usize, seq_idx: Option<&Matrix>, seen: Option<&Seen<'_>>) {
        let width = row.ids.len();
        let text = row.text.clone();
        let mut told: Vec<(Teller, Vec<usize>)> = Vec::new();
        if let Some(positions) = &row.positions {
            told.push((
                Teller::Positions,
                changes(&text, |at| positions[at] != positions[at - 1].wrapping_add(1)),
            ));
        }
        let cumulative = ["cu_seq_lens_q", "cu_seqlens"].iter().find_map(|name| self.get(name));
        if let Some(ends) = cumulative {
            // One list counts through all rows of the batch; a list for each row counts through that.
            let (ends, before) = match ends.shape[..] {
                [_] => (ends.row(0), at * width),
                [rows, _] if at < rows => (ends.row(at), 0),
                _ => (Vec::new(), 0),
            };
            let starts = ends
                .iter()
                .filter_map(|end| usize::try_from(*end).ok()?.checked_sub(before));
            told.push((Teller::CuSeqLens, within(&text, starts)));
        }
        if let Some(numbers) = seq_idx.map(|numbers| numbers.row(at)) {
            told.push((Teller::SeqIdx, changes(&text, |at| numbers[at] != numbers[at - 1])));
        }
        let lengths = self.get("seq_lengths").and_then(|lengths| match lengths.shape[..] {
            [_] if at == 0 => Some(lengths.row(0)),
            [rows, _] if at < rows => Some(lengths.row(at)),
            _ => None,
        });
        if let Some(lengths) = lengths {
            let starts = lengths.iter().scan(text.start, |end, length| {
                *end = end.saturating_add(usize::try_from(*length).unwrap_or(0));
                Some(*end)
            });
            told.push((Teller::SeqLengths, within(&text, starts)));
        }
        match (seen, &row.attention) {
            (Some(seen), _) => told.push((Teller::Mask, seen.starts(&text))),
            (None, Some(numbers)) if row.mask == MaskKind::Numbers => {
                told.push((Teller::Mask, changes(&text, |at| numbers[at] != numbers[at - 1])));
            }
            _ => {}
        }
        row.told = told;
    }
}

/// The start of the text and every later token of it that starts something.
fn changes(text: &Range<usize>, starts: impl Fn(usize) -> bool) -> Vec<usize> {
    let later = (text.start + 1..text.end).filter(|at| starts(*at));
    std::iter::once(text.start).chain(later).collect()
}

/// The start of the text and those of the given starts that are inside it, in order.
fn within(text: &Range<usize>, starts: impl Iterator<Item = usize>) -> Vec<usize> {
    let inside = starts.filter(|start| *start > text.start && *start < text.end);
    let mut all: Vec<usize> = std::iter::once(text.start).chain(inside).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// TRL's trainers of pairs mask in this way and make the labels when they count the loss.
fn of_completion(ids: &[i64], mask: &[i64]) -> Vec<i64> {
    let label = |(id, flag): (&i64, &i64)| if *flag == 0 { i64::from(IGNORE) } else { *id };
    ids.iter().zip(mask).map(label).collect()
}

/// From the first token that is no padding to one past the last, and the first padding between them.
fn text(row: &DumpedRow, known: Known) -> (Range<usize>, Option<usize>) {
    let is_pad = |at: &usize| match &row.attention {
        Some(attention) => attention[*at] == 0,
        None => Some(row.ids[*at]) == known.pad,
    };
    let width = row.ids.len();
    let mut end = width - (0..width).rev().take_while(is_pad).count();
    let start = (0..end).take_while(is_pad).count();
    if row.attention.is_none() && known.pad == known.eos && end < width && end > 0 {
        // The first of them ends the text.
        end += 1;
    }
    // A token that pads and ends is no hole.
    let is_hole = |at: &usize| is_pad(at) && (row.attention.is_some() || known.pad != known.eos);
    (start..end, (start..end).find(is_hole))
}

/// Numbers from one row to the next in a mask of pairs: `[rows, 1, n, n]` or `[rows, n, n]`, or one row for all.
fn pairs_shape(mask: &Matrix, rows: usize, width: usize) -> Option<usize> {
    let one = width * width;
    match mask.shape[..] {
        [own, 1, n, m] | [own, n, m] if (n, m) == (width, width) => match own {
            own if own == rows => Some(one),
            1 => Some(0),
            _ => None,
        },
        _ => None,
    }
}

/// A row's mask of pairs.
struct Seen<'m> {
    mask: &'m Matrix,
    base: usize,
    width: usize,
    is_added: bool,
}

impl Seen<'_> {
    fn sees(&self, token: usize, other: usize) -> bool {
        self.mask.is_seen(self.base + token * self.width + other, self.is_added)
    }

    /// 1 for what others see; the last of a text is seen by itself alone, as padding may be.
    fn attention(&self, ids: &[i64], known: Known) -> Vec<i64> {
        let by_others = |at: usize| (0..self.width).any(|token| token != at && self.sees(token, at));
        let mut attention: Vec<i64> = (0..self.width).map(|at| i64::from(by_others(at))).collect();
        let last = attention.iter().rposition(|flag| *flag != 0).unwrap_or(0);
        let documents_alone = |at: usize| self.sees(at, at) && Some(ids[at]) != known.pad;
        for (at, flag) in attention.iter_mut().enumerate() {
            let ends = at == last + 1 && known.pad == known.eos;
            if *flag == 0 && (documents_alone(at) || (ends && self.sees(at, at))) {
                *flag = 1;
            }
        }
        attention
    }

    /// Tokens that see none before them.
    fn starts(&self, text: &Range<usize>) -> Vec<usize> {
        changes(text, |at| !(text.start..at).any(|before| self.sees(at, before)))
    }

    /// A token that sees a later one of the text while what comes after it is trained.
    fn ahead(&self, row: &DumpedRow) -> Option<(usize, usize)> {
        let trained = |at: usize| row.labels.as_ref().is_none_or(|labels| labels[at] != i64::from(IGNORE));
        let text = row.text.clone();
        (text.start..text.end.saturating_sub(1))
            .filter(|at| trained(at + 1))
            .find_map(|at| Some((at, (at + 1..text.end).find(|later| self.sees(at, *later))?)))
    }
}

#[cfg(test)]
mod tests {
    use crate::model::value::Value;

    use super::*;

    const KNOWN: Known = Known {
        pad: Some(0),
        eos: Some(2),
    };

    fn rows(json: &str, known: Known) -> Result<Assembled, String> {
        let value = Value::from_json(json).expect("JSON");
        let mut columns = Columns::default();
        for (name, value) in value.as_object().expect("an object").iter() {
            let matrix = Matrix::of(value, name == "seq_lengths")?;
            columns.matrices.push((name.to_owned(), matrix));
            columns.names.push(name.to_owned());
        }
        columns.rows(known)
    }

    fn row(json: &str, known: Known) -> DumpedRow {
        rows(json, known).expect("a batch").rows.remove(0)
    }

    #[test]
    fn padding_is_what_the_mask_or_the_token_says() {
        assert_eq!(row(r#"{"input_ids": [[5, 6, 2, 0, 0]]}"#, KNOWN).text, 0..3);
        assert_eq!(row(r#"{"input_ids": [[0, 0, 5, 6, 2]]}"#, KNOWN).text, 2..5);
        let masked = row(
            r#"{"input_ids": [[5, 6, 2, 0, 0]], "attention_mask": [[1, 1, 1, 1, 0]]}"#,
            KNOWN,
        );
        assert_eq!((masked.text, masked.hole), (0..4, None));
        let same = Known {
            pad: Some(2),
            eos: Some(2),
        };
        assert_eq!(row(r#"{"input_ids": [[5, 2, 6, 2, 2, 2]]}"#, same).text, 0..4);
        let hole = row(r#"{"input_ids": [[5, 0, 6, 2]]}"#, KNOWN);
        assert_eq!((hole.text, hole.hole), (0..4, Some(1)));
        assert_eq!(row(r#"{"input_ids": [[0, 0]]}"#, KNOWN).text, 0..0);
    }

    #[test]
    fn documents_start_where_any_column_says() {
        let told = |columns: &str| row(&format!("{{\"input_ids\": [[5, 2, 6, 7, 2]], {columns}}}"), KNOWN).seams();
        assert_eq!(told(r#""position_ids": [[0, 1, 0, 1, 2]]"#), [2]);
        assert_eq!(told(r#""cu_seq_lens_q": [0, 2, 5]"#), [2]);
        assert_eq!(told(r#""seq_idx": [[0, 0, 1, 1, 1]]"#), [2]);
        assert_eq!(told(r#""seq_lengths": [[2, 3]]"#), [2]);
        assert_eq!(told(r#""attention_mask": [[1, 1, 2, 2, 2]]"#), [2]);
        assert_eq!(told(r#""attention_mask": [[1, 1, 1, 1, 1]]"#), [0usize; 0]);
        let block = "[[[[1,0,0,0,0],[1,1,0,0,0],[0,0,1,0,0],[0,0,1,1,0],[0,0,1,1,1]]]]";
        assert_eq!(told(&format!("\"attention_mask\": {block}")), [2]);
        let two = rows(
            r#"{"input_ids": [[5, 2], [6, 2]], "cu_seq_lens_q": [0, 1, 2, 4], "seq_lengths": [[1, 1], [2]]}"#,
            KNOWN,
        )
        .expect("a batch")
        .rows;
        assert_eq!((two[0].seams(), two[1].seams()), (vec![1], vec![]));
    }

    #[test]
    fn a_mask_of_pairs_may_look_ahead_only_where_nothing_is_trained() {
        let mask = "[[[1,1,0],[1,1,0],[1,1,1]]]";
        let looked = |labels: &str| {
            row(
                &format!("{{\"input_ids\": [[5, 6, 2]], \"labels\": [{labels}], \"attention_mask\": {mask}}}"),
                KNOWN,
            )
            .ahead
        };
        assert_eq!(looked("[5, 6, 2]"), Some((0, 1)));
        assert_eq!(looked("[-100, -100, 2]"), None);
    }

    #[test]
    fn a_label_for_each_row_is_none_of_a_token() {
        let json = r#"{"input_ids": [[1, 2], [3, 4], [5, 6]], "labels": [0, 1, 0]}"#;
        let classes = rows(json, KNOWN).expect("a batch");
        assert_eq!((classes.passed_over.len(), &classes.rows[0].labels), (1, &None));
    }

    #[test]
    fn what_is_no_batch_is_refused_and_what_is_odd_passed_over() {
        assert!(
            rows(r#"{"chosen_input_ids": [[1]]}"#, KNOWN)
                .err()
                .expect("refused")
                .contains("pairs")
        );
        assert!(rows(r#"{"input_ids": [[[1]]]}"#, KNOWN).is_err());
        assert!(rows(r#"{"input_ids": [[1.5, 2]]}"#, KNOWN).is_err());
        assert!(rows(r#"{"input_ids": [[1, 2]], "labels": [[1]]}"#, KNOWN).is_err());
        let odd = rows(
            r#"{"input_ids": [[1, 2]], "position_ids": [[[0, 1]], [[0, 1]]]}"#,
            KNOWN,
        )
        .expect("a batch");
        assert_eq!(odd.passed_over, ["position_ids of the shape [2, 1, 2]"]);
    }
}
