//! The kinds of what programs and people leave in texts, and what rows are about that ask for it.

use crate::rules::parts::spoken::Spoken;

/// A kind of mark.
pub(in super::super) struct Kind {
    /// What is said of a row with one, before the mark.
    pub how: &'static str,
    /// Words of rows that ask for it.
    pub asked: Spoken,
}

const fn kind(how: &'static str, asked: &'static str) -> Kind {
    Kind {
        how,
        asked: Spoken::of(asked),
    }
}

pub(in super::super) const STREAM: u8 = 0;
pub(in super::super) const THOUGHT: u8 = 1;
pub(in super::super) const NOTE: u8 = 2;
pub(in super::super) const TODO: u8 = 3;
pub(in super::super) const RATING: u8 = 4;
pub(in super::super) const COUNT: u8 = 5;
pub(in super::super) const PAGE: u8 = 6;
pub(in super::super) const BARS: u8 = 7;
pub(in super::super) const MAIL: u8 = 8;
pub(in super::super) const SHARE: u8 = 9;
pub(in super::super) const CITATION: u8 = 10;
pub(in super::super) const SET: u8 = 11;
pub(in super::super) const REWRITTEN: u8 = 12;
pub(in super::super) const TAG: u8 = 13;
pub(in super::super) const QUOTED: u8 = 14;
pub(in super::super) const CUE: u8 = 15;
pub(in super::super) const NUMBER: u8 = 16;
pub(in super::super) const STOP: u8 = 17;
pub(in super::super) const STAMP: u8 = 18;
pub(in super::super) const LINES: u8 = 19;
pub(in super::super) const ASKER: u8 = 20;
pub(in super::super) const OPEN: u8 = 21;
pub(in super::super) const PRINTED: u8 = 22;
pub(in super::super) const MAKER: u8 = 23;
pub(in super::super) const IMAGE: u8 = 24;
pub(in super::super) const COUNTED: u8 = 25;

/// The kinds, by their numbers.
pub(in super::super) static KINDS: [Kind; 26] = [
    kind(
        "the answer holds the mark of a stream,",
        "[done]|stream|sse|server-sent|event",
    ),
    kind(
        "the answer holds a mark of hidden thoughts,",
        "assistantfinal|thought for",
    ),
    kind("the answer holds a note to who checks it,", "annotat|note to|reviewer"),
    kind(
        "the answer holds",
        "todo|to-do|task|list|plan|code|comment|function|program|fixme",
    ),
    kind(
        "the answer ends with its points,",
        "rating|rate |score|grading|grade|star|out of |review|judge|assess|evaluate the|评分|打分",
    ),
    kind("the answer ends with its length,", "word count|words|characters|字"),
    kind(
        "the answer holds the foot of a page,",
        "page |pages|pdf|extract|transcri|ocr|页",
    ),
    kind(
        "the answer holds the sign of joined columns,",
        "table|column|markdown|separat|delimit|pipe",
    ),
    kind("the answer holds a mail below it,", "mail|repl|forward|thread|wrote"),
    kind(
        "the answer holds what stands on a web page,",
        "web|page|html|site|cookie|share|blog",
    ),
    kind("the answer holds", "citation needed|wiki"),
    kind(
        "the answer speaks of the set it is made for,",
        "dataset|data set|数据集",
    ),
    kind(
        "the answer begins as a rewritten one,",
        "rewrit|rephras|paraphras|reescrib|réécri|umschreib|改写|重写|your instructions",
    ),
    kind(
        "the answer begins with the tag",
        "<|html|xml|tag|web|css|svg|javascript|react|vue|markup|code|script|program|table|button|page|template|网页|代码|标签",
    ),
    kind(
        "the answer stands whole in quotation marks,",
        "quot|sentence|translat|phrase|title|slogan|headline|rewrite|rephras|paraphras|caption|tweet|tagline|\"|“|句|译|标题",
    ),
    kind(
        "the answer begins with its cue,",
        "answer:|response:|output:|a:|答案：|回答：|format|格式",
    ),
    kind(
        "the answer begins with the number of a list,",
        "list|rank|order|step|number|choose|option|which of|列|第",
    ),
    kind("the answer ends with a stop mark,", "[end]|<end>|end with|stop|结束"),
    kind(
        "the answer begins with the head of a message,",
        "chat log|chatlog|transcript|timestamp|log file|dialog|[",
    ),
    kind(
        "every line of the answer begins with its number,",
        "number|line|diff|行",
    ),
    kind(
        "the prompt begins with the name of who asks,",
        "assistant:|bot:|ai:|agent:|dialog|conversation|transcript",
    ),
    kind("the prompt ends with an open cue,", "complete|fill in|continue|format"),
    kind(
        "a program printed into the prompt",
        "0x7ffff|python|memory|address|traceback|error|code|print",
    ),
    kind("the prompt holds that of a data generator,", "\u{0}"),
    kind("the prompt names an image that is not there,", "\u{0}"),
    kind(
        "the prompt begins with the number of a list,",
        "\n2. |\n2) |list of questions|questions:",
    ),
];

/// Kinds that are told by their being alone.
pub(in super::super) const WEAK: [u8; 3] = [QUOTED, NUMBER, TODO];
