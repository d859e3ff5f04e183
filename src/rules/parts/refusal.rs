//! Answers that refuse, told by how they begin.

use std::sync::LazyLock;

/// Bytes of an answer in which it shows; of scripts of India, which spell a word in many, twice as many.
const START: usize = 200;

/// How refusals begin that say only then what is not done.
const EXCUSES: &str = "i'm sorry|i am sorry|i'm really sorry|i am really sorry|i'm very sorry|i'm so sorry|sorry|\
    i'm afraid|i am afraid|i apologize|i apologise|my apologies|apologies|unfortunately|as an ai|\
    as a language model|as a large language model|as an artificial intelligence|i understand|\
    es tut mir leid|tut mir leid|leider|als ki|je suis désolé|désolé|en tant qu'ia|en tant que modèle|\
    lo siento|como modelo de lenguaje|como ia|对不起|抱歉|很抱歉|非常抱歉|作为一个人工智能|作为一个ai|作为ai|作为一名ai|\
    извините|к сожалению|простите|申し訳ありません|申し訳ございません|すみません|죄송|عذرا|عذرًا|آسف|desculpe|sinto muito|\
    infelizmente|mi dispiace|purtroppo|como um modelo de linguagem|как языковая модель|omlouvám se|je mi líto|bohužel|\
    क्षमा करें|माफ़ करें|मुझे खेद है|मुझे माफ़|przepraszam|przykro mi|niestety|het spijt me|helaas|üzgünüm|maalesef|\
    xin lỗi|rất tiếc|maaf|вибачте|на жаль|desculpa|tyvärr|beklager";
/// What they go on with.
const DENIALS: &str = "i can't|i cannot|i can not|i won't|i will not|i'm unable|i am unable|i'm not able|i am not able|\
    i'm not comfortable|i don't have the ability|i do not have the ability|i don't have the capability|\
    i do not have the capability|i must decline|can't help with|cannot help with|can't assist|\
    cannot assist|unable to assist|unable to help|not able to provide|cannot provide|can't provide|\
    unable to provide|cannot fulfill|can't fulfill|cannot comply|ich kann|kann ich|nicht in der lage|\
    je ne peux pas|je ne suis pas en mesure|je ne suis pas capable|no puedo|no soy capaz|\
    no tengo la capacidad|我无法|我不能|无法提供|无法回答|不能提供|不能帮|\
    не могу помочь|не могу предоставить|не могу ответить|не могу выполнить|お応えできません|お答えできません|できかねます|\
    お手伝いできません|할 수 없습니다|드릴 수 없습니다|لا أستطيع|لا يمكنني|não posso|não consigo|non posso|\
    don't have access to|do not have access to|cannot browse|can't browse|nemohu pomoci|nemohu odpovědět|\
    nemohu poskytnout|vám nemohu|सहायता नहीं कर सकत|मदद नहीं कर सकत|जवाब नहीं दे सकत|nie mogę pomóc|\
    nie mogę ci pomóc|nie mogę odpowiedzieć|nie mogę udzielić|niet mee helpen|kan ik niet helpen|\
    kan ik je niet helpen|kan ik u niet helpen|yardımcı olamam|yardımcı olamıyorum|tôi không thể giúp|\
    tôi không thể hỗ trợ|tôi không thể cung cấp|tôi không thể trả lời|tidak dapat membantu|tidak bisa membantu|\
    не можу допомогти|не можу надати|kan inte hjälpa|kan ikke hjelpe";
/// Denials in German that need a word more to be one.
const GERMAN: &str = "nicht|keine";
/// How refusals begin that say at once what is not done...
const PLAIN: &str = "i can't|i cannot|i can not|i won't|i will not|i'm unable to|i am unable to|i'm not able to|\
    i am not able to|i must decline|我无法|我不能|ich kann dir nicht|ich kann ihnen nicht|je ne peux pas|\
    no puedo";
/// ...and a word that tells them from a story.
const DEEDS: &str = "help|assist|provide|fulfill|comply|support|create|generate|answer|engage|write|discuss|share|\
    give|offer|decline|提供|回答|帮|协助|helfen|beantworten|aider|fournir|répondre|ayudar|proporcionar|responder";

/// ...and what tells them from a question back.
const ASKS: &str = " yet |yet,|yet.|haven't seen|have not seen|paste |could you share|please share|please provide";

