//! Which languages a system prompt allows.

use crate::rules::parts::spoken::Spoken;
use crate::text::LANGUAGES;

/// Whether a system prompt names a language, or speaks of a translator.
///
/// That it speaks of languages does not say in which one to answer: "use plain language", "a language model".
pub(in super::super) fn are_meant(system: &str, language: u8) -> bool {
    let named = NAMES.get(usize::from(language));
    TRANSLATOR.stands_in(system) || named.is_some_and(|names| names.stands_in(system))
}

static TRANSLATOR: Spoken = Spoken::of(
    "translate|translator|interpreter|traduire|traducteur|traducir|traductor|traduzir|tradutor|tradurre|traduttore|\
    übersetz|vertaal|przetłumacz|tłumacz|перевед|переводчик|翻译|翻譯|翻訳|번역|multilingual|bilingual",
);

/// For each of [`LANGUAGES`] its names, in itself and in others.
static NAMES: [Spoken; LANGUAGES.len() - 1] = [
    Spoken::of(
        "english|englisch|anglais|inglés|ingles|inglês|inglese|engels|angiel|ingiliz|inggris|англи|英语|英語|英文|영어",
    ),
    Spoken::of("german|deutsch|allemand|alemán|alemão|tedesco|duits|niemiec|немецк|德语|德文|ドイツ|독일"),
    Spoken::of(
        "french|französisch|français|francés|francês|francese|frans|francus|французск|法语|法文|フランス|프랑스",
    ),
    Spoken::of("spanish|spanisch|espagnol|español|castellano|espanhol|spagnolo|испанск|西班牙|スペイン|스페인"),
    Spoken::of("portug|португал|葡萄牙|ポルトガル|포르투갈"),
    Spoken::of("italian|italien|итальян|意大利|イタリア|이탈리아"),
    Spoken::of("dutch|nederlands|niederländisch|néerlandais|holand|нидерланд|荷兰|オランダ|네덜란드"),
    Spoken::of("polish|polnisch|polonais|polski|polsku|polaco|polonês|польск|波兰|ポーランド|폴란드"),
    Spoken::of("turkish|türk|turc|turco|турецк|土耳其|トルコ|터키"),
    Spoken::of("indonesia|malay|индонез|印尼|印度尼西亚|インドネシア|인도네시아"),
    Spoken::of("vietnam|tiếng việt|вьетнам|越南|ベトナム|베트남"),
    Spoken::of("swedish|svensk|schwedisch|suédois|sueco|шведск|瑞典|スウェーデン|스웨덴"),
    Spoken::of("danish|dansk|norwegian|norsk|dänisch|norwegisch|датск|норвеж|丹麦|挪威|デンマーク|ノルウェー"),
    Spoken::of("finnish|suomi|suome|finnisch|finnois|финск|芬兰|フィンランド|핀란드"),
    Spoken::of("romanian|român|rumän|roumain|rumano|румын|罗马尼亚|ルーマニア|루마니아"),
    Spoken::of("hungarian|magyar|ungarisch|hongrois|húngaro|венгерск|匈牙利|ハンガリー|헝가리"),
    Spoken::of("latin"),
    Spoken::of(
        "russian|ukrain|bulgar|serbian|cyrillic|kazakh|belarus|russisch|russe|ruso|russo|русск|украин|україн|俄语|ロシア|러시아",
    ),
    Spoken::of("greek|griechisch|grec|griego|греческ|ελλην|希腊|ギリシャ|그리스"),
    Spoken::of("chinese|mandarin|cantonese|chinesisch|chinois|chino|китайск|中文|汉语|漢語|普通话|中国語|중국어"),
    Spoken::of("japanese|japanisch|japonais|japonés|японск|日语|日文|日本語|일본어"),
    Spoken::of("korean|koreanisch|coréen|coreano|корейск|韩语|韓国語|朝鲜语|한국어"),
    Spoken::of(
        "arabic|persian|farsi|urdu|pashto|kurdish|arabisch|arabe|árabe|арабск|عرب|فارسی|اردو|阿拉伯|アラビア|아랍",
    ),
    Spoken::of("hebrew|yiddish|hebräisch|hébreu|hebreo|иврит|עברית|希伯来"),
    Spoken::of("hindi|marathi|nepali|sanskrit|devanagari|hinglish|हिन्दी|हिंदी|मराठी|नेपाली|印地|ヒンディー|힌디"),
    Spoken::of("bengali|bangla|assamese|বাংলা|孟加拉"),
    Spoken::of("thai|ไทย|тайск|泰语|タイ語|태국"),
    Spoken::of("tamil|telugu|kannada|malayalam|gujarati|punjabi|sinhala|odia|indic"),
    Spoken::of("armenian|georgian|amharic|khmer|burmese|myanmar|lao|tibetan|mongol|tigrinya"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_prompt_allows_the_language_it_names() {
        let meant = |text: &str, language: &str| {
            let language = LANGUAGES.iter().position(|name| *name == language).expect("a language");
            are_meant(text, u8::try_from(language).expect("few"))
        };
        assert!(meant("Always answer in English.", "English"));
        assert!(!meant("Always answer in English.", "in Cyrillic script"));
        assert!(!meant("You are a language model. Use plain language.", "German"));
        assert!(meant("You are a translator.", "German") && meant("你是一个说日语的助手", "Japanese"));
        assert!(!meant("Ask before medical or translation advice.", "German"));
    }
}
