//! Which marks of chats follow each other, and which do so in next to no text.

use std::collections::BTreeMap;

use super::chat_marks::{END, Mark, START};
use crate::sketch::strays::Strays;

/// The texts in which one mark follows another.
type Texts<'t> = &'t Strays<String>;

/// The pairs of a set.
pub(in super::super) struct Order<'t> {
    pairs: Vec<(Mark<'t>, Mark<'t>, Texts<'t>)>,
    /// In how many texts, at least, a mark of a name stands, and turns of a role begin.
    names: BTreeMap<&'t str, u64>,
    roles: BTreeMap<&'t str, u64>,
    texts: u64,
    few: u64,
}

/// Turns and marks that only some texts of a set need.
const OWN: &str = "system|developer|tool|python|eom|call|function|observation|environment|channel|constrain|image|audio|\
    video|vision|think|thought|context";

impl<'t> Order<'t> {
    /// One text of `per` is one of few.
    pub(in super::super) fn of(pairs: &'t BTreeMap<String, Strays<String>>, texts: u64, per: u64) -> Self {
        let read = |(key, texts): (&'t String, Texts<'t>)| {
            let (one, other) = key.split_once('\n')?;
            Some((Mark::read(one)?, Mark::read(other)?, texts))
        };
        let pairs: Vec<_> = pairs.iter().filter_map(|(key, texts)| read((key, texts))).collect();
        let (mut names, mut roles) = (BTreeMap::new(), BTreeMap::new());
        for (_, mark, texts) in &pairs {
            let raise = |most: &mut u64| *most = texts.count().max(*most);
            raise(names.entry(mark.name).or_insert(0));
            if mark.opens {
                raise(roles.entry(mark.role).or_insert(0));
            }
        }
        Self {
            pairs,
            names,
            roles,
            texts,
            few: (texts / per).max(1),
        }
    }

    /// The pairs that stand in a few texts and should not, those with a mark of their own first.
    pub(in super::super) fn odd(&self) -> impl Iterator<Item = (Mark<'t>, Mark<'t>, Texts<'t>)> {
        let odd = |own: bool| {
            let pairs = self.pairs.iter().copied();
            pairs.filter(move |(one, other, texts)| {
                texts.count() <= self.few && self.is_alone(*other) == own && !self.is_meant(*one, *other)
            })
        };
        odd(true).chain(odd(false))
    }

    /// What to say of a pair that so many texts have.
    pub(in super::super) fn say(&self, one: Mark<'_>, other: Mark<'_>, count: u64) -> String {
        let texts = self.texts;
        if self.is_alone(other) {
            return format!("`{}` stands in {count} of {texts} texts", other.name);
        }
        let whose = match one.role {
            role if one.opens || role.is_empty() => String::new(),
            role => format!(" of `{role}`"),
        };
        let (name, next) = (one.name, other.name);
        let what = match (name, next) {
            (START, _) => format!("the text begins with `{next}`"),
            (_, END) if one.empty => format!("the text ends with `{name}`{whose} and nothing behind it"),
            (_, END) => format!("the text ends in what stands behind `{name}`{whose}"),
            _ if one.empty => format!("nothing stands between `{name}`{whose} and `{next}`"),
            _ => format!("a text and then `{next}` stand behind `{name}`{whose}"),
        };
        format!("{what}, as in {count} of {texts} texts")
    }

    /// Whether a mark stands in a few texts only.
    fn is_alone(&self, mark: Mark<'_>) -> bool {
        self.names.get(mark.name).is_some_and(|count| *count <= self.few) && mark.name != END
    }

    fn is_common(&self, is: impl Fn(&Mark<'t>, &Mark<'t>) -> bool) -> bool {
        self.pairs
            .iter()
            .any(|(one, other, texts)| texts.count() > self.few && is(one, other))
    }

    /// Whether texts may have a pair of marks that nearly none has.
    fn is_meant(&self, one: Mark<'_>, other: Mark<'_>) -> bool {
        let begins = |mark: Mark<'_>| self.is_common(|start, next| start.name == START && next.name == mark.name);
        let own = |mark: Mark<'_>| {
            let has = |text: &str| OWN.split('|').any(|word| text.contains(word));
            let few = self.roles.get(mark.role).is_none_or(|count| *count <= self.few);
            has(mark.role) && few || has(mark.name) && self.is_alone(mark)
        };
        // Struck through in HTML.
        let markup = |mark: Mark<'_>| matches!(mark.name, "<s>" | "</s>") && self.is_alone(mark);
        let asks = other.opens
            && matches!(
                other.role,
                "user" | "human" | "prompter" | "system" | "tool" | "ipython"
            );
        // The next turn follows where others end.
        let ends = || self.is_common(|last, end| end.name == END && last.name == one.name && last.role == one.role);
        let goes_on = (asks || begins(other)) && ends();
        // Without what others are told before.
        let untold = asks && !self.is_alone(other) && (one.name == START || begins(one));
        own(one) || own(other) || markup(one) || markup(other) || !self.is_alone(other) && goes_on || untold
    }
}
