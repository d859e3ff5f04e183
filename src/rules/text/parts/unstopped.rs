//! Whether an answer without a full stop at its end is what is asked for.

use crate::model::example::{Example, Role};
use crate::rules::parts::spoken::Spoken;

use super::excused::Excuse;

static ASKED: Spoken = Spoken::of(
    "poem|verse|lyric|song|quote|headline|title|tweet|caption|slogan|tagline|lowercase|punctuat|\
        translat|rewrite|rephras|paraphras|edit|correct|continue|complete|fill in|blank|extract|transcri|letter|email|\
        phrase|convert|keyword|query|traduc|übersetz|перевед|诗|歌|词|标题|题目|译|续|填|对联|口号|标语|短语|谜|文案|广告|\
        微博|推文|标点|提取|摘|句|纠|改|補|翻訳",
);

/// What excuses an answer that ends with a bare word.
pub(in super::super) fn excuse(example: &Example<'_>) -> Excuse {
    let of = |wanted: fn(Role) -> bool| example.turns.iter().filter(move |turn| wanted(turn.role));
    let mut others = of(|role| !matches!(role, Role::Assistant | Role::System));
    // What is translated or corrected ends as it was given.
    let stops = || {
        let last = example.turns.iter().rfind(|turn| turn.role == Role::User);
        last.is_some_and(|asked| asked.trimmed().ends_with(['.', '!', '?', '。', '！', '？']))
    };
    let systems = || ASKED.among(of(|role| role == Role::System));
    Excuse::of(
        others.any(|turn| ASKED.stands_in(&turn.text)) || !stops() && systems(),
        systems,
    )
}