/// Words after `I can't` and the like that make it a turn of speech.
const SPEECH: [&str; 10] = [
    "believe",
    "emphasi",
    "stress",
    "thank",
    "help but",
    "wait",
    "imagine",
    "overstate",
    "recommend",
    "say enough",
];

/// The text in lower case, with plain apostrophes.
fn plainly(text: &str) -> impl Iterator<Item = char> {
    text.chars()
        .flat_map(char::to_lowercase)
        .map(|c| if c == '’' { '\'' } else { c })
}

/// [`PLAIN`] and [`EXCUSES`], cut up once, each phrase with its first character.
static BEGINNINGS: LazyLock<[Vec<(Option<char>, &str)>; 2]> = LazyLock::new(|| {
    let cut = |all: &'static str| all.split('|').map(|phrase| (phrase.chars().next(), phrase));
    [PLAIN, EXCUSES].map(|all| cut(all).collect())
});

pub(in super::super) fn refuses(text: &str) -> bool {
    let first = plainly(text).next();
    let begins = |(one, phrase): &(Option<char>, &str)| {
        let mut said = plainly(text);
        *one == first && phrase.chars().all(|c| said.next() == Some(c))
    };
    let [plain, excuse] = [0, 1].map(|kind: usize| BEGINNINGS[kind].iter().any(begins));
    if !plain && !excuse {
        return false;
    }
    let shown = if text.as_bytes()[0] == 0xE0 { 2 * START } else { START };
    let start: String = plainly(&text[..text.floor_char_boundary(shown)]).collect();
    let holds = |any: &str| any.split('|').any(|phrase| start.contains(phrase));
    // Who asks for what he was not given refuses nothing.
    if holds(ASKS) {
        return false;
    }
    if plain {
        let deed = start.split_once(' ').and_then(|(_, rest)| rest.split_once(' '));
        let speech = |deed: &str| SPEECH.iter().any(|word| deed.starts_with(word));
        return holds(DEEDS) && !deed.is_some_and(|(_, deed)| speech(deed));
    }
    let is_german = |phrase: &str| matches!(phrase, "ich kann" | "kann ich");
    DENIALS
        .split('|')
        .any(|phrase| start.contains(phrase) && (!is_german(phrase) || holds(GERMAN)))
}

#[cfg(test)]
mod tests {
    use super::refuses;

    #[test]
    fn refusals_are_told_from_regrets() {
        for text in [
            "I'm sorry, but I can't assist with that.",
            "I’m sorry, but as a language model I cannot browse the web.",
            "I cannot provide medical advice.",
            "Unfortunately, I am not able to see images.",
            "As an AI language model, I don't have the ability to feel.",
            "很抱歉，我无法回答这个问题。",
            "Es tut mir leid, aber dabei kann ich nicht helfen.",
            "Lo siento, pero no puedo ayudarte con eso.",
            "Извините, но я не могу помочь с этим запросом.",
            "申し訳ありませんが、そのご要望にはお応えできません。",
            "죄송하지만 그 요청은 도와드릴 수 없습니다.",
            "عذرًا، لا أستطيع المساعدة في هذا الطلب.",
            "Desculpe, mas não posso ajudar com isso.",
            "Omlouvám se, ale jako jazykový model s tím nemohu pomoci.",
            "क्षमा करें, मैं एक एआई भाषा मॉडल हूँ और इसमें आपकी सहायता नहीं कर सकता।",
            "Przepraszam, ale nie mogę pomóc w tej sprawie.",
            "Xin lỗi, tôi không thể giúp bạn việc này.",
            "Üzgünüm, bu konuda yardımcı olamam.",
        ] {
            assert!(refuses(text), "{text}");
        }
        for text in [
            "I'm sorry for your loss. What happened?",
            "I can't wait to see the sea again, said the captain.",
            "Sorry is the hardest word.",
            "I understand. Here is the plan.",
            "Unfortunately the train was late, and he missed the boat.",
            "Es tut mir leid, das zu hören. Ich kann gut verstehen, wie es dir geht.",
            "Bohužel nemohu přijít, mám dnes školu.",
            "क्षमा करें, मुझे देर हो गई।",
        ] {
            assert!(!refuses(text), "{text}");
        }
    }
}
